# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

MakeLab = Callable[..., Any]


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        ("Start-VM", "Off", 2),
        ("Start-VM", "Saved", 2),
        ("Start-VM", "Running", 2),
        ("Save-VM", "Running", 6),
        ("Save-VM", "Paused", 6),
        ("Suspend-VM", "Running", 9),
        ("Resume-VM", "Paused", 2),
        ("Stop-VM", "Running", 3),
        ("Stop-VM", "Off", 3),
        ("Restart-VM", "Running", 2),
    ],
)
def test_a_change_of_state_that_is_allowed(lab: MakeLab, command: str, before: str, after: int) -> None:
    fleet = lab({"name": "a", "state": before})
    reply = fleet.change(command, Name=["A"], Passthru=True)
    assert reply["errors"] == []
    assert [item["State"] for item in reply["objects"]] == [after]


@pytest.mark.parametrize(
    ("command", "before"),
    [
        ("Save-VM", "Off"),
        ("Suspend-VM", "Off"),
        ("Suspend-VM", "Saved"),
        ("Resume-VM", "Off"),
        ("Resume-VM", "Saved"),
        ("Stop-VM", "Paused"),
        ("Stop-VM", "Saved"),
        ("Restart-VM", "Off"),
        ("Start-VM", "Stopping"),
    ],
)
def test_a_change_of_state_that_is_refused(lab: MakeLab, command: str, before: str) -> None:
    fleet = lab({"name": "a", "state": before})
    state = fleet.vm("a").state
    assert [error["reason"] for error in fleet.change(command, Name=["a"])["errors"]] == ["InvalidState"]
    assert fleet.vm("a").state == state


@pytest.mark.parametrize(
    ("command", "state"),
    [
        ("Start-VM", "Running"),
        ("Stop-VM", "Off"),
        ("Save-VM", "Saved"),
        ("Suspend-VM", "Paused"),
        ("Resume-VM", "Running"),
    ],
)
def test_a_machine_that_is_already_there_is_a_warning(lab: MakeLab, command: str, state: str) -> None:
    fleet = lab({"name": "a", "state": state})
    reply = fleet.change(command, Name=["a"])
    assert reply["errors"] == []
    assert reply["warnings"] == ["The virtual machine is already in the specified state."]
    assert [line["changed"] for line in fleet.ask({"op": "ledger"})["lines"]] == [0]


def test_a_change_is_no_warning(lab: MakeLab) -> None:
    assert lab("a").change("Save-VM", Name=["a"])["warnings"] == []


def test_a_machine_that_migrates_is_left_alone(lab: MakeLab) -> None:
    fleet = lab({"name": "a", "operational_status": "MigratingVirtualMachine"})
    assert [error["reason"] for error in fleet.change("Save-VM", Name=["a"])["errors"]] == ["InvalidState"]


def test_a_started_guest_comes_into_contact_with_the_clock(lab: MakeLab) -> None:
    fleet = lab({"name": "a", "state": "Off", "boots_in": 30})

    def heartbeat() -> int | None:
        found: int | None = fleet.read("Get-VM")["objects"][0]["Heartbeat"]
        return found

    fleet.change("Start-VM", Name=["a"])
    assert heartbeat() == 2
    fleet.ask({"op": "clock", "advance": 30})
    assert heartbeat() == 6


@pytest.mark.parametrize(
    "machine",
    [
        {"name": "a", "guest": "none"},
        {"name": "a", "services": {"shutdown": False}},
        {"name": "a", "services": {"shutdown": {"guest": "stopped"}}},
        {"name": "a", "uptime": 0},
    ],
)
def test_stop_vm_asks_when_the_guest_does_not_answer(lab: MakeLab, machine: Any) -> None:
    fleet = lab(machine, culture="de")
    (target,) = fleet.request("Stop-VM", "targets", parameters={"Name": ["a"]})["targets"]
    assert "Ausschalten?" in target["question"]
    assert fleet.vm("a").state == 2


@pytest.mark.parametrize("parameters", [{}, {"Force": True}, {"TurnOff": True}])
def test_stop_vm_does_not_ask_a_guest_in_contact(lab: MakeLab, parameters: Any) -> None:
    fleet = lab("a")
    (target,) = fleet.request("Stop-VM", "targets", parameters={"Name": ["a"], **parameters})["targets"]
    assert "question" not in target


@pytest.mark.parametrize(("parameters", "state"), [({"Force": True}, 3), ({"TurnOff": True}, 3), ({"Save": True}, 6)])
def test_stop_vm_without_contact(lab: MakeLab, parameters: Any, state: int) -> None:
    fleet = lab({"name": "a", "guest": "none"})
    assert fleet.change("Stop-VM", Name=["a"], **parameters)["errors"] == []
    assert fleet.vm("a").state == state


def test_a_guest_lost_after_the_question_was_due_is_not_cut_off(lab: MakeLab) -> None:
    fleet = lab({"name": "a", "guest": "none"})
    reply = fleet.change("Stop-VM", keys=[{"Id": fleet.vm("a").id}])
    assert [error["reason"] for error in reply["errors"]] == ["OperationFailed"]
    assert fleet.vm("a").state == 2


def test_restart_vm_asks_and_starts_an_uptime(lab: MakeLab) -> None:
    fleet = lab("a")
    (target,) = fleet.request("Restart-VM", "targets", parameters={"Name": ["a"]})["targets"]
    assert target["question"]
    fleet.change("Restart-VM", Name=["a"], Force=True)
    assert fleet.vm("a").uptime(fleet.clock.now()) == 0


def test_restart_by_the_guest_needs_the_guest(lab: MakeLab) -> None:
    fleet = lab({"name": "a", "guest": "none"})
    reply = fleet.change("Restart-VM", Name=["a"], Force=True, Type=1)
    assert [error["reason"] for error in reply["errors"]] == ["OperationFailed"]


@pytest.mark.parametrize(
    ("machine", "advance", "reasons"),
    [
        ({"name": "a", "boots_in": 40}, 20, []),
        ({"name": "a", "boots_in": 40}, 19, ["OperationFailed"]),
        ({"name": "a", "guest": "none"}, 19, ["OperationFailed"]),
    ],
)
def test_restart_and_wait_ends_with_the_heartbeat_or_the_timeout(
    lab: MakeLab, machine: Any, advance: int, reasons: list[str]
) -> None:
    fleet = lab(machine)
    timeout = 19 if reasons else 100
    replies: list[Any] = []
    parameters = {"Name": ["a"], "Force": True, "Wait": True, "For": 0, "Timeout": timeout}
    call = threading.Thread(target=lambda: replies.append(fleet.change("Restart-VM", **parameters)))
    call.start()
    while fleet.vm("a").uptime(fleet.clock.now()) != 0:
        time.sleep(0.01)
    assert not replies
    fleet.ask({"op": "clock", "advance": advance})
    call.join(10)
    assert [error["reason"] for error in replies[0]["errors"]] == reasons


def test_gone_machines_are_errors_and_the_rest_is_done(lab: MakeLab) -> None:
    fleet = lab("a")
    gone = {"Id": "5c8d6f6e-0000-4000-8000-000000000009"}
    reply = fleet.change("Save-VM", VM=[gone, {"Id": fleet.vm("a").id}])
    assert [error["reason"] for error in reply["errors"]] == ["ObjectNotFound"]
    assert fleet.vm("a").state == 6
