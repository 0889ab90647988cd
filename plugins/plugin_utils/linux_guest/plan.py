# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the facts of a Linux guest, the matrix and the wishes to what has to be done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest import clock
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.install import plan_packages, take_clock
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.own_files import plan_files
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.row import choose_row
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.services import (
    Decision,
    decide_absent,
    decide_present,
    leave_alone,
    node_name,
    unit_name,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import (
    KEYS,
    USUAL,
    WISHES,
    Kernel,
    Plan,
    Purge,
    Row,
    Skipped,
    Unit,
    Wishes,
)

KVP = "key_value_pair_exchange"
# Where a line that keeps a module out can be taken away. Others belong to a package or to the boot loader.
_OURS_TO_REPAIR = "/etc/"


class WishError(ValueError):
    """The wishes cannot be understood; the text names the variable, the value and the way out."""


def make_plan(facts: Mapping[str, Any], family: Mapping[str, Any], wishes: Wishes) -> Plan:
    """Decide what to do with a guest.

    facts: `linux_guest` of the module linux_guest_info. family: __linux_guest_family of the role's variables.
    Raises WishError.
    """
    wanted = _wanted(wishes.get("services", {}))
    row = choose_row(family, facts)
    reason = _reason_to_rest(facts, row, wishes.get("force", False))
    if reason:
        return _nothing(row, reason)
    generalized, repair = wishes.get("state") == "generalized", wishes.get("repair", False)
    decisions = _decide(facts, row, wanted, repair, generalized)
    kernel = _kernel(facts, repair, any(wish == "present" for wish in wanted.values()))
    makestep = wishes.get("makestep", False)
    wish = wishes.get("time", "chrony_ptp")
    time = clock.plan_time(facts, row["time"], wish, makestep=makestep, generalized=generalized)
    time, clock_packages = take_clock(time, facts)
    install = [name for decision in decisions.values() for name in decision.install]
    install = _unique([*install, *_following(row, decisions)])
    if install:
        for decision in decisions.values():
            decision.after = decision.after or ([{"name": decision.keep, "state": "started"}] if decision.keep else [])
    rule = [line for decision in decisions.values() for line in decision.rule]
    plan: Plan = {
        "act": True,
        "at_rest": False,
        "reason": "",
        "row": row["name"],
        "evidence": row["evidence"],
        "problems": _problems(decisions, facts, repair) + ([f"time: {time['problem']}"] if time["problem"] else []),
        "kernel": kernel,
        "packages": plan_packages(_unique([*install, *clock_packages]), facts),
        "units": {"before": _units(decisions, "before"), "after": _units(decisions, "after")},
        "own_files": plan_files(facts["own_files"], rule, decisions["guest_service_interface"].own_unit),
        "tell": _tell(decisions, facts, installing=bool(install)),
        "time": time,
        "generalize": _purge(facts, row, generalized, decisions[KVP]),
        "skipped": _skipped(decisions, time),
        "expected": [key for key, decision in decisions.items() if decision.expected],
        "explanation": [],
    }
    plan["explanation"] = _explain(plan, facts, wanted, decisions)
    plan["at_rest"] = _at_rest(plan)
    return plan


def _wanted(services: Mapping[str, str]) -> dict[str, str]:
    for key, wish in services.items():
        if key not in KEYS:
            raise WishError(f"linux_guest_services has {key!r}, which is none of {', '.join(KEYS)}")
        if wish not in WISHES:
            raise WishError(f"linux_guest_services.{key} is {wish!r}: use one of {', '.join(WISHES)}")
    return {key: services.get(key, USUAL[key]) for key in KEYS}


def _reason_to_rest(facts: Mapping[str, Any], row: Row, force: bool) -> str:
    """Return why nothing is done with this system, empty when something may be."""
    if row["scope"]:
        return row["scope"]
    if force:
        return ""
    if facts["container"]:
        return (
            f"this is a container ({facts['container']}): the devices of Hyper-V belong to the system around it. "
            "Set linux_guest_force: true to configure it all the same"
        )
    if facts["root_partition"]:
        return "this is the root partition of Hyper-V (no VMBus, and /dev/mshv): it runs the guests and is none"
    if not facts["hyperv"]:
        return (
            "this is no guest of Hyper-V (no device on the VMBus, no such firmware), where the daemons would only "
            "delay the boot. Set linux_guest_force: true to prepare an image for Hyper-V"
        )
    return ""


def _decide(
    facts: Mapping[str, Any], row: Row, wanted: Mapping[str, str], repair: bool, generalized: bool
) -> dict[str, Decision]:
    decisions = {key: leave_alone(key, facts) for key in KEYS}
    for key, wish in wanted.items():
        if wish == "present":
            decisions[key] = decide_present(
                key, facts, row["services"][key], repair=repair, generalized=generalized and key == KVP
            )
    arriving = {name for decision in decisions.values() for name in decision.install}
    for key, wish in wanted.items():
        if wish == "absent":
            decisions[key] = decide_absent(key, facts, row["services"][key], arriving)
    return decisions


def _kernel(facts: Mapping[str, Any], repair: bool, wanted: bool) -> Kernel:
    blocked = [item for item in facts["hv_utils"]["blocked_by"] if item["path"].startswith(_OURS_TO_REPAIR)]
    state = facts["hv_utils"]["state"]
    absent = state == "available" or (state == "blocked" and repair and blocked == facts["hv_utils"]["blocked_by"])
    return {
        "repair": [{**item, "pattern": _pattern(item["line"])} for item in blocked] if repair else [],
        "load": bool(absent and wanted and facts["hyperv_evidence"] == "vmbus"),
    }


def _pattern(line: str) -> str:
    """Return a regular expression for a line of modprobe.d, which backslashes may spread over lines of the file."""
    words = r"(?:[ \t]|\\\n)+".join(re.escape(word) for word in line.split())
    return rf"^[ \t]*{words}[ \t]*(?:\n|\Z)"


def _problems(decisions: Mapping[str, Decision], facts: Mapping[str, Any], repair: bool) -> list[str]:
    found = [f"{key}: {decision.problem}" for key, decision in decisions.items() if decision.problem]
    if repair and facts["hv_utils"]["state"] == "blocked":
        found += [
            f"hv_utils: linux_guest_repair changes only files in /etc, and {item['path']} keeps it out "
            f"({item['line']}). Change the boot loader's configuration, or put an empty file of the same name into "
            "/etc/modprobe.d."
            for item in facts["hv_utils"]["blocked_by"]
            if not item["path"].startswith(_OURS_TO_REPAIR)
        ]
    return found


def _following(row: Row, decisions: Mapping[str, Decision]) -> list[str]:
    """Packages besides those of the daemons: these are bound to the kernel, and say nothing of the next one."""
    if not row["follow"]:
        return []
    return [*row["follow"]] if any(decision.expected for decision in decisions.values()) else []


def _tell(decisions: Mapping[str, Decision], facts: Mapping[str, Any], installing: bool) -> list[str]:
    """Devices that systemd has to know; all, before packages come: scripts start also what nobody asked for."""
    told = [name for decision in decisions.values() for name in decision.tell]
    unknown = [key for key in KEYS if facts["services"][key].get("node_known") is False]
    return _unique([*told, *(node_name(key) for key in unknown if installing and not facts["immutable"])])


def _at_rest(plan: Plan) -> bool:
    time, kernel, units = plan["time"], plan["kernel"], plan["units"]
    doing = (
        *(kernel["repair"], kernel["load"], plan["packages"]["install"], units["before"], units["after"]),
        *(plan["own_files"]["write"], plan["own_files"]["remove"], plan["tell"]),
        *(plan["generalize"]["purge"], time["action"] == "remove"),
        *(time["package"], time["start"], time["write"], time["stop"], time["rule"], time["lines"] is not None),
    )
    return not any(doing)


def _units(decisions: Mapping[str, Decision], when: str) -> list[Unit]:
    return [unit for decision in decisions.values() for unit in getattr(decision, when)]


def _purge(facts: Mapping[str, Any], row: Row, generalized: bool, kvp: Decision) -> Purge:
    known = unit_name(facts["services"][KVP]["unit"])
    arriving = kvp.install and not facts["immutable"]
    return {
        "purge": generalized,
        "stop": (known or (row["services"][KVP]["unit"] if arriving else None)) if generalized else None,
    }


def _skipped(decisions: Mapping[str, Decision], time: Mapping[str, Any]) -> list[Skipped]:
    found: list[Skipped] = [
        {"service": key, "reason": decision.skipped[0], "remedy": decision.skipped[1]}
        for key, decision in decisions.items()
        if decision.skipped
    ]
    if time["action"] != "configure":
        found.append({"service": "time", "reason": time["reason"], "remedy": None})
    return found


def _explain(
    plan: Plan, facts: Mapping[str, Any], wanted: Mapping[str, str], decisions: Mapping[str, Decision]
) -> list[str]:
    evidence = facts["hyperv_evidence"] or "no Hyper-V, but forced"
    lines = [f"{plan['row']} ({plan['evidence']}), kernel {facts['kernel'] or 'unknown'}, {evidence}"]
    removed = [{"path": item["path"], "line": item["line"]} for item in plan["kernel"]["repair"]]
    for item in facts["hv_utils"]["blocked_by"]:
        what = "remove" if item in removed else "remove it yourself or set linux_guest_repair: true"
        lines.append(f"hv_utils: {item['path']} keeps it out ({item['line']}): {what}")
    if plan["kernel"]["load"]:
        lines.append("hv_utils: load it")
    lines += [f"{key}: {wanted[key]}: {'; '.join(decision.says)}" for key, decision in decisions.items()]
    lines.append(f"time: {'; '.join(clock.says(plan['time']))}")
    if plan["packages"]["install"]:
        how = f" (by {plan['packages']['command'][0]})" if plan["packages"]["command"] else ""
        lines.append(f"packages: {', '.join(plan['packages']['install'])}{how}")
    if plan["packages"]["reboot"]:
        lines.append("reboot needed: the packages show after it; then run the role again")
    if plan["generalize"]["purge"]:
        lines.append("generalize: purge the pools of key-value pairs; the daemon stays off until the next boot")
    return lines


def _nothing(row: Row, reason: str) -> Plan:
    return {
        "act": False,
        "at_rest": True,
        "reason": reason,
        "row": row["name"],
        "evidence": row["evidence"],
        "problems": [],
        "kernel": {"repair": [], "load": False},
        "packages": {"install": [], "refresh": False, "command": [], "reboot": False},
        "units": {"before": [], "after": []},
        "own_files": {"write": [], "remove": []},
        "tell": [],
        "time": clock.leave(""),
        "generalize": {"purge": False, "stop": None},
        "skipped": [{"service": key, "reason": reason, "remedy": None} for key in KEYS],
        "expected": [],
        "explanation": [f"{row['name']}: nothing is changed: {reason}"],
    }


def _unique(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))
