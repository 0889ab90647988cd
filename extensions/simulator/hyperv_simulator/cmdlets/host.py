# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-VMHost, Get-VMGroup, Get-VMReplication and Get-ClusterGroup."""

from __future__ import annotations

from hyperv_simulator import objects
from hyperv_simulator.cmdlets.call import Call
from hyperv_simulator.cmdlets.registry import reading
from hyperv_simulator.cmdlets.selection import as_list, machines
from hyperv_simulator.machine import Data, VirtualMachine
from hyperv_simulator.wildcard import WildcardError, has_wildcards, matches


@reading("Get-VMHost", "VMHost")
def get_host(call: Call) -> list[Data]:
    return [objects.vm_host(call.host)]


@reading("Get-VMGroup", "VMGroup")
def get_group(call: Call) -> list[Data]:
    groups: dict[str, list[VirtualMachine]] = {}
    for vm in call.host.virtual_machines.values():
        for name in vm.groups:
            groups.setdefault(name, []).append(vm)
    chosen = _chosen_groups(call, list(groups))
    return [objects.group_with_members(call.host, name, groups[name], call.now) for name in chosen]


def _chosen_groups(call: Call, names: list[str]) -> list[str]:
    if call.given("Id"):
        wanted = call.given("Id").lower()
        found = [name for name in names if objects.group(call.host, name)["InstanceId"] == wanted]
        if not found:
            call.fail("InvalidParameter", "group_not_found", wanted, name=wanted)  # unverified id
        return found
    if not call.given("Name"):
        return names
    chosen: dict[str, None] = {}
    for pattern in as_list(call.given("Name")):
        try:
            matching = [name for name in names if matches(pattern, name)]
        except WildcardError:
            call.fail("InvalidParameter", "bad_pattern", pattern, name=pattern)  # unverified id
            continue
        if not matching and not has_wildcards(pattern):
            call.fail("InvalidParameter", "group_not_found", pattern, name=pattern)  # unverified id
        chosen |= dict.fromkeys(matching)
    return list(chosen)


# Parameters of Get-VMReplication that compare the property of the same name.
REPLICATION_FILTERS = {
    "ReplicationMode",
    "ReplicationState",
    "ReplicationHealth",
    "ReplicationRelationshipType",
    "PrimaryServerName",
    "ReplicaServerName",
}


@reading("Get-VMReplication", "VMReplication")
def get_replication(call: Call) -> list[Data]:
    """Machines without replication are left out; a plain name of one is an error (unverified)."""
    chosen = machines(call, "VMName")
    replicated = [vm for vm in chosen if vm.replication.mode]
    plain = {str(name).lower() for name in as_list(call.given("VMName", [])) if not has_wildcards(str(name))}
    for vm in chosen:
        if not vm.replication.mode and vm.name.lower() in plain:
            call.fail("ObjectNotFound", "no_replication", vm.name, name=vm.name)
    found = [objects.replication(call.host, vm) for vm in call.reach((vm, vm) for vm in replicated)]
    filters = {name: value for name, value in call.parameters.items() if name in REPLICATION_FILTERS}
    return [item for item in found if all(_same(item[name], value) for name, value in filters.items())]


def _same(held: object, wanted: object) -> bool:
    return str(held).lower() == str(wanted).lower()


@reading("Get-ClusterGroup", "ClusterGroup")
def get_cluster_group(call: Call) -> list[Data]:
    """The groups of all clustered machines of the cluster, each with the node that owns it (unverified throughout)."""
    nodes = call.state.nodes(call.host)
    if not nodes:
        call.fail("Unspecified", "no_cluster")
    return [
        {"Name": vm.name, "OwnerNode": node.name, "GroupType": "VirtualMachine", "State": "Online"}
        for node in nodes
        for vm in node.virtual_machines.values()
        if vm.clustered
    ]
