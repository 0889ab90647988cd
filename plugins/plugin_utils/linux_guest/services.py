# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about one service: its package, its unit, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.own_files import RULE, UNIT, UNIT_FILE
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.verdict import CONFIDENTIAL
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import LINUX_SERVICES, UIO_DRIVER
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.install import no_way
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.own_files import (
    BINDS,
    COPY,
    LOADS,
    kept,
    starts,
    unit_text,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.row import uio_copy
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import KEPT_OUT, Service, Unit

# Its daemon has no signal handler: stopped in a freeze, it leaves the file systems frozen for ever. Nobody can see a
# freeze from outside, so it is never stopped at all.
NEVER_STOPPED = "vss"
_SERVICES = {service.key: service for service in LINUX_SERVICES}
_RUNNING = ("active", "activating", "reloading", "deactivating")


@dataclass
class Decision:
    """What comes of one wish. before, after: what to do with units before and after packages are installed.

    keep: the unit that runs, and has to run still when packages have been changed: their scripts may stop it.
    rule: lines of the role's own udev rule. own_unit: the text of its own unit, None for as it is. tell: see Plan.
    problem: why it cannot be had, with the way out. skipped: why nothing is done though nothing is wrong.
    expected: whether it has to work in the end. says: for people.
    """

    install: list[str] = field(default_factory=list)
    before: list[Unit] = field(default_factory=list)
    after: list[Unit] = field(default_factory=list)
    keep: str = ""
    rule: list[str] = field(default_factory=list)
    own_unit: str | None = ""
    tell: list[str] = field(default_factory=list)
    problem: str | None = None
    skipped: tuple[str, str | None] | None = None
    expected: bool = False
    says: list[str] = field(default_factory=list)


def leave_alone(key: str, facts: Mapping[str, Any]) -> Decision:
    """Leave a service as it is, with what the role wrote for it before."""
    return Decision(rule=kept(facts["own_files"], _SERVICES[key]), own_unit=None, says=["left alone"])


def decide_absent(key: str, facts: Mapping[str, Any], row: Service, arriving: set[str]) -> Decision:
    """Keep the daemon from running. arriving: packages that are about to be installed for other services.

    The package stays: Debian, SUSE and Arch have one for all daemons; on the RHEL family removing one takes the
    metapackage along, what came with it, and /var/lib/hyperv.
    """
    seen = facts["services"][key]
    name = unit_name(seen["unit"]) or (row["unit"] if arriving & set(row["carriers"]) else None)
    if name is None:
        if not seen["process"]:
            return Decision(says=["not here, nothing to do"])
        what = f"{seen['process']['name']} (process {seen['process']['pid']}) runs without a unit"
        return Decision(skipped=(what, "end it yourself"), says=[f"{what}: end it yourself"])
    runs = bool(seen["process"]) or seen["unit_state"] in _RUNNING
    unit: Unit = {"name": name}
    if name == UNIT:  # it goes with its file; that of the package may be left
        others: list[Unit] = [{"name": row["unit"], "masked": True}] if row["unit"] else []
        return Decision(before=[{**unit, "state": "stopped"}, *others], says=[f"stop and remove {name}"])
    if facts["init"] == "openrc":
        if seen["unit"] is None:
            return Decision(says=[f"{name} comes with a package and is in no runlevel"])
        unit["enabled"] = False
        says = [f"keep {name} out of the runlevels"]
    else:
        unit["masked"] = True
        says = [f"mask {name}"]
    if runs and key == NEVER_STOPPED:
        says.append(f"{name} runs on until the next boot: stopped in a freeze, it would leave file systems frozen")
    elif runs:
        unit["state"] = "stopped"
        says.append(f"stop {name}")
    if unit == {"name": name, "masked": True} and seen.get("unit_masked"):
        return Decision(says=[f"{name} is masked", *says[1:]])
    return Decision(before=[unit], says=says)


def decide_present(key: str, facts: Mapping[str, Any], row: Service, *, repair: bool, generalized: bool) -> Decision:
    """Have the daemon installed, and running where its device is."""
    seen = facts["services"][key]
    if facts["azure"] and key == NEVER_STOPPED and not seen["offered"]:
        reason = "Azure does not offer it: its backup freezes the file systems by an extension of its own"
        return Decision(skipped=(reason, None), says=[f"left alone: {reason}"])
    if facts["isolation"] in CONFIDENTIAL:
        reason = f"Linux refuses it in a confidential guest ({facts['isolation']})"
        return Decision(skipped=(reason, None), says=[f"left alone: {reason}"])
    if seen["verdict"] in KEPT_OUT and not (seen["verdict"] == "driver_blocked" and repair):
        return Decision(problem=f"{seen['explanation']}. {seen['remedy']}", says=[seen["explanation"]])
    if not seen["daemon"] and not row["packages"]:
        return Decision(problem=f"{row['reason']}. Way out: {row['remedy']}.", says=[f"not packaged: {row['reason']}"])
    if facts["hyperv"] and facts["init"] not in ("systemd", "openrc") and seen["verdict"] != "ok":
        names = " and ".join([] if seen["daemon"] else row["packages"])
        way_out = f"{f'install {names}, ' if names else ''}start the daemon at boot yourself"
        return _refused(f"services are started by {facts['init']} here, which the role does not manage", way_out)
    name = UNIT if row["own_unit"] else unit_name(seen["unit"]) or row["unit"]
    if name is None:
        if seen["verdict"] == "ok":
            return Decision(expected=True, says=[seen["explanation"]])
        return Decision(problem=f"{row['reason']}. Way out: {row['remedy']}.", says=[f"no unit: {row['reason']}"])
    decision = Decision(install=[] if seen["daemon"] else list(row["packages"]), expected=True)
    if decision.install:
        decision.says.append(f"install {', '.join(decision.install)}")
        no_package = no_way(facts)
        if no_package:
            return _refused(no_package, f"put {' and '.join(decision.install)} into the image")
        if facts["immutable"]:
            decision.skipped = ("its packages show after a reboot", "reboot the guest, and run the role again")
            decision.expected = False
            decision.says.append("reboot the guest, and run the role again")
            return decision
    ready = _device(decision, seen, facts, row, key)
    if _SERVICES[COPY].instance_guid in decision.tell and facts["uio_devices"]:
        others = ", ".join(item["uio"] or item["device"] for item in facts["uio_devices"])
        return _refused(
            f"uio_hv_generic serves other devices ({others}), and one more may change their numbers (DPDK)",
            "give it the device by a udev rule of your own that keeps their order",
        )
    _start(decision, name, seen, facts["init"], row, ready and not generalized)
    if facts["init"] == "systemd":
        _arrange(decision, name, seen, facts, row, key)
    if row["note"]:
        decision.says.append(row["note"])
    return decision


def _refused(why: str, way_out: str) -> Decision:
    return Decision(problem=f"{why}. Way out: {way_out}, or set the service to unmanaged.", says=[f"{why}: {way_out}"])


def unit_name(unit: str | None) -> str | None:
    """Return a unit's name without its type."""
    return unit.removesuffix(".service") if unit else None


def node_name(key: str) -> str:
    """Return the device of a service as `udevadm trigger --sysname-match` takes it: vmbus!hv_kvp, or vmbus/hv_kvp."""
    return _SERVICES[key].node.removeprefix("/dev/").replace("/", "?")


def _device(decision: Decision, seen: Mapping[str, Any], facts: Mapping[str, Any], row: Service, key: str) -> bool:
    """Tell whether the daemon has a device to open, or will have."""
    if seen["node_present"]:
        return True
    if seen["offered"] and key == COPY and uio_copy(facts):
        if facts["copy_interface"] == UIO_DRIVER or (row["binds_itself"] and row["boot"] == "enable"):
            return True
        decision.tell.append(_SERVICES[COPY].instance_guid)
        what = "load uio_hv_generic" if row["binds_itself"] else "give its device to uio_hv_generic"
        decision.says.append(f"{what}, now and at every boot")
        return True
    if not seen["offered"]:
        decision.says.append("not started: the host does not offer the device")
    return False


def _start(decision: Decision, name: str, seen: Mapping[str, Any], init: str, row: Service, ready: bool) -> None:
    unit: Unit = {"name": name}
    masked = seen.get("unit_masked")
    arranged = row["boot"] != "enable" or init == "systemd" or seen["unit_enabled"]
    if seen["verdict"] == "ok" and masked is False and arranged:
        decision.keep = name if ready else ""
        decision.says.append(seen["explanation"])
        return
    if init == "systemd" and masked is not False:
        unit["masked"] = False
    if ready:
        unit["state"] = "started"
        decision.says.append(f"{name} runs")
    if ready and row["boot"] == "enable" and init != "systemd":
        unit["enabled"] = True
    if len(unit) > 1:
        decision.after = [unit]


def _arrange(
    decision: Decision, name: str, seen: Mapping[str, Any], facts: Mapping[str, Any], row: Service, key: str
) -> None:
    """Have udev start the unit where no rule of the package's does, and tell systemd of a device that it waits for.

    systemd knows a device only when udev has processed it with a rule that tags it, and such a rule mostly comes with
    the package, after the device: then a unit that is bound to the device waits 90 seconds and fails (measured).
    """
    there = facts["own_files"]
    uio = key == COPY and uio_copy(facts)
    ours = LOADS in there.get(RULE, "")  # which BINDS begins with
    bound = facts["copy_interface"] == UIO_DRIVER or (seen["driver"] == UIO_DRIVER and not ours)
    # A unit that nothing but a rule starts leaves it to that to load the driver.
    needed = LOADS if row["boot"] == "udev" else ""
    needed = needed if row["binds_itself"] else BINDS
    if uio and needed and not bound and (ours or not facts["uio_devices"]):
        decision.rule.append(needed)
    if row["own_unit"]:
        decision.own_unit = unit_text(row["daemon"] or "")
        if decision.after and decision.own_unit != there.get(UNIT_FILE):
            decision.after[0]["daemon_reload"] = True
    if row["boot"] == "enable" or row["own_unit"]:
        decision.rule += starts("" if uio else _SERVICES[key].node, name)
        decision.says.append(f"udev starts {name} when the host offers the device, by a rule of the role's")
    if decision.after and "state" in decision.after[0] and seen.get("node_known") is False:
        decision.tell.append(node_name(key))
        decision.says.append("have udev tell systemd of the device")
