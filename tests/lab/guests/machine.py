# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine has to have for Linux guests, and the Debian packages that bring it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

OS_RELEASE = Path("/etc/os-release")
FUSE = Path("/dev/fuse")
# command -> Debian package
FOR_ROOT_FILE_SYSTEMS = {"mmdebstrap": "mmdebstrap"}
FOR_GUESTS = {"systemd-nspawn": "systemd-container", "nsenter": "util-linux", "setpriv": "util-linux"}
FOR_FREEZES = {"mkfs.ext4": "e2fsprogs", "modprobe": "kmod"}
FOR_PODMAN = {"podman": "podman", "runc": "runc"}
FOR_VIRTUAL_MACHINES = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mke2fs": "e2fsprogs",
    "ssh": "openssh-client",
}
FOR_THE_SHIM = {"cc": "gcc"}
# Where the commands are that a user's PATH may leave out.
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
_installing = threading.Lock()


class LabError(Exception):
    """A guest cannot be had here; the message says why and what helps."""


def is_debian() -> bool:
    """Tell whether apt-get can bring what is missing."""
    try:
        lines = OS_RELEASE.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    names = " ".join(line.split("=", 1)[1].strip("\"'") for line in lines if line.startswith(("ID=", "ID_LIKE=")))
    return bool({"debian", "ubuntu"} & set(names.split()))


def path_of(command: str) -> str:
    """Return the path of a command, or its name when it is not there."""
    return shutil.which(command, path=PATH) or command


def packages_of(commands: dict[str, str]) -> list[str]:
    """Return the packages of the commands that are not installed."""
    found = {package for command, package in commands.items() if not shutil.which(command, path=PATH)}
    if "gcc" in found:
        found.add("libc6-dev")
    if "mmdebstrap" in found and not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
        found.add("debian-archive-keyring")  # Ubuntu leaves it out
    return sorted(found)


def asked_for() -> bool:
    """Tell whether guests are what is asked for (`make test-guests`, continuous integration), and not only welcome."""
    return bool(os.environ.get("HVIS_GUESTS")) or os.environ.get("CI") == "true"


def require(commands: dict[str, str], root: bool = True) -> None:
    """Return when all commands are there.  Raises LabError.

    Root on Debian or Ubuntu gets them by apt-get, and is told, where guests are asked for.
    """
    lacks = []
    if root and os.geteuid() != 0:
        lacks.append("root: mounts, namespaces and Debian root file systems (sudo make test-guests)")
    if root and not FUSE.exists():
        lacks.append(f"{FUSE}: the kernel's module fuse (modprobe fuse; a container needs --device {FUSE})")
    packages = packages_of(commands)
    if packages and not lacks and asked_for() and os.geteuid() == 0 and is_debian():
        install(packages)
        packages = packages_of(commands)
    if packages:
        lacks.append(f"{' '.join(packages)}: sudo apt-get install --no-install-recommends {' '.join(packages)}")
    if lacks:
        raise LabError("Linux guests need what this machine lacks:\n" + "\n".join(f"  {lack}" for lack in lacks))


def isolated() -> list[str]:
    """Return a prefix under which a command's mounts and processes all end with it, and it with this process."""
    unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--propagation", "private"]
    return ["setpriv", "--pdeathsig", "KILL", *unshare]


def run(*command: str) -> None:
    """Run a command of this machine.  Raises LabError."""
    env = {**os.environ, "PATH": PATH}
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def tell(what: str) -> None:
    """Print a step, past pytest's capture, as it may take a while."""
    with open(os.dup(2), "w", encoding="utf-8") as stderr:
        print(f"guests       {what}", file=stderr, flush=True)


def install(packages: list[str]) -> None:
    """Install Debian packages.  Raises LabError."""
    tell(f"installing Debian packages: {' '.join(packages)}")
    get = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    command = [*get, "install", "-y", "--no-install-recommends", *packages]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _installing:
        for step in (command, [*get, "update"], command):  # with the lists as they are, else with new ones
            done = subprocess.run(step, env=env, capture_output=True, text=True, check=False)
            if step is command and done.returncode == 0:
                return
    raise LabError(f"{' '.join(command)} failed:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
