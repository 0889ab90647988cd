# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.hyperv.integration.plugins.plugin_utils.role_options import Names, Read, read, refusals
from workspace import CHECKOUT

TEXTS = {"type": "list", "elements": "str"}
SPEC: dict[str, Any] = {
    "tea_rules": {"type": "list", "elements": "dict", "default": []},
    "tea_formats": {"type": "list", "elements": "str", "choices": ["html", "json"], "default": ["html"]},
    "tea_files": {"type": "list", "elements": "path", "default": []},
    "tea_file": {"type": "path"},
    "tea_strict": {"type": "bool", "default": True},
    "tea_seconds": {"type": "int", "default": 300},
    "tea_selection": {
        "type": "dict",
        "default": {},
        "options": {**dict.fromkeys(("name", "group", "exclude"), TEXTS), "all": {"type": "bool"}},
    },
    "tea_ignored_variables": {"type": "list", "elements": "str", "default": []},
}
NAMES = Names("tea_", SPEC, families=["tea_rules"], results=["tea_result"])


def of(given: dict[str, Any], *variables: str, place: Path = Path("/somewhere"), files: tuple[str, ...] = ()) -> Read:
    return read(NAMES, given, [*given, *variables], files, str(place))


def test_option_that_is_not_given_has_its_default() -> None:
    found = of({"tea_seconds": None})
    assert found.problems == []
    assert found.options == {
        "rules": [],
        "formats": ["html"],
        "files": [],
        "file": None,
        "strict": True,
        "seconds": 300,
        "selection": {},
        "ignored_variables": [],
    }


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("formats", "html,json", ["html", "json"]),
        ("formats", " html , json ,", ["html", "json"]),
        ("formats", "html", ["html"]),
        ("formats", '["json", "html"]', ["json", "html"]),
        ("formats", "", []),
        ("rules", "[{match: {name: a}}]", [{"match": {"name": "a"}}]),
        ("selection", {"name": "web01,web02"}, {"name": ["web01", "web02"]}),
        ("selection", {"name": ["web01"], "all": None}, {"name": ["web01"]}),
        ("selection", {"exclude": ["web01"]}, {"exclude": ["web01"]}),
        ("strict", "no", False),
        ("seconds", "60", 60),
        ("file", "", None),
        ("file", "waivers.yml", "/somewhere/waivers.yml"),
        ("file", "/else/../x", "/else/../x"),
        ("files", "a.yml,b.yml,a.yml", ["/somewhere/a.yml", "/somewhere/b.yml"]),
    ],
)
def test_value_as_people_write_it(name: str, given: Any, value: Any) -> None:
    found = of({f"tea_{name}": given})
    assert found.problems == []
    assert found.options[name] == value


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"tea_formats": "html,pdf"}, "value of tea_formats must be one or more of: html, json. Got no match for: pdf"),
        ({"tea_formats": "[html"}, "tea_formats"),
        ({"tea_seconds": "soon"}, "tea_seconds"),
        ({"tea_selection": {"nmae": "x"}}, "tea_selection.nmae"),
        ({"tea_selection": []}, "tea_selection"),
    ],
)
def test_value_of_another_type_is_refused_by_name(given: dict[str, Any], part: str) -> None:
    (problem,) = of(given).problems
    assert part in problem


@pytest.mark.parametrize(
    "given",
    [
        {"name": []},
        {"name": ""},
        {"name": "[]"},
        {"name": None},
        {"all": False},
        {"all": "no"},
        {"name": [], "group": None, "all": False, "exclude": ["web01"]},
    ],
)
def test_selection_that_is_given_and_empty_is_refused(given: dict[str, Any]) -> None:
    (problem,) = of({"tea_selection": given}).problems
    assert problem.startswith("tea_selection {")
    assert "selects no virtual machine" in problem


def test_variable_with_the_prefix_that_is_no_option_is_refused() -> None:
    found = of({"tea_rules_of_db": []}, "tea_rule", "tea_result", "teapot", "tea_zzzzzzzzzzz")
    assert found.problems == [
        "tea_rule: there is no such variable; did you mean tea_rules? If it belongs to something else, add it to "
        "tea_ignored_variables.",
        f"tea_zzzzzzzzzzz: there is no such variable; there are {', '.join(sorted(SPEC))}. If it belongs to something "
        "else, add it to tea_ignored_variables.",
    ]


def test_variable_that_belongs_to_something_else_is_accepted_by_name_or_pattern() -> None:
    assert of({"tea_ignored_variables": ["tea_pot", "tea_cup_*"]}, "tea_pot", "tea_cup_1").problems == []


def test_member_of_a_family_is_read_like_the_option_itself() -> None:
    assert of({"tea_rules_db": '[{"a": 1}]'}).options["rules_db"] == [{"a": 1}]
    assert "tea_rules_db" in of({"tea_rules_db": 5}).problems[0]


def test_file_that_is_missing_is_named_with_the_directory_and_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "here.yml").touch()
    given = {"tea_file": "gone.yml", "tea_files": ["here.yml", "."]}
    assert of(given, place=tmp_path, files=("tea_file", "tea_files")).problems == [
        f"tea_file: {tmp_path}/gone.yml does not exist. Correct the path (relative paths begin at {tmp_path}) or leave "
        "the option out.",
        f"tea_files: {tmp_path} is not a file. Correct the path (relative paths begin at {tmp_path}) or leave the "
        "option out.",
    ]


def test_options_among_facts_are_refused_those_of_a_family_too() -> None:
    found = refusals(NAMES, ["tea_file", "tea_rules_x", "tea_unknown", "kernel"], "web01")
    assert list(found) == ["tea_file", "tea_rules_x"]
    assert "tea_file is among the ansible_facts of web01" in found["tea_file"]


@pytest.mark.parametrize("role", ["audit", "host_policy", "linux_guest"])
def test_defaults_of_each_role_are_read_without_a_problem(role: str) -> None:
    folder = CHECKOUT / "roles" / role
    spec = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    defaults = yaml.safe_load((folder / "defaults" / "main.yml").read_text(encoding="utf-8"))
    names = Names(f"{role}_", spec["argument_specs"]["main"]["options"])
    found = read(names, defaults, defaults, [], "/somewhere")
    assert found.problems == []
    assert {name: found.options[names.bare(name)] for name in defaults} == defaults
