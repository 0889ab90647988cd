# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine that looks like Hyper-V to Linux, with Debian's kernel, udev, systemd and AppArmor.

With the CPUID bit of hypervisors off and the DMI of Hyper-V, `systemd-detect-virt` says microsoft. QEMU emulates the
processor: no /dev/kvm is needed, and the nested one of a cloud machine would be slower (measured). The fake host runs
inside, over the modules of vm/kernel.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from . import emulator, machine
from .kernel_modules import digest
from .machine_image import LAB, OFFERS, image, offered
from .root_file_systems import locked
from .services import DEFAULT, SERVICES

BOOT_SECONDS = 600
SOCKET = "/run/vmbus.sock"
UP = ("running", "degraded")


class VirtualMachine:
    """A machine with a fresh disk, booted.  It ends with `stop`, with the `with` block, and with this process."""

    def __init__(self, suite: str) -> None:
        self.suite = self.name = suite
        self._work = tempfile.TemporaryDirectory(prefix="hvis-vm-")
        self.directory = Path(self._work.name)

    def start(self) -> VirtualMachine:
        """Return when systemd is up.  Raises LabError."""
        machine.require({**machine.FOR_ROOT_FILE_SYSTEMS, **machine.FOR_GUESTS, **machine.FOR_VIRTUAL_MACHINES})
        self._emulator = emulator.Emulator(image(self.suite), self.directory)
        try:
            self._resume()
            self.wait_for_boot_after("")
        except BaseException:
            self.stop()
            raise
        return self

    def _resume(self) -> None:
        """Go on from the first boot of this image, which is saved: to emulate a boot takes a minute."""
        hardware = digest(Path(emulator.__file__), Path(machine.path_of(emulator.PROGRAM)))
        saved = self._emulator.image / f"booted-{hardware}.qcow2"
        with locked(f"vm-{self.suite}"):
            if not saved.exists():
                machine.tell(f"booting {saved.parent} (once)")
                self._emulator.create_disk()
                self._emulator.launch()
                self.wait_for_boot_after("")
                self._hang_up()
                self._emulator.save()
                shutil.move(self._emulator.disk, saved)
            shutil.copy(saved, self._emulator.disk)
        self._emulator.resume()

    def wait_for_boot_after(self, before: str) -> None:
        """Return when systemd has started all in another boot than `before`.  Raises LabError."""
        self._hang_up()
        deadline = time.monotonic() + BOOT_SECONDS
        while True:
            if self.boot() not in ("", before):
                state = self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
                if state in UP:
                    return
            if not self._emulator.is_running() or time.monotonic() > deadline:
                raise machine.LabError(f"{self.name} did not come up:\n{self._emulator.said()}")
            time.sleep(0.5)

    def stop(self) -> None:
        """Cut the power, and remove everything."""
        self._hang_up()
        self._emulator.kill()
        self._work.cleanup()

    def __enter__(self) -> VirtualMachine:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _ssh(self) -> list[str]:
        options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        options += ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=10"]
        options += [
            "-o",
            "ControlMaster=auto",
            "-o",
            f"ControlPath={self.directory / 'ssh'}",
            "-o",
            "ControlPersist=yes",
        ]
        return [
            "ssh",
            "-F",
            "none",
            "-i",
            str(self._emulator.image / "key"),
            "-p",
            str(self._emulator.port),
            *options,
            "root@127.0.0.1",
        ]

    def _hang_up(self) -> None:
        subprocess.run([*self._ssh(), "-O", "exit"], capture_output=True, check=False)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, as root.  With check, raises LabError when it fails."""
        done = subprocess.run(
            [*self._ssh(), "--", shlex.join(command)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            said = f"{done.stdout}{done.stderr}".strip()
            raise machine.LabError(f"{self.name}: {' '.join(command)} ended with {done.returncode}:\n{said}")
        return done

    def shell(self, script: str) -> str:
        """Run a shell script in the machine, as root, and return what it wrote.  Raises LabError when it fails."""
        return self.run("sh", "-euc", script).stdout.strip()

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        """Have the fake host do something (`vmbus/control.py` lists what) and return the answer.  Raises LabError."""
        request = json.dumps({"op": op, **arguments})
        done = self.run("env", "-C", LAB, "python3", "-m", "guests.vmbus", "ask", SOCKET, request, check=False)
        try:
            answer: dict[str, Any] = json.loads(done.stdout)
        except ValueError as exc:
            raise machine.LabError(f"{self.name}: the fake host did not answer {request}:\n{done.stderr}") from exc
        return answer

    def enable(self, key: str) -> None:
        """Enable a service on the host."""
        self.shell(f"echo '{offered([key]).strip()}' >/dev/fakehost/vmbus")

    def disable(self, key: str) -> None:
        """Disable a service on the host, as `Disable-VMIntegrationService` does while the machine runs."""
        self.shell(f"echo 'rescind {SERVICES[key].instance}' >/dev/fakehost/vmbus")

    def reboot(self, offers: Iterable[str] = DEFAULT) -> None:
        """Reboot into a boot in which the host offers these services from the start.  Raises LabError."""
        before = self.boot()
        self.shell(f"printf '%s' '{offered(offers)}' >{OFFERS}; systemctl --no-block reboot")
        self.wait_for_boot_after(before)

    def boot(self) -> str:
        """Return what identifies this boot, or nothing while the machine is not there."""
        return self.run("cat", "/proc/sys/kernel/random/boot_id", check=False).stdout.strip()

    def inventory(self) -> Path:
        """Return an inventory file with this machine as its only host."""
        path = self.directory / "inventory.json"
        variables = {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": self._emulator.port,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self._emulator.image / "key"),
            "ansible_ssh_args": "-F none -o ControlMaster=auto -o ControlPersist=10 -o UserKnownHostsFile=/dev/null"
            " -o ServerAliveInterval=5",
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        path.write_text(json.dumps({"all": {"hosts": {self.name: variables}}}), encoding="utf-8")
        return path
