# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell processes started ahead.

Starting PowerShell, and its C# compiler, is most of what a task costs. So nothing is compiled twice
(`powershell/compiled.psm1`), and each process is started before it is needed, warms itself up
(`powershell/worker.ps1`), gets one job and ends with it. What a worker is connected to:

    control   socket; the worker says with a byte that it is warm, then one line of JSON, the job, comes through it.
              When it closes, the worker kills itself: so none outlives this process, however that ends.
    input     pipe; the job's standard input
    stdout, stderr   pipes; the job's output
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from ..paths import cache_dir

SCRIPT = Path(__file__).parents[2] / "powershell" / "worker.ps1"
_KEPT = ("DOTNET_", "LD_LIBRARY_PATH")  # of our own environment; everything else would leak into the simulated host
_READ = 65536
_PROCESSORS = os.cpu_count() or 1
# A worker more than is needed takes its time to warm up from those at work where all processors are busy: on two, a
# playbook took 21 instead of 25 seconds without one (measured).
_AHEAD = int(_PROCESSORS > 2)


class Worker:
    """One PowerShell process and its one job."""

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        directory: Path,
        warm: Callable[[], None] = lambda: None,
    ) -> None:
        """`warm()` is called once, from another thread, when the worker is warm or has ended."""
        self._control, control = socket.socketpair()
        input_end, self._input = os.pipe()
        fds = (control.fileno(), input_end)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=fds,
                start_new_session=True,  # so that what the job starts can be ended with it
                cwd=directory,
                env={**environment, "HVSIM_WORKER": f"{fds[0]},{fds[1]}"},
            )
        except BaseException:
            self._control.close()
            os.close(self._input)
            raise
        finally:
            control.close()
            os.close(input_end)
        self._warming = threading.Thread(target=self._await_warmth, args=(warm,), name="hvsim-warming", daemon=True)
        self._warming.start()
        self._writing = threading.Lock()
        self._waiter: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def assign(
        self,
        job: Mapping[str, object],
        heard: Callable[[str, bytes], None],
        ended: Callable[[int], None],
    ) -> None:
        """Give the job. `heard(stream, data)` as output comes, then `ended(exit code)`: both from other threads."""
        with contextlib.suppress(OSError):  # a worker that died is seen by its exit code
            self._control.sendall(json.dumps(job).encode() + b"\n")
        self._waiter = threading.Thread(target=self._wait, args=(heard, ended), name="hvsim-worker", daemon=True)
        self._waiter.start()

    def write(self, data: bytes) -> None:
        """Write to the job's input; blocks while the worker does not read. What a dead worker gets is dropped."""
        with self._writing, contextlib.suppress(OSError):
            view = memoryview(data)
            while view and self._input >= 0:
                view = view[os.write(self._input, view) :]

    def end_input(self) -> None:
        with self._writing:
            if self._input >= 0:
                os.close(self._input)
                self._input = -1

    def kill(self) -> None:
        """End the process and all it started; returns when nothing of it is left."""
        self._kill_group()
        if self._waiter is None:
            self._process.wait()
            self._close()
        elif self._waiter is not threading.current_thread():
            self._waiter.join()

    def _await_warmth(self, warm: Callable[[], None]) -> None:
        with contextlib.suppress(OSError):
            self._control.recv(1)
        warm()

    def _wait(self, heard: Callable[[str, bytes], None], ended: Callable[[int], None]) -> None:
        streams = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        readers = [
            threading.Thread(target=_read, args=(name, stream, heard), name=f"hvsim-{name}", daemon=True)
            for name, stream in streams.items()
        ]
        for reader in readers:
            reader.start()
        exit_code = self._process.wait()
        self._kill_group()  # a process left behind by the job would keep the pipes open
        for reader in readers:
            reader.join()
        self._close()
        ended(exit_code)

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: not permitted for a zombie
            os.killpg(self._process.pid, signal.SIGKILL)

    def _close(self) -> None:
        self._warming.join()
        self._control.close()
        self.end_input()
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()


class WorkerPool:
    """Keeps `ahead` workers ready per culture, from a culture's first use on.

    Only as many warm up at a time as there are processors, so that those at work are not starved.

    Files go under `run_dir`/workers: the hosts' home and temporary directory; what is compiled, to the cache directory.
    `modules_dir` comes first on PSModulePath ("" for none); the modules in it reach the fleet's state through
    `control_socket`.
    """

    def __init__(self, pwsh: str, modules_dir: str, control_socket: str, run_dir: Path, ahead: int = _AHEAD) -> None:
        self._ahead = ahead
        self._wanted: deque[str] = deque()  # cultures that a worker is still to be started for
        self._warming = 0
        self._lock = threading.Lock()
        self._stock: dict[str, deque[Worker]] = defaultdict(deque)
        self._closed = False
        self._dir = run_dir.resolve() / "workers"
        shutil.rmtree(self._dir, ignore_errors=True)  # of a run that was killed
        for name in ("bin", "home", "temp"):
            (self._dir / name).mkdir(parents=True)
        engine = Path(pwsh).resolve(strict=True)
        for name in ("powershell", "powershell.exe", "pwsh"):  # Ansible's wrappers look for `powershell` on PATH
            (self._dir / "bin" / name).symlink_to(engine)
        assemblies = cache_dir().resolve() / "assemblies"
        assemblies.mkdir(parents=True, exist_ok=True)
        self._command = [str(engine), "-NoLogo", "-NoProfile", "-NonInteractive", "-File", str(SCRIPT)]
        self._environment = {
            **{name: value for name, value in os.environ.items() if name.startswith(_KEPT)},
            "PATH": f"{self._dir / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(self._dir / "home"),
            "TEMP": str(self._dir / "temp"),
            "TMP": str(self._dir / "temp"),
            "TMPDIR": str(self._dir / "temp"),
            "NO_COLOR": "1",
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "POWERSHELL_UPDATECHECK": "Off",
            "HVSIM_CONTROL": control_socket,
            "HVSIM_MODULES": modules_dir,
            "HVSIM_ASSEMBLIES": str(assemblies),
        }

    def prepare(self, culture: str) -> None:
        """Start what is missing of a culture's workers, without waiting for them."""
        with self._lock:
            self._fill(culture)

    def take(self, culture: str) -> Worker:
        """Hand out the worker that has had the most time to warm up; the caller gives it a job or kills it."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the worker pool is closed")
            stock = self._stock[culture]
            dead = []
            while stock and not stock[0].alive:
                dead.append(stock.popleft())
            worker = stock.popleft() if stock else self._start(culture)
            self._fill(culture)
        for one in dead:  # not under the lock: a worker tells its end to the pool
            one.kill()
        return worker

    def close(self) -> None:
        """End the workers that wait, and remove the files. Those at work are their endpoints' to end, before this."""
        with self._lock:
            self._closed = True
            waiting = [worker for stock in self._stock.values() for worker in stock]
            self._stock.clear()
            self._wanted.clear()
        for worker in waiting:
            worker.kill()
        shutil.rmtree(self._dir, ignore_errors=True)

    def _fill(self, culture: str) -> None:
        missing = self._ahead - len(self._stock[culture]) - self._wanted.count(culture)
        self._wanted.extend([culture] * missing)
        self._start_wanted()

    def _start_wanted(self) -> None:
        while self._wanted and self._warming < _PROCESSORS and not self._closed:
            culture = self._wanted.popleft()
            self._stock[culture].append(self._start(culture))

    def _warmed(self) -> None:
        with self._lock:
            self._warming -= 1
            self._start_wanted()

    def _start(self, culture: str) -> Worker:
        locale = f"{culture.replace('-', '_')}.UTF-8"
        environment = {**self._environment, "LANG": locale, "LC_ALL": locale}
        worker = Worker(self._command, environment, self._dir / "home", self._warmed)
        self._warming += 1
        return worker


def _read(name: str, stream: IO[bytes], heard: Callable[[str, bytes], None]) -> None:
    while data := os.read(stream.fileno(), _READ):
        heard(name, data)
