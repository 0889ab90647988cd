# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hyperv_simulator.cmdlets.registry import CMDLETS
from hyperv_simulator.errors import SimulatorError
from hyperv_simulator.facts import FACTS

MakeLab = Callable[..., Any]
THREE = {"name": "a", "checkpoints": [{"name": "one"}, {"name": "two", "type": "Recovery"}, {"name": "three"}]}


def names(reply: Any) -> list[str]:
    return [item["Name"] for item in reply["objects"]]


def test_every_cmdlet_is_a_cmdlet_of_the_real_module() -> None:
    import json

    real = json.loads((FACTS / "hyperv_cmdlets.json").read_text(encoding="utf-8"))["cmdlets"]
    ours = {name for name in CMDLETS if "." not in name} - {"Get-ClusterGroup"}
    assert ours <= set(real)
    assert {name for name in ours if CMDLETS[name].targets} == {name for name in ours if real[name]["should_process"]}


@pytest.mark.parametrize(
    ("build", "versions"),
    [
        (14393, "5.0 6.2 7.0 7.1 8.0"),
        (17763, "5.0 6.2 7.0 7.1 8.0 8.1 8.2 8.3 9.0"),
        (20348, "8.0 8.1 8.2 8.3 9.0 9.1 9.2 9.3 10.0"),
        (26100, "8.0 8.1 8.2 8.3 9.0 9.1 9.2 9.3 10.0 11.0 12.0"),
    ],
)
def test_get_vmhost(lab: MakeLab, build: int, versions: str) -> None:
    (host,) = lab("a", os_build=build).read("Get-VMHost")["objects"]
    assert (host["Name"], host["SupportedVmVersions"]) == ("hv", versions.split())


def test_groups_hold_their_members(lab: MakeLab) -> None:
    fleet = lab({"name": "a", "groups": ["x", "y"]}, {"name": "b", "groups": ["x"]})
    found = {item["Name"]: names({"objects": item["VMMembers"]}) for item in fleet.read("Get-VMGroup")["objects"]}
    assert found == {"x": ["a", "b"], "y": ["a"]}
    assert names(fleet.read("Get-VMGroup", Name=["Y*"])) == ["y"]
    instance = fleet.read("Get-VMGroup", Name=["x"])["objects"][0]["InstanceId"]
    assert names(fleet.read("Get-VMGroup", Id=instance)) == ["x"]
    assert [error["target"] for error in fleet.read("Get-VMGroup", Name=["z"])["errors"]] == ["z"]


def test_replication_lists_what_replicates(lab: MakeLab) -> None:
    fleet = lab("a", {"name": "b", "replication": "Primary"}, {"name": "c", "replication": {"mode": "Replica"}})

    def replicated(**parameters: Any) -> list[str]:
        return [item["VMName"] for item in fleet.read("Get-VMReplication", **parameters)["objects"]]

    assert replicated() == ["b", "c"]
    assert replicated(ReplicationMode=2) == ["c"]
    assert replicated(VMName=["*"]) == ["b", "c"]
    assert [error["target"] for error in fleet.read("Get-VMReplication", VMName=["a"])["errors"]] == ["a"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"VMName": ["a"]}, ["one", "two", "three"]),
        ({"VMName": ["*"], "Name": "T*"}, ["two", "three"]),
        ({"VMName": ["a"], "SnapshotType": 1}, ["two"]),
    ],
)
def test_checkpoints_by_name(lab: MakeLab, parameters: Any, expected: list[str]) -> None:
    assert names(lab(THREE).read("Get-VMSnapshot", **parameters)) == expected


@pytest.mark.parametrize(
    ("parameters", "reasons"),
    [
        ({"VMName": ["a"], "Name": "four"}, ["ObjectNotFound"]),
        ({"VMName": ["a"], "Name": "f*"}, []),
        ({"VMName": ["b"]}, []),
    ],
)
def test_a_checkpoint_name_without_a_match(lab: MakeLab, parameters: Any, reasons: list[str]) -> None:
    errors = lab(THREE, "b").read("Get-VMSnapshot", **parameters)["errors"]
    assert [error["reason"] for error in errors] == reasons
    assert all(error["target"] is None and "matching the given criteria" in error["message"] for error in errors)


def test_of_a_machine_that_is_missing_no_checkpoint_is_missed(lab: MakeLab) -> None:
    errors = lab(THREE).read("Get-VMSnapshot", VMName=["nix"], Name="one")["errors"]
    assert [error["target"] for error in errors] == ["nix"]


def test_checkpoints_form_a_line(lab: MakeLab) -> None:
    fleet = lab(THREE)
    one, two, three = fleet.read("Get-VMSnapshot", VM=[{"Id": fleet.vm("a").id}])["objects"]
    assert (two["ParentSnapshotId"], "ParentSnapshotId" in one) == (one["Id"], False)
    assert names(fleet.read("Get-VMSnapshot", Id=two["Id"])) == ["two"]
    assert names(fleet.read("Get-VMSnapshot", ChildOf=two)) == ["three"]
    assert names(fleet.read("Get-VMSnapshot", ParentOf=two)) == ["one"]
    assert names(fleet.read("Get-VMSnapshot", ParentOf={"Id": fleet.vm("a").id})) == ["three"]
    assert names(fleet.read("Get-VMSnapshot", ChildOf=three)) == []
    gone = fleet.read("Get-VMSnapshot", Id="5c8d6f6e-0000-4000-8000-000000000009")
    assert [error["reason"] for error in gone["errors"]] == ["ObjectNotFound"]


@pytest.mark.parametrize(
    ("request_", "part"),
    [
        ({"command": "Get-VMX", "phase": "run"}, "Get-VMHost"),
        ({"command": "Get-VM", "phase": "apply"}, "no such phase"),
        ({"command": "Save-VM", "phase": "run"}, "no such phase"),
        ({"command": "Get-VM", "phase": "run", "host": "nope"}, "hosts: hv"),
    ],
)
def test_what_no_stand_in_would_ask_is_refused(lab: MakeLab, request_: Any, part: str) -> None:
    with pytest.raises(SimulatorError, match=part):
        lab("a").request(**request_)
