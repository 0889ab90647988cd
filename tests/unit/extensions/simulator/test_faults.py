# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hyperv_simulator.errors import FaultError
from hyperv_simulator.faults import Faults, parse

MakeLab = Callable[..., Any]


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ({}, "kind"),
        ("slow", "mapping"),
        ({"kind": "slowly"}, "slow"),
        ({"kind": "slow", "sekunden": 1}, "'sekunden'"),
        ({"kind": "slow", "seconds": -1}, "seconds"),
        ({"kind": "slow", "seconds": True}, "seconds"),
        ({"kind": "slow", "vm": "a"}, "vm"),
        ({"kind": "vanish"}, "name the virtual machine"),
        ({"kind": "disconnect", "where": "middle"}, "where"),
        ({"kind": "busy", "operation": "Run"}, "operation"),
        ({"kind": "busy", "times": 0}, "times"),
        ({"kind": "busy", "host": "["}, "wildcard"),
    ],
)
def test_rules_that_cannot_be_are_refused(rule: Any, part: str) -> None:
    with pytest.raises(FaultError, match=part):
        parse(rule)


def test_rules_for_endpoints_fire_after_and_times() -> None:
    faults = Faults()
    faults.add({"kind": "busy", "host": "HV*", "operation": "Command", "after": 1, "times": 2})
    calls = [faults.endpoint("hv1", "Command") for _call in range(5)]
    assert calls == [None, "busy", "busy", None, None]
    assert faults.endpoint("hv1", "Create") is None
    assert faults.endpoint("other", "Command") is None


def test_rules_are_listed_with_what_has_met_them_and_cleared() -> None:
    faults = Faults()
    faults.add({"kind": "http_401"})
    faults.endpoint("hv", "Create")
    assert faults.listed()[0]["seen"] == 1
    faults.clear()
    assert faults.listed() == []


@pytest.mark.parametrize(
    ("kind", "command", "reason", "category"),
    [
        ("access_denied", "Get-VM", "Unspecified", "NotSpecified"),
        ("access_denied", "Start-VM", "AccessDenied", "PermissionDenied"),
        ("vmms_stopped", "Get-VM", "ObjectNotFound", "ObjectNotFound"),
        ("wmi_transient", "Get-VM", "Unspecified", "NotSpecified"),
    ],
)
def test_a_denied_call_has_the_real_error_id(lab: MakeLab, kind: str, command: str, reason: str, category: str) -> None:
    fleet = lab({"name": "a", "state": "Off"})
    fleet.faults.add({"kind": kind, "command": command, "times": 1})
    call = fleet.read if command.startswith("Get") else fleet.change
    first, second = call(command, Name=["a"]), call(command, Name=["a"])
    assert [(error["reason"], error["category"]) for error in first["errors"]] == [(reason, category)]
    assert first["objects"] == []
    assert second["errors"] == []


def test_a_transient_failure_shows_its_number(lab: MakeLab) -> None:
    fleet = lab("a")
    fleet.faults.add({"kind": "wmi_transient"})
    assert "0x800706BA" in fleet.read("Get-VM")["errors"][0]["message"]


def test_both_phases_of_a_call_count_once(lab: MakeLab) -> None:
    fleet = lab("a")
    fleet.faults.add({"kind": "access_denied", "command": "Save-VM", "after": 1, "times": 1})
    assert [fleet.change("Save-VM", Name=["a"])["errors"] != [] for _call in range(3)] == [False, True, False]


def test_one_machine_is_denied_the_others_are_done(lab: MakeLab) -> None:
    fleet = lab("a", "b", "c")
    fleet.faults.add({"kind": "access_denied", "vm": "B", "command": "Disable-*"})
    keys = fleet.service_keys("vss", "a", "b", "c")
    reply = fleet.change("Disable-VMIntegrationService", keys=keys)
    assert [error["target"] for error in reply["errors"]] == [keys[1]]
    assert [fleet.vm(name).services["vss"].enabled for name in "abc"] == [False, True, False]


def test_a_machine_vanishes_between_two_calls(lab: MakeLab) -> None:
    fleet = lab("a", "b")
    fleet.faults.add({"kind": "vanish", "vm": "a", "command": "Disable-VMIntegrationService"})
    keys = fleet.service_keys("vss", "a", "b")
    reply = fleet.change("Disable-VMIntegrationService", keys=keys)
    assert [(error["reason"], error["target"]) for error in reply["errors"]] == [("ObjectNotFound", keys[0])]
    assert [item["Name"] for item in fleet.read("Get-VM")["objects"]] == ["b"]
    assert not fleet.vm("b").services["vss"].enabled


@pytest.mark.parametrize(
    ("where", "vm", "enabled"),
    [
        ("before", "*", [True, True, True]),
        ("after", "*", [False, False, False]),
        ("before", "b", [False, True, True]),
        ("after", "b", [False, False, True]),
    ],
)
def test_a_connection_breaks_before_in_the_middle_or_after(
    lab: MakeLab, where: str, vm: str, enabled: list[bool]
) -> None:
    fleet = lab("a", "b", "c")
    keys = fleet.service_keys("vss", "a", "b", "c")
    fleet.faults.add({"kind": "disconnect", "where": where, "vm": vm, "command": "Disable-*", "times": 1})
    reply = fleet.change("Disable-VMIntegrationService", keys=keys)
    assert reply["fault"] == "disconnect"
    assert [fleet.vm(name).services["vss"].enabled for name in "abc"] == enabled
    assert fleet.ask({"op": "ledger", "command": "Disable-*"})["lines"][0]["errors"] == ["disconnect"]
    assert "fault" not in fleet.change("Disable-VMIntegrationService", keys=keys)


@pytest.mark.parametrize("vm", ["*", "a"])
def test_a_change_is_refused_silently(lab: MakeLab, vm: str) -> None:
    fleet = lab("a")
    fleet.faults.add({"kind": "refuse", "vm": vm})
    reply = fleet.change("Disable-VMIntegrationService", keys=fleet.service_keys("vss", "a"), Passthru=True)
    assert reply["errors"] == []
    assert reply["objects"][0]["Enabled"] is True


def test_a_slow_call_waits_outside_of_the_lock(lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = lab("a", latency=0.5)
    fleet.faults.add({"kind": "slow", "seconds": 2, "times": 1})
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    fleet.read("Get-VM")
    fleet.change("Save-VM", Name=["a"])
    assert slept == [2.5, 0.5]
