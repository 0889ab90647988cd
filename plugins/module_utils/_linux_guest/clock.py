# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Where the guest's clock takes its time from, and whether the host's clock is among its sources."""

import os
import re
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest import chronyc
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.chrony import (
    PTP_LINK,
    read_configuration,
)
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.processes import Processes
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.timesyncd import read_servers
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.vmbus import Run

# Program -> what it is. Cut after 15 characters where only the kernel's name of a process is known.
_PROGRAMS = {
    "chronyd": "chrony",
    "systemd-timesyncd": "systemd-timesyncd",
    "systemd-timesyn": "systemd-timesyncd",
    "ntpd": "ntpd",
    "openntpd": "ntpd",
    "ntpsec": "ntpd",
    "ntp-daemon": "ntpd-rs",  # its package's program
    "phc2sys": "phc2sys",
    "ptp4l": "ptp4l",
}
_CHOSEN = ("selected", "combined")
# A reference clock has its first sample after 8 s (poll 3), and is chosen after some more.
SETTLED = 60


def read_clock(root: Root, processes: Processes, run: Run) -> "dict[str, Any]":
    """`time` of the facts."""
    device = find_ptp_device(root)
    source = next((name for program, name in _PROGRAMS.items() if processes.running([program]) is not None), "none")
    number = processes.running(["chronyd"])
    unit = None if number is None else _unit(root, number)
    # Any user may call a program chronyd: the file that it names is believed where the system started it.
    words = (root.text(f"/proc/{number}/cmdline") or "").split("\0") if unit else []
    found: dict[str, Any] = {
        "ptp_device": device,
        "ptp_link": PTP_LINK if root.exists(PTP_LINK) or root.link(PTP_LINK) else None,
        "clock_source": source,
        "unit": unit,
        **read_configuration(root, device, words),
        "servers": read_servers(root) if source == "systemd-timesyncd" else [],
        "kernel_clock_source": root.line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "measured": None,
    }
    if number is not None:
        line = found["refclock"]["line"] if found["refclock"] else None
        found["measured"] = chronyc.read_chronyc(run(chronyc.COMMAND), line)
    age = None if number is None else _age(root, number)
    found["verdict"], found["explanation"], found["remedy"] = judge_clock(found, root.booted, age)
    return found


def find_ptp_device(root: Root) -> "str | None":
    """The PTP clock of hv_utils. With a second one in the guest (mlx5) /dev/ptp0 may be the other."""
    for name in root.names("/sys/class/ptp"):
        if root.line(f"/sys/class/ptp/{name}/clock_name") == "hyperv":
            return f"/dev/{name}"
    return None


def judge_clock(time: "dict[str, Any]", booted: bool, age: "float | None") -> "tuple[str, str, str | None]":
    """(verdict, explanation, remedy) of the clock. time: the facts. age: of the running chronyd, in seconds.

    A reference clock that is configured is worth what chronyd makes of it.
    """
    if time["uses_ptp"] is None:
        return "unknown", "this user may not read all of chrony's configuration", None
    if not time["uses_ptp"]:
        return (
            "not_configured",
            f"the clock of the host is not used (the clock is kept by {time['clock_source']})",
            None,
        )
    if not booted:
        return "unknown", "whether chrony uses the clock of the host is seen once the image runs", None
    path, line = time["refclock"]["path"], time["refclock"]["line"]
    if time["ptp_device"] is None and not starts_without_device(time):
        return (
            "degraded",
            f"{path} names a clock that is not there ({line}): chronyd does not start without it",
            f"enable time_synchronization on the host, or remove the line from {path}",
        )
    if time["clock_source"] != "chrony":
        return "degraded", f"{path} names the clock of the host, and chronyd does not run", "see what chronyd logged"
    if time["measured"] is None:
        return "unknown", "chronyd does not tell what it measures (chronyc had no answer)", None
    return _judge_measured(time, age)


def starts_without_device(time: "dict[str, Any]") -> bool:
    """Whether chronyd starts when the device of its reference clock is missing: by an option, or by the role's unit."""
    guarded = any(".service.d/" in path for path in time["written"]["files"])
    ours = time["refclock"]["path"] in time["written"]["files"]
    return "optional" in time["refclock"]["line"].split() or (ours and guarded)


def _judge_measured(time: "dict[str, Any]", age: "float | None") -> "tuple[str, str, str | None]":
    clock, restart = time["measured"]["host_clock"], f"restart {time['unit'] or 'chronyd'}"
    if clock is None:
        return "degraded", "chronyd runs without the clock of the host: it was not there when chronyd started", restart
    if clock["state"] in _CHOSEN and time["measured"]["leap_status"] != "Not synchronised":
        return "ok", f"chronyd has {clock['state']} {clock['name']}, the clock of the host", None
    if age is not None and age < SETTLED:
        return "unknown", f"chronyd started {age:.0f} s ago, and has not chosen its sources yet", None
    if not clock["reachable"]:
        return "degraded", f"chronyd gets no samples of {clock['name']}, the clock of the host", restart
    chosen = time["measured"]["selected"] or "no source"
    return (
        "degraded",
        f"chronyd follows {chosen}: {clock['name']}, the clock of the host, is {clock['state']}",
        "see chronyc sources -v; the other sources disagree with the host, or are preferred",
    )


def _unit(root: Root, number: int) -> "str | None":
    """The system's unit that a process belongs to, None for those of users. Source: cgroups(7)."""
    groups = root.text(f"/proc/{number}/cgroup") or ""
    found = re.search(r"(?m)^\d+:(?:name=systemd)?:(?!/user\.slice)/.*?([\w.@:-]+)\.service(?:/|$)", groups)
    return found.group(1) if found else None


def _age(root: Root, number: int) -> "float | None":
    """Seconds that a process has run. Source: proc(5)."""
    uptime, status = root.text("/proc/uptime"), root.text(f"/proc/{number}/stat")
    if not uptime or not status:
        return None
    # The name, in parentheses, may hold spaces; starttime is the 22nd field.
    return float(uptime.split()[0]) - int(status.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
