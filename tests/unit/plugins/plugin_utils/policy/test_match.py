# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.match import FACTS, parse_conditions

MakeFacts = Callable[..., dict[str, Any]]

MODULE = Path(__file__).parents[5] / "plugins" / "modules" / "vm_integration_service_info.yml"

ID = "0f7e1a52-3c5d-4f0e-9a53-0d5a2b9c7e11"


def holds(match: Any, facts: dict[str, Any]) -> bool:
    return all(condition(facts) for condition in parse_conditions(match))


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"name": "WEB[01]"}, True),
        ({"name": ["db01", "web[01]"]}, True),
        ({"name": "web0"}, False),
        ({"name": "web*"}, False),
        ({"pattern": "web*"}, True),
        ({"pattern": ["db*", "*`]"]}, True),
        ({"pattern": "web[01]"}, False),
        ({"group": "TIER1"}, True),
        ({"group": ["tier2", "tier1"]}, True),
        ({"group": "tier"}, False),
        ({"id": ID.upper()}, True),
        ({"id": [f"{{{ID}}}"]}, True),
        ({"id": "00000000-0000-0000-0000-000000000000"}, False),
        ({"replication": "replica"}, True),
        ({"replication": ["Primary", "Replica"]}, True),
        ({"replication": "None"}, False),
        ({"isolation": True}, True),
        ({"isolation": False}, False),
        ({"isolation": "snp"}, True),
        ({"isolation": ["TDX", "VBS"]}, False),
        ({"where": "generation == `2` && notes != ''"}, True),
        ({"pattern": "web*", "group": "tier1", "where": "generation == `2`"}, True),
        ({"pattern": "web*", "group": "tier1", "where": "generation == `1`"}, False),
        ({"pattern": "web*", "group": "tier2"}, False),
    ],
)
def test_all_conditions_must_hold(vm: MakeFacts, match: dict[str, Any], expected: bool) -> None:
    facts = vm("Web[01]", id=ID, groups=["Tier1"], replication={"mode": "Replica"}, isolation="SNP", notes="x")
    assert holds(match, facts) is expected


def test_ordinary_virtual_machine_is_neither_isolated_nor_replicated(vm: MakeFacts) -> None:
    assert holds({"isolation": False, "replication": "None"}, vm("web01"))
    assert not holds({"isolation": True}, vm("web01"))
    assert not holds({"isolation": "SNP"}, vm("web01"))


@pytest.mark.parametrize(
    ("match", "error"),
    [
        (None, "match None: give at least one of name, pattern, .*host_policy_default"),
        ({}, "match {}: give at least one of name, pattern, .*host_policy_default"),
        ("web*", r"match 'web\*': give at least one of"),
        ({"names": "web01"}, r"match\.names: there is no such condition; there are name, pattern,"),
        ({"name": ""}, r"match\.name '': give a text"),
        ({"name": []}, r"match\.name \[\]: give a text"),
        ({"name": ["web01", 2]}, r"match\.name \['web01', 2\]: give a text"),
        ({"pattern": "web["}, r"match\.pattern 'web\[': .*not closed"),
        ({"group": None}, r"match\.group None: give a text"),
        ({"id": "web01"}, r"match\.id 'web01': give ids"),
        ({"replication": "Mirror"}, r"match\.replication 'Mirror': the replication modes are None, Primary, Replica,"),
        ({"replication": None}, r"match\.replication None: give a text"),
        ({"isolation": 1}, r"match\.isolation 1: give a text"),
        ({"where": True}, r"match\.where True: give a JMESPath expression"),
        (
            {"where": 'contains(notes, "dc")'},
            r"match\.where 'contains\(notes, \"dc\"\)': there is no fact dc; texts stand in single quotes: 'dc'; there",
        ),
        ({"where": "nmae == 'x'"}, r"match\.where \"nmae == 'x'\": there is no fact nmae; there are checkpoint,"),
        ({"where": "name =="}, r"match\.where 'name ==': not a JMESPath expression"),
    ],
)
def test_bad_match_names_field_value_and_way_out(match: Any, error: str) -> None:
    with pytest.raises(ValueError, match=f"^{error}"):
        parse_conditions(match)


def test_known_facts_are_what_the_module_returns() -> None:
    returned = yaml.safe_load(MODULE.read_text(encoding="utf-8"))["RETURN"]["virtual_machines"]["contains"]
    assert list(FACTS) == sorted(returned)


@pytest.mark.parametrize("subset", ["groups", "replication"])
def test_facts_that_were_not_gathered_do_not_pass_for_absent(vm: MakeFacts, subset: str) -> None:
    facts = vm("web01")
    del facts[subset]
    with pytest.raises(ValueError, match=f"the facts have no {subset}"):
        holds({"group": "tier1"} if subset == "groups" else {"replication": "None"}, facts)
