# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host shows of a guest: the status of each integration service, and the heartbeat.

Source, where not marked otherwise: documentation of Msvm_HeartbeatComponent and Msvm_KvpExchangeComponent, and
recorded output of `Get-VMIntegrationService`.
"""

from __future__ import annotations

from hyperv_simulator.components import COMPONENTS
from hyperv_simulator.facts import enumeration
from hyperv_simulator.machine import DERIVED, PAUSED, STATE, Service, VirtualMachine

Status = tuple[int | None, int | None]

_NUMBER = enumeration("VMIntegrationComponentOperationalStatus")
OK, NO_CONTACT, LOST, PROTOCOL_MISMATCH = (
    _NUMBER[name] for name in ("Ok", "NoContact", "LostCommunication", "ProtocolMismatch")
)
WMI_PAUSED = 15  # only the WMI class documents it; what the cmdlet shows is (unverified)
HEARTBEAT = enumeration("VMHeartbeatStatus")
CONFIDENTIAL = {"VBS", "SNP", "TDX"}
# The channels that Linux refuses in a confidential machine. Source: vmbus_devs[].allowed_in_isolated (kernel).
REFUSED_IN_ISOLATION = {"key_value_pair_exchange", "vss", "guest_service_interface"}


def contact_after(vm: VirtualMachine, key: str) -> float | None:
    """The uptime at which the guest's half of a service answers, None when it never does."""
    service = vm.services[key]
    if vm.guest == "none" or not service.offered or service.guest == "missing":
        return None
    if vm.guest == "linux" and vm.isolation in CONFIDENTIAL and key in REFUSED_IN_ISOLATION:
        return None
    return vm.boots_in * COMPONENTS[key].contact


def status(vm: VirtualMachine, key: str, now: float) -> Status:
    """(primary, secondary) operational status of a service; pinned values win over derived ones."""
    service = vm.services[key]
    if service.primary == DERIVED == service.secondary:
        return _derived(vm, key, service, now)
    primary, secondary = _derived(vm, key, service, now)
    return (
        primary if service.primary == DERIVED else service.primary,
        secondary if service.secondary == DERIVED else service.secondary,
    )


def _derived(vm: VirtualMachine, key: str, service: Service, now: float) -> Status:
    if not vm.has_guest():
        return None, None  # unverified: would be verified by Get-VMIntegrationService on a machine that is off
    if not service.enabled:
        return OK, None  # a disabled service still shows OK
    if vm.state == PAUSED and key == "heartbeat":
        return WMI_PAUSED, None
    contact = contact_after(vm, key)
    if contact is None or vm.state == STATE["Starting"] or vm.uptime(now) < contact:
        return NO_CONTACT, None
    if now < service.enabled_at + vm.reconnects_in:
        return NO_CONTACT, None
    if service.guest == "stopped":
        return LOST, None
    if service.guest == "old":
        return OK, PROTOCOL_MISMATCH
    return OK, OK if key == "heartbeat" else None


def in_contact(vm: VirtualMachine, key: str, now: float) -> bool:
    """Whether the host can really ask the guest for something through this service."""
    service = vm.services[key]
    return service.offered and service.enabled and status(vm, key, now)[0] == OK


def heartbeat(vm: VirtualMachine, now: float) -> int | None:
    """`VM.Heartbeat`; null when the machine has no guest (inferred)."""
    if not vm.has_guest():
        return None
    if vm.state == PAUSED:
        return HEARTBEAT["Paused"]
    if not vm.services["heartbeat"].enabled:
        return HEARTBEAT["Disabled"]
    primary, secondary = status(vm, "heartbeat", now)
    if primary == NO_CONTACT:
        return HEARTBEAT["NoContact"]
    if primary == LOST:
        return HEARTBEAT["LostCommunication"]
    if primary not in (OK, _NUMBER["Degraded"]):
        return HEARTBEAT["Error"]
    if secondary == _NUMBER["ApplicationCritical"]:
        return HEARTBEAT["OkApplicationsCritical"]
    # Linux has no agent that reports the applications' health (inferred).
    healthy = vm.guest == "windows" and secondary == OK
    return HEARTBEAT["OkApplicationsHealthy" if healthy else "OkApplicationsUnknown"]
