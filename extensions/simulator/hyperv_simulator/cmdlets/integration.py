# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-, Enable- and Disable-VMIntegrationService, and the property VirtualMachine.VMIntegrationService."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hyperv_simulator import objects
from hyperv_simulator.cmdlets.call import Call
from hyperv_simulator.cmdlets.checkpoint import find_checkpoint
from hyperv_simulator.cmdlets.registry import Target, changing, reading
from hyperv_simulator.cmdlets.selection import as_list, machines
from hyperv_simulator.components import Component, by_id, in_display_order
from hyperv_simulator.machine import STATE, Checkpoint, Data, VirtualMachine
from hyperv_simulator.wildcard import WildcardError, compiled, has_wildcards

COMPONENT = "VMIntegrationComponent"
# States on the way to another one; a change is refused there (unverified). Saved: a change is taken (unverified).
IN_TRANSIT = {
    number
    for name, number in STATE.items()
    if name.removesuffix("Critical").endswith("ing") and not name.startswith("Running")
} | {STATE["Reset"], STATE["ForceShutdown"], STATE["ForceReboot"]}


@reading("Get-VMIntegrationService", COMPONENT)
def get_integration_service(call: Call) -> list[Data]:
    if "VMSnapshot" in call.parameters:
        found = find_checkpoint(call, call.given("VMSnapshot"))
        return _stored(call, *found) if found else []
    chosen = machines(call, "VMName")
    wanted = _wanted(call, chosen)
    return [
        objects.integration_component(call.host, vm, component, call.now)
        for vm in call.reach((vm, vm) for vm in chosen)
        for component in wanted
        if vm.services[component.key].offered
    ]


@reading("VirtualMachine.VMIntegrationService", COMPONENT)
def property_of_machine(call: Call) -> list[Data]:
    return get_integration_service(call)


@reading("VMSnapshot.VMIntegrationService", COMPONENT)
def property_of_checkpoint(call: Call) -> list[Data]:
    return get_integration_service(call)


def _stored(call: Call, vm: VirtualMachine, checkpoint: Checkpoint) -> list[Data]:
    return [objects.checkpoint_component(call.host, vm, checkpoint, component) for component in _wanted(call, [vm])]


def _wanted(call: Call, chosen: list[VirtualMachine]) -> list[Component]:
    """The services that -Name names in the host's language, and an error for a name without a match.

    Wildcards are (unverified): would be verified by Get-, Enable- and Disable-VMIntegrationService -Name H* on a host.
    """
    offered = in_display_order(call.host.culture)
    if "Name" not in call.parameters:
        return offered
    keys: set[str] = set()
    for pattern in as_list(call.given("Name")):
        try:
            expression = compiled(pattern)
        except WildcardError:
            call.fail("InvalidParameter", "bad_pattern", pattern, name=pattern)  # unverified id
            continue
        matching = {component.key for component in offered if expression.fullmatch(component.name(call.host.culture))}
        if not matching and not has_wildcards(pattern) and chosen:
            call.fail("InvalidParameter", "service_not_found", exception="VirtualizationInvalidArgumentException")
        keys |= matching
    return [component for component in offered if component.key in keys]


def _targets(call: Call) -> list[Target]:
    chosen = machines(call, "VMName")
    wanted = _wanted(call, chosen)
    return [
        Target(_key(vm, component), vm.name)
        for vm in chosen
        for component in wanted
        if vm.services[component.key].offered
    ]


def _key(vm: VirtualMachine, component: Component) -> Data:
    return {"VMId": vm.id, "Id": component.id_of(vm.id)}


@changing("Enable-VMIntegrationService", COMPONENT, _targets)
def enable(call: Call, keys: list[Any]) -> list[Data]:
    return _switch(call, keys, on=True)


@changing("Disable-VMIntegrationService", COMPONENT, _targets)
def disable(call: Call, keys: list[Any]) -> list[Data]:
    return _switch(call, keys, on=False)


def _switch(call: Call, keys: Iterable[Data], on: bool) -> list[Data]:
    done = []
    for vm, component in call.reach(_present(call, keys), about=lambda item: _key(*item)):
        service = vm.services[component.key]
        if service.enabled != on and not service.refuses_to(on):
            call.patch(vm, {"services": {component.key: {"enabled": on}}})
        done.append((vm, component))
    call.commit()
    if not call.given("Passthru"):
        return []
    return [objects.integration_component(call.host, vm, component, call.now) for vm, component in done]


def _present(call: Call, keys: Iterable[Data]) -> Iterator[tuple[VirtualMachine, tuple[VirtualMachine, Component]]]:
    """The services that can be switched now; the others are errors about the very component."""
    for key in keys:
        vm = call.host.virtual_machines.get(str(key["VMId"]).lower())
        component = by_id(key["Id"])
        about = {"VMId": key["VMId"], "Id": key["Id"]}
        if vm is None or component is None or not vm.services[component.key].offered:
            call.fail("ObjectNotFound", "object_not_found", about)  # unverified id
        elif key.get("VMSnapshotId", objects.NO_SNAPSHOT) != objects.NO_SNAPSHOT:
            call.fail("InvalidOperation", "checkpoint_is_fixed", about)  # unverified
        elif vm.busy():
            call.fail("InvalidState", "busy", about, name=vm.name)
        elif vm.state in IN_TRANSIT:
            call.fail("InvalidState", "wrong_state", about)
        else:
            yield vm, (vm, component)
