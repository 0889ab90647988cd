# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A place where a freeze is safe: one daemon on a root in memory, whose only block device is a throw-away one."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from . import machine
from .fake_host import FakeHost
from .guest import GUEST_PATH
from .root_file_systems import root_file_system
from .vmbus.vss import freezable

ZRAM = Path("/sys/class/zram-control")
SIZE = "64M"  # ext4 wants a few megabytes; memory is taken only for what is written
MOUNT_POINT = "/srv"
# $1 root file system, $2 folder for the mounts, $3 nodes, $4 disk; the rest is the command
IN_MEMORY = """
lower=$1 base=$2 nodes=$3 disk=$4
shift 4
mount -t tmpfs -o size=1g memory "$base"
mkdir "$base/upper" "$base/work" "$base/root"
root=$base/root
mount -t overlay -o "lowerdir=$lower,upperdir=$base/upper,workdir=$base/work" overlay "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 devices "$root/dev"
for node in null zero full random urandom; do
  : >"$root/dev/$node"
  mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/vmbus"
mount --bind "$nodes" "$root/dev/vmbus"
mount "$disk" "$root/srv"
exec chroot "$root" env -i PATH="$GUEST_PATH" HOME=/root "$@"
"""


class Disk:
    """An ext4 file system on a compressed RAM disk: hv_vss_daemon leaves out loop devices, and freezes this one."""

    def __init__(self) -> None:
        if not ZRAM.exists():
            subprocess.run([machine.path_of("modprobe"), "zram"], capture_output=True, check=False)
        if not ZRAM.exists():
            raise machine.LabError("A throw-away disk needs the kernel's module zram, which this machine does not have")
        self._number = (ZRAM / "hot_add").read_text(encoding="ascii").strip()
        self.device = f"/dev/zram{self._number}"
        Path(f"/sys/block/zram{self._number}/disksize").write_text(SIZE, encoding="ascii")
        deadline = time.monotonic() + 5
        while not Path(self.device).exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        subprocess.run([machine.path_of("mkfs.ext4"), "-q", self.device], check=True, capture_output=True)

    def remove(self) -> None:
        Path(f"/sys/block/zram{self._number}/reset").write_text("1", encoding="ascii")
        (ZRAM / "hot_remove").write_text(self._number, encoding="ascii")


class ThrowAway:
    """One real daemon in a mount namespace of its own, with a fake host; ends with the block and with this process.

    No block device of this machine is mounted there but `disk`, at /srv: neither the root (an overlay in memory) nor
    anything else.  Raises LabError when that does not hold.
    """

    def __init__(self, suite: str, *command: str) -> None:
        self.suite, self.command = suite, command
        self._directory = tempfile.TemporaryDirectory(prefix="hvis-throw-away-")
        self._base = Path(self._directory.name) / "base"
        self._process: subprocess.Popen[bytes] | None = None
        self.host = FakeHost(Path(self._directory.name))
        self.pid = 0

    def __enter__(self) -> ThrowAway:
        machine.require({**machine.FOR_ROOT_FILE_SYSTEMS, **machine.FOR_GUESTS, **machine.FOR_FREEZES})
        lower = root_file_system(self.suite)
        self._base.mkdir()
        self.disk = Disk()
        self.host.start()
        outer = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private"]
        script = ["sh", "-euc", IN_MEMORY, "sh", str(lower), str(self._base), str(self.host.nodes), self.disk.device]
        env = {**os.environ, "PATH": machine.PATH, "GUEST_PATH": GUEST_PATH}
        with open(self.host.directory / "daemon.log", "wb") as log:
            self._process = subprocess.Popen(
                [*outer, *script, *self.command], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.pid = self._process.pid  # all of it is replaced by exec, down to the daemon
        return self

    def freezable(self) -> list[str]:
        """Return the devices that the daemon would freeze."""
        return freezable(Path(f"/proc/{self.pid}/mounts").read_text(encoding="utf-8"))

    def enter(self, *command: str) -> list[str]:
        """Return the command that runs a command beside the daemon."""
        clean = ["env", "-i", f"PATH={GUEST_PATH}"]
        return ["nsenter", "--target", str(self.pid), "--mount", "--root", "--wdns=/", *clean, *command]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A daemon that ends leaves the file system frozen, and its writers unkillable.
        subprocess.run(self.enter("fsfreeze", "--unfreeze", MOUNT_POINT), capture_output=True, check=False)
        if self._process:
            self._process.kill()
            self._process.wait()
        self.host.stop()
        deadline = time.monotonic() + 10
        while True:  # the mounts go a moment after the last process
            with contextlib.suppress(OSError):
                self.disk.remove()
                break
            if time.monotonic() > deadline:
                raise machine.LabError(f"{self.disk.device} is still in use")
            time.sleep(0.05)
        self._directory.cleanup()
