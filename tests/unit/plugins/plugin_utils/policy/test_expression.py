# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import json
import re
import string
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy import expression
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.expression import compile_expression


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("generation == `2`", True),
        ("generation == `1`", False),
        ("contains(groups, 'tier1')", True),
        ("starts_with(name, 'sql')", False),
        ("missing", False),
        ("empty", False),
        ("zero", True),
        ("services.vss.enabled && !services.shutdown.enabled", False),
        ("groups[0:1]", True),
        ("groups[1:]", False),
        ("contains(['web01', 'web02'], name)", True),
        ("length(not_null(missing, empty, name)) == `0`", True),
        ("services.*.enabled | {all: @, first: [0]}.first", True),
        ("values(services)[?enabled].{on: enabled}", True),
        ("sort_by(values(services), &to_string(enabled))[-1].enabled", True),
    ],
)
def test_expression_is_true_unless_null_false_or_empty(text: str, true: bool) -> None:
    facts = {
        "name": "web01",
        "generation": 2,
        "groups": ["tier1"],
        "empty": "",
        "zero": 0,
        "services": {"vss": {"enabled": True}, "shutdown": {"enabled": True}},
    }
    assert compile_expression(text)(facts) is true


@pytest.mark.parametrize("text", ["", "a ==", "a == 'x", "%", "foo("])
def test_syntax_error_is_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="not a JMESPath expression") as caught:
        compile_expression(text)
    assert "\n" not in str(caught.value)


def test_unknown_function_is_found_wherever_it_stands() -> None:
    with pytest.raises(ValueError, match="no function lower; it has abs, "):
        compile_expression("false && services.*[?starts_with(lower(verdict), 'no')]")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("contains(name)", "contains takes 2 arguments, not 1"),
        ("groups[0:1] || length(name, 'x')", "length takes 1 arguments, not 2"),
        ("not_null()", "not_null takes 1 arguments, not 0"),
    ],
)
def test_wrong_number_of_arguments_is_found(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        compile_expression(text)


def test_wrong_type_names_the_expression() -> None:
    with pytest.raises(ValueError, match=r"^match\.where \"contains\(notes, 'x'\)\": .*contains"):
        compile_expression("contains(notes, 'x')")({"notes": None})


def test_missing_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression, "jmespath", None)
    with pytest.raises(ValueError, match="pip install jmespath"):
        compile_expression("name")


BOMBS = [
    "(" * 1500 + "name" + ")" * 1500,
    "!" * 3000 + "name",
    "(" * 900 + "name" + ")" * 900,
    "!" * 101 + "name",
    "[" * 1900 + "name" + "]" * 1900,
    "name || " * 400 + "name",
    "name == 'a' || " * 1000 + "name",
    "a" * 1_000_000,
]


@pytest.mark.parametrize("text", BOMBS)
def test_expression_of_endless_size_or_depth_is_refused(text: str) -> None:
    """An expression nested deeper, or longer, than people write is an error and no crash of the interpreter."""
    begun = time.monotonic()
    with pytest.raises(ValueError, match=r"^the expression is (longer than 4,000 characters|nested more than 100 lev)"):
        compile_expression(text)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "text",
    [
        "[@,@]|" * 24 + "to_string(@)",
        "[@,@][]|" * 40 + "length(@)",
        "[@,@]|" * 30 + "@ == [@]",
        "{a: @, b: @}|" * 40 + "to_string(@)",
        "to_array(@)|" + "[@,@][]|" * 15 + "[*].[@,@][*].[@,@][*].[@,@][*].[@,@]",
        "to_array(name)|" + "[@,@][]|" * 20 + "map(&to_string(@), @)",
        "name|" + f"join('{'x' * 200}', [@,@,@,@,@,@,@,@])|" * 12 + "@",
        "[notes, to_array(name)|" + "[@,@][]|" * 15 + "@] | join(@[0], @[1])",
        "[notes,notes,notes,notes]",
    ],
)
def test_expression_that_multiplies_facts_ends(text: str) -> None:
    """Evaluation that takes too much ends with the field and the expression, in bounded time."""
    test = compile_expression(text)
    begun = time.monotonic()
    with pytest.raises(ValueError, match=r"^match\.where .*: cannot be evaluated: it takes too much time or memory;"):
        test({"name": "web01", "notes": "x" * 1_000_000, "services": {}})
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("ceil(`1e400`)", "cannot convert float infinity to integer"),
        ("avg([`1e400`, `-1e400`]) | floor(@)", "cannot convert float NaN to integer"),
        ("groups[::0]", "slice step cannot be zero"),
        ("contains(notes, generation)", "'in <string>' requires string"),
        ("max(groups)", ""),
        ("to_string(deep)", ""),
        ("deep == deeper", ""),
    ],
)
def test_failure_of_python_is_told_with_field_and_expression(text: str, error: str) -> None:
    """What the library lets through of Python is an error of this expression, as its own errors are."""
    deep: list[Any] = []
    for _level in range(100_000):
        deep = [deep]
    facts = {"notes": "x", "generation": 2, "groups": ["a", 1], "deep": deep, "deeper": [deep]}
    with pytest.raises(ValueError, match=r"^match\.where ") as caught:
        compile_expression(text)(facts)
    assert str(caught.value).startswith(f"match.where {text!r}: cannot be evaluated: ")
    assert error in str(caught.value)


def test_expression_over_many_checkpoints_is_evaluated() -> None:
    """The bound on work leaves room for what real facts and real expressions need."""
    facts = {"checkpoints": [{"name": f"c{n}", "services": {"vss": {"enabled": n == 499}}} for n in range(500)]}
    text = "sort_by(checkpoints[?services.vss.enabled], &name)[*].{name: name, all: services} | [0].all.vss.enabled"
    assert compile_expression(text)(facts)
    assert compile_expression(" || ".join(f"name == 'web{n}'" for n in range(60)))({"name": "web59"})


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("nmae == 'x'", "there is no fact nmae; there are name, notes"),
        ("contains(nmae, note)", "there is no fact nmae, note; there are name, notes"),
        ('contains(notes, "dc")', "there is no fact dc; texts stand in single quotes: 'dc'; there are name, notes"),
        ('name == "web01"', "there is no fact web01; texts stand in single quotes: 'web01'; there are name, notes"),
    ],
)
def test_unknown_fact_is_refused(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{error}$"):
        compile_expression(text, known=("notes", "name"))


def test_known_facts_and_what_is_under_them_pass() -> None:
    for text in ("name", '"name"', "notes.x.y", "contains(notes, 'dc')", "name | x", "sort_by(notes, &x)"):
        compile_expression(text, known=("notes", "name"))


PIECES = re.findall(
    r"\S+",
    """ name notes x "x" 'x' `1` `[1,2]` `1e999` @ * [*] [] [0] [::0] [?x]
        . | || && ! ( ) [ ] {a: } , == < & length( max_by( join( """,
)
FACTS = {"name": "web01", "notes": None, "x": [{"x": [1, "2", None]}, []]}


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(string.printable, max_size=20))
def test_every_expression_is_true_false_or_a_problem(text: str) -> None:
    """Nothing but ValueError leaves, whatever is written, and the facts stay as they were."""
    before = json.dumps(FACTS)
    with contextlib.suppress(ValueError):
        assert compile_expression(text)(FACTS) in (True, False)
    assert json.dumps(FACTS) == before
