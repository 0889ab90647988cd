# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake Hyper-V host as a process, and the shim that lets the real daemons talk to it without root."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from hyperv_simulator.paths import SOCKET_PATH_LIMIT

from . import machine
from .root_file_systems import directory as cache
from .root_file_systems import locked
from .vmbus import control

HERE = Path(__file__).parent
SHIM_SOURCE = HERE / "preload.c"


class HostError(Exception):
    """The fake host could not do what it was asked for."""


class FakeHost:
    """A host that serves one guest from a directory: nodes in `vmbus`, asked at `control.sock`, log in `vmbus.log`.

    It ends with `stop`, with the `with` block, and with the process that started it, even if that is killed.
    """

    def __init__(self, directory: Path, transport: str = "fuse") -> None:
        self.directory, self.transport = directory, transport
        self.nodes = directory / "vmbus"
        self.control = directory / "control.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> FakeHost:
        """Return when it answers.  Raises HostError with its log, or LabError."""
        if self.transport == "fuse":
            machine.require({"setpriv": "util-linux"})
        self.directory.mkdir(parents=True, exist_ok=True)
        if len(os.fsencode(self.nodes / "hv_fcopy")) > SOCKET_PATH_LIMIT:
            raise HostError(f"{self.directory}: too long a path for a UNIX socket; take a shorter one")
        arguments = ["serve", str(self.nodes), "--control", str(self.control), "--transport", self.transport]
        with open(self.directory / "vmbus.log", "ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "vmbus", *arguments],
                cwd=HERE,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 20
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log_text = (self.directory / "vmbus.log").read_text(encoding="utf-8", errors="replace")
                self.stop()
                raise HostError(f"The fake host did not start:\n{log_text[-2000:]}")
            time.sleep(0.02)
        return self

    def _answers(self) -> bool:
        try:
            return bool(control.ask(self.control, {"op": "state"})["ok"])
        except OSError:
            return False

    def stop(self) -> None:
        """End it; its nodes go."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> FakeHost:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ask(self, op: str, **arguments: Any) -> dict[str, Any]:
        """Have the host do something (`vmbus/control.py` lists what) and return the answer.  Raises HostError.

        A status that the guest's daemon answers is no error: see `ok` and `status`.
        """
        answer = control.ask(self.control, {"op": op, **arguments})
        if "exception" in answer:
            raise HostError(answer["exception"])
        return answer

    def daemon_environment(self, pools: Path) -> dict[str, str]:
        """Return the environment in which a real daemon talks to this host (transport `unix`), with its own pools."""
        pools.mkdir(parents=True, exist_ok=True)
        names = {"FAKEVMBUS_DIR": self.nodes, "FAKEVMBUS_STATE": pools, "LD_PRELOAD": shim()}
        return {**os.environ, **{name: str(path) for name, path in names.items()}}


def shim() -> Path:
    """Return the compiled preload.c, made when it is not there yet.  Raises LabError without a C compiler."""
    name = f"preload-{hashlib.sha256(SHIM_SOURCE.read_bytes()).hexdigest()[:12]}.so"
    built = cache() / name
    if built.exists():
        return built
    machine.require(machine.FOR_THE_SHIM, root=False)
    with locked("preload"):
        new = built.with_suffix(".new")
        options = ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(new), str(SHIM_SOURCE), "-ldl"]
        done = subprocess.run(["cc", *options], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise machine.LabError(f"cc {SHIM_SOURCE.name} failed:\n{done.stderr}")
        new.rename(built)
    return built
