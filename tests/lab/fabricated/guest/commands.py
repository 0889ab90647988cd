# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of a fabricated guest."""

from __future__ import annotations

import os
import sys

import state  # type: ignore[import-not-found]  # beside this file in the guest


def systemctl(words: list[str]) -> int:
    options = [word for word in words if word.startswith("-")]
    verb, *units = [word for word in words if not word.startswith("-") and "," not in word]
    if verb in ("daemon-reload",):
        return 0
    units = [unit if unit.endswith(".device") else state.full(unit) for unit in units]
    if verb == "show":
        show(units, "--property" in options)
        return 0
    (unit,) = units
    if verb in ("is-enabled", "is-active"):
        answer = state.enabled(unit) if verb == "is-enabled" else state.active_state(unit)
        print(answer)
        return 0 if answer in ("enabled", "static", "active") else 1
    state.log(f"systemctl {verb} {unit}")
    return change(verb, unit)


def change(verb: str, unit: str) -> int:
    here = f"/etc/systemd/system/{unit}"
    wants = f"/etc/systemd/system/multi-user.target.wants/{unit}"
    if verb == "mask":
        state.link("/dev/null", here)
    elif verb == "unmask":
        if os.path.islink(here):
            os.unlink(here)
    elif verb == "enable":
        state.link(f"/usr/lib/systemd/system/{unit}", wants)
    elif verb == "disable":
        if os.path.lexists(wants):
            os.unlink(wants)
    elif verb == "stop":
        state.stop(unit)
    elif verb in ("start", "restart"):
        if verb == "restart":
            state.stop(unit)
        error = state.start(unit)
        print(error, file=sys.stderr)
        return 1 if error else 0
    else:
        print(f"Unknown command verb {verb}.", file=sys.stderr)
        return 1
    return 0


def show(units: list[str], chosen: bool) -> None:
    import udev  # type: ignore[import-not-found]  # beside this file in the guest

    blocks = []
    for unit in units:
        if unit.endswith(".device"):  # one that systemd does not know is shown so, too (measured)
            blocks.append(f"Id={unit}\nLoadState=loaded\nActiveState={'active' if udev.knows(unit) else 'inactive'}\n")
            continue
        text = state.unit_text(unit)
        load = {"": "not-found", "masked": "masked"}.get(text, "loaded")
        bound = state.first(r"(?m)^BindsTo=(\S+)$", text).replace("\\", "\\\\")
        shown = f'"{bound}"' if bound else ""  # quoted like this (measured with 252)
        blocks.append(
            f"Id={unit}\nLoadState={load}\nActiveState={state.active_state(unit)}\nSubState=\n"
            f"UnitFileState={state.enabled(unit)}\nBindsTo={shown}\n"
        )
    print("\n".join(blocks), end="")


def modprobe(words: list[str]) -> int:
    state.log(f"modprobe {' '.join(words)}")
    if state.load_module(words[-1]):
        return 0
    print(f"modprobe: FATAL: Module {words[-1]} not found or kept out.", file=sys.stderr)
    return 1


def udevadm(words: list[str]) -> int:
    if words[0] == "trigger":
        import udev

        state.log(f"udevadm {' '.join(words)}")
        udev.trigger(words[1:])
    return 0


def chronyd(words: list[str]) -> int:
    version = state.guest()["chrony"]["version"]
    if "-v" in words:
        print(f"chronyd (chrony) version {version} (+CMDMON +NTP +REFCLOCK +RTC +PRIVDROP)")
        return 0
    if "-p" not in words or float(version) < 4.0:  # its NEWS: -p is new in 4.0
        print("chronyd: invalid option", file=sys.stderr)
        return 1
    main = words[words.index("-f") + 1] if "-f" in words else state.guest()["chrony"]["main"]
    lines, error = state.chrony_read(main)
    print(*lines, sep="\n")
    print(error, file=sys.stderr)
    return 1 if error else 0


def chronyc(words: list[str]) -> int:
    """Only what linux_guest_info asks: `-n -c -m tracking sources`; the columns are those of 4.3 (measured)."""
    if not (state.running("chrony.service") or state.running("chronyd.service") or state.running("chronyd")):
        print("506 Cannot talk to daemon")
        return 1
    clocks = state.read("/run/chrony.sources").splitlines()
    reached = bool(clocks) and os.path.exists(clocks[0].split()[2])
    name = "PHC0" if reached else "192.0.2.1"
    print(
        f"50484330,{name},3,1796061076.389,0.000000213,-0.000000101,0.000000442,-11.2,0.001,0.034,0.0,0.00001,8.0,Normal"
    )
    if clocks:
        print(f"#,{'*' if reached else '?'},PHC0,2,3,{377 if reached else 0},5,0.000000012,-0.000000345,0.000001")
    print(f"^,{'-' if reached else '*'},192.0.2.1,2,6,377,33,0.0001,0.0001,0.01")
    return 0


def rc_service(words: list[str]) -> int:
    name, verb = [word for word in words if not word.startswith("-")][:2]
    if not os.path.exists(f"/etc/init.d/{name}"):
        print(f" * rc-service: service `{name}' does not exist", file=sys.stderr)
        return 1
    if verb == "status":
        runs = bool(state.running(name))
        print(f" * status: {'started' if runs else 'stopped'}")
        return 0 if runs else 3
    state.log(f"rc-service {name} {verb}")
    if verb in ("stop", "restart"):
        state.end(name)
        if os.path.lexists(f"/run/openrc/started/{name}"):
            os.unlink(f"/run/openrc/started/{name}")
    if verb in ("start", "restart"):
        program = state.read(f"/etc/init.d/{name}").partition("command=")[2].split()[0]
        error = state.start_chrony(name, program) if "chronyd" in program else state.start_daemon(name, program)
        if error or not state.running(name):
            print(error or f" * ERROR: {name} failed to start", file=sys.stderr)
            return 1
        state.link(f"/etc/init.d/{name}", f"/run/openrc/started/{name}")
    return 0


def rc_update(words: list[str]) -> int:
    if words[0] in ("show", "-s"):
        for name in sorted(os.listdir("/etc/runlevels/default")):
            print(f" {name} | default")
        return 0
    state.log(f"rc-update {' '.join(words)}")
    verb, name = words[:2]
    path = f"/etc/runlevels/default/{name}"
    if verb == "add":
        state.link(f"/etc/init.d/{name}", path)
    elif os.path.lexists(path):
        os.unlink(path)
    return 0


def host(words: list[str]) -> int:
    """No command of a guest's: `host enable SERVICE`, `host disable SERVICE` for the tests."""
    {"enable": state.offer, "disable": state.withdraw}[words[0]](words[1])
    return 0


def uname(words: list[str]) -> int:
    print(
        {"-m": state.guest()["architecture"], "-r": state.guest()["kernel"]}.get(
            "".join(words), state.guest()["system"]
        )
    )
    return 0


def dmesg(words: list[str]) -> int:
    group = {"VBS": "0x1", "SNP": "0xba2", "TDX": "0xba3"}.get(state.guest()["isolation"], "0x0")
    if state.guest()["hyperv"]:
        print(f"[    0.000000] Hyper-V: Isolation Config: Group A 0x1, Group B {group}")
    return 0


def systemd_detect_virt(words: list[str]) -> int:
    print("none" if "--cvm" in words or not state.guest()["hyperv"] else "microsoft")
    return 0


def dnf(words: list[str]) -> int:
    names = state.missing_packages(words[words.index("install") + 1 :])
    state.install(names)
    print("Complete!" if names else "Nothing to do.")
    return 0


def rpm_ostree(words: list[str]) -> int:
    return 0 if layered([word for word in words[1:] if not word.startswith("-")]) else 77


def transactional_update(words: list[str]) -> int:
    if layered(words[words.index("install") + 1 :]):
        print("New default snapshot is #2 (/.snapshots/2/snapshot).")
    return 0


def layered(names: list[str]) -> bool:
    """Put packages into the system of the next boot; whether that changed it."""
    path = "/var/lib/fabricated/next_boot"
    there = state.read(path).split()
    state.missing_packages(names)  # an unknown one is an error
    state.write(path, "\n".join(sorted({*there, *names})))
    return not set(names) <= set(there)


COMMANDS = {
    "chronyc": chronyc,
    "chronyd": chronyd,
    "dmesg": dmesg,
    "dnf": dnf,
    "host": host,
    "modprobe": modprobe,
    "rc-service": rc_service,
    "rc-update": rc_update,
    "rpm-ostree": rpm_ostree,
    "systemctl": systemctl,
    "systemd-detect-virt": systemd_detect_virt,
    "transactional-update": transactional_update,
    "udevadm": udevadm,
    "uname": uname,
}
