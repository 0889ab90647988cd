# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virtual machines a cmdlet means, and the errors for those that it does not find."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hyperv_simulator.cmdlets.call import Call
from hyperv_simulator.machine import VirtualMachine
from hyperv_simulator.wildcard import WildcardError, compiled, has_wildcards


def machines(call: Call, names: str = "Name", objects: str = "VM") -> list[VirtualMachine]:
    """The machines of the bound parameter, each once: names (wildcards), else objects, else all."""
    if names in call.parameters:
        return by_name(call, as_list(call.given(names)))
    if objects in call.parameters:
        return by_object(call, as_list(call.given(objects)))
    return list(call.host.virtual_machines.values())


def by_name(call: Call, patterns: Iterable[str], reason: str = "ObjectNotFound") -> list[VirtualMachine]:
    """A name without a match is an error, one with wildcards is not (unverified but for Get-VM)."""
    found: dict[str, VirtualMachine] = {}
    for pattern in patterns:
        try:
            matching = _matching(call, pattern)
        except WildcardError:
            call.fail("InvalidParameter", "bad_pattern", pattern, name=pattern)  # unverified id
            continue
        if not matching and not has_wildcards(pattern):
            call.fail(reason, "vm_name_not_found", pattern, name=pattern)
        found |= {vm.id: vm for vm in matching}
    return list(found.values())


def by_object(call: Call, references: Iterable[dict[str, Any]]) -> list[VirtualMachine]:
    """The machines behind VirtualMachine objects; one that is gone by now is an error."""
    found: dict[str, VirtualMachine] = {}
    for reference in references:
        vm = call.host.virtual_machines.get(str(reference["Id"]).lower())
        if vm is None:
            call.fail("ObjectNotFound", "object_not_found", reference["Id"])  # unverified id
        else:
            found[vm.id] = vm
    return list(found.values())


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _matching(call: Call, pattern: str) -> list[VirtualMachine]:
    if "`" not in pattern and not has_wildcards(pattern):
        return _by_plain_name(call).get(pattern.lower(), [])
    expression = compiled(pattern)
    return [vm for vm in call.host.virtual_machines.values() if expression.fullmatch(vm.name)]


def _by_plain_name(call: Call) -> dict[str, list[VirtualMachine]]:
    if call.names is None:
        call.names = {}
        for vm in call.host.virtual_machines.values():
            call.names.setdefault(vm.name.lower(), []).append(vm)
    return call.names
