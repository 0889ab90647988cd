# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hyperv_simulator.components import COMPONENTS, CULTURES

MakeLab = Callable[..., Any]
GET, ENABLE, DISABLE = (f"{verb}-VMIntegrationService" for verb in ("Get", "Enable", "Disable"))


def test_components_look_as_on_a_real_host(lab: MakeLab) -> None:
    fleet = lab({"name": "SRV", "id": "5c8d6f6e-ab00-4000-8000-000000000001"}, culture="de")
    takt = next(item for item in fleet.read(GET, VMName=["SRV"])["objects"] if item["Name"] == "Takt")
    assert takt == {
        "Id": "Microsoft:5C8D6F6E-AB00-4000-8000-000000000001\\84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47",
        "Name": "Takt",
        "VMId": "5c8d6f6e-ab00-4000-8000-000000000001",
        "VMName": "SRV",
        "ComputerName": "hv",
        "Enabled": True,
        "PrimaryOperationalStatus": 2,
        "SecondaryOperationalStatus": 2,
        "PrimaryStatusDescription": "OK",
        "SecondaryStatusDescription": "OK",
    }


@pytest.mark.parametrize("culture", CULTURES)
def test_names_are_in_the_hosts_language_and_guids_never(lab: MakeLab, culture: str) -> None:
    found = lab("a", culture=culture).read(GET, VMName=["a"])["objects"]
    assert {item["Name"] for item in found} == {component.name(culture) for component in COMPONENTS.values()}
    assert {item["Id"].split("\\")[1] for item in found} == {component.guid for component in COMPONENTS.values()}


def test_an_english_name_on_a_german_host_is_not_found(lab: MakeLab) -> None:
    reply = lab("a", culture="de").read(GET, VMName=["a"], Name=["Heartbeat", "VSS"])
    assert [item["Name"] for item in reply["objects"]] == ["VSS"]
    (error,) = reply["errors"]
    assert (error["reason"], error["category"]) == ("InvalidParameter", "InvalidArgument")
    assert error["exception"] == "VirtualizationInvalidArgumentException"
    assert "Es wurde keine Integrationskomponente mit dem angegebenen Namen gefunden." in error["message"]


def test_names_take_wildcards(lab: MakeLab) -> None:
    found = lab("a").read(GET, VMName=["a"], Name=["*SYNC*", "x*", "[hv]*"])
    assert [item["Name"] for item in found["objects"]] == ["Heartbeat", "Time Synchronization", "VSS"]
    assert found["errors"] == []


def test_one_call_takes_all_machines_and_each_once(lab: MakeLab) -> None:
    fleet = lab("a", "b")
    ids = [{"Id": vm} for vm in fleet.state.host("hv").virtual_machines]
    assert len(fleet.read(GET, VM=[*ids, ids[0]])["objects"]) == 12


def test_a_machine_that_is_gone_is_an_error(lab: MakeLab) -> None:
    gone = "5c8d6f6e-0000-4000-8000-000000000009"
    reply = lab("a").read(GET, VM=[{"Id": gone}])
    assert [(error["reason"], error["target"]) for error in reply["errors"]] == [("ObjectNotFound", gone)]


def test_a_component_that_is_not_offered_is_not_listed(lab: MakeLab) -> None:
    fleet = lab({"name": "a", "services": {"guest_service_interface": {"offered": False}}})
    assert len(fleet.read(GET, VMName=["a"])["objects"]) == 5


def test_enable_and_disable_by_object(lab: MakeLab) -> None:
    fleet = lab("a", "b")
    keys = fleet.service_keys("guest_service_interface", "a", "b")
    assert fleet.change(ENABLE, keys=keys) == {
        "type": "VMIntegrationComponent",
        "objects": [],
        "errors": [],
        "warnings": [],
    }
    assert all(fleet.vm(name).services["guest_service_interface"].enabled for name in "ab")
    reply = fleet.change(DISABLE, keys=keys[:1], Passthru=True)
    assert [(item["VMName"], item["Enabled"]) for item in reply["objects"]] == [("a", False)]
    assert fleet.vm("b").services["guest_service_interface"].enabled


def test_enabling_what_is_enabled_changes_nothing(lab: MakeLab) -> None:
    fleet = lab("a")
    fleet.change(ENABLE, keys=fleet.service_keys("vss", "a"))
    assert fleet.ask({"op": "ledger", "command": ENABLE})["lines"][0]["changed"] == 0


def test_by_name_every_machine_and_service_is_a_target(lab: MakeLab) -> None:
    fleet = lab("a", "b", culture="ja")
    reply = fleet.request(DISABLE, "targets", parameters={"VMName": ["*"], "Name": ["VSS", "ハートビート"]})
    assert [target["name"] for target in reply["targets"]] == ["a", "a", "b", "b"]
    fleet.change(DISABLE, VMName=["*"], Name=["ハートビート"])
    assert not any(fleet.vm(name).services["heartbeat"].enabled for name in "ab")


@pytest.mark.parametrize(
    ("refuses", "enabled_after_disable", "enabled_after_enable"),
    [("disable", True, True), ("enable", False, False), ("both", True, True)],
)
def test_a_service_that_refuses_says_nothing(
    lab: MakeLab, refuses: str, enabled_after_disable: bool, enabled_after_enable: bool
) -> None:
    fleet = lab({"name": "a", "services": {"vss": {"refuses": refuses}}})
    keys = fleet.service_keys("vss", "a")
    assert fleet.change(DISABLE, keys=keys)["errors"] == []
    assert fleet.vm("a").services["vss"].enabled is enabled_after_disable
    assert fleet.change(ENABLE, keys=keys)["errors"] == []
    assert fleet.vm("a").services["vss"].enabled is enabled_after_enable


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        ({"state": "Off"}, None),
        ({"state": "Saved"}, None),
        ({"state": "Starting"}, "InvalidState"),
        ({"state": "ComponentServicing"}, "InvalidState"),
        ({"state": "RunningCritical"}, None),
        ({"operational_status": "MigratingVirtualMachine"}, "InvalidState"),
    ],
)
def test_machines_on_the_way_elsewhere_take_no_change(lab: MakeLab, machine: Any, reason: str | None) -> None:
    fleet = lab({"name": "a", **machine})
    reply = fleet.change(DISABLE, keys=fleet.service_keys("vss", "a"))
    assert [error["reason"] for error in reply["errors"]] == ([reason] if reason else [])
    assert fleet.vm("a").services["vss"].enabled is bool(reason)


def test_settings_in_a_checkpoint_are_read_and_fixed(lab: MakeLab) -> None:
    fleet = lab({"name": "a", "checkpoints": [{"name": "old", "services": {"vss": False}}]})
    (snapshot,) = fleet.read("Get-VMSnapshot", VMName=["a"])["objects"]
    found = fleet.read(GET, VMSnapshot={"Id": snapshot["Id"], "VMId": snapshot["VMId"]}, Name=["VSS"])["objects"]
    assert [(item["Enabled"], item["VMSnapshotName"]) for item in found] == [(False, "old")]
    key = {name: found[0][name] for name in ("VMId", "Id", "VMSnapshotId")}
    assert [error["reason"] for error in fleet.change(ENABLE, keys=[key])["errors"]] == ["InvalidOperation"]


def test_the_lazy_property_is_in_the_ledger(lab: MakeLab) -> None:
    fleet = lab("a")
    request = {"op": "property", "host": "hv", "type": "VirtualMachine", "property": "VMIntegrationService"}
    assert len(fleet.ask({**request, "id": fleet.vm("a").id, "invocation": "x"})["objects"]) == 6
    assert [line["command"] for line in fleet.ask({"op": "ledger"})["lines"]] == ["VirtualMachine.VMIntegrationService"]
