# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a guest says of its own half of the services, in one shape whatever its system.

What comes from a guest may be anything: what has not the type that it should have counts as not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import (
    CollectedGuest,
    GuestService,
    GuestState,
)


@dataclass(frozen=True, eq=False)
class GuestFacts:
    """system: linux, windows. isolation: as the guest sees it, null when it is none or was not seen.
    hyperv: whether it is a guest of Hyper-V at all.
    services: one for each key. facts: all that the guest's module said, for rules.
    The others are null when they were not seen, or this system has no such thing. clock: whether the guest takes its
    time from the host. clock_source: what keeps its clock. hv_utils: state of the driver in a Linux guest;
    hv_utils_hindered: how many lines of configuration keep it out. freeze_failing: how many mounts make a backup fail.
    ip_injection_ready: whether the host could set addresses.
    """

    system: str
    services: Mapping[str, GuestService]
    facts: Mapping[str, Any]
    isolation: str | None = None
    hyperv: bool | None = None
    clock: bool | None = None
    clock_source: str | None = None
    hv_utils: str | None = None
    hv_utils_hindered: int | None = None
    freeze_failing: int | None = None
    ip_injection_ready: bool | None = None


# Verdicts of linux_guest_info, see module_utils/_linux_guest/verdict.py.
_LINUX: Mapping[str, GuestState] = {
    "ok": "serving",
    "prepared": "unknown",  # an image: what runs in it was not seen
    "not_hyperv": "not_offered",
    "host_disabled": "not_offered",
    "not_supported_isolated": "unsupported",
    "no_driver": "stopped",
    "driver_missing": "missing",
    "driver_blocked": "blocked",
    "not_packaged": "missing",
    "no_daemon": "missing",
    "daemon_stopped": "stopped",
    "degraded": "stopped",  # it is served, and what the host asks for does not happen
    "unknown": "unknown",
}
_UNSEEN = GuestService(state="unknown", explanation="the guest's module says nothing of this service", remedy=None)


def _read_linux(facts: Mapping[str, Any]) -> GuestFacts:
    services, time, driver = (_mapping(facts.get(field)) for field in ("services", "time", "hv_utils"))
    isolation = _text(facts.get("isolation"))
    return GuestFacts(
        system="linux",
        services={key: _linux_service(_mapping(services[key])) if key in services else _UNSEEN for key in KEYS},
        facts=facts,
        isolation=None if isolation == "none" else isolation,
        hyperv=_flag(facts.get("hyperv")),
        clock=_flag(time.get("uses_ptp")),
        clock_source=_text(time.get("clock_source")),
        hv_utils=_text(driver.get("state")),
        hv_utils_hindered=_count(driver.get("blocked_by")),
        freeze_failing=_count(_mapping(facts.get("freeze")).get("failing")),
        ip_injection_ready=_flag(_mapping(facts.get("ip_injection")).get("ready")),
    )


def _linux_service(said: Mapping[str, Any]) -> GuestService:
    state = _LINUX.get(_text(said.get("verdict")) or "", "unknown")
    masked = said.get("unit_masked") is True
    if state == "stopped" and masked:
        state = "blocked"
    explanation, remedy = _text(said.get("explanation")), _text(said.get("remedy"))
    if state == "serving" and masked:
        explanation = "The daemon runs, but its unit is masked and does not start it again."
        remedy = f"systemctl unmask {_text(said.get('unit')) or 'the unit of the daemon'}"
    return GuestService(state=state, explanation=explanation, remedy=remedy, masked=masked)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: object) -> int | None:
    return len(value) if isinstance(value, list) else None


# windows_guest_info joins here.
_READERS: Mapping[str, Callable[[Mapping[str, Any]], GuestFacts]] = {"linux": _read_linux}


def read_guest(guest: CollectedGuest) -> GuestFacts | None:
    """Return what a guest says, None when nobody looked into it."""
    facts = guest["facts"]
    if facts is None:
        return None
    if guest["system"] in _READERS:
        return _READERS[guest["system"]](facts)
    unread = GuestService(state="unknown", explanation=f"facts of system {guest['system']} are not read", remedy=None)
    return GuestFacts(guest["system"], dict.fromkeys(KEYS, unread), facts)
