# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperv_simulator import fleet
from hyperv_simulator.errors import FleetError
from hyperv_simulator.facts import enumeration
from hyperv_simulator.generate import generate
from hyperv_simulator.state import State

SCHEMA = json.loads(Path(fleet.__file__).with_name("fleet.schema.json").read_text(encoding="utf-8"))


def text(machines: str) -> str:
    return f"fleet: 1\nhosts:\n  - name: hv\n    virtual_machines:\n{machines}"


def problems(content: str) -> list[str]:
    with pytest.raises(FleetError) as caught:
        fleet.parse(content, "f.yml")
    return str(caught.value).split("\n")


def test_a_machine_needs_only_a_name() -> None:
    data = fleet.parse(text("      - db01\n      - name: web01\n"))
    assert data["hosts"][0]["virtual_machines"] == ["db01", {"name": "web01"}]
    assert "credentials" not in data


def test_off_is_a_state_not_a_boolean() -> None:
    data = fleet.parse(text("      - {name: a, state: Off, services: {vss: false}}\n"))
    assert data["hosts"][0]["virtual_machines"][0]["state"] == "Off"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (False, 'hosts[0].virtual_machines[0].state: YAML reads Off as false: write "Off"'),
        ("Of", "hosts[0].virtual_machines[0].state: 'Of': did you mean 'Off'?"),
    ],
)
def test_state_that_another_reader_of_yaml_made_a_boolean_is_explained(value: object, message: str) -> None:
    """Platforms of a Molecule scenario come through Ansible, for which an unquoted Off is false."""
    with pytest.raises(FleetError) as caught:
        fleet.check({"fleet": 1, "hosts": [{"name": "hv", "virtual_machines": [{"name": "a", "state": value}]}]})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("machine", "line", "parts"),
    [
        ("      - name: a\n        stat: Off\n", 6, ["unknown key 'stat'", "did you mean 'state'?"]),
        ("      - name: a\n        state: Runing\n", 6, ["virtual_machines[0].state", "'Running'"]),
        ("      - name: a\n        services:\n          vss: off\n", 7, ["write true or false"]),
        ("      - name: a\n        services:\n          ntp: true\n", 7, ["unknown key 'ntp'", "time_synchronization"]),
        ("      - name: 007\n", 5, ["put it in quotes"]),
        ("      - state: Off\n", 5, ["name missing"]),
        ("      - name: a\n        id: x\n", 6, ["id"]),
        ("      - name: a\n        notes: x\n        notes: y\n", 7, ["'notes' stands here a second time"]),
        ("      - name: a\n        checkpoints: [{name: x, created: 2026-13-01}]\n", 6, ["is not a moment"]),
        ("      - name: a\n        services: {vss: {primary: NoContakt}}\n", 6, ["'NoContact'"]),
    ],
)
def test_errors_name_the_line_and_the_way_out(machine: str, line: int, parts: list[str]) -> None:
    found = problems(text(machine))
    assert len(found) == 1
    assert found[0].startswith(f"f.yml:{line}: ")
    assert all(part in found[0] for part in parts), found[0]


def test_all_errors_are_told_at_once_in_order() -> None:
    found = problems(text("      - {name: a, stat: 1}\n      - b\n      - {name: c, generation: 3}\n"))
    assert [message.split(":")[1] for message in found] == ["5", "7"]


def test_many_errors_are_counted() -> None:
    found = problems(text("      - 1\n" * 30))
    assert len(found) == fleet.MAX_ERRORS + 1
    assert found[-1] == "… and 10 more"


@pytest.mark.parametrize("content", ["", "fleet: 1\nhosts: [\n", "- a\n", "fleet: 2\nhosts: [{name: a}]\n"])
def test_what_is_no_fleet_is_refused(content: str) -> None:
    assert problems(content)[0].startswith("f.yml:")


def test_names_of_hosts_are_unique_whatever_their_case() -> None:
    found = problems("fleet: 1\nhosts:\n  - name: hv\n  - name: HV\n")
    assert [message.split(":")[1] for message in found] == ["3", "4"]


def test_ids_of_a_hosts_machines_are_unique() -> None:
    vm = "      - {name: a, id: 5c8d6f6e-0000-4000-8000-000000000001}\n"
    assert "is the id of more than one virtual machine" in problems(text(vm + vm.replace("5c8d", "5C8D")))[0]


def test_unknown_numbers_can_be_planted() -> None:
    fleet.parse(text("      - {name: a, state: 77, services: {vss: {primary: 99, secondary: null}}}\n"))


def test_a_patch_is_checked_like_a_machine() -> None:
    assert fleet.check_patch({"state": "Off"}) == {"state": "Off"}
    for patch in ({"stat": 1}, {"id": "5c8d6f6e-0000-4000-8000-000000000001"}, "Off", {"services": {"vss": "off"}}):
        with pytest.raises(FleetError):
            fleet.check_patch(patch)


def enums(node: Any) -> list[list[Any]]:
    if isinstance(node, list):
        return [found for item in node for found in enums(item)]
    if isinstance(node, dict):
        own = [node["enum"]] if isinstance(node.get("enum"), list) else []
        return own + [found for item in node.values() for found in enums(item)]
    return []


@pytest.mark.parametrize(
    "name",
    [
        "VMState",
        "VMOperationalStatus",
        "VMReplicationMode",
        "VMReplicationState",
        "VMReplicationHealthState",
        "VMReplicationRelationshipType",
        "SnapshotType",
    ],
)
def test_the_schema_allows_exactly_the_members_of_the_real_enumerations(name: str) -> None:
    assert list(enumeration(name)) in enums(SCHEMA)


def test_the_schema_allows_exactly_the_real_statuses_of_a_service() -> None:
    assert [*enumeration("VMIntegrationComponentOperationalStatus"), "derived"] in enums(SCHEMA)


@settings(max_examples=25)
@given(hosts=st.integers(1, 3), machines=st.integers(0, 12), seed=st.integers(0, 10**6))
def test_a_fleet_read_back_is_the_same_fleet(hosts: int, machines: int, seed: int) -> None:
    state = State(fleet.check(generate(hosts, machines, seed, ("en", "ja"))), Path("unused"), at=1000.0)
    written = state.to_data(1000.0)
    again = State(fleet.parse(fleet.dump(written)), Path("unused"), at=5000.0)
    assert again.to_data(5000.0) == written


def test_the_same_seed_makes_the_same_fleet() -> None:
    assert generate(2, 50, 7, ("de",)) == generate(2, 50, 7, ("de",))
    assert generate(2, 50, 7) != generate(2, 50, 8)
