# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""QEMU with the hardware of the virtual machine: what a disk that was saved while it ran can be run on again."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

from . import machine

PROGRAM = "qemu-system-x86_64"
VENDOR, PRODUCT, FIRMWARE = "Microsoft Corporation", "Virtual Machine", "Hyper-V UEFI Release v4.1"
SMBIOS = (
    f"type=0,vendor={VENDOR},version={FIRMWARE}",
    f"type=1,manufacturer={VENDOR},product={PRODUCT},version={FIRMWARE}",
    f"type=2,manufacturer={VENDOR},product={PRODUCT}",
    f"type=3,manufacturer={VENDOR},asset=7783-7084-3265-9085-8269-3286-77",
)
SAVED = "booted"  # the name of the snapshot in a saved disk
PROMPT = b"(qemu) "


class Emulator:
    """A machine that runs from disk.qcow2 in `work`, by the kernel in `image`.  It ends with this process."""

    def __init__(self, image: Path, work: Path) -> None:
        self.image, self.work = image, work
        self.disk = work / "disk.qcow2"
        self.port = free_port()  # of this machine; leads to the SSH server inside
        self._process: subprocess.Popen[bytes] | None = None

    def create_disk(self) -> None:
        """Make the disk: the image's, until it is written to."""
        base = self.image / "disk.img"
        machine.run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(base), str(self.disk))

    def launch(self, *more: str) -> None:
        with open(self.work / "qemu.log", "wb") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", PROGRAM, *self._options(), *more],
                env={**os.environ, "PATH": machine.PATH},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _options(self) -> list[str]:
        options = ["-nodefaults", "-display", "none", "-accel", "tcg,thread=multi", "-cpu", "max,-hypervisor"]
        options += ["-m", "1024", "-smp", "2", *(word for table in SMBIOS for word in ("-smbios", table))]
        options += ["-serial", f"file:{self.work / 'console.log'}"]
        options += ["-monitor", f"unix:{self.work / 'monitor'},server=on,wait=off"]
        options += ["-drive", f"file={self.disk},if=none,id=disk,format=qcow2,cache=unsafe"]
        options += ["-device", "virtio-blk-pci,drive=disk", "-device", "virtio-rng-pci"]
        options += ["-nic", f"user,model=virtio-net-pci,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-10.0.2.15:22"]
        options += ["-kernel", str(self.image / "vmlinuz"), "-initrd", str(self.image / "initrd.img")]
        return [*options, "-append", "console=ttyS0 quiet root=/dev/vda rw panic=-1"]

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def resume(self) -> None:
        """Launch a disk that `save` has made."""
        self.launch("-loadvm", SAVED)

    def save(self) -> None:
        """Keep memory and devices in the disk, and end."""
        self._tell(f"savevm {SAVED}")
        self.kill()

    def _tell(self, command: str) -> None:
        """Give QEMU's monitor a command.  Raises LabError when it answers, as that is an error."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(self.work / "monitor"))
            read_to_prompt(monitor)
            monitor.sendall(command.encode() + b"\n")
            answer = read_to_prompt(monitor).decode(errors="replace")
        if "Error" in answer:
            raise machine.LabError(f"{PROGRAM}: {command}: {answer}")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
        self._process = None

    def said(self) -> str:
        """Return the end of what QEMU said, and of what the kernel and systemd wrote to the console."""
        logs = [self.work / "qemu.log", self.work / "console.log"]
        return "\n".join(log.read_text(encoding="utf-8", errors="replace")[-4000:] for log in logs if log.exists())


def read_to_prompt(monitor: socket.socket) -> bytes:
    answer = b""
    while not answer.endswith(PROMPT):
        part = monitor.recv(4096)
        if not part:
            break
        answer += part
    return answer


def free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
