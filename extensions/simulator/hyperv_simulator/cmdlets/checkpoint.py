# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-VMSnapshot."""

from __future__ import annotations

from typing import Any

from hyperv_simulator import objects
from hyperv_simulator.cmdlets.call import Call
from hyperv_simulator.cmdlets.registry import reading
from hyperv_simulator.cmdlets.selection import machines
from hyperv_simulator.machine import Checkpoint, Data, VirtualMachine
from hyperv_simulator.wildcard import WildcardError, has_wildcards, matches

Found = tuple[VirtualMachine, Checkpoint]


@reading("Get-VMSnapshot", "VMSnapshot")
def get_snapshot(call: Call) -> list[Data]:
    found = _chosen(call)
    if "Name" in call.parameters:
        pattern = call.given("Name")
        try:
            found = [item for item in found if matches(pattern, item[1].name)]
        except WildcardError:
            call.fail("InvalidParameter", "bad_pattern", pattern, name=pattern)  # unverified id
            return []
        # Source: recorded output in canonical/multipass#3748 and #3918; that wildcards make no error is (unverified).
        if not found and not has_wildcards(pattern) and not call.errors:
            call.fail("ObjectNotFound", "no_such_checkpoint")
    if "SnapshotType" in call.parameters:
        found = [item for item in found if item[1].type == call.given("SnapshotType")]
    reached = call.reach((vm, (vm, checkpoint)) for vm, checkpoint in found)
    return [objects.snapshot(call.host, vm, checkpoint) for vm, checkpoint in reached]


def _chosen(call: Call) -> list[Found]:
    if "Id" in call.parameters:
        found = find_checkpoint(call, call.parameters)
        return [found] if found else []
    if "ChildOf" in call.parameters:
        parent = find_checkpoint(call, call.given("ChildOf"))
        return _neighbour(*parent, offset=1) if parent else []
    if "ParentOf" in call.parameters:
        return _parent(call, call.given("ParentOf"))
    return [(vm, checkpoint) for vm in machines(call, "VMName") for checkpoint in vm.checkpoints]


def _parent(call: Call, child: Data) -> list[Found]:
    """The checkpoint before a checkpoint, or the newest of a virtual machine."""
    vm = call.host.virtual_machines.get(str(child["Id"]).lower())
    if vm is not None:
        return [(vm, vm.checkpoints[-1])] if vm.checkpoints else []
    found = find_checkpoint(call, child)
    return _neighbour(*found, offset=-1) if found else []


def _neighbour(vm: VirtualMachine, checkpoint: Checkpoint, offset: int) -> list[Found]:
    position = vm.checkpoints.index(checkpoint) + offset
    return [(vm, vm.checkpoints[position])] if 0 <= position < len(vm.checkpoints) else []


def find_checkpoint(call: Call, reference: Any) -> Found | None:
    """The checkpoint with the reference's Id; an error and None when there is none."""
    wanted = str(reference["Id"]).lower()
    for vm in call.host.virtual_machines.values():
        for checkpoint in vm.checkpoints:
            if checkpoint.id == wanted:
                return vm, checkpoint
    call.fail("ObjectNotFound", "checkpoint_not_found", reference["Id"], name=reference["Id"])  # unverified id
    return None
