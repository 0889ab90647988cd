# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What the state of one service in the guest amounts to: a verdict, its explanation, and what would mend it.

Pure: everything that was seen comes in, nothing is looked up.
"""

from typing import Any, NamedTuple

from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import DRIVER, UIO_DRIVER

VERDICTS = (
    "ok",
    "prepared",
    "not_hyperv",
    "host_disabled",
    "not_supported_isolated",
    "no_driver",
    "driver_missing",
    "driver_blocked",
    "not_packaged",
    "no_daemon",
    "daemon_stopped",
    "degraded",
    "unknown",
)
CONFIDENTIAL = ("VBS", "SNP", "TDX")
# Source: vmbus_devs[] in drivers/hv/channel_mgmt.c (Linux), allowed_in_isolated.
REFUSED_IN_ISOLATION = ("key_value_pair_exchange", "vss", "guest_service_interface")


class Seen(NamedTuple):
    """What was seen of one service."""

    key: str
    booted: bool  # False for an image: then nothing of host, kernel state and processes can be seen
    evidence: "str | None"  # of Hyper-V: vmbus, dmi or None
    isolation: "str | None"
    offered: bool
    driver: "str | None"  # bound to the device
    override: "str | None"  # driver_override of the device
    wanted_driver: str  # hv_utils, or uio_hv_generic
    module: "dict[str, Any]"  # state and blocked_by of that driver
    has_daemon: bool  # whether the service needs one at all
    node: "str | None"
    node_present: bool
    process: "dict[str, Any] | None"  # that holds the node
    more_processes: "list[int]"  # of the same daemon
    everyone_seen: bool  # whether every process could be looked at
    daemon: "str | None"
    daemon_defect: "str | None"
    packages: "list[str]"
    not_packaged: "str | None"
    unit: "str | None"
    unit_properties: "dict[str, str]"
    untold: bool = False  # the unit waits for a device that systemd does not know, though it is there
    upgraded: bool = False  # the daemon was stopped when its program was replaced
    root_partition: bool = False  # runs the guests of Hyper-V, and is none
    azure: bool = False  # only Azure decides what the host offers
    flaw: "tuple[str, str] | None" = None  # what makes it fail though it is served, and the remedy
    note: "str | None" = None  # what else to tell where all is well


def judge(seen: Seen) -> "tuple[str, str, str | None]":
    """(verdict, explanation, remedy). The remedy is None where nothing is wrong, or nothing can be done."""
    if not seen.booted:
        return _driver_in_image(seen) or _daemon_installed(seen) or _prepared(seen)
    if seen.root_partition:
        return "not_hyperv", "this is the root partition of Hyper-V, which runs the guests and is none (inferred)", None
    if seen.evidence is None:
        return "not_hyperv", "this is no guest of Hyper-V: neither a VMBus nor the firmware says so", None
    if seen.isolation in CONFIDENTIAL and seen.key in REFUSED_IN_ISOLATION and not seen.offered:
        return (
            "not_supported_isolated",
            f"Linux refuses this service in a confidential virtual machine ({seen.isolation}): no finding",
            None,
        )
    if seen.evidence != "vmbus":
        return "no_driver", "the firmware says Hyper-V, yet there is no VMBus", "load the module hv_vmbus"
    if not seen.offered and seen.azure:
        return "host_disabled", "Azure does not offer this service to the virtual machine: no finding", None
    if not seen.offered:
        return (
            "host_disabled",
            "the host does not offer this service to the virtual machine",
            f"enable {seen.key} on the host, for example with hyperv.integration.vm_integration_service",
        )
    return _driver(seen) or (_daemon(seen) if seen.has_daemon else _in_kernel(seen))


def _driver(seen: Seen) -> "tuple[str, str, str | None] | None":
    """What is wrong with the driver, None when it is bound."""
    if seen.driver == seen.wanted_driver:
        return None
    if seen.override and seen.override != seen.wanted_driver:
        return (
            "driver_blocked",
            f"driver_override of the device asks for the driver {seen.override}",
            f"clear it: echo > driver_override of the device, and bind {seen.wanted_driver}",
        )
    if seen.driver:
        return "no_driver", f"the device is bound to {seen.driver}, not to {seen.wanted_driver}", _bind(seen)
    state = seen.module["state"]
    if state in ("blocked", "missing"):
        return _driver_in_image(seen)
    if state == "available":
        return "no_driver", f"{seen.wanted_driver} is not loaded", f"modprobe {seen.wanted_driver}"
    if state == "unknown":
        return "unknown", f"no driver is bound, and whether this kernel has {seen.wanted_driver} cannot be seen", None
    return "no_driver", f"{seen.wanted_driver} is loaded, yet not bound to the device", _bind(seen)


def _bind(seen: Seen) -> str:
    if seen.wanted_driver == UIO_DRIVER:
        # Kernels before Linux commit 87d3621ccc63 do not know the device by themselves.
        return f"make {UIO_DRIVER} take the device: the role hyperv.integration.linux_guest does"
    return "see what the kernel logged about hv_utils and hv_vmbus"


def _driver_in_image(seen: Seen) -> "tuple[str, str, str | None] | None":
    state = seen.module["state"]
    if state == "missing":
        return (
            "driver_missing",
            f"the kernel has no module {seen.wanted_driver}",
            "install a kernel that has it: kernels for clouds and virtual machines do, or its package of extra modules",
        )
    if state == "blocked":
        places = "; ".join(f"{item['path']}: {item['line']}" for item in seen.module["blocked_by"])
        return (
            "driver_blocked",
            f"{seen.wanted_driver} is kept from being loaded ({places})",
            "remove what keeps it out: the role hyperv.integration.linux_guest does with linux_guest_repair",
        )
    return None


def _in_kernel(seen: Seen) -> "tuple[str, str, str | None]":
    """Heartbeat, shutdown, time synchronization: the driver answers the host itself."""
    if seen.flaw:
        return ("degraded", *seen.flaw)
    if seen.module["blocked_by"]:
        place = seen.module["blocked_by"][0]
        return (
            "ok",
            f"{DRIVER} serves it now, but may not after the next boot ({place['path']}: {place['line']})",
            "remove what keeps it out: the role hyperv.integration.linux_guest does with linux_guest_repair",
        )
    return "ok", f"{DRIVER} serves it", None


def _daemon(seen: Seen) -> "tuple[str, str, str | None]":
    if seen.process and seen.more_processes:
        others = ", ".join(map(str, seen.more_processes))
        return (
            "degraded",
            f"{seen.process['name']} runs more than once: process {seen.process['pid']} holds {seen.node}, and there "
            f"is {others} beside it",
            f"end what holds no device (kill {others.replace(',', '')}), and what starts it: one unit is enough",
        )
    if seen.process and seen.flaw:
        return ("degraded", *seen.flaw)
    if seen.process:
        note = f"; {seen.note}" if seen.note else ""
        return "ok", f"{seen.process['name']} (process {seen.process['pid']}) serves it{note}", None
    installed = _daemon_installed(seen)
    if installed:
        return installed
    if not seen.node_present:
        return "no_driver", f"the driver is bound, yet there is no {seen.node}", _bind(seen)
    if not seen.everyone_seen:
        return "unknown", f"whether a process holds {seen.node} can only be seen by root", None
    state = seen.unit_properties.get("ActiveState")
    if seen.unit is None:
        return "daemon_stopped", f"nobody runs {seen.daemon}, and no unit or script is there to start it", _unit(seen)
    if seen.unit_properties.get("LoadState") == "masked":
        return "daemon_stopped", f"{seen.unit} is masked", f"systemctl unmask {seen.unit}, then start it"
    if seen.untold:
        return (
            "daemon_stopped",
            f"udev has not told systemd of the device {seen.node}, for which {seen.unit} waits: the rule that tags it "
            "came after the device",
            f"udevadm control --reload, then udevadm trigger --action=add --sysname-match='vmbus?{_name(seen)}', then "
            f"{_start(seen)}: the role hyperv.integration.linux_guest does",
        )
    if seen.upgraded:
        return "daemon_stopped", f"{seen.unit} was stopped when its package was upgraded", _start(seen)
    return "daemon_stopped", f"nobody holds {seen.node}; {seen.unit} is {state or 'in an unknown state'}", _start(seen)


def _daemon_installed(seen: Seen) -> "tuple[str, str, str | None] | None":
    """What is wrong with the program of the daemon, None when it is there or none is needed."""
    if not seen.has_daemon or seen.daemon:
        return None
    if seen.not_packaged:
        return "not_packaged", seen.not_packaged, None
    what = seen.daemon_defect or "the daemon is not installed"
    if seen.packages:
        return "no_daemon", what, f"install {' and '.join(seen.packages)}"
    return "no_daemon", what, "install the Hyper-V daemons (tools/hv of the kernel's sources)"


def _prepared(seen: Seen) -> "tuple[str, str, str | None]":
    if seen.module["state"] == "unknown":
        return "unknown", f"this image has no kernel whose modules could be looked at for {seen.wanted_driver}", None
    return "prepared", "nothing is missing in this image; what the host offers is seen once it runs", None


def _unit(seen: Seen) -> str:
    return f"give {seen.daemon} a unit of its own: this distribution brings none"


def _name(seen: Seen) -> str:
    return (seen.node or "").rpartition("/")[2]


def _start(seen: Seen) -> str:
    if seen.unit and seen.unit.endswith(".service"):
        return f"systemctl start {seen.unit}"
    return f"rc-service {seen.unit} start, and rc-update add {seen.unit} default"
