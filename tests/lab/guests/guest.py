# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian guests: systemd as PID 1 in systemd-nspawn or podman, on a throw-away overlay, with a fake host each."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from . import machine
from .fake_host import FakeHost
from .root_file_systems import root_file_system
from .services import DEFAULT, MASKED, SERVICES, OfferedServices

# A private mount of cgroup v2, which systemd 258 and newer need, and a group of the guest's own.  $1 is its name.
IN_CGROUP = """
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# Empty groups of guests that were killed; a minute old, so as not to take one that is about to be entered. Another
# guest that boots now may be removing the same ones.
for left in $(find /sys/fs/cgroup -maxdepth 1 -name 'hvis-*' -mmin +1); do
  grep -qs 'populated 1' "$left/cgroup.events" || find "$left" -depth -type d -exec rmdir {} ';' 2>/dev/null || true
done
group=/sys/fs/cgroup/$1
shift
mkdir -p "$group"
echo 0 >"$group/cgroup.procs"
"$@" || code=$?
echo 0 >/sys/fs/cgroup/cgroup.procs
find "$group" /sys/fs/cgroup/libpod_parent -depth -type d -exec rmdir {} ';' 2>/dev/null || true
exit ${code:-0}
"""
GUEST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SERVICES_IN_GUEST = "/run/offered-services"
UP = ("running", "degraded")
BOOT_SECONDS = 60
POWER_OFF = signal.SIGRTMIN + 4  # systemd(1): start poweroff.target


# podman's storage in memory, which ends with this namespace; podman takes no path longer than 50 characters.
IN_STORAGE = """
storage=$1
shift
mkdir "$storage"
mount -t tmpfs memory "$storage"
"$@" || code=$?
umount "$storage" && rmdir "$storage"
exit ${code:-0}
"""
Binds = dict[str, Path]


def nspawn(root: Path, name: str, binds: Binds, arguments: list[str]) -> list[str]:
    """Return the command that boots a root file system in systemd-nspawn, until that ends."""
    options = ["--quiet", "-D", str(root), "-M", name, "--register=no", "--keep-unit", "--volatile=overlay"]
    options += ["--private-network", "--console=pipe", *(f"--bind={path}:{place}" for place, path in binds.items())]
    return ["systemd-nspawn", *options, "--boot", "--", *arguments]


def podman(root: Path, name: str, binds: Binds, arguments: list[str]) -> list[str]:
    """Return the command that boots a root file system in podman, until that ends.

    With runc, as crun refuses a hybrid mount of cgroups.  The limits are what podman can set without CAP_SYS_RESOURCE.
    """
    storage = f"/run/{name}"
    own = ["--root", f"{storage}/root", "--runroot", f"{storage}/run", "--tmpdir", f"{storage}/tmp"]
    own += ["--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "file"]
    options = ["--rm", "--name", name, "--privileged", "--systemd=always", "--network=none", "--log-driver=none"]
    options += ["--ulimit", "nofile=20000:20000", "--ulimit", "nproc=32768:32768", "--pids-limit=0"]
    options += [f"--volume={path}:{place}" for place, path in binds.items()]
    return [
        "sh",
        "-euc",
        IN_STORAGE,
        "sh",
        storage,
        "podman",
        *own,
        "run",
        *options,
        "--rootfs",
        f"{root}:O",
        "/sbin/init",
        *arguments,
    ]


ENGINES = {"nspawn": nspawn, "podman": podman}
MORE_COMMANDS: dict[str, dict[str, str]] = {"nspawn": {}, "podman": machine.FOR_PODMAN}


class Guest:
    """A booted guest.  It ends with `stop`, with the `with` block, and with the process that booted it.

    As a virtual machine would, it does not tell that it is a container, unless it is to.
    Never let the host freeze it: a container sees this machine's disk (vmbus/vss.py refuses).
    """

    def __init__(
        self,
        suite: str,
        directory: Path | None = None,
        name: str = "",
        offered: Iterable[str] = DEFAULT,
        tells_container: bool = False,
        engine: str = "nspawn",
    ) -> None:
        self.suite, self.name = suite, name or suite
        self.directory = directory or Path(tempfile.mkdtemp(prefix="hvis-guest-"))
        self._temporary = directory is None
        self.offered = set(offered)
        self.tells_container = tells_container
        self.engine = engine
        self.pid = 0  # of its PID 1
        self.machine = f"hvis-{self.name}-{os.getpid()}"
        self._container: subprocess.Popen[bytes] | None = None
        self._host: FakeHost | None = None
        self._services: OfferedServices | None = None

    @property
    def host(self) -> FakeHost:
        assert self._host, f"{self.name} has not been started"
        return self._host

    def start(self) -> Guest:
        """Boot, and return when systemd is up.  Raises LabError."""
        machine.require({**machine.FOR_ROOT_FILE_SYSTEMS, **machine.FOR_GUESTS, **MORE_COMMANDS[self.engine]})
        root = root_file_system(self.suite)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._services = OfferedServices(self.directory / "services")
        self._host = FakeHost(self.directory).start()
        try:
            for key in sorted(SERVICES):
                if key in self.offered:
                    self._services.add(key)
                elif node := SERVICES[key].node:
                    self.host.ask("offer", device=node.removeprefix("hv_"), offered=False)
            self._boot(root)
        except BaseException:
            self.stop()
            raise
        return self

    def _boot(self, root: Path) -> None:
        assert self._services
        binds = {
            "/run/udev": self._services.udev,
            SERVICES_IN_GUEST: self._services.directory,
            "/dev/vmbus": self.host.nodes,
        }
        arguments = [f"systemd.hostname={self.name}", *(f"systemd.mask={unit}" for unit in MASKED)]
        container = ENGINES[self.engine](root, self.machine, binds, arguments)
        # A guest would outlive a container manager that was killed.
        command = [*machine.isolated(), "sh", "-euc", IN_CGROUP, "sh", self.machine, *container]
        # Device units exist only where systemd finds /sys writable.
        env = {**os.environ, "PATH": machine.PATH, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "yes"}
        with open(self.directory / "console.log", "wb") as log:
            self._container = subprocess.Popen(
                command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + BOOT_SECONDS
        while True:
            self.pid = self.pid or first_process(self._container.pid)
            state = self.run("systemctl", "is-system-running", check=False).stdout.strip() if self.pid else "no PID 1"
            if state in UP:
                break
            if self._container.poll() is not None or time.monotonic() > deadline:
                said = (self.directory / "console.log").read_text(encoding="utf-8", errors="replace")
                raise machine.LabError(f"{self.name} did not come up ({state}):\n{said[-3000:]}")
            time.sleep(0.05)
        for tree in ("bus", "module"):  # nspawn itself mounts /sys over what it is told to bind there
            self.run("mkdir", "-p", f"/sys/{tree}")
            self.run("mount", "--bind", f"{SERVICES_IN_GUEST}/{tree}", f"/sys/{tree}")
        if not self.tells_container:
            self.run("umount", "--quiet", "/run/.containerenv", check=False)  # podman mounts it
            self.run("rm", "-f", "/run/systemd/container", "/run/.containerenv")
        for key in self.offered:
            self._plug(key)

    def _plug(self, key: str) -> None:
        """Start what a device wants, as systemd does on udev's event; at boot systemd alone starts early units only."""
        if node := SERVICES[key].node:
            self.run("systemctl", "start", node.replace("_", "-") + "-daemon.service", check=False)

    def stop(self) -> None:
        """Power off, and remove everything."""
        if self._container:
            if self.pid and first_process(self._container.pid) == self.pid:
                os.kill(self.pid, POWER_OFF)
            try:
                self._container.wait(10)
            except subprocess.TimeoutExpired:
                self._container.kill()
                self._container.wait()
        self._container, self.pid = None, 0
        if self._host:
            self._host.stop()
        self._host = None
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)
        else:
            shutil.rmtree(self.directory / "services", ignore_errors=True)

    def __enter__(self) -> Guest:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def enter(self, *command: str) -> list[str]:
        """Return the command that runs a command in the guest."""
        clean = ["env", "-i", f"PATH={GUEST_PATH}", "HOME=/root", "LC_ALL=C.UTF-8"]
        return ["nsenter", "--target", str(self.pid), "--all", *clean, *command]

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the guest.  With check, raises LabError when it fails."""
        done = subprocess.run(
            self.enter(*command), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if check and done.returncode != 0:
            said = f"{done.stdout}{done.stderr}".strip()
            raise machine.LabError(f"{self.name}: {' '.join(command)} ended with {done.returncode}:\n{said}")
        return done

    def inventory(self) -> Path:
        """Return an inventory file with this guest as its only host."""
        path = self.directory / "inventory.json"
        path.write_text(json.dumps({"all": {"hosts": {self.name: self.variables()}}}), encoding="utf-8")
        return path

    def variables(self) -> dict[str, object]:
        """Return Ansible's variables for this guest."""
        return {
            "ansible_connection": "community.docker.nsenter",
            "ansible_nsenter_pid": self.pid,
            "ansible_python_interpreter": "/usr/bin/python3",
            "fake_host": str(self.host.control),
        }

    def disable(self, key: str) -> None:
        """Switch a service off on the host, as `Disable-VMIntegrationService` does while the guest runs."""
        assert self._services
        self._services.remove(key)
        self.offered.remove(key)
        if node := SERVICES[key].node:
            self.host.ask("offer", device=node.removeprefix("hv_"), offered=False)
        self.run("systemctl", "daemon-reload")

    def enable(self, key: str) -> None:
        """Enable a service on the host: the device comes, and systemd starts what it wants."""
        assert self._services
        self._services.add(key)
        self.offered.add(key)
        self.run("systemctl", "daemon-reload")
        if node := SERVICES[key].node:
            self.host.ask("offer", device=node.removeprefix("hv_"), offered=True)
        self._plug(key)


def first_process(ancestor: int) -> int:
    """Return the PID 1 of the container below a process, 0 when there is none yet.

    It is the descendant that has number 1 in a namespace two levels down: that of the container in that of unshare.
    """
    parents, firsts = {}, []
    for path in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            pid = int(path.parent.name)
            parents[pid] = int(fields["PPid"])
            numbers = fields["NSpid"].split()
            if len(numbers) > 2 and numbers[-1] == "1" and numbers[-2] != "1":
                firsts.append(pid)
    for first in firsts:
        pid = first
        while pid := parents.get(pid, 0):
            if pid == ancestor:
                return first
    return 0
