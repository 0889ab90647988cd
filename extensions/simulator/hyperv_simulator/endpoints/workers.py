# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell processes: started ahead, and used again.

Starting PowerShell and compiling what a task brings along is most of what the task costs. So nothing is compiled twice
(`powershell/compiled.psm1`); a process is started before it is needed, and warms itself up; and a command that leaves
its process as it was leaves it to the next command, which costs a fifth then (measured). What a worker is connected to:

    control   socket; the worker says with a byte that it is warm, then each job comes through it as a line of JSON.
              A worker that can take another job answers with a line, the exit code; else the process ends with it.
              When the socket closes, the worker kills itself: so none outlives this process, however that ends.
    input     pipe; what is sent to a runspace pool
    stdout, stderr   pipes; the job's output
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from ..paths import cache_dir

SCRIPT = Path(__file__).parents[2] / "powershell" / "worker.ps1"
_KEPT = ("DOTNET_", "LD_LIBRARY_PATH")  # of our own environment; everything else would leak into the simulated host
_READ = 65536
_PROCESSORS = os.cpu_count() or 1
# A worker more than is needed takes its time to warm up from those at work where all processors are busy: on two, a
# playbook took 21 instead of 25 seconds without one (measured).
_AHEAD = int(_PROCESSORS > 2)
_IDLE = max(4, _PROCESSORS)  # workers kept for another job: each holds 150 to 300 MB (measured)
_GLANCE = 0.2  # seconds between looks whether a process has ended whose pipes others keep open


class Worker:
    """One PowerShell process, which does one job at a time."""

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        directory: Path,
        warm: Callable[[], None],
        free: Callable[[Worker], None],
    ) -> None:
        """Both are called from another thread: `warm()` once, when the worker is warm or has ended, and `free(worker)`
        after each job that leaves it to another."""
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
        self._free = free
        self._warming = threading.Thread(target=self._await_warmth, args=(warm,), name="hvsim-warming", daemon=True)
        self._warming.start()
        self._writing = threading.Lock()
        self._lock = threading.Lock()
        self._job: threading.Thread | None = None  # serves it
        self._killed = False

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def assign(
        self,
        job: Mapping[str, object],
        heard: Callable[[str, bytes], None],
        ended: Callable[[int], None],
    ) -> Callable[[], None]:
        """Give a job. `heard(stream, data)` as output comes, then `ended(exit code)`: both from another thread.

        Returns what stops it: the process and all it started end, unless the job has ended by itself.
        """
        thread = threading.Thread(target=self._serve, args=(job, heard, ended), name="hvsim-worker", daemon=True)
        with self._lock:
            self._job = thread
        thread.start()
        return lambda: self._stop(thread)

    def write(self, data: bytes) -> None:
        """Write to the input; blocks while the worker does not read. What a dead worker gets is dropped."""
        with self._writing, contextlib.suppress(OSError):
            view = memoryview(data)
            while view and self._input >= 0:
                view = view[os.write(self._input, view) :]

    def kill(self) -> None:
        """End a worker without a job."""
        self._kill_group()
        self._process.wait()
        self._close()

    def _serve(
        self, job: Mapping[str, object], heard: Callable[[str, bytes], None], ended: Callable[[int], None]
    ) -> None:
        with contextlib.suppress(OSError):  # a worker that died is seen by its exit code
            self._control.sendall(json.dumps(job).encode() + b"\n")
        self._warming.join()
        answers: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ, answers.append)
            for name in ("stdout", "stderr"):
                selector.register(getattr(self._process, name), selectors.EVENT_READ, functools.partial(heard, name))
            while self.alive and not answers:
                _pass_on(selector, _GLANCE)
            with self._lock:
                self._job = None
                free = bool(answers) and not self._killed and self._is_alone()
            if free:
                while _pass_on(selector, 0):  # all of it was written before the answer
                    pass
            else:
                self._kill_group()  # a process left behind by the job would keep the pipes open
                while selector.get_map():
                    _pass_on(selector, None)
        exit_code = int(answers[0]) if answers else self._process.wait()
        if free:
            self._free(self)
        else:
            self.kill()
        ended(exit_code)

    def _stop(self, job: threading.Thread) -> None:
        with self._lock:
            if self._job is job:
                self._killed = True
                self._kill_group()
        if job is not threading.current_thread():
            job.join()

    def _is_alone(self) -> bool:
        """Whether nothing is left of what the job has started; where there is no /proc, nobody can tell."""
        sessions = []
        with contextlib.suppress(FileNotFoundError):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                with contextlib.suppress(ProcessLookupError):
                    sessions.append(os.getsid(int(pid)))
        return sessions.count(self._process.pid) == 1

    def _await_warmth(self, warm: Callable[[], None]) -> None:
        with contextlib.suppress(OSError):
            self._control.recv(1)
        warm()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: not permitted for a zombie
            os.killpg(self._process.pid, signal.SIGKILL)

    def _close(self) -> None:
        self._warming.join()
        self._control.close()
        with self._writing:
            if self._input >= 0:
                os.close(self._input)
                self._input = -1
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()


class WorkerPool:
    """Keeps `ahead` workers ready from the first use on, and up to `_IDLE` that are free again.

    Only as many warm up at a time as there are processors: those at work are not starved, and a job that waits for its
    turn often gets the worker of another.

    Files go under `run_dir`/workers: the hosts' home and temporary directory; what is compiled, to the cache directory.
    `modules_dir` comes first on PSModulePath ("" for none); the modules in it reach the fleet's state through
    `control_socket`.
    """

    def __init__(self, pwsh: str, modules_dir: str, control_socket: str, run_dir: Path, ahead: int = _AHEAD) -> None:
        self._ahead = ahead
        self._warming = 0
        self._changed = threading.Condition()
        self._stock: deque[Worker] = deque()  # started ahead, the first one first
        self._used: deque[Worker] = deque()  # free again, the last one last
        self._closed = False
        self._dir = run_dir.resolve() / "workers"
        shutil.rmtree(self._dir, ignore_errors=True)  # of a run that was killed
        for name in ("bin", "home", "temp"):
            (self._dir / name).mkdir(parents=True)
        engine = Path(pwsh).resolve(strict=True)
        for name in ("powershell", "powershell.exe", "pwsh"):  # Ansible's wrappers look for `powershell` on PATH
            (self._dir / "bin" / name).symlink_to(engine)
        codepage = self._dir / "bin" / "chcp.com"  # which ansible-core before 2.19 starts over psrp
        codepage.write_text("#!/bin/sh\n", encoding="utf-8")
        codepage.chmod(0o755)
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
            "LC_ALL": "en_US.UTF-8",  # until a job says otherwise
            "NO_COLOR": "1",
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "POWERSHELL_UPDATECHECK": "Off",
            "HVSIM_CONTROL": control_socket,
            "HVSIM_MODULES": modules_dir,
            "HVSIM_ASSEMBLIES": str(assemblies),
        }

    def prepare(self) -> None:
        """Start what is missing, without waiting for it."""
        with self._changed:
            self._fill()

    def take(self, used: bool = False) -> Worker:
        """Hand out a worker for a job: the last that became free again, where it may be a `used` one, else the one that
        has had the most time to warm up."""
        dead = []
        with self._changed:
            while True:
                if self._closed:
                    raise RuntimeError("the worker pool is closed")
                worker = self._waiting(used)
                if worker and not worker.alive:
                    dead.append(worker)
                    continue
                worker = worker or self._start()
                if worker:
                    break
                self._changed.wait()
            self._fill()
        for one in dead:  # not under the lock: a worker tells its end to the pool
            one.kill()
        return worker

    def close(self) -> None:
        """End the workers that wait, and remove the files. Those at work are their endpoints' to end, before this."""
        with self._changed:
            self._closed = True
            waiting = [*self._stock, *self._used]
            self._stock.clear()
            self._used.clear()
            self._changed.notify_all()
        for worker in waiting:
            worker.kill()
        shutil.rmtree(self._dir, ignore_errors=True)

    def _waiting(self, used: bool) -> Worker | None:
        if used and self._used:
            return self._used.pop()
        return self._stock.popleft() if self._stock else None

    def _keep(self, worker: Worker) -> None:
        """Take a worker back that is free again; the one that has waited longest goes when there are too many."""
        with self._changed:
            self._used.append(worker)
            too_many = self._used.popleft() if self._closed or len(self._used) > _IDLE else None
            self._changed.notify_all()
        if too_many:
            too_many.kill()

    def _fill(self) -> None:
        while len(self._stock) < self._ahead and (worker := self._start()):
            self._stock.append(worker)

    def _warmed(self) -> None:
        with self._changed:
            self._warming -= 1
            self._changed.notify_all()
            self._fill()

    def _start(self) -> Worker | None:
        """Start a worker, unless as many are warming up as there are processors."""
        if self._closed or self._warming >= _PROCESSORS:
            return None
        worker = Worker(self._command, self._environment, self._dir / "home", self._warmed, self._keep)
        self._warming += 1
        return worker


def _pass_on(selector: selectors.BaseSelector, wait: float | None) -> bool:
    """Hand what is readable within `wait` seconds to its hearer, and forget what has come to its end."""
    ready = selector.select(wait)
    for key, _events in ready:
        data = os.read(key.fd, _READ)
        if data:
            key.data(data)
        else:
            selector.unregister(key.fileobj)
    return bool(ready)
