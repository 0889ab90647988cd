# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-VM, New-VM, Remove-VM."""

from __future__ import annotations

import uuid
from typing import Any

from hyperv_simulator import objects
from hyperv_simulator.cmdlets.call import Call
from hyperv_simulator.cmdlets.registry import Target, changing, reading
from hyperv_simulator.cmdlets.selection import as_list, by_name, machines
from hyperv_simulator.machine import OFF, SAVED, Data, timestamp
from hyperv_simulator.texts import text

VIRTUAL_MACHINE = "VirtualMachine"


@reading("Get-VM", VIRTUAL_MACHINE)
def get_vm(call: Call) -> list[Data]:
    if call.given("Id") is not None:
        chosen = [vm for vm in [call.host.virtual_machines.get(call.given("Id").lower())] if vm]
        if not chosen:
            call.fail("InvalidParameter", "vm_id_not_found", call.given("Id"), name=call.given("Id"))
    elif "ClusterObject" in call.parameters:
        return _of_cluster_groups(call)
    elif call.given("Name") is not None:
        chosen = by_name(call, as_list(call.given("Name")), reason="InvalidParameter")
    else:
        chosen = list(call.host.virtual_machines.values())
    return [objects.virtual_machine(call.host, vm, call.now) for vm in call.reach((vm, vm) for vm in chosen)]


def _of_cluster_groups(call: Call) -> list[Data]:
    """The machines of cluster groups, on whichever node (unverified: would be verified on a cluster)."""
    wanted = [item["Name"] if isinstance(item, dict) else str(item) for item in as_list(call.given("ClusterObject"))]
    found = [
        (host, vm) for name in wanted for host in call.state.nodes(call.host) for vm in host.find(name) if vm.clustered
    ]
    return [objects.virtual_machine(host, vm, call.now) for host, vm in found]


def _new_target(call: Call) -> list[Target]:
    return [Target("new", _new_name(call))]


def _new_name(call: Call) -> str:
    return str(call.given("Name") or text("new_virtual_machine", call.host.culture))


@changing("New-VM", VIRTUAL_MACHINE, _new_target)
def new_vm(call: Call, keys: list[Any]) -> list[Data]:
    """A machine that is off and has no system. A name that exists is no hindrance: names are not unique."""
    data: Data = {
        "id": str(uuid.uuid4()),
        "name": _new_name(call),
        "state": "Off",
        "generation": call.given("Generation") or 1,
        "version": call.given("Version") or call.host.configuration_version,
        "guest": "none",
        "created": timestamp(call.now),
    }
    if call.given("MemoryStartupBytes"):
        data["memory_startup"] = call.given("MemoryStartupBytes")
    call.add(data)
    return [objects.virtual_machine(call.host, call.host.virtual_machines[data["id"]], call.now)]


def _remove_targets(call: Call) -> list[Target]:
    """Remove-VM asks without -Force. Source: its documentation; that it fails when it cannot ask is inferred."""
    return [
        Target({"Id": vm.id}, vm.name, text("ask_remove", call.host.culture, name=vm.name)) for vm in machines(call)
    ]


@changing("Remove-VM", VIRTUAL_MACHINE, _remove_targets)
def remove_vm(call: Call, keys: list[Any]) -> list[Data]:
    known = call.host.virtual_machines
    removed = []
    for vm in call.reach((known[key["Id"]], known[key["Id"]]) for key in keys if key["Id"] in known):
        if vm.state not in (OFF, SAVED) or vm.busy():
            call.fail("InvalidState", "wrong_state", vm.name)
            continue
        removed.append(objects.virtual_machine(call.host, vm, call.now) | {"IsDeleted": True})
        call.remove(vm)
    call.commit()
    return removed if call.given("Passthru") else []
