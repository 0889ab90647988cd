# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions from options, and AWX's rules for questions, answers and recurrence."""

from __future__ import annotations

from typing import Any

import pytest

from awx_configuration.problems import RefusedError
from awx_configuration.survey import answer_problems, plain_text, question, rrule_problems, spec_problems

TEXT: dict[str, Any] = {"type": "text", "question_name": "Title", "variable": "title", "required": False}
CHOICE = {**TEXT, "type": "multiplechoice", "choices": ["a", "b"]}
SEVERAL = {**CHOICE, "type": "multiselect"}
NUMBER = {**TEXT, "type": "integer", "min": 1, "max": 9}


def survey(*items: Any, **fields: Any) -> dict[str, Any]:
    return {"name": "Survey", "description": "", "spec": list(items), **fields}


def without(item: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != key}


GOOD = [
    survey(TEXT),
    survey({**TEXT, "default": ""}, {**CHOICE, "variable": "choice", "default": "a"}),
    survey({**SEVERAL, "default": "a\nb"}),
    survey({**SEVERAL, "choices": "a\n\nb", "default": "b\n"}),
    survey({**NUMBER, "default": 3, "min": None}),
    survey({**NUMBER, "type": "float", "default": 3}),
    survey({**TEXT, "type": "password", "default": "x"}, {**TEXT, "type": "textarea", "variable": "other"}),
]
BAD: dict[str, tuple[Any, str]] = {
    "no mapping": ([], "is no mapping"),
    "no name": (without(survey(TEXT), "name"), "name is missing"),
    "description is no text": (survey(TEXT, description=None), "description must be a string"),
    "spec is no list": (survey(spec={}), "spec must be a list"),
    "no question": (survey(), "spec has no question"),
    "question is no mapping": (survey("title"), "question 0 is no mapping"),
    "no type": (survey(without(TEXT, "type")), "question 0 (title): type is missing"),
    "no question_name": (survey(without(TEXT, "question_name")), "question_name is missing"),
    "no variable": (survey(without(TEXT, "variable")), "question 0: variable is missing"),
    "no required": (survey(without(TEXT, "required")), "required is missing"),
    "required is a word": (survey({**TEXT, "required": "yes"}), "required must be a boolean"),
    "variable is a number": (survey({**TEXT, "variable": 1}), "variable must be a string"),
    "variable twice": (survey(TEXT, CHOICE), "question 1 (title): variable is asked for twice"),
    "unknown type": (survey({**TEXT, "type": "date"}), "type date is none of text,"),
    "text with a number": (survey({**TEXT, "default": 1}), "default 1 is not of the type text"),
    "number with a text": (survey({**NUMBER, "default": "1"}), "default '1' is not of the type integer"),
    "several with a list": (survey({**SEVERAL, "default": ["a"]}), "is not of the type multiselect"),
    "bound is a text": (survey({**TEXT, "max": "9"}), "max must be an integer or null"),
    "encrypted": (survey({**TEXT, "type": "password", "default": "$encrypted$"}), "reserved word"),
    "choice without choices": (survey(without(CHOICE, "choices")), "a multiplechoice needs choices"),
    "two defaults": (survey({**CHOICE, "default": "a\nb"}), "has one default at most"),
    "default is no choice": (survey({**CHOICE, "default": "c"}), "default 'c' is none of the choices"),
    "one default is no choice": (survey({**SEVERAL, "default": "a\nc"}), "default 'c' is none of the choices"),
    "part of a choice": (survey({**CHOICE, "choices": "abc\nb", "default": "c"}), "default 'c' is none of the choices"),
}


@pytest.mark.parametrize("spec", GOOD, ids=range(len(GOOD)))
def test_good_surveys(spec: dict[str, Any]) -> None:
    assert list(spec_problems(spec)) == []


@pytest.mark.parametrize("case", BAD)
def test_bad_surveys(case: str) -> None:
    spec, text = BAD[case]
    (problem,) = spec_problems(spec)
    assert text in problem


ANSWERS: list[tuple[dict[str, Any], Any, str]] = [
    (TEXT, "anything", ""),
    (TEXT, 1, "must be a string"),
    ({**TEXT, "min": 2}, "x", "too short"),
    ({**TEXT, "max": 2}, "xxx", "too long"),
    (NUMBER, 9, ""),
    (NUMBER, 0, "at least 1"),
    (NUMBER, 10, "at most 9"),
    (NUMBER, "5", "must be a number"),
    (NUMBER, True, "must be a number"),
    (NUMBER, 5.0, "must be a number"),
    ({**NUMBER, "type": "float"}, 5.5, ""),
    (CHOICE, "b", ""),
    (CHOICE, "", "none of the choices"),
    (SEVERAL, ["a", "b"], ""),
    (SEVERAL, "a", "must be a list"),
    (SEVERAL, ["a", "c"], "'c' is none of the choices"),
]


@pytest.mark.parametrize(("item", "answer", "text"), ANSWERS)
def test_answers(item: dict[str, Any], answer: Any, text: str) -> None:
    problems = list(answer_problems(item, {"title": answer}))
    assert len(problems) == bool(text)
    assert text in "".join(problems)


def test_no_answer_is_no_problem() -> None:
    assert list(answer_problems({**TEXT, "required": True}, {})) == []


RULES = {
    "DTSTART;TZID=Europe/Berlin:20260101T020000 RRULE:FREQ=DAILY;INTERVAL=1": "",
    "DTSTART:20260101T020000Z RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=SU": "",
    "DTSTART:20260101T020000 RRULE:FREQ=DAILY;INTERVAL=1": "needs a DTSTART",
    "RRULE:FREQ=DAILY;INTERVAL=1": "needs a DTSTART",
    "DTSTART:20260101T020000Z DTSTART:20260101T020000Z RRULE:FREQ=DAILY;INTERVAL=1": "more than one DTSTART",
    "DTSTART:20260101T020000Z": "has no RRULE",
    "DTSTART:20260101T020000Z RRULE:FREQ=DAILY": "has no INTERVAL",
    "DTSTART:20260101T020000Z RRULE:FREQ=SECONDLY;INTERVAL=1": "SECONDLY is not supported",
    "DTSTART:20260101T020000Z RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=1SU": "BYDAY with a number",
    "DTSTART:20260101T020000Z RRULE:FREQ=DAILY;INTERVAL=1;COUNT=2;UNTIL=20270101T000000Z": "both COUNT and UNTIL",
    "DTSTART:20260101T020000Z RRULE:FREQ=DAILY;INTERVAL=1;COUNT=1000": "COUNT above 999",
}


@pytest.mark.parametrize("rule", RULES)
def test_recurrence(rule: str) -> None:
    problems = list(rrule_problems(rule))
    assert len(problems) == bool(RULES[rule])
    assert RULES[rule] in "".join(problems)


OPTIONS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"type": "str"}, {}, {"type": "text", "min": 0, "max": 1024}),
    ({"type": "path", "required": True}, {"min": 1}, {"type": "text", "min": 1, "max": 1024, "required": True}),
    ({"type": "path"}, {"default": "/reports"}, {"type": "text", "min": 0, "max": 1024, "default": "/reports"}),
    (
        {"type": "bool", "default": False},
        {},
        {"type": "multiplechoice", "choices": ["true", "false"], "default": "false"},
    ),
    ({"choices": ["a", "b"], "default": "b"}, {}, {"type": "multiplechoice", "choices": ["a", "b"], "default": "b"}),
    (
        {"type": "list", "choices": ["a", "b"], "default": ["a", "b"]},
        {},
        {"type": "multiselect", "choices": ["a", "b"], "default": "a\nb"},
    ),
    ({"type": "int", "default": 0}, {"max": 5}, {"type": "integer", "min": None, "max": 5, "default": 0}),
    ({"type": "float"}, {}, {"type": "float", "min": None, "max": None}),
]


@pytest.mark.parametrize(("option", "ask", "wanted"), OPTIONS)
def test_question(option: dict[str, Any], ask: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = question("x", {"description": "An option.", **option}, ask, "X")
    about = {"question_name": "X", "question_description": "An option.", "variable": "x", "required": False}
    assert found == {**about, **wanted}
    assert list(spec_problems(survey(found))) == []


@pytest.mark.parametrize("option", [{"type": "dict"}, {"type": "list"}, {"type": "raw"}])
def test_no_question(option: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match=f"x: AWX has no question for an option of type {option['type']}"):
        question("x", {"description": "", **option}, {}, "X")


def test_descriptions_lose_their_markup() -> None:
    text = "V(contact) is as in O(hyperv.integration.vm_integration_service#module:verify), see M(a.b.c) and O(x=y)."
    assert (
        plain_text(text) == "contact is as in verify of hyperv.integration.vm_integration_service, see a.b.c and x=y."
    )
