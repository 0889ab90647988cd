# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rule that decides nothing on a host says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan

MakeFacts = Callable[..., dict[str, Any]]

ALL: dict[str, Any] = {"name": "all", "match": {"pattern": "*"}, "profile": "default_safe"}


def unused(fleet: list[dict[str, Any]], rules: list[dict[str, Any]], **policy: Any) -> list[str | None]:
    plan = make_plan(fleet, {"rules": rules, **policy})
    lines = [line for line in plan["explanation"] if ": decides nothing on this host: " in line]
    told = [use["unused"] for use in plan["rules"] if use["unused"]]
    assert [line.split(": decides nothing on this host: ", 1)[1] for line in lines] == told
    return [use["unused"] for use in plan["rules"]]


@pytest.mark.parametrize(
    ("match", "why"),
    [
        ({"name": "sql02"}, "no virtual machine is named sql02"),
        (
            {"name": ["sql*", "x"]},
            "no virtual machine is named sql*, x (a name is exact: wildcards belong into pattern)",
        ),
        ({"pattern": "db*"}, "no name of a virtual machine matches db*"),
        ({"group": "dbs"}, "no virtual machine is in the group dbs"),
        (
            {"id": "00000000-0000-0000-0000-000000000000"},
            "no virtual machine has the id 00000000-0000-0000-0000-000000000000",
        ),
        ({"isolation": True}, "no virtual machine meets isolation: true"),
        ({"replication": "Replica"}, "no virtual machine meets replication: Replica"),
        ({"where": "generation == `1`"}, "no virtual machine meets where: generation == `1`"),
        ({"name": "x", "group": "y"}, "no virtual machine is named x; no virtual machine is in the group y"),
        ({"name": "sql01", "group": "web"}, "no virtual machine meets all of its conditions"),
        # Its expression is wrong for web01, which the name lets nobody ask.
        ({"name": "x", "where": "contains(notes, 'a')"}, "no virtual machine is named x"),
    ],
)
def test_rule_without_a_match_names_the_condition(vm: MakeFacts, match: dict[str, Any], why: str) -> None:
    fleet = [vm("sql01", groups=["sql"]), vm("web01", groups=["web"], notes=None)]
    assert unused(fleet, [{"match": match, "profile": "lab"}]) == [why]


@pytest.mark.parametrize("merge", [False, True])
def test_shadowed_rule_names_the_rule_before_it(vm: MakeFacts, merge: bool) -> None:
    rules: list[dict[str, Any]] = [ALL, {"name": "dbs", "match": {"pattern": "sql*"}, "profile": "backup"}]
    assert unused([vm("sql01"), vm("web01")], rules, merge=merge) == [
        None,
        "matches sql01, but rule 1 (all) decides first",
    ]


def test_rule_shadowed_by_several_names_each_with_its_virtual_machines(vm: MakeFacts) -> None:
    rules: list[dict[str, Any]] = [
        {"match": {"name": "web01"}, "services": {"vss": True}},
        {"match": {"pattern": "web*"}, "profile": "lab"},
        {"match": {"pattern": "*"}, "services": {"vss": False}},
    ]
    fleet = [vm("web01"), vm("web02")]
    first = "matches web01, but rule 1 decides first; matches web02, but rule 2 decides first"
    assert unused(fleet, rules)[2] == first
    merged = "matches web01, but rule 1 and rule 2 decide first; matches web02, but rule 2 decides first"
    assert unused(fleet, rules, merge=True)[2] == merged


def test_rule_on_an_empty_host() -> None:
    assert unused([], [ALL]) == ["the host lists no virtual machine"]


def test_long_list_of_shadowed_names_is_cut(vm: MakeFacts) -> None:
    (_none, why) = unused([vm(f"web{number:02}") for number in range(12)], [ALL, {**ALL, "name": "again"}])
    assert why is not None
    assert why.endswith("web09 and 2 more, but rule 1 (all) decides first")
