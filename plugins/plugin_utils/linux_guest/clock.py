# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about the guest's clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.chrony import PTP_LINK
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import Clock, TimePlan

DROP_IN = "linux_guest.conf"


def plan_time(facts: Mapping[str, Any], row: Clock | None, wish: str) -> TimePlan:
    """Decide about chrony's reference clock.

    chronyd ends at once when a reference clock has no device (measured), so the line goes where the device is, and a
    line of the role's goes away where it no longer is.
    """
    time = facts["time"]
    if row is None and time["configuration"] is None:
        return _leave("the role does not know chrony on this distribution")
    plan = _at_rest(row, time["configuration"])
    if wish == "none":
        return {**plan, "action": _without(plan, time), "reason": "the guest shall not use the clock of the host"}
    if time["ptp_device"] is None:
        return {**plan, "action": _without(plan, time), "reason": _no_device(facts)}
    if time["clock_source"] == "ntpd":
        return {
            **plan,
            "reason": "ntpd keeps the clock; the role does not replace it. Remove it, or set linux_guest_time: none",
        }
    link_rule = time["ptp_link"] is None
    if link_rule and facts["init"] != "systemd":
        return {**plan, "reason": f"{time['ptp_device']} has no link {PTP_LINK}, and without udev the role makes none"}
    other = time["clock_source"] == "systemd-timesyncd"
    installed = time["configuration"] is not None
    return {
        **plan,
        "action": "configure",
        "reason": f"{time['ptp_device']} is the clock of the host",
        "package": None if installed or row is None else row["package"],
        "start": time["clock_source"] != "chrony",
        "write": not time["uses_ptp"],
        "stop": "systemd-timesyncd" if other and (installed or not plan_replaces(row)) else None,
        "link_rule": link_rule,
    }


def plan_replaces(row: Clock | None) -> bool:
    """Tell whether installing chrony takes systemd-timesyncd away."""
    return row is not None and row["replaces_timesyncd"]


def says(plan: TimePlan) -> list[str]:
    """Return the plan in words."""
    lines = [plan["reason"]]
    if plan["package"]:
        lines.append(f"install {plan['package']}")
    if plan["stop"]:
        lines.append(f"stop and disable {plan['stop']}")
    if plan["link_rule"]:
        lines.append(f"make the link {PTP_LINK} by a udev rule")
    if plan["action"] == "configure":
        lines.append(f"reference clock in {plan['file']}" if plan["write"] else "chrony already uses it")
    if plan["action"] == "remove":
        lines.append("no reference clock of the role")
    if plan["start"]:
        lines.append(f"start {plan['unit']}")
    return lines


def _without(plan: TimePlan, time: Mapping[str, Any]) -> str:
    """Whether a line of the role's may have to go: where chrony reads none, there is none.

    Without chrony a drop-in may still lie there, and would end the chronyd that is installed later.
    """
    orphan = time["configuration"] is None and plan["drop_in"]
    return "remove" if orphan or time["uses_ptp"] is not False else "leave"


def _no_device(facts: Mapping[str, Any]) -> str:
    if not facts["hyperv"]:
        return "there is no clock of a host here: run the role again on the guest"
    if not facts["services"]["time_synchronization"]["offered"]:
        return "the host does not offer Time Synchronization; switch it on there, or set linux_guest_time: none"
    return "this kernel has no PTP clock of the host (CONFIG_PTP_1588_CLOCK, 4.11 or newer)"


def _at_rest(row: Clock | None, configuration: str | None) -> TimePlan:
    plan = _leave("")
    if row is not None:
        plan["unit"], plan["validate"] = row["unit"], row["validate"]
    directory = row["directory"] if row else None
    plan["drop_in"] = directory is not None
    plan["file"] = f"{directory}/{DROP_IN}" if directory else configuration or (row["main"] if row else "")
    return plan


def _leave(reason: str) -> TimePlan:
    return {
        "action": "leave",
        "reason": reason,
        "package": None,
        "unit": "chronyd",
        "start": False,
        "write": False,
        "file": "",
        "drop_in": False,
        "validate": True,
        "stop": None,
        "link_rule": False,
    }
