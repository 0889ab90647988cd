# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start-, Stop-, Restart-, Save-, Suspend- and Resume-VM.

Changes of state are done at once: use a host's latency for slow hosts. State errors: the id InvalidState is seen in
the field, its category and which cmdlet refuses which state are (unverified). A machine that is already there is a
warning. Source: MicrosoftDocs/windows-powershell-docs#3175 for Stop-VM; the others are inferred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hyperv_simulator import objects
from hyperv_simulator.cmdlets.call import Call, Wait
from hyperv_simulator.cmdlets.registry import Target, changing
from hyperv_simulator.cmdlets.selection import machines
from hyperv_simulator.machine import OFF, PAUSED, RUNNING, SAVED, STATE, Data, VirtualMachine
from hyperv_simulator.status import contact_after, in_contact
from hyperv_simulator.texts import text

VIRTUAL_MACHINE = "VirtualMachine"
CRITICAL = {STATE["RunningCritical"], STATE["PausedCritical"]}
REBOOT, FOR_IP_ADDRESS = 1, 1  # members of Restart-VM's enumerations


def _targets(call: Call) -> list[Target]:
    return [Target({"Id": vm.id}, vm.name) for vm in machines(call)]


def _change_state(call: Call, keys: list[Any], change: Callable[[VirtualMachine], None]) -> list[Data]:
    """Does the change to every machine that is not busy and returns them all with -Passthru."""
    done = []
    for vm in call.reach(_present(call, keys)):
        if vm.busy():
            call.fail("InvalidState", "busy", vm.name, name=vm.name)
        else:
            change(vm)
            done.append(vm)
    call.commit()
    return [objects.virtual_machine(call.host, vm, call.now) for vm in done] if call.given("Passthru") else []


def _present(call: Call, keys: list[Any]) -> Iterator[tuple[VirtualMachine, VirtualMachine]]:
    for key in keys:
        vm = call.host.virtual_machines.get(str(key["Id"]).lower())
        if vm is None:
            call.fail("ObjectNotFound", "object_not_found", key["Id"])  # unverified id
        else:
            yield vm, vm


def _to(call: Call, vm: VirtualMachine, state: int, allowed: set[int]) -> None:
    """Brings the machine to the state; from a state that is not allowed it is an error."""
    if vm.state == state:
        call.warn("already_there")
    elif vm.state in allowed:
        call.patch(vm, {"state": state})
    else:
        call.fail("InvalidState", "wrong_state", vm.name)


@changing("Start-VM", VIRTUAL_MACHINE, _targets)
def start_vm(call: Call, keys: list[Any]) -> list[Data]:
    return _change_state(call, keys, lambda vm: _to(call, vm, RUNNING, {OFF, SAVED, PAUSED, STATE["OffCritical"]}))


@changing("Save-VM", VIRTUAL_MACHINE, _targets)
def save_vm(call: Call, keys: list[Any]) -> list[Data]:
    return _change_state(call, keys, lambda vm: _to(call, vm, SAVED, {RUNNING, PAUSED}))


@changing("Suspend-VM", VIRTUAL_MACHINE, _targets)
def suspend_vm(call: Call, keys: list[Any]) -> list[Data]:
    return _change_state(call, keys, lambda vm: _to(call, vm, PAUSED, {RUNNING}))


@changing("Resume-VM", VIRTUAL_MACHINE, _targets)
def resume_vm(call: Call, keys: list[Any]) -> list[Data]:
    return _change_state(call, keys, lambda vm: _to(call, vm, RUNNING, {PAUSED}))


def _stop_targets(call: Call) -> list[Target]:
    """Without contact Stop-VM asks, -Confirm:$false or not. Source: recorded on a real host."""
    asks = not call.given("TurnOff") and not call.given("Save")
    return [
        Target(
            {"Id": vm.id, "asked": True},
            vm.name,
            text("ask_turn_off", call.host.culture, name=vm.name),
        )
        if asks and vm.state == RUNNING and not in_contact(vm, "shutdown", call.now)
        else Target({"Id": vm.id}, vm.name)
        for vm in machines(call)
    ]


@changing("Stop-VM", VIRTUAL_MACHINE, _stop_targets)
def stop_vm(call: Call, keys: list[Any]) -> list[Data]:
    """A guest in contact shuts down; one that is not is turned off with -Force, or once the question is answered."""
    asked = {key["Id"] for key in keys if key.get("asked")}

    def stop(vm: VirtualMachine) -> None:
        if call.given("Save"):
            _to(call, vm, SAVED, {RUNNING, PAUSED})
        elif call.given("TurnOff"):
            _to(call, vm, OFF, {RUNNING, PAUSED, STATE["Starting"], STATE["Stopping"], STATE["Hibernated"]} | CRITICAL)
        elif vm.state != RUNNING or call.given("Force") or vm.id in asked or in_contact(vm, "shutdown", call.now):
            _to(call, vm, OFF, {RUNNING})
        else:  # the guest was lost after the targets were asked for
            call.fail("OperationFailed", "wrong_state", vm.name)

    return _change_state(call, keys, stop)


def _restart_targets(call: Call) -> list[Target]:
    """Restart-VM asks without -Force. Source: its documentation; that it fails when it cannot ask is inferred."""
    return [
        Target({"Id": vm.id}, vm.name, text("ask_restart", call.host.culture, name=vm.name)) for vm in machines(call)
    ]


@changing("Restart-VM", VIRTUAL_MACHINE, _restart_targets)
def restart_vm(call: Call, keys: list[Any]) -> list[Data]:
    """A reset; with -Type Reboot the guest does it, so it has to be in contact (unverified)."""
    awaited = "key_value_pair_exchange" if call.given("For") == FOR_IP_ADDRESS else "heartbeat"

    def restart(vm: VirtualMachine) -> None:
        if vm.state != RUNNING:
            call.fail("InvalidState", "wrong_state", vm.name)
        elif call.given("Type") == REBOOT and not in_contact(vm, "shutdown", call.now):
            call.fail("OperationFailed", "wrong_state", vm.name)
        else:
            call.patch(vm, {"uptime": 0})
            if call.given("Wait"):
                contact = contact_after(vm, awaited)
                enabled = vm.services[awaited].enabled
                call.waits.append(Wait(vm, call.now + contact if enabled and contact is not None else None))

    return _change_state(call, keys, restart)
