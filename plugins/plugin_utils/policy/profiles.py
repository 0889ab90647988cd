# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The built-in profiles: what a kind of virtual machine needs from its host, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS


@dataclass(frozen=True, eq=False)
class Profile:
    """name: as written in a policy.
    purpose: one line for people, without a full stop.
    services: key to wanted switch. None means decided to be left alone; what is missing is left to later rules.
    in_contact: services that are of use only when the guest answers on them.
    guest: what remains to be done in the guest, one text each. The host cannot do it.
    """

    name: str
    purpose: str
    services: Mapping[str, bool | None]
    in_contact: tuple[str, ...] = ()
    guest: tuple[str, ...] = ()


_AVAILABLE = {"heartbeat": True, "shutdown": True, "time_synchronization": True}
# The door into the guest's file system stays shut unless somebody copies files: least functionality.
# Source: Microsoft, "Manage Hyper-V Integration Services": the only one that is off by default.
_SAFE = {**_AVAILABLE, "key_value_pair_exchange": True, "vss": True, "guest_service_interface": False}

NONE = Profile("none", "leave every service as it is", dict.fromkeys(KEYS))

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
                "take the time from the domain hierarchy: keep the host's switch on, so that boot and resume get a "
                "sane clock, and switch off the time provider in the guest (DWORD Enabled = 0 under "
                r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time\TimeProviders\VMICTimeProvider, then restart W32Time)",
            ),
        ),
        Profile(
            "backup",
            "as default_safe; backups of the running guest are consistent, so VSS has to answer",
            _SAFE,
            in_contact=("vss",),
            guest=("the guest's VSS service (Windows: vmicvss) or daemon (Linux: hv_vss_daemon) has to run",),
        ),
        Profile(
            "replica",
            "as default_safe; Hyper-V Replica fails over with another address and application-consistent points",
            _SAFE,
            # Source: Microsoft Best Practices Analyzer for Hyper-V: integration services must be installed before
            # virtual machines can use an alternate IP address after a failover; and the rule on VSS-based backups.
            in_contact=("key_value_pair_exchange", "vss"),
            guest=("Linux guests need the distribution's scripts that set addresses (hv_set_ifconfig)",),
        ),
        Profile(
            "hardened",
            "only what keeps the guest available; data exchange stays as it is",
            {**_AVAILABLE, "vss": True, "guest_service_interface": False},
            guest=(
                "PowerShell Direct has its only switch in the guest: disable the service vmicvmsession there",
                "the host tells the guest its own name and version unless DisableHostKVPItems is set",
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
