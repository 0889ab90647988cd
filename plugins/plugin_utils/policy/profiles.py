# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The built-in profiles: what a kind of virtual machine needs from its host, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS


@dataclass(frozen=True)
class GuestStep:
    """What remains to be done in the guest, because the host cannot do it.

    text: for people. service: key of the service without which the step is pointless, None when there is none.
    done_when_ok: whether a guest that answers on the service has taken the step.
    """

    text: str
    service: str | None = None
    done_when_ok: bool = False


@dataclass(frozen=True, eq=False)
class Profile:
    """name: as written in a policy.
    purpose: one line for people, without a full stop.
    services: each key to its wanted host setting, None to leave it alone. A profile decides every service, so that no
    later rule undoes what it leaves alone.
    in_contact: services that are of use only when the guest answers on them.
    guest: what remains to be done in the guest.
    """

    name: str
    purpose: str
    services: Mapping[str, bool | None]
    in_contact: tuple[str, ...] = ()
    guest: tuple[GuestStep, ...] = ()


_ALONE: Mapping[str, bool | None] = dict.fromkeys(KEYS)
_AVAILABLE = {**_ALONE, "heartbeat": True, "shutdown": True, "time_synchronization": True}
# The door into the guest's file system stays shut unless somebody copies files: least functionality.
# Source: Microsoft, "Manage Hyper-V Integration Services": the only one that is off by default.
_SAFE = {**_AVAILABLE, "key_value_pair_exchange": True, "vss": True, "guest_service_interface": False}

NONE = Profile("none", "leave every service as it is", _ALONE)

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("default_safe", "every service on, but the host copies no files into the guest", _SAFE),
        Profile(
            "domain_controller",
            "as default_safe; the clock comes from the domain, by the switch in the guest",
            _SAFE,
            # Source: Microsoft, Hyper-V Security Guide (2012), chapter 4 (dn741284), recommends to disable time
            # synchronization for domain controllers. Later practice keeps the host's switch on for boot and resume, and
            # disables the provider in the guest; opinions differ whether even that is needed
            # (MicrosoftDocs/azure-docs#99020, #120885, #123945).
            guest=(
                GuestStep(
                    "take the time from the domain hierarchy: keep time synchronization enabled on the host, so that "
                    "boot and resume get a correct clock, and disable the time provider in the guest (DWORD Enabled = "
                    r"0 under HKLM\SYSTEM\CurrentControlSet\Services\W32Time\TimeProviders\VMICTimeProvider, then "
                    "restart W32Time)",
                    "time_synchronization",
                ),
            ),
        ),
        Profile(
            "backup",
            "as default_safe; backups of the running guest are consistent, so VSS has to answer",
            _SAFE,
            in_contact=("vss",),
            guest=(
                GuestStep(
                    "the guest's VSS service (Windows: vmicvss) or daemon (Linux: hv_vss_daemon) must run",
                    "vss",
                    done_when_ok=True,
                ),
            ),
        ),
        Profile(
            "replica",
            "as default_safe; Hyper-V Replica fails over with another address and application-consistent points",
            _SAFE,
            # Source: Microsoft Best Practices Analyzer for Hyper-V: integration services must be installed before
            # virtual machines can use an alternate IP address after a failover; and the rule on VSS-based backups.
            in_contact=("key_value_pair_exchange", "vss"),
            guest=(
                GuestStep(
                    "Linux guests need the distribution's scripts that set addresses (hv_set_ifconfig)",
                    "key_value_pair_exchange",
                ),
            ),
        ),
        Profile(
            "hardened",
            "only what keeps the guest available; data exchange is left alone",
            {**_AVAILABLE, "vss": True, "guest_service_interface": False},
            guest=(
                GuestStep(
                    "PowerShell Direct can be disabled only in the guest: disable the service vmicvmsession there"
                ),
                GuestStep(
                    "the host sends the guest its own name and version unless DisableHostKVPItems is set",
                    "key_value_pair_exchange",
                ),
            ),
        ),
        Profile(
            "isolated",
            "confidential virtual machines: what their kernel refuses is left alone",
            # Source: Linux, drivers/hv/channel_mgmt.c, allowed_in_isolated: of the integration services only
            # heartbeat, shutdown and time synchronization.
            _AVAILABLE,
        ),
        Profile("lab", "every service on, the Guest Service Interface too", dict.fromkeys(KEYS, True)),
        Profile(
            "azure_migrate",
            "as default_safe; Azure Migrate discovers guests by data exchange, so that has to answer",
            _SAFE,
            # Source: Azure Migrate tutorials: Data Exchange must be on for discovery.
            in_contact=("key_value_pair_exchange",),
        ),
        NONE,
    )
}
