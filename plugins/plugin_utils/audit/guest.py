# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a guest says of its own half of the services, in one shape whatever its system."""

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
    clock: whether the guest takes its time from the host, null when that was not seen.
    services: one for each key. facts: all that the guest's module said, for rules.
    """

    system: str
    isolation: str | None
    clock: bool | None
    services: Mapping[str, GuestService]
    facts: Mapping[str, Any]


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
    "unknown": "unknown",
}
_UNSEEN = GuestService(state="unknown", explanation="the guest's module says nothing of this service", remedy=None)


def _read_linux(facts: Mapping[str, Any]) -> GuestFacts:
    said = facts.get("services") or {}
    isolation = facts.get("isolation")
    return GuestFacts(
        system="linux",
        isolation=None if isolation == "none" else isolation,
        clock=(facts.get("time") or {}).get("uses_ptp"),
        services={key: _linux_service(said[key]) if said.get(key) else _UNSEEN for key in KEYS},
        facts=facts,
    )


def _linux_service(said: Mapping[str, Any]) -> GuestService:
    state = _LINUX.get(said.get("verdict", ""), "unknown")
    if state == "stopped" and said.get("unit_masked"):
        state = "blocked"
    return GuestService(state=state, explanation=said.get("explanation"), remedy=said.get("remedy"))


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
    return GuestFacts(guest["system"], None, None, dict.fromkeys(KEYS, unread), facts)
