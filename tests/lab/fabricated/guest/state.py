# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the stand-ins in a fabricated guest know and do: devices, packages, units and processes, all of them files.

Runs inside of the guest with nothing but the standard library. Behaves as was measured or read of the real tools:

* a unit that is bound to a device (BindsTo) does not start without the unit of that device, which udev.py makes:
  quietly when no After orders it behind the device (Debian), else with a failed dependency (Ubuntu, RHEL family), which
  the real systemd reports after 90 seconds: nobody waits here, and the ledger has it;
* a unit whose conditions do not hold does not start, and that is no error;
* a daemon ends when it cannot open its device, chronyd when its reference clock has no device.
"""

from __future__ import annotations

import os

# systemctl alone runs some hundred times in a test, so what is slow to import is imported where it is used.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HOME = "/usr/lib/fabricated"
STATE = "/var/lib/fabricated"
VMBUS = "/sys/bus/vmbus"
COPY_CLASS = "34d14be3-dee4-41c8-9ae7-6b174977c192"
COPY_DEVICE = f"{VMBUS}/devices/eb765408-105f-49b6-b4aa-c123b64d17d4"
UNIT_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")
CHRONY_DIRECTIVES = {
    *("leapseclist", "local"),
    *("confdir", "driftfile", "include", "keyfile", "leapsectz", "logdir", "makestep", "maxupdateskew", "ntsdumpdir"),
    *("pool", "refclock", "rtcsync", "server", "sourcedir"),
}


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def write(path: str, text: str, mode: int = 0o644) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def names(path: str) -> list[str]:
    return sorted(os.listdir(path)) if os.path.isdir(path) else []


def link(target: str, path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    os.symlink(target, path)


def first(pattern: str, text: str) -> str:
    """What the group of a pattern matches, nothing when it does not."""
    import re

    found = re.search(pattern, text)
    return found[1] if found else ""


def log(what: str) -> None:
    """The ledger: every change that a stand-in was asked for, one a line."""
    os.makedirs(STATE, exist_ok=True)
    with open(f"{STATE}/ledger", "a", encoding="utf-8") as file:
        file.write(what + "\n")


def guest() -> dict[str, Any]:
    """What this guest was built from."""
    import json

    found: dict[str, Any] = json.loads(read(f"{HOME}/guest.json"))
    return found


# --- kernel


def load_module(name: str) -> bool:
    """`modprobe`: an install line decides, a blacklist does not hinder who names the module."""
    import re

    kernel = read("/proc/sys/kernel/osrelease").strip()
    for folder in ("/etc/modprobe.d", "/usr/lib/modprobe.d"):
        for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if re.search(rf"(?m)^install\s+{name}\s+/bin/(false|true)", read(f"{folder}/{file}")):
                return False
    if f"/{name}.ko" not in read(f"/usr/lib/modules/{kernel}/modules.dep"):
        return False
    write(f"/sys/module/{name}/initstate", "live\n")
    write(f"{VMBUS}/drivers/{name}/new_id", "")
    if name == "hv_utils":
        bind_hv_utils()
    return True


def bind_hv_utils() -> None:
    """The driver takes its devices."""
    for key, device in guest()["devices"].items():
        if os.path.isdir(f"{VMBUS}/devices/{device['instance']}"):
            bind(key)


def bind(key: str) -> None:
    """hv_utils takes the device of a service and makes its node; udev gets the events of what is new."""
    import udev  # type: ignore[import-not-found]  # beside this file in the guest

    device = guest()["devices"][key]
    if device["driver"] != "hv_utils":
        return
    link("../../drivers/hv_utils", f"{VMBUS}/devices/{device['instance']}/driver")
    if device["node"]:
        write(device["node"], "")
        path = f"{udev.MISC}/{device['node'][len('/dev/') :].replace('/', '!')}"
        write(f"{path}/uevent", f"DEVNAME={device['node'][len('/dev/') :]}\n")
        udev.process(path, "misc", "add")
    clock = guest()["clock"]
    if key == "time_synchronization" and clock:
        write(f"/sys/class/ptp/{clock['name']}/clock_name", "hyperv\n")
        write(f"/dev/{clock['name']}", "")
        udev.process(f"/sys/class/ptp/{clock['name']}", "ptp", "add")


def bind_copy() -> None:
    """uio_hv_generic takes the device of file copy."""
    import udev

    if os.path.isdir(COPY_DEVICE) and not os.path.exists(f"{COPY_DEVICE}/driver"):
        load_module("uio_hv_generic")
        link("../../drivers/uio_hv_generic", f"{COPY_DEVICE}/driver")
        os.makedirs(f"{COPY_DEVICE}/uio/uio0", exist_ok=True)
        write("/dev/uio0", "")
        udev.process(f"{COPY_DEVICE}/uio/uio0", "uio", "add")


def offer(key: str) -> None:
    """The host enables a service: its device comes."""
    import udev

    device = guest()["devices"][key]
    folder = f"{VMBUS}/devices/{device['instance']}"
    write(f"{folder}/class_id", f"{{{device['class']}}}\n")
    write(f"{folder}/device_id", f"{{{device['instance']}}}\n")
    write(f"{folder}/driver_override", "(null)\n")
    udev.process(folder, "vmbus", "add")
    if device["driver"] == "hv_utils" and os.path.exists("/sys/module/hv_utils"):
        bind(key)
    elif device["driver"] != "hv_utils" and guest()["binds_copy"]:
        bind_copy()


def withdraw(key: str) -> None:
    """The host disables a service: its device goes, and the daemon ends (measured: whether bound to it or not)."""
    import shutil

    import udev

    device = guest()["devices"][key]
    node = device["node"] or "/dev/uio0"
    for unit in names("/run/fabricated"):
        if os.path.lexists(f"/proc/{running(unit)}/fd/3") and os.readlink(f"/proc/{running(unit)}/fd/3") == node:
            end(unit)
    folder = f"{VMBUS}/devices/{device['instance']}"
    misc = f"{udev.MISC}/{node[len('/dev/') :].replace('/', '!')}"
    for path in (misc, f"{folder}/uio/uio0", folder):
        udev.forget(path)
        shutil.rmtree(path, ignore_errors=True)
    if os.path.exists(node):
        os.unlink(node)


# --- processes


def spawn(unit: str, program: str, node: str) -> None:
    number = max([300, *(int(name) for name in os.listdir("/proc") if name.isdigit())]) + 1
    write(f"/proc/{number}/cmdline", f"{program}\0-n\0")
    write(f"/proc/{number}/comm", os.path.basename(program)[:15] + "\n")
    write(f"/proc/{number}/cgroup", f"0::/system.slice/{unit}\n" if unit.endswith(".service") else "0::/\n")
    os.makedirs(f"/proc/{number}/fd", exist_ok=True)
    if node:
        link(node, f"/proc/{number}/fd/3")
    write(f"/run/fabricated/{unit}", f"{number}\n")


def running(unit: str) -> str:
    return read(f"/run/fabricated/{unit}").strip()


def end(unit: str) -> None:
    import shutil

    number = running(unit)
    if number:
        shutil.rmtree(f"/proc/{number}", ignore_errors=True)
        os.unlink(f"/run/fabricated/{unit}")


# --- units of systemd


def full(unit: str) -> str:
    return unit if "." in unit.rpartition("/")[2] and unit.endswith(".service") else f"{unit}.service"


def unit_text(unit: str) -> str:
    """The text of a unit, `masked`, or nothing."""
    for folder in UNIT_FOLDERS:
        path = f"{folder}/{unit}"
        if os.path.islink(path) and os.readlink(path) == "/dev/null":
            return "masked"
        if os.path.exists(path):
            return read(path)
    return ""


def enabled(unit: str) -> str:
    text = unit_text(unit)
    if text in ("", "masked"):
        return text or "not-found"
    if "WantedBy=" not in text:
        return "static"
    return "enabled" if os.path.lexists(f"/etc/systemd/system/multi-user.target.wants/{unit}") else "disabled"


def condition_holds(line: str) -> bool:
    name, _equals, value = line.partition("=")
    negated, value = value.startswith("!"), value.lstrip("!")
    if name in ("ConditionPathExists", "ConditionPathIsDirectory"):
        return os.path.exists(value) != negated
    if name == "ConditionVirtualization":
        return bool((value == "microsoft") == guest()["hyperv"])
    return True


def start(unit: str) -> str:
    """Start a unit; return an error text, empty when systemctl would end with 0."""
    import re

    import udev

    unit = full(unit)
    text = unit_text(unit)
    if text == "masked":
        return f"Failed to start {unit}: Unit {unit} is masked."
    if not text:
        return f"Failed to start {unit}: Unit {unit} not found."
    if running(unit):
        return ""
    device = first(r"(?m)^BindsTo=(\S+\.device)$", text)
    if device and not udev.knows(device):
        if not re.search(rf"(?m)^After=(.* )?{re.escape(device)}( |$)", text):
            return ""
        log(f"waited 90 s for {device}")
        return f"A dependency job for {unit} failed. See 'journalctl -xe' for details."
    if not all(condition_holds(line) for line in re.findall(r"(?m)^Condition\w+=.*$", text)):
        return ""
    if "new_id" in "".join(re.findall(r"(?m)^ExecStartPre=.*$", text)):
        bind_copy()
        if running(unit):  # by a rule that starts it as soon as the device is there: there is one job for a unit
            return ""
    program = first(r"(?m)^ExecStart=(\S+)", text)
    if "/" not in program:
        program = f"/usr/sbin/{program}"  # systemd looks for it where programs are
    if os.path.basename(program) == "chronyd":
        return start_chrony(unit, program)
    return start_daemon(unit, program)


def start_daemon(unit: str, program: str) -> str:
    kernel = read("/proc/sys/kernel/osrelease").strip()
    name = os.path.basename(program)
    missing = "linux-tools" in read(program) and not os.path.exists(f"/usr/lib/linux-tools/{kernel}/{name}")
    node = "/dev/uio0" if "uio" in name else f"/dev/vmbus/hv_{first('(kvp|vss|fcopy)', name)}"
    if not os.access(program, os.X_OK) or missing or not os.path.exists(node):
        write(f"/run/fabricated/{unit}.failed", "")
        return ""  # Type=simple: systemctl does not wait for what the daemon says
    if os.path.exists(f"/run/fabricated/{unit}.failed"):
        os.unlink(f"/run/fabricated/{unit}.failed")
    spawn(unit, program, node)
    return ""


def start_chrony(unit: str, program: str) -> str:
    """Start chronyd, after what the drop-ins of its unit have done. It opens its clocks now or never."""
    for words in pre_commands(unit):
        import subprocess

        subprocess.run(words, check=False)
    lines, error = chrony_read(guest()["chrony"]["main"])
    for line in lines:
        words = line.split()
        if words[:2] == ["refclock", "PHC"] and "optional" not in words and not os.path.exists(words[2]):
            error = f"Fatal error : Could not open PHC {words[2]}"
    if error:
        write(f"/run/fabricated/{unit}.failed", "")
        return f"Job for {unit} failed because the control process exited with error code."
    spawn(unit, program, "")
    write("/run/chrony.sources", "".join(f"{line}\n" for line in lines if line.startswith("refclock PHC")))
    if "Conflicts=systemd-timesyncd.service" in unit_text(unit):
        end("systemd-timesyncd.service")
    return ""


def pre_commands(unit: str) -> list[list[str]]:
    """The commands of `ExecStartPre=` in a unit's drop-ins. Source: systemd.service(5), systemd.unit(5)."""
    import re
    import shlex

    folder = f"/etc/systemd/system/{unit}.d"
    texts = [read(f"{folder}/{name}") for name in sorted(os.listdir(folder))] if os.path.isdir(folder) else []
    return [shlex.split(line.lstrip("-+!@")) for text in texts for line in re.findall(r"(?m)^ExecStartPre=(.*)$", text)]


def stop(unit: str) -> None:
    end(full(unit))


def active_state(unit: str) -> str:
    if running(unit):
        return "active"
    return "failed" if os.path.exists(f"/run/fabricated/{unit}.failed") else "inactive"


# --- chrony


def chrony_lines(path: str) -> list[str]:
    """The lines of chrony's configuration with what it includes."""
    return chrony_read(path)[0]


def chrony_read(path: str) -> tuple[list[str], str]:
    """The lines of chrony's configuration with what it includes, and with what chronyd ends over them.

    Measured with 4.0 and 4.3: a pattern without a match is none, a file or a directory that is missing is.
    """
    if not apparmor_lets_read(path):
        return [], f"Fatal error : Could not open {path} : Permission denied"
    if not os.path.exists(path):
        return [], f"Fatal error : Could not open {path} : No such file or directory"
    lines: list[str] = []
    for line in read(path).splitlines():
        words = line.split()
        if not words or words[0][0] in "#!;%":
            continue
        lines.append(line.strip())
        if words[0] not in CHRONY_DIRECTIVES:
            return lines, f"Fatal error : Invalid directive in file {path}"
        if words[0] == "refclock" and "optional" in words and float(guest()["chrony"]["version"]) < 4.9:  # NEWS of 4.9
            return lines, f"Fatal error : Invalid refclock option in file {path}"
        for name in included(words):
            more, error = chrony_read(name)
            lines += more
            if error:
                return lines, error
        if words[0] == "include" and not os.path.isdir(os.path.dirname(words[1])):
            return lines, f"Fatal error : Could not search for files matching {words[1]}"
    return lines, ""


def included(words: list[str]) -> list[str]:
    import fnmatch

    if words[0] not in ("confdir", "include"):
        return []
    folder, pattern = (words[1], "*.conf") if words[0] == "confdir" else os.path.split(words[1])
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [f"{folder}/{name}" for name in names if fnmatch.fnmatchcase(name, pattern)]


def apparmor_lets_read(path: str) -> bool:
    """Whether the profile of the package lets chronyd read a file, which AppArmor asks of the file that is meant."""
    import re

    if not os.path.exists("/etc/apparmor.d/usr.sbin.chronyd"):
        return True
    return bool(re.match(r"/etc/chrony/|/etc/chrony\.|/run/timemaster/", os.path.realpath(path)))


# --- packages


def installed() -> set[str]:
    return set(read(f"{STATE}/packages").split())


def stand_in(command: str) -> str:
    """The text of a program that one of our commands plays."""
    return f'#!/bin/sh\nexec {guest()["python"]} -IS {HOME}/command.py {command} "$@"\n'


def without_module() -> str:
    """Why Ansible has no module for the package manager; empty when it has."""
    if os.path.exists("/run/ostree-booted"):  # ansible_pkg_mgr is atomic_container then
        return 'Could not find a matching action for the "atomic_container" package manager.'
    if os.path.exists("/usr/lib/python3.6/site-packages/dnf"):
        return "Could not import the dnf python module using this interpreter"
    return ""


def lists(renew: bool) -> bool:
    """Whether the package manager knows any packages, after it was perhaps told to renew its lists."""
    path = guest()["lists"]
    if path and renew:
        write(path, "")
    return path is None or os.path.exists(path)


def missing_packages(names: list[str]) -> list[str]:
    """Those of the packages that are not installed yet, with what they need. Raises KeyError for an unknown one."""
    known = guest()["packages"]
    found: list[str] = []

    def add(name: str) -> None:
        package = known[name]
        if name not in installed() and name not in found:
            for other in package.get("requires", ()):
                add(other)
            found.append(name)

    for name in names:
        add(name)
    return found


def install(packages: list[str], scripts: bool = True) -> None:
    """Unpack the recorded files of all packages, then do what the scripts of each do."""
    import re

    known = guest()["packages"]
    for name in packages:
        log(f"install {name}")
        for path, text in known[name].get("files", {}).items():
            if text.startswith("-> "):
                link(text[3:].strip(), path)
                continue
            if path in ("/usr/sbin/chronyd", "/usr/bin/chronyc"):
                text = stand_in(os.path.basename(path))
            write(path, text, 0o755 if "/bin/" in path or "/sbin/" in path or "/init.d/" in path else 0o644)
            for folder in re.findall(r"(?m)^(?:confdir|sourcedir|include) (/etc/\S+)", text):
                os.makedirs(folder if "*" not in folder else os.path.dirname(folder), exist_ok=True)
        for unit in known[name].get("enables", ()):
            link(f"/usr/lib/systemd/system/{unit}", f"/etc/systemd/system/multi-user.target.wants/{unit}")
        write(f"{STATE}/packages", "\n".join(sorted(installed() | {name})) + "\n")
        if guest()["manager"] == "apt":
            write(f"/var/lib/dpkg/info/{name}.list", "")
        for other in known[name].get("removes", ()):
            end(f"{other}.service")
            if os.path.exists(f"/usr/lib/systemd/system/{other}.service"):
                os.unlink(f"/usr/lib/systemd/system/{other}.service")
    if scripts:
        for name in packages:
            run_scripts(known[name])


def run_scripts(package: dict[str, Any]) -> None:
    import udev

    if package.get("triggers"):
        udev.trigger([])
    for unit in package.get("starts", ()):
        start(unit)
