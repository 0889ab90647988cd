# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

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
