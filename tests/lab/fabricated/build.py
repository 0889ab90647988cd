# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds fabricated guests. Runs as root in a mount namespace of its own, which goes when this program ends.

Reads the recipes (JSON) from the file of the first argument, builds into the directory of the second, says `ready`, and
waits until its standard input is closed.
"""

from __future__ import annotations

import compileall
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "guest"
HOME = "usr/lib/fabricated"
COMMANDS = {
    "systemd": ("systemctl", "systemd-detect-virt", "udevadm"),
    "openrc": ("rc-service", "rc-update"),
    "rc": (),
}
COMMON = ("dmesg", "modprobe", "uname")
# What the machine that runs the tests may have and a guest must not, below /usr.
FOREIGN = (
    *(
        f"sbin/{name}"
        for name in ("chronyd", "hv_kvp_daemon", "hv_vss_daemon", "hv_fcopy_daemon", "hv_fcopy_uio_daemon")
    ),
    *(f"bin/{name}" for name in ("chronyc", "systemctl", "systemd-detect-virt", "udevadm", "rc-service", "initctl")),
    "lib/systemd/system",
    "lib/systemd/systemd",
    "lib/udev/rules.d",
    "lib/modprobe.d",
    "lib/modules",
    "lib/linux-tools",
    "lib/hyper-v",
    "libexec/hypervkvpd",
)


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def main() -> None:
    recipes = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    top = Path(sys.argv[2])
    mount("-t", "tmpfs", "tmpfs", str(top))
    # Compiled once, not at every start of a stand-in.
    stage = top / ".stage"
    shutil.copytree(HERE, stage, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(stage, stripdir=stage, prependdir=f"/{HOME}", quiet=1)
    (top / ".compiled").mkdir()
    for recipe in recipes:
        build(top / recipe["name"], recipe, stage)
        bind(str(top / ".compiled"), top / recipe["name"] / "root" / "opt" / "compiled")
    print("ready", flush=True)
    sys.stdin.read()


def build(home: Path, recipe: dict[str, Any], stage: Path) -> None:
    """A guest in home: root is its root, upper what differs from the machine's /usr."""
    root = home / "root"
    for name in ("usr", "etc", "var", "run", "tmp", "proc", "sys", "dev", "root"):
        (root / name).mkdir(parents=True)
    for name in ("upper", "work"):
        (home / name).mkdir()
    options = f"lowerdir=/usr,upperdir={home}/upper,workdir={home}/work"
    mount("-t", "overlay", "overlay", "-o", options, str(root / "usr"))
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            (root / name).symlink_to(os.readlink(f"/{name}"))
        elif Path("/", name).exists():
            bind(f"/{name}", root / name)
    base = Path(sys.base_prefix)
    if not base.is_relative_to("/usr"):
        bind(str(base), root / base.relative_to("/"))
    for name in ("null", "zero", "random", "urandom"):
        (root / "dev" / name).touch()
        mount("--bind", f"/dev/{name}", str(root / "dev" / name))
    remove_foreign(root)
    fill(root, recipe, stage)
    # The rest is what a boot would do, by the stand-ins themselves.
    subprocess.run(["chroot", str(root), sys.executable, "-IS", f"/{HOME}/boot.py"], check=True)


def bind(source: str, target: Path) -> None:
    target.mkdir(parents=True)
    mount("--bind", source, str(target))


def remove_foreign(root: Path) -> None:
    for name in FOREIGN:
        path = root / "usr" / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists() or path.is_symlink():
            path.unlink()


def fill(root: Path, recipe: dict[str, Any], stage: Path) -> None:
    """Everything that lies in files from the start."""
    release = "".join(f'{name}="{value}"\n' for name, value in recipe["os_release"].items())
    files = {
        "etc/os-release": release,
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "etc/group": "root:x:0:\n",
        f"{HOME}/guest.json": json.dumps({**recipe, "python": sys.executable}),
        "proc/sys/kernel/osrelease": recipe["kernel"] + "\n",
        "proc/cmdline": recipe["cmdline"] + "\n",
        "proc/mounts": "/dev/sda1 / ext4 rw,relatime 0 0\n",
        "proc/1/comm": recipe["init"] + "\n",
        "var/lib/fabricated/ledger": "",
        **{f"etc/modprobe.d/{name}": text for name, text in recipe["modprobe"].items()},
        **({recipe["lists"].lstrip("/"): ""} if recipe["lists"] and recipe["lists_there"] else {}),
        **{path.lstrip("/"): text for path, text in recipe["files"].items()},
    }
    if recipe["driver"] != "missing":
        drivers = "kernel/drivers/hv/hv_utils.ko:\nkernel/drivers/uio/uio_hv_generic.ko:\n"
        files[f"usr/lib/modules/{recipe['kernel']}/modules.dep"] = drivers
    else:
        files[f"usr/lib/modules/{recipe['kernel']}/modules.dep"] = "kernel/fs/ext4/ext4.ko:\n"
    if recipe["clock"] and recipe["clock"]["link"]:
        # Of newer systemd; absent in 247 (measured).
        rule = 'SUBSYSTEM=="ptp", ATTR{clock_name}=="hyperv", SYMLINK+="ptp_hyperv"\n'
        files["usr/lib/udev/rules.d/50-udev-default.rules"] = rule
    if recipe["container"]:
        files["run/systemd/container"] = recipe["container"] + "\n"
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    folders = {"systemd": ["run/systemd/system"], "openrc": ["run/openrc/started", "etc/runlevels/default"], "rc": []}
    for folder in [*folders[recipe["init"]], "run/fabricated", "usr/lib/systemd/system", "etc/udev/rules.d"]:
        (root / folder).mkdir(parents=True, exist_ok=True)
    if recipe["lists"]:
        (root / recipe["lists"].lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    if recipe["manager"] == "apk":
        (root / "etc/apk").mkdir()
    shutil.copytree(stage, root / HOME, dirs_exist_ok=True)
    for command in (*COMMANDS[recipe["init"]], *COMMON, *recipe["commands"]):
        script = root / "usr" / ("bin" if command in ("systemctl", "rpm-ostree") else "sbin") / command
        script.unlink(missing_ok=True)
        script.write_text(f'#!/bin/sh\nexec {sys.executable} -IS /{HOME}/command.py {command} "$@"\n', encoding="utf-8")
        script.chmod(0o755)


if __name__ == "__main__":
    main()
