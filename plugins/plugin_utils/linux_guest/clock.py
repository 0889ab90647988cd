# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about the guest's clock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.chrony import (
    PTP_LINK,
    PTP_RULE,
    SERVERS,
    TIMESYNC,
)
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.clock import starts_without_device
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import Clock, TimePlan

REPLACE = "chrony_ptp_replace"
STEP = "makestep 1.0 -1"
# Has no access to devices (read in the packages 4.6.1-3+deb13u2 and 4.9-2: PrivateDevices=yes).
RESTRICTED = "chronyd-restricted"
# What the role replaces when it is told to.
_REPLACEABLE = ("systemd-timesyncd", RESTRICTED)
# Files that the system writes at each boot, or that belong to a package.
_NOT_OURS = ("/run/", "/usr/")


def plan_time(
    facts: Mapping[str, Any], row: Clock | None, wish: str, *, makestep: bool = False, generalized: bool = False
) -> TimePlan:
    """Decide about chrony's reference clock.

    chronyd ends at once when a reference clock has no device (measured), so the line goes where the device is, and a
    line of the role's goes away where it no longer is.
    """
    time = facts["time"]
    if row is None and time["configuration"] is None:
        return leave("the role does not know chrony on this distribution")
    plan = _at_rest(row, time, wish)
    reason = _reason_to_do_without(facts, wish, generalized)
    if reason:
        return _without(plan, time, reason)
    reason = _reason_to_leave(facts, plan, wish)
    if reason:
        return {**plan, "reason": reason}
    ours = not time["uses_ptp"] or time["refclock"]["path"] == plan["file"]
    unguarded = ours and facts["init"] == "systemd" and bool(time["refclock"]) and not starts_without_device(time)
    replaced = _keeper(time) if _keeper(time) in _REPLACEABLE else None
    plan |= {
        "action": "configure",
        "reason": f"{time['ptp_device']} is the clock of the host",
        "package": None if time["configuration"] is not None or row is None else row["package"],
        "start": time["clock_source"] != "chrony" or replaced is not None,
        "write": not time["uses_ptp"] or unguarded,
        "rule": ours and facts["init"] == "systemd" and PTP_RULE not in time["written"]["files"],
    }
    if replaced and not (plan["package"] and row and row["replaces_timesyncd"]):
        plan["stop"] = replaced
    directory = row["sources"] if row else None
    if time["servers"] and directory:
        plan["servers"], plan["sources"] = time["servers"], f"{directory}/{SERVERS}"
    _plan_lines(plan, time, included=ours and not plan["drop_in"], servers=not directory, makestep=makestep)
    if time["managed_by"] and (plan["write"] or plan["lines"] is not None):
        plan |= {"write": False, "lines": None, "rule": False, "start": False, "stop": None, "problem": _managed(time)}
    return plan


def says(plan: TimePlan) -> list[str]:
    """Return the plan in words."""
    lines = [plan["reason"]]
    if plan["package"]:
        lines.append(f"install {plan['package']}")
    if plan["stop"]:
        lines.append(f"stop and disable {plan['stop']}")
    if plan["servers"]:
        lines.append(f"its servers ({', '.join(plan['servers'])}) go into {plan['sources']}")
    if plan["rule"]:
        lines.append(f"a udev rule makes the link {PTP_LINK}, and restarts chrony when the clock comes back")
    if plan["action"] == "configure" and not plan["problem"]:
        lines.append(f"reference clock in {plan['file']}" if plan["write"] else "chrony already uses it")
    if plan["lines"] is not None:
        lines.append(f"lines of the role in {plan['main']}: {'; '.join(plan['lines']) or 'none'}")
    if plan["action"] == "remove":
        lines.append("no reference clock of the role")
    if plan["start"]:
        lines.append(f"start {plan['unit']}")
    return lines


def leave(reason: str) -> TimePlan:
    """Return a plan that does nothing."""
    return {
        "action": "leave",
        "wish": "",
        "reason": reason,
        "problem": None,
        "package": None,
        "unit": "chronyd",
        "start": False,
        "write": False,
        "file": "",
        "drop_in": False,
        "main": "",
        "lines": None,
        "servers": [],
        "sources": "",
        "remove": [],
        "stop": None,
        "rule": False,
    }


def _at_rest(row: Clock | None, time: Mapping[str, Any], wish: str) -> TimePlan:
    plan = leave("")
    main = time["configuration"] or (row["main"] if row else "")
    directory = row["directory"] if row else None
    plan["wish"], plan["main"], plan["drop_in"] = wish, main, directory is not None
    # Without a directory the main file gets a line that includes the file, which may be missing.
    plan["file"] = f"{directory}/linux_guest.conf" if directory else str(_beside(main))
    known = time["unit"] if time["unit"] != RESTRICTED else None
    plan["unit"] = known or (row["unit"] if row else plan["unit"])
    return plan


def _beside(main: str) -> PurePosixPath:
    return PurePosixPath(main).with_name("chrony_linux_guest.conf")


def _keeper(time: Mapping[str, Any]) -> str:
    """Return what keeps the clock: a program, or the unit of chronyd that the role does not configure."""
    return RESTRICTED if time["unit"] == RESTRICTED else str(time["clock_source"])


def _reason_to_do_without(facts: Mapping[str, Any], wish: str, generalized: bool) -> str:
    """Return why the clock of the host is not used, empty when it is."""
    if wish == "none":
        return "the guest shall not use the clock of the host"
    if generalized:
        return "an image gets no line for a clock: run the role again on the guest"
    if facts["time"]["ptp_device"] is not None:
        return ""
    if not facts["hyperv"]:
        return "there is no clock of a host here: run the role again on the guest"
    if not facts["services"]["time_synchronization"]["offered"]:
        return "the host does not offer Time Synchronization; enable it there, or set linux_guest_time: none"
    return "this kernel has no PTP clock of the host (CONFIG_PTP_1588_CLOCK, 4.11 or newer)"


def _reason_to_leave(facts: Mapping[str, Any], plan: TimePlan, wish: str) -> str:
    """Return why the clock is left to what keeps it, empty when chrony may take the clock of the host."""
    time, keeper = facts["time"], _keeper(facts["time"])
    if keeper in _REPLACEABLE and wish != REPLACE:
        what = "runs chronyd without access to devices" if keeper == RESTRICTED else "cannot read the clock of the host"
        carried = "" if keeper == RESTRICTED else ", with its servers"
        return (
            f"{keeper} keeps the clock, and {what}. Set linux_guest_time: {REPLACE} to have {plan['unit']} take its "
            f"place{carried}, or linux_guest_time: none to leave it for good"
        )
    if keeper not in ("chrony", "none", *_REPLACEABLE):
        return f"{keeper} keeps the clock; the role does not replace it. Remove it, or set linux_guest_time: none"
    if time["uses_ptp"]:
        return ""
    if plan["main"].startswith(_NOT_OURS):
        return f"chronyd reads {plan['main']}, which is not the guest's to change. Give chronyd a file in /etc"
    if time["ptp_link"] is None and facts["init"] != "systemd":
        return f"{time['ptp_device']} has no link {PTP_LINK}, and without udev the role makes none"
    return ""


def _plan_lines(plan: TimePlan, time: Mapping[str, Any], *, included: bool, servers: bool, makestep: bool) -> None:
    """Decide about the role's own lines at the end of the main file, where the last `makestep` holds."""
    before = time["written"]["lines"]
    lines = [f"include {_beside(plan['main']).with_suffix('')}*.conf"] if included else []
    lines += [f"server {server} iburst" for server in time["servers"]] if servers else []
    lines += [line for line in _carried(before) if line not in lines]
    if makestep and (STEP in before or not (time["makestep"] or "").endswith(" -1")):
        lines.append(STEP)
    plan["lines"] = lines if lines != before else None


def _carried(lines: list[str]) -> list[str]:
    """Return the lines with servers of a daemon that was replaced: they are the site's, and stay."""
    return [line for line in lines if line.startswith("server ")]


def _without(plan: TimePlan, time: Mapping[str, Any], reason: str) -> TimePlan:
    """Take away what the role wrote. Without chrony a file may still lie there, and would matter to a later one."""
    lines, carried = time["written"]["lines"], _carried(time["written"]["lines"])
    plan["reason"] = reason
    plan["remove"] = [path for path in time["written"]["files"] if not path.endswith(SERVERS)]
    plan["lines"] = carried if carried != lines else None
    if plan["remove"] or plan["lines"] is not None:
        plan["action"] = "remove"
    return plan


def _managed(time: Mapping[str, Any]) -> str:
    return (
        f"{TIMESYNC} writes {time['configuration']}, and would undo what this role writes. Set linux_guest_time: none "
        "here, and give that role the line in timesync_chrony_custom_settings"
    )
