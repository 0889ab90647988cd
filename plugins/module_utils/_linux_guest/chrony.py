# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What chrony is configured to. Source: chrony.conf(5)."""

import fnmatch
import os
from typing import Any, Iterator

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root

PTP_LINK = "/dev/ptp_hyperv"
_MAIN = ("/etc/chrony/chrony.conf", "/etc/chrony.conf")
_DEEPEST = 10
# What the role linux_guest writes: its files, and the marks around its lines in the main file.
PTP_RULE = "/etc/udev/rules.d/61-linux-guest-ptp.rules"
SERVERS = "linux_guest.sources"
_ROLE_FILES = (
    "/etc/chrony/conf.d/linux_guest.conf",
    "/etc/chrony.d/linux_guest.conf",
    "/etc/chrony/chrony_linux_guest.conf",
    "/etc/chrony_linux_guest.conf",
    f"/etc/chrony/sources.d/{SERVERS}",
    "/etc/systemd/system/chrony.service.d/linux_guest.conf",
    "/etc/systemd/system/chronyd.service.d/linux_guest.conf",
    PTP_RULE,
)
_MARKS = ("# BEGIN hyperv.integration.linux_guest", "# END hyperv.integration.linux_guest")
# The header of the template of fedora.linux_system_roles.timesync.
_TIMESYNC = "system_role:timesync"
TIMESYNC = "fedora.linux_system_roles.timesync"


def read_configuration(root: Root, device: "str | None", words: "list[str]") -> "dict[str, Any]":
    """`configuration`, `uses_ptp`, `refclock`, `makestep`, `managed_by` and `written` of the facts.

    device: of the host's clock. words: the command line of the running chronyd, empty without one.
    """
    path = _named(words) or next((path for path in _MAIN if root.exists(path)), None)
    before = set(root.denied)
    lines = list(chrony_lines(root, path)) if path else []
    denied = bool(root.denied - before)
    clock = next(((file, line) for file, line in lines if is_host_clock(root, line, device)), None)
    steps = [line for _file, line in lines if line.split()[0].lower() == "makestep"]
    text = (root.text(path) or "") if path else ""
    return {
        "configuration": path,
        "uses_ptp": True if clock else None if denied else False,
        "refclock": {"path": clock[0], "line": clock[1]} if clock else None,
        "makestep": " ".join(steps[-1].split()[1:]) if steps else None,  # the last one holds
        "managed_by": TIMESYNC if _TIMESYNC in "".join(text.splitlines(True)[:20]) else None,
        "written": {"files": [file for file in _ROLE_FILES if root.exists(file)], "lines": _marked(text)},
    }


def chrony_lines(root: Root, path: str, depth: int = 0) -> "Iterator[tuple[str, str]]":
    """(file, line) of a configuration with what it includes."""
    for line in (root.text(path) or "").splitlines():
        words = line.split()
        if not words or words[0][0] in "!;#%":
            continue
        directive = words[0].lower()
        if depth < _DEEPEST and directive == "include" and len(words) > 1:
            folder, pattern = os.path.split(words[1])
            names = [name for name in root.names(folder) if fnmatch.fnmatchcase(name, pattern)]
            for name in names:
                yield from chrony_lines(root, os.path.join(folder, name), depth + 1)
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
            yield path, line.strip()


def is_host_clock(root: Root, line: str, device: "str | None") -> bool:
    """Whether a line of chrony's configuration names the PTP clock of the host."""
    words = line.split()
    if len(words) < 3 or words[0].lower() != "refclock" or words[1].upper() != "PHC":
        return False
    path = words[2].split(":")[0]  # options follow a colon, as in /dev/ptp0:nocrossts
    return path == PTP_LINK or (device is not None and device in (path, root.real(path)))


def _named(words: "list[str]") -> "str | None":
    """The file that chronyd was given (`-f PATH` or `-fPATH`), as on Fedora CoreOS."""
    for word, following in zip(words, [*words[1:], ""]):
        if word == "-f":
            return following or None
        if word.startswith("-f"):
            return word[2:]
    return None


def _marked(text: str) -> "list[str]":
    lines = text.splitlines()
    if not all(mark in lines for mark in _MARKS):
        return []
    begin, end = (lines.index(mark) for mark in _MARKS)
    return lines[begin + 1 : end]
