# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as the cmdlets return them: the properties of facts/hyperv_types.json, without CLR defaults."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from hyperv_simulator.components import Component, status_text
from hyperv_simulator.facts import to_name
from hyperv_simulator.machine import NAMESPACE, RUNNING, Checkpoint, Host, VirtualMachine, timestamp
from hyperv_simulator.status import heartbeat, in_contact, status
from hyperv_simulator.texts import text

Properties = dict[str, Any]

STANDARD_CHECKPOINTS, SHUT_DOWN, START_IF_RUNNING, REALIZED = 3, 4, 3, 3
NO_SNAPSHOT = "00000000-0000-0000-0000-000000000000"


def virtual_machine(host: Host, vm: VirtualMachine, now: float) -> Properties:
    """`Microsoft.HyperV.PowerShell.VirtualMachine`."""
    has_guest = vm.has_guest()
    replication = vm.replication
    normal = text("operating_normally", host.culture)
    # Texts of the other statuses: invented, and the same in every language.
    texts = [normal if status == 2 else str(to_name("VMOperationalStatus", status)) for status in vm.operational_status]
    result: Properties = {
        "Id": vm.id,
        "Name": vm.name,
        "ComputerName": host.name,
        "State": vm.state,
        "OperationalStatus": vm.operational_status,
        "PrimaryOperationalStatus": vm.operational_status[0],
        "StatusDescriptions": texts,
        "PrimaryStatusDescription": texts[0],
        "Status": texts[-1],
        "Heartbeat": heartbeat(vm, now),
        "Uptime": vm.uptime(now) if has_guest else 0,
        "CreationTime": timestamp(vm.created),
        "Generation": vm.generation,
        "Version": vm.version,
        "VirtualMachineType": REALIZED,
        "VirtualMachineSubType": vm.generation,
        "Notes": vm.notes,
        "IsClustered": bool(host.cluster) and vm.clustered,
        "Groups": [group(host, name) for name in vm.groups],
        "ReplicationMode": replication.mode,
        "ReplicationState": replication.state,
        "ReplicationHealth": replication.health,
        "CheckpointType": STANDARD_CHECKPOINTS,
        "AutomaticStartAction": START_IF_RUNNING,
        "AutomaticStopAction": SHUT_DOWN,
        "MemoryStartup": vm.memory_startup,
        "MemoryAssigned": vm.memory_startup if has_guest else 0,
        "ProcessorCount": 1,
        "NetworkAdapters": [network_adapter(host, vm, now)],
    }
    if len(vm.operational_status) > 1:
        result |= {"SecondaryOperationalStatus": vm.operational_status[1], "SecondaryStatusDescription": texts[1]}
    if vm.checkpoints:
        result |= {"ParentSnapshotId": vm.checkpoints[-1].id, "ParentSnapshotName": vm.checkpoints[-1].name}
    if vm.isolation != "none":
        # Newer than the facts: property of modules since about 2024; its type there is (unverified).
        result["GuestStateIsolationType"] = vm.isolation
    return result


def network_adapter(host: Host, vm: VirtualMachine, now: float) -> Properties:
    """`Microsoft.HyperV.PowerShell.VMNetworkAdapter`, the one that every machine has."""
    # Data exchange tells the addresses: without the guest's half the list stays empty.
    known = vm.ip_addresses and in_contact(vm, "key_value_pair_exchange", now)
    return {
        "Name": text("network_adapter", host.culture),
        "VMId": vm.id,
        "VMName": vm.name,
        "Connected": True,
        "IPAddresses": vm.ip_addresses if known else (),
    }


def integration_component(host: Host, vm: VirtualMachine, component: Component, now: float) -> Properties:
    """`Microsoft.HyperV.PowerShell.VMIntegrationComponent` of a virtual machine."""
    primary, secondary = status(vm, component.key, now)
    result: Properties = {
        "Id": component.id_of(vm.id),
        "Name": component.name(host.culture),
        "VMId": vm.id,
        "VMName": vm.name,
        "ComputerName": host.name,
        "Enabled": vm.services[component.key].enabled,
    }
    # What is null or empty is left out: a reply may hold 12 000 of these.
    if primary is not None:
        result["PrimaryOperationalStatus"] = primary
        result["PrimaryStatusDescription"] = status_text(primary, host.culture)
    if secondary is not None:
        result["SecondaryOperationalStatus"] = secondary
        result["SecondaryStatusDescription"] = status_text(secondary, host.culture)
    return result


def checkpoint_component(host: Host, vm: VirtualMachine, checkpoint: Checkpoint, component: Component) -> Properties:
    """The same as a checkpoint has stored it. What stands before the component's GUID in `Id` is (unverified)."""
    return {
        "Id": component.id_of(checkpoint.id),
        "Name": component.name(host.culture),
        "VMId": vm.id,
        "VMName": vm.name,
        "VMSnapshotId": checkpoint.id,
        "VMSnapshotName": checkpoint.name,
        "ComputerName": host.name,
        "Enabled": checkpoint.services[component.key],
    }


def snapshot(host: Host, vm: VirtualMachine, checkpoint: Checkpoint) -> Properties:
    """`Microsoft.HyperV.PowerShell.VMSnapshot`."""
    position = vm.checkpoints.index(checkpoint)
    result: Properties = {
        "Id": checkpoint.id,
        "Name": checkpoint.name,
        "VMId": vm.id,
        "VMName": vm.name,
        "SnapshotType": checkpoint.type,
        "CreationTime": timestamp(checkpoint.created),
        "ComputerName": host.name,
        "State": vm.state,
        "Generation": vm.generation,
        "Version": vm.version,
    }
    if position:
        parent = vm.checkpoints[position - 1]
        result |= {"ParentSnapshotId": parent.id, "ParentSnapshotName": parent.name}
    return result


def group(host: Host, name: str) -> Properties:
    """`Microsoft.HyperV.PowerShell.VMGroup` without its members."""
    instance = str(uuid.uuid5(NAMESPACE, f"{host.name}/group/{name}"))
    return {"Name": name, "InstanceId": instance, "ComputerName": host.name}


def group_with_members(host: Host, name: str, members: Iterable[VirtualMachine], now: float) -> Properties:
    return group(host, name) | {"VMMembers": [virtual_machine(host, vm, now) for vm in members]}


def replication(host: Host, vm: VirtualMachine) -> Properties:
    """`Microsoft.HyperV.PowerShell.VMReplication`."""
    held = vm.replication
    return {
        "VMId": vm.id,
        "VMName": vm.name,
        "ComputerName": host.name,
        "ReplicationMode": held.mode,
        "ReplicationState": held.state,
        "ReplicationHealth": held.health,
        "ReplicationRelationshipType": held.relationship,
        "PrimaryServerName": held.primary_server,
        "ReplicaServerName": held.replica_server,
        "ReplicationFrequencySec": held.frequency,
        "ReplicateHostKvpItems": held.host_kvp,
        "VSSSnapshotFrequencyHour": held.vss_hours,
        "VSSSnapshotReplicationEnabled": held.vss_hours > 0,
        "AuthenticationType": 1,
    }


def vm_host(host: Host) -> Properties:
    """`Microsoft.HyperV.PowerShell.VMHost`."""
    running = sum(vm.memory_startup for vm in host.virtual_machines.values() if vm.state == RUNNING)
    return {
        "Name": host.name,
        "ComputerName": host.name,
        "FullyQualifiedDomainName": host.name,
        "LogicalProcessorCount": 16,
        "MemoryCapacity": max(64 << 30, 2 * running),
        "SupportedVmVersions": host.configuration_versions,
        "VirtualHardDiskPath": r"C:\ProgramData\Microsoft\Windows\Virtual Hard Disks",
        "VirtualMachinePath": r"C:\ProgramData\Microsoft\Windows\Hyper-V",
        "VirtualMachineMigrationEnabled": bool(host.cluster),
        "NumaSpanningEnabled": True,
    }
