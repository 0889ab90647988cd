# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Where the guest's clock takes its time from, and whether the host's clock is among its sources."""

import fnmatch
import os
from typing import Any, Iterator

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.processes import Processes

PTP_LINK = "/dev/ptp_hyperv"
# Program -> what it is. Cut after 15 characters where only the kernel's name of a process is known.
_PROGRAMS = {
    "chronyd": "chrony",
    "systemd-timesyncd": "systemd-timesyncd",
    "systemd-timesyn": "systemd-timesyncd",
    "ntpd": "ntpd",
    "openntpd": "ntpd",
    "ntpsec": "ntpd",
}
_CHRONY = ("/etc/chrony/chrony.conf", "/etc/chrony.conf")
_DEEPEST = 10


def read_clock(root: Root, processes: Processes) -> "dict[str, Any]":
    """`time` of the facts. uses_ptp is what chrony is configured to, not what it has chosen."""
    device = find_ptp_device(root)
    source = next((name for program, name in _PROGRAMS.items() if processes.running([program]) is not None), "none")
    uses_ptp: bool | None = False
    configuration = next((path for path in _CHRONY if root.exists(path)), None)
    if configuration:
        before = set(root.denied)
        lines = list(chrony_lines(root, configuration))
        uses_ptp = any(is_host_clock(root, line, device) for line in lines)
        if not uses_ptp and root.denied - before:
            uses_ptp = None
    return {
        "ptp_device": device,
        "ptp_link": PTP_LINK if root.exists(PTP_LINK) or root.link(PTP_LINK) else None,
        "clock_source": source,
        "uses_ptp": uses_ptp,
        "configuration": configuration,
    }


def find_ptp_device(root: Root) -> "str | None":
    """The PTP clock of hv_utils. With a second one in the guest (mlx5) /dev/ptp0 may be the other."""
    for name in root.names("/sys/class/ptp"):
        if root.line(f"/sys/class/ptp/{name}/clock_name") == "hyperv":
            return f"/dev/{name}"
    return None


def chrony_lines(root: Root, path: str, depth: int = 0) -> Iterator[str]:
    """The lines of a chrony configuration with what it includes. Source: chrony.conf(5)."""
    for line in (root.text(path) or "").splitlines():
        words = line.split()
        if not words or words[0][0] in "!;#%":
            continue
        directive = words[0].lower()
        if depth < _DEEPEST and directive == "include" and len(words) > 1:
            folder, pattern = os.path.split(words[1])
            names = [name for name in root.names(folder) if fnmatch.fnmatchcase(name, pattern)]
            for name in names:
                yield from chrony_lines(root, f"{folder}/{name}", depth + 1)
        elif depth < _DEEPEST and directive == "confdir":
            # A file in an earlier directory hides those of the same name in later ones.
            files: dict[str, str] = {}
            for folder in words[1:]:
                for name in root.names(folder):
                    if name.endswith(".conf"):
                        files.setdefault(name, f"{folder}/{name}")
            for name in sorted(files):
                yield from chrony_lines(root, files[name], depth + 1)
        else:
            yield line.strip()


def is_host_clock(root: Root, line: str, device: "str | None") -> bool:
    """Whether a line of chrony's configuration names the PTP clock of the host."""
    words = line.split()
    if len(words) < 3 or words[0].lower() != "refclock" or words[1].upper() != "PHC":
        return False
    path = words[2].split(":")[0]  # options follow a colon, as in /dev/ptp0:nocrossts
    return path == PTP_LINK or (device is not None and device in (path, root.real(path)))
