# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""udev in a fabricated guest, and what systemd knows of devices by it.

Behaves as was measured with systemd 252 and a real kernel, or read in udev(7) and systemd.device(5):

* an event is processed with the rules that lie in the guest at that time; later rules change nothing until another
  event comes (`udevadm trigger`, a boot, the device again);
* systemd has a unit for a device only when an event has tagged it: TAG+="systemd";
* SYSTEMD_WANTS starts units when systemd comes to know the device, and those that a later event adds.
"""

from __future__ import annotations

import os
import re

import state  # type: ignore[import-not-found]  # beside this file in the guest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TRY_RESTART = "/bin/systemctl --no-block try-restart "
# Name of a device unit -> the units that it wants, one a line.
KNOWN = "/run/fabricated-devices"
MISC = "/sys/devices/virtual/misc"
RULES = ("/usr/lib/udev/rules.d", "/run/udev/rules.d", "/etc/udev/rules.d")
# KEY, the name in braces, the operator, the value. A quoted value ends at the next quote.
WORD = re.compile(r'(\w+)(?:{([^}]*)})?\s*(==|!=|\+=|:=|=)\s*"([^"]*)"')


def rules() -> list[list[tuple[str, str, str, str]]]:
    """The words of each line: files by name, a later directory's file in place of one of the same name."""
    files: dict[str, str] = {}
    for folder in RULES:
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            files[name] = state.read(f"{folder}/{name}")
    text = "".join(files[name] + "\n" for name in sorted(files))
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return [WORD.findall(line) for line in lines if line.strip()]


def devices() -> list[tuple[str, str]]:
    """(path in sysfs, subsystem) of each device."""
    folders = ((f"{state.VMBUS}/devices", "vmbus"), (MISC, "misc"), ("/sys/class/ptp", "ptp"))
    found = [(f"{folder}/{name}", kind) for folder, kind in folders for name in state.names(folder)]
    uio = f"{state.COPY_DEVICE}/uio"
    return found + [(f"{uio}/{name}", "uio") for name in state.names(uio)]


def escape(path: str) -> str:
    """The name of a device's unit, as systemd-escape --path makes it."""
    return re.sub(r"[^\w./:]", lambda c: f"\\x{ord(c[0]):02x}", path.strip("/")).replace("/", "-") + ".device"


def trigger(words: list[str]) -> None:
    """`udevadm trigger`, with the options that are used here."""
    import fnmatch

    options = [word.partition("=")[::2] for word in words]
    action = next((value for name, value in options if name == "--action"), "change")
    kinds = [value for name, value in options if name == "--subsystem-match"]
    names = [value for name, value in options if name == "--sysname-match"]
    paths = [word for word in words if word.startswith("/")]
    for path, kind in devices():
        named = any(fnmatch.fnmatchcase(os.path.basename(path), name) for name in names)
        if (not kinds or kind in kinds) and (not names or named) and (not paths or path in paths):
            process(path, kind, action)


def process(path: str, kind: str, action: str) -> None:
    """One event of a device."""
    kernel = os.path.basename(path).replace("!", "/")
    wants: list[str] = []
    aliases: list[str] = []
    programs: list[tuple[str, str]] = []
    tagged = False
    for words in rules():
        if not all(_holds(word, path, kind, kernel, action) for word in words if word[2] in ("==", "!=")):
            continue
        for key, name, operator, value in words:
            if operator in ("==", "!="):
                continue
            tagged = tagged or (key, value) == ("TAG", "systemd")
            if (key, name) == ("ENV", "SYSTEMD_WANTS"):
                wants += value.split()
            elif (key, name) == ("ENV", "SYSTEMD_ALIAS"):
                aliases += value.split()
            elif key == "SYMLINK":
                state.link(kernel, f"/dev/{value}")
            elif key == "RUN":
                programs.append((name, value))
    for name, value in programs:
        _run(name, value)
    if tagged:
        _tell_systemd([path, f"/dev/{kernel}", *aliases], wants)


def _holds(word: tuple[str, str, str, str], path: str, kind: str, kernel: str, action: str) -> bool:
    import fnmatch

    key, name, operator, value = word
    found = {"ACTION": [action], "SUBSYSTEM": [kind], "KERNEL": [kernel]}.get(key)
    if key in ("ATTR", "ATTRS"):
        parents = list(_parents(path)) if key == "ATTRS" else []
        found = [state.read(f"{folder}/{name}").strip() for folder in (path, *parents)]
    if found is None:
        raise ValueError(f"the stand-in of udev does not know {key} in a rule")
    matches = any(fnmatch.fnmatchcase(text, pattern) for text in found for pattern in value.split("|"))
    return matches == (operator == "==")


def _parents(path: str) -> Iterator[str]:
    while path.count("/") > 1:
        path = os.path.dirname(path)
        yield path


def _run(name: str, value: str) -> None:
    if (name, value) == ("builtin", "kmod load uio_hv_generic"):
        state.load_module("uio_hv_generic")
    elif state.COPY_CLASS in value and "new_id" in value:
        state.bind_copy()
    elif value.startswith(TRY_RESTART):
        unit = value.removeprefix(TRY_RESTART)
        if state.running(unit):
            state.stop(unit)
            state.start(unit)
    else:
        raise ValueError(f"the stand-in of udev does not know the program {value}")


def _tell_systemd(paths: list[str], wants: list[str]) -> None:
    units = [escape(path) for path in paths]
    before = state.read(f"{KNOWN}/{units[0]}").split()
    for unit in units:
        state.write(f"{KNOWN}/{unit}", "\n".join(wants))
    for unit in wants:
        if unit not in before:
            state.start(unit)


def knows(unit: str) -> bool:
    """Whether systemd has a device unit."""
    return os.path.exists(f"{KNOWN}/{unit}")


def forget(path: str) -> None:
    """A device is gone, and systemd stops what is bound to its unit."""
    for unit in (escape(path), escape("/dev/" + os.path.basename(path).replace("!", "/"))):
        if knows(unit):
            os.unlink(f"{KNOWN}/{unit}")
