# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a Linux guest came out as it was planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import KEPT_OUT

# The driver's alone; that the host switched one off is no fault of the guest.
_DRIVER_ONLY = ("heartbeat", "shutdown")


def remaining_problems(facts: Mapping[str, Any], plan: Mapping[str, Any]) -> list[str]:
    """Return what does not work though it should, each with its remedy.

    facts: `linux_guest` of the module linux_guest_info, after the plan was carried out.
    """
    found = []
    for key, seen in facts["services"].items():
        if key in plan["expected"]:
            wrong = not _good(key, seen, facts, plan)
        else:
            wrong = key in _DRIVER_ONLY and seen["verdict"] in KEPT_OUT
        if wrong:
            remedy = f" Remedy: {seen['remedy']}." if seen["remedy"] else ""
            found.append(f"{key}: {seen['verdict']}: {seen['explanation']}.{remedy}")
    return found + _time_problems(facts["time"], plan["time"], plan["at_rest"])


def _good(key: str, seen: Mapping[str, Any], facts: Mapping[str, Any], plan: Mapping[str, Any]) -> bool:
    if seen["verdict"] == "not_hyperv":  # forced: all that can be seen is that the daemon is there
        return bool(seen["daemon"])
    if seen["verdict"] == "daemon_stopped":  # as it shall be in an image
        return bool(plan["generalize"]["purge"]) and key == "key_value_pair_exchange"
    return bool(seen["verdict"] == "ok")


def _time_problems(time: Mapping[str, Any], plan: Mapping[str, Any], at_rest: bool) -> list[str]:
    if plan["wish"] == "none" and time["uses_ptp"]:
        path, line = time["refclock"]["path"], time["refclock"]["line"]
        return [
            f"time: {path} has chrony use the clock of the host ({line}). Remedy: remove the line; the role removes "
            "only what it wrote."
        ]
    # A clock of somebody else's without its device: chronyd ends at its next start, whatever the role does.
    if time["uses_ptp"] and time["ptp_device"] is None and time["verdict"] == "degraded":
        return [f"time: {time['explanation']}. Remedy: {time['remedy']}."]
    if plan["action"] != "configure":
        return []
    found = []
    if not time["uses_ptp"]:
        found.append(
            f"time: {time['configuration'] or 'chrony.conf'} does not read {plan['file']}. Remedy: add "
            f"confdir {plan['file'].rpartition('/')[0]} to it, or set linux_guest_time: none."
        )
    if time["clock_source"] != "chrony":
        found.append(
            f"time: {plan['unit']} does not run (the clock is kept by {time['clock_source']}). Remedy: see what it "
            "logged, or set linux_guest_time: none."
        )
    # What was changed just now has not been measured yet.
    if not found and at_rest and time["verdict"] == "degraded":
        found.append(f"time: {time['explanation']}. Remedy: {time['remedy']}.")
    return found
