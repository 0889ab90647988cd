# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine that looks like Hyper-V to systemd, under QEMU's emulator: no /dev/kvm is needed.

With the CPUID bit of hypervisors off and the DMI of Hyper-V, `systemd-detect-virt` says microsoft.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from . import machine
from .root_file_systems import directory, root_file_system

HERE = Path(__file__).parent
KERNEL_PACKAGE = "linux-image-cloud-amd64"  # of Debian's kernels the smallest; has CUSE
DISK_SIZE = "1500M"
SECONDS = 600
VENDOR, PRODUCT, FIRMWARE = "Microsoft Corporation", "Virtual Machine", "Hyper-V UEFI Release v4.1"
SMBIOS = (
    f"type=0,vendor={VENDOR},version={FIRMWARE}",
    f"type=1,manufacturer={VENDOR},product={PRODUCT},version={FIRMWARE}",
    f"type=2,manufacturer={VENDOR},product={PRODUCT}",
    f"type=3,manufacturer={VENDOR},asset=7783-7084-3265-9085-8269-3286-77",
)
UNITS = {"fakevmbus.service": "sysinit.target", "lab-checks.service": "graphical.target"}


def check(suite: str) -> dict[str, Any]:
    """Boot a virtual machine that runs vm/checks.py and powers off; return what it found.  Raises LabError."""
    machine.require({**machine.FOR_ROOT_FILE_SYSTEMS, **machine.FOR_GUESTS, **machine.FOR_VIRTUAL_MACHINES})
    root = root_file_system(suite, KERNEL_PACKAGE)
    with tempfile.TemporaryDirectory(prefix="vm-", dir=directory()) as temporary:
        work = Path(temporary)
        make_disk(root, work)
        return boot(root, work)


def make_disk(root: Path, work: Path) -> None:
    """Make disk.img from a copy of the root file system with the fake host and the checks added."""
    tree = work / "tree"
    subprocess.run(["cp", "-a", "--reflink=auto", str(root), str(tree)], check=True)
    lab, units = tree / "usr/local/lib/lab", tree / "etc/systemd/system"
    shutil.copytree(HERE / "vmbus", lab / "guests" / "vmbus", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "vm" / "checks.py", lab)
    shutil.copy(HERE / "vm" / "61-fakevmbus.rules", tree / "etc/udev/rules.d")
    for unit, target in UNITS.items():
        shutil.copy(HERE / "vm" / unit, units)
        wants = units / f"{target}.wants"
        wants.mkdir(parents=True, exist_ok=True)
        (wants / unit).symlink_to(f"../{unit}")
    make = [machine.path_of("mke2fs"), "-q", "-t", "ext4", "-d", str(tree), str(work / "disk.img"), DISK_SIZE]
    subprocess.run(make, check=True, capture_output=True)
    shutil.rmtree(tree)


def boot(root: Path, work: Path) -> dict[str, Any]:
    """Run the machine until it powers off."""
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    (initrd,) = (root / "boot").glob("initrd.img-*")
    command = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-nodefaults", "-no-reboot", "-display", "none"]
    command += ["-m", "1024", "-smp", "2", "-accel", "tcg,thread=multi", "-cpu", "max,-hypervisor", "-nic", "none"]
    command += [word for table in SMBIOS for word in ("-smbios", table)]
    command += ["-serial", f"file:{work / 'console'}", "-serial", f"file:{work / 'found'}"]
    command += ["-drive", f"file={work / 'disk.img'},if=none,id=disk,format=raw,cache=unsafe"]
    command += ["-device", "virtio-blk-pci,drive=disk", "-device", "virtio-rng-pci"]
    command += ["-kernel", str(kernel), "-initrd", str(initrd), "-append", "console=ttyS0 root=/dev/vda rw panic=-1"]
    try:
        env = {**os.environ, "PATH": machine.PATH}
        done = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired as exc:
        raise machine.LabError(f"The virtual machine did not end within {SECONDS} s:\n{tail(work)}") from exc
    found = (work / "found").read_text(encoding="utf-8") if (work / "found").exists() else ""
    if not found:
        raise machine.LabError(f"The virtual machine told nothing:\n{done.stderr}\n{tail(work)}")
    result: dict[str, Any] = json.loads(found)
    return result


def tail(work: Path) -> str:
    return (work / "console").read_text(encoding="utf-8", errors="replace")[-4000:]
