# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks for the virtual machine: a Debian root file system with the lab in it, made once and kept in the cache."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from . import machine
from .kernel_modules import digest, kernel_modules, kernel_version
from .root_file_systems import PACKAGES, directory, locked, root_file_system
from .services import DEFAULT, SERVICES

HERE = Path(__file__).parent
# Releases with a kernel for hyperv-daemons in the same archive; sid changes from day to day.
RELEASES = ("bullseye", "bookworm", "trixie")
KERNEL_PACKAGE = "linux-image-cloud-amd64"  # the smallest of Debian's kernels
# A fresh image: no daemons, and no time daemon.  apparmor comes with every Debian kernel (Recommends).
IMAGE_PACKAGES = (
    *(package for package in PACKAGES if package != "hyperv-daemons"),
    *(KERNEL_PACKAGE, "apparmor", "openssh-server"),
)
DISK_SIZE = "2G"
DAYS_KEPT = 2
LAB = "/usr/local/lib/lab"
OFFERS = "/var/lib/fakehost/offers"
OWN_UNITS = {"fakehost.service": "sysinit.target"}
# A login on the console, which nobody uses, and what would hold apt's lock at some moment.
MASKED = ("serial-getty@ttyS0.service", "apt-daily.timer", "apt-daily-upgrade.timer")
SYSTEM_UNITS = {"systemd-networkd.service": "multi-user.target"}


def image(suite: str) -> Path:
    """Return a folder with disk.img, vmlinuz, initrd and the SSH key of a release, made when it is not there yet."""
    root = root_file_system(suite, IMAGE_PACKAGES)
    made = directory() / f"vm-{root.name}-{digest(HERE / 'vm', HERE / 'vmbus', Path(__file__))}"
    with locked(f"vm-{suite}"):
        for other in directory().glob(f"vm-{suite}-*"):
            if other != made and other.stat().st_mtime < time.time() - DAYS_KEPT * 86400:
                shutil.rmtree(other)
        if made.is_dir():
            os.utime(made)
        else:
            make_image(suite, root, made)
    return made


def make_image(suite: str, root: Path, made: Path) -> None:
    """Add the lab to a copy of the root file system, and make a disk of it."""
    version = kernel_version(root)
    modules = kernel_modules(suite, version)
    machine.tell(f"making {made}")
    new = made.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    tree = new / "tree"
    new.mkdir()
    machine.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(new / "key"))
    machine.run("cp", "-a", "--reflink=auto", str(root), str(tree))
    for name in ("vmlinuz", "initrd.img"):
        shutil.copy(tree / "boot" / f"{name}-{version}", new / name)
    shutil.copytree(HERE / "vmbus", tree / LAB[1:] / "guests/vmbus", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "vm" / "freeze.py", tree / LAB[1:])
    # "updates" comes before the kernel's own modules (depmod.d(5)).
    shutil.copytree(modules, tree / "lib/modules" / version / "updates")
    machine.run("chroot", str(tree), "depmod", version)
    offers = tree / OFFERS[1:]
    offers.parent.mkdir()
    offers.write_text(offered(DEFAULT), encoding="ascii")
    shutil.copy(HERE / "vm" / "80-lab.network", tree / "etc/systemd/network")
    (tree / "etc/hostname").write_text(f"{suite}\n", encoding="ascii")
    keys = tree / "root/.ssh/authorized_keys"
    keys.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(new / "key.pub", keys)
    for unit in OWN_UNITS:
        shutil.copy(HERE / "vm" / unit, tree / "etc/systemd/system")
    for unit, target in {**OWN_UNITS, **SYSTEM_UNITS}.items():
        folder = "/etc" if unit in OWN_UNITS else "/lib"
        wants = tree / f"etc/systemd/system/{target}.wants"
        wants.mkdir(parents=True, exist_ok=True)
        (wants / unit).symlink_to(f"{folder}/systemd/system/{unit}")
    for unit in MASKED:
        (tree / "etc/systemd/system" / unit).symlink_to("/dev/null")
    machine.run(machine.path_of("mke2fs"), "-q", "-t", "ext4", "-d", str(tree), str(new / "disk.img"), DISK_SIZE)
    shutil.rmtree(tree)
    new.rename(made)


def offered(keys: Iterable[str]) -> str:
    """Return the lines by which the fake VMBus offers services."""
    return "".join(f"offer {SERVICES[key].class_id} {SERVICES[key].instance}\n" for key in sorted(keys))
