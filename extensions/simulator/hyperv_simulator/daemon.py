# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon: one process that holds a fleet, its control socket and the endpoints of its hosts."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import select
import signal
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from hyperv_simulator import fleet
from hyperv_simulator.control import ControlServer
from hyperv_simulator.errors import RunError
from hyperv_simulator.faults import Faults
from hyperv_simulator.ledger import Ledger
from hyperv_simulator.machine import Data
from hyperv_simulator.operations import Operations
from hyperv_simulator.paths import RunDir
from hyperv_simulator.state import State


class Daemon:
    """A running fleet from `start` to `close`. `about` is what the control socket's `status` says of it."""

    def __init__(self, run_dir: Path, data: Any = None, endpoints: bool = True) -> None:
        """`data`: fleet data, checked here; without it the run directory's journal is continued."""
        self.files = RunDir(run_dir)
        self.about: Data = {"run_dir": str(run_dir), "control": "", "modules": None, "ports": {}}
        self._data = data
        self._endpoints_wanted = endpoints
        self._ended = threading.Event()
        self._exits = contextlib.ExitStack()

    def start(self) -> None:
        """Returns when everything answers. Raises SimulatorError, OSError."""
        with contextlib.ExitStack() as exits:
            self.files.create()
            exits.enter_context(_locked(self.files.pid))
            state = self._state()
            exits.callback(state.close)
            state.open_journal()
            ledger = Ledger(self.files.ledger, resume=self._data is None)
            exits.callback(ledger.close)
            faults = Faults()
            address = self.files.new_socket_address()
            exits.callback(self.files.remove_socket)
            self.about["control"] = address
            operations = Operations(state, ledger, faults, self._ended.set, self.about)
            server = ControlServer(address, operations)
            server.start()
            exits.callback(server.close)
            if self._endpoints_wanted:
                self._serve(state, faults, exits)
            gc.freeze()  # the fleet lives as long as the process: the collector need not look at it again
            self._exits = exits.pop_all()

    def _state(self) -> State:
        if self._data is not None:
            return State(fleet.check(self._data), self.files.journal)
        if not self.files.journal.exists():
            raise RunError(
                f"nothing to go on with in {self.files.path}: name a fleet file with --fleet "
                "('hvsim fleet generate' makes one)"
            )
        return State.restore(self.files.journal)

    def _serve(self, state: State, faults: Faults, exits: contextlib.ExitStack) -> None:
        """Builds the stand-in modules and opens an endpoint for each host."""
        from hyperv_simulator.endpoints import WorkerPool, serve_host  # a fleet without endpoints needs none of this

        pwsh, modules = stand_in()
        self.about["modules"] = str(modules)
        workers = WorkerPool(pwsh, str(modules), self.about["control"], self.files.path)
        exits.callback(workers.close)
        remembered = self._remembered_ports()
        for host in state.hosts.values():
            port = host.port or remembered.get(host.name, 0)
            try:
                endpoint = serve_host(host.name, host.culture, port, state.credentials, workers, faults)
            except OSError as error:
                raise RunError(
                    f"{host.name}: port {port}: {error.strerror}: free it, name another one in the fleet file, "
                    "or start anew with --fleet"
                ) from error
            exits.callback(endpoint.close)
            self.about["ports"][host.name] = endpoint.port
        self.files.ports.write_text(json.dumps(self.about["ports"]), encoding="utf-8")

    def _remembered_ports(self) -> dict[str, int]:
        """The ports of the daemon whose journal is continued, so that inventories stay true."""
        if self._data is not None or not self.files.ports.exists():
            return {}
        ports: dict[str, int] = json.loads(self.files.ports.read_text(encoding="utf-8"))
        return ports

    def wait(self) -> None:
        """Returns when somebody asked the daemon to end."""
        self._ended.wait()

    def end(self) -> None:
        self._ended.set()

    def close(self) -> None:
        self._exits.close()

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def stand_in() -> tuple[str, Path]:
    """The PowerShell of this machine, and the directory of the stand-in modules, built if need be. Raises RunError."""
    from hyperv_simulator import powershell, standin

    try:
        pwsh = powershell.find_powershell()
        return pwsh, standin.build(pwsh)
    except (powershell.PowerShellNotFound, standin.StandInError) as error:
        raise RunError(str(error)) from error


@contextlib.contextmanager
def _locked(pid_file: Path) -> Any:
    """Holds the run directory: the lock goes with the process, however it ends; the file, too, unless it is killed."""
    file: TextIO = pid_file.open("a+", encoding="ascii")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = running_pid(RunDir(pid_file.parent))
            raise RunError(
                f"a simulator (process {holder}) runs in {pid_file.parent}: end it with 'hvsim down', "
                "or name another --run-dir"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            pid_file.unlink(missing_ok=True)


def running_pid(files: RunDir) -> int | None:
    """The process that holds the run directory, None when there is none."""
    try:
        with files.pid.open(encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return int(file.read() or 0)
    except FileNotFoundError:
        pass
    return None


def end_on_signals(daemon: Daemon) -> None:
    """SIGTERM and SIGINT end the daemon in good order."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.end())


def end_with_process(daemon: Daemon, pid: int) -> None:
    """Ends the daemon when that process is gone, which it may be already."""

    def watch() -> None:
        wait_for_exit(pid)
        daemon.end()

    threading.Thread(target=watch, name="watch", daemon=True).start()


def wait_for_exit(pid: int, seconds: float | None = None) -> bool:
    """Whether the process has ended within that time; None waits as long as it takes."""
    try:
        if not hasattr(os, "pidfd_open"):
            return _poll_for_exit(pid, seconds)
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])  # readable once it has ended, reaped or not
    finally:
        os.close(descriptor)


def _poll_for_exit(pid: int, seconds: float | None) -> bool:
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        os.kill(pid, 0)
        time.sleep(0.1)
    return False
