# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Surveys: questions made from options, and what AWX says to questions, answers and recurrence rules.

The rules are those of AWX 24.6.1: JobTemplateSurveySpec._validate_spec_data, _survey_element_validation and
SchedulePreviewSerializer.validate_rrule. Choices are compared as a whole here, where AWX looks for a part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .problems import RefusedError

TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": (float, int),
}
# What the form of AWX allows for a text when nothing else is said.
LONGEST = 1024
MARKUP = re.compile(r"\b[A-Z]+\(([^()]*)\)")


def question(variable: str, option: Mapping[str, Any], ask: Mapping[str, Any], title: str) -> dict[str, Any]:
    """Return the question for an option of an argument specification. Raises RefusedError where AWX has none for it.

    ask: min, max, and a default where the option has none. A question is required only when the option is: AWX has no
    use for the default of a required one when a schedule starts the job.
    """
    kind, choices = option.get("type", "str"), option.get("choices")
    default = option["default"] if option.get("default") is not None else ask.get("default")
    found: dict[str, Any] = {
        "question_name": title,
        "question_description": plain_text(option["description"]),
        "variable": variable,
    }
    match kind:
        case "bool":
            found |= {"type": "multiplechoice", "choices": ["true", "false"]}
            default = None if default is None else str(bool(default)).lower()
        case "list" if choices:
            found |= {"type": "multiselect", "choices": list(choices)}
            default = None if default is None else "\n".join(default)
        case "str" | "path" if choices:
            found |= {"type": "multiplechoice", "choices": list(choices)}
        case "str" | "path":
            found |= {"type": "text", "min": ask.get("min", 0), "max": ask.get("max", LONGEST)}
        case "int" | "float":
            found |= {"type": "integer" if kind == "int" else "float", "min": ask.get("min"), "max": ask.get("max")}
        case _:
            raise RefusedError(f"{variable}: AWX has no question for an option of type {kind}")
    found["required"] = bool(option.get("required"))
    return found if default is None else {**found, "default": default}


def plain_text(description: str) -> str:
    """Return a description without the markup of Ansible's documentation, as in O(plugin#module:option)."""

    def bare(match: re.Match[str]) -> str:
        plugin, _hash, rest = match[1].partition("#")
        option = rest.partition(":")[2]
        return f"{option} of {plugin}" if option else plugin

    return MARKUP.sub(bare, description)


def lines(choices: str | list[str]) -> list[str]:
    return [line for line in choices.splitlines() if line.strip()] if isinstance(choices, str) else list(choices)


def spec_problems(spec: Any) -> Iterator[str]:
    """What AWX would refuse in a survey."""
    if not isinstance(spec, dict):
        yield "is no mapping"
        return
    for field, kind, label in (("name", str, "a string"), ("description", str, "a string"), ("spec", list, "a list")):
        if field not in spec:
            yield f"{field} is missing"
        elif not isinstance(spec[field], kind):
            yield f"{field} must be {label}"
    questions = spec.get("spec")
    if questions == []:
        yield "spec has no question"
    seen: set[str] = set()
    for number, item in enumerate(questions if isinstance(questions, list) else []):
        where = f"question {number}"
        if not isinstance(item, dict):
            yield f"{where} is no mapping"
            continue
        found = list(_question_problems(item))
        variable = item.get("variable")
        if isinstance(variable, str):
            where = f"question {number} ({variable})"
            if variable in seen:
                found.append("variable is asked for twice")
            seen.add(variable)
        yield from (f"{where}: {text}" for text in found)


def _question_problems(item: Mapping[str, Any]) -> Iterator[str]:
    shape = []
    for field in ("type", "question_name", "variable", "required"):
        wanted = bool if field == "required" else str
        if field not in item:
            shape.append(f"{field} is missing")
        elif not isinstance(item[field], wanted):
            shape.append(f"{field} must be a {'boolean' if wanted is bool else 'string'}")
    yield from shape
    if shape:
        return
    kind, default = item["type"], item.get("default", "")
    if kind not in TYPES:
        yield f"type {kind} is none of {', '.join(TYPES)}"
        return
    if default != "" and not isinstance(default, TYPES[kind]):
        yield f"default {default!r} is not of the type {kind}"
        return
    for bound in ("min", "max"):
        if item.get(bound) is not None and not isinstance(item[bound], int):
            yield f"{bound} must be an integer or null"
    if isinstance(default, str) and default.startswith("$encrypted$"):
        yield "default $encrypted$ is a reserved word"
    if kind in ("multiplechoice", "multiselect"):
        if "choices" not in item:
            yield f"a {kind} needs choices"
            return
        defaults, choices = lines(default), lines(item["choices"])
        if kind == "multiplechoice" and len(defaults) > 1:
            yield "a multiplechoice has one default at most"
        yield from (f"default {word!r} is none of the choices" for word in defaults if word not in choices)


def answer_problems(item: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterator[str]:
    """What AWX would refuse in the answer to a question. A required one may still be given at the launch."""
    variable, kind = item["variable"], item["type"]
    if variable not in answers:
        return
    answer = answers[variable]
    low, high = item.get("min"), item.get("max")
    if kind in ("text", "textarea", "password"):
        if not isinstance(answer, str):
            yield f"{variable} must be a string"
        elif low is not None and len(answer) < low:
            yield f"{variable} is too short: {len(answer)} of at least {low} characters"
        elif high is not None and len(answer) > high:
            yield f"{variable} is too long: {len(answer)} of at most {high} characters"
    elif kind in ("integer", "float"):
        if isinstance(answer, bool) or not isinstance(answer, int if kind == "integer" else (int, float)):
            yield f"{variable} must be a number"
        elif low is not None and answer < low:
            yield f"{variable} must be at least {low}"
        elif high is not None and answer > high:
            yield f"{variable} must be at most {high}"
    elif kind == "multiselect" and not isinstance(answer, list):
        yield f"{variable} must be a list"
    else:
        chosen = answer if kind == "multiselect" else [answer]
        yield from (
            f"{variable}: {word!r} is none of the choices" for word in chosen if word not in lines(item["choices"])
        )


def rrule_problems(text: str) -> Iterator[str]:
    """What AWX would refuse in the recurrence rule of a schedule."""
    starts = re.findall(r"DTSTART[^ ]*", text)
    if not re.search(r"DTSTART(;TZID=[\w/+-]+:\d{8}T\d{6}|:\d{8}T\d{6}Z)", text):
        yield "needs a DTSTART with a time zone, as in DTSTART;TZID=Etc/UTC:20260101T020000"
    if len(starts) > 1:
        yield "has more than one DTSTART"
    rules = re.findall(r"(?:EX)?RULE[:=]([^ ]+)", text)
    if not rules:
        yield "has no RRULE"
    for rule in rules:
        if "INTERVAL" not in rule:
            yield "has no INTERVAL"
        for word in ("SECONDLY", "BYYEARDAY", "BYWEEKNO"):
            if word in rule:
                yield f"{word} is not supported"
        if re.search(r"BYDAY=[0-9]", rule):
            yield "BYDAY with a number is not supported"
        if "COUNT" in rule and "UNTIL" in rule:
            yield "has both COUNT and UNTIL"
        if (count := re.search(r"COUNT=([0-9]+)", rule)) and int(count[1]) > 999:
            yield "a COUNT above 999 is not supported"
