# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker pool: workers are ahead, serve one job each, and nothing of them is ever left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hyperv_simulator.endpoints import WorkerPool, workers
from hyperv_simulator.endpoints.workers import Worker


class Job:
    """Runs a script on a worker and collects what it says."""

    def __init__(self, worker: Worker, script: str) -> None:
        self.said: dict[str, bytes] = {"stdout": b"", "stderr": b""}
        self.news = threading.Condition()
        self.exit_code: int | None = None
        worker.assign({"kind": "winrs", "script": script, "environment": {}}, self.heard, self.ended)

    def heard(self, stream: str, data: bytes) -> None:
        with self.news:
            self.said[stream] += data
            self.news.notify_all()

    def ended(self, exit_code: int) -> None:
        with self.news:
            self.exit_code = exit_code
            self.news.notify_all()

    def wait(self) -> int | None:
        with self.news:
            assert self.news.wait_for(lambda: self.exit_code is not None, 60)
        return self.exit_code

    def wait_for_line(self) -> str:
        with self.news:
            assert self.news.wait_for(lambda: b"\n" in self.said["stdout"], 60), self.said
        return self.said["stdout"].decode().strip()


def gone(pid: int) -> bool:
    """Wait until a process has ended."""
    for _attempt in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if sys.platform == "linux" and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_each_job_gets_a_fresh_worker(quick_pool: WorkerPool) -> None:
    jobs = [Job(quick_pool.take("en-US"), "print(os.getpid(), os.environ['LC_ALL'])") for _number in range(3)]
    assert [job.wait() for job in jobs] == [0, 0, 0]
    said = {job.said["stdout"] for job in jobs}
    assert len(said) == 3
    assert all(text.endswith(b" en_US.UTF-8\n") for text in said)


def test_a_worker_that_died_waiting_is_not_handed_out(quick_pool: WorkerPool) -> None:
    quick_pool.prepare("en-US")
    dead = quick_pool._stock["en-US"][0]
    os.kill(dead._process.pid, signal.SIGKILL)
    dead._process.wait()
    worker = quick_pool.take("en-US")
    assert worker is not dead
    assert Job(worker, "sys.exit(3)").wait() == 3


def test_killing_a_worker_ends_what_it_started(quick_pool: WorkerPool) -> None:
    worker = quick_pool.take("en-US")
    script = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True); sys.stdin.read()"
    job = Job(worker, script)
    child = int(job.wait_for_line())
    worker.kill()
    assert job.wait() == -signal.SIGKILL
    assert gone(child)


def test_what_a_job_leaves_behind_ends_with_it(quick_pool: WorkerPool) -> None:
    job = Job(quick_pool.take("en-US"), "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True)")
    assert job.wait() == 0
    assert gone(int(job.said["stdout"]))


def pids_of(pool: WorkerPool, culture: str, count: int) -> list[int]:
    """The processes that wait, as soon as there are so many."""
    while len(pool._stock[culture]) < count:
        time.sleep(0.01)
    return [worker._process.pid for worker in pool._stock[culture]]


def test_only_as_many_warm_up_as_there_are_processors(
    tmp_path: Path, cold_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are started one by one, when a worker is warm or has ended."""
    monkeypatch.setattr(workers, "_PROCESSORS", 2)
    pool = WorkerPool(cold_engine, "", "/nonexistent", tmp_path / "run", ahead=2)
    pool.prepare("de-DE")
    pool.prepare("ja-JP")
    first = pids_of(pool, "de-DE", 2)
    assert not pool._stock["ja-JP"]
    os.kill(first[0], signal.SIGKILL)
    assert len(pids_of(pool, "ja-JP", 1)) == 1
    pool.close()


def test_close_leaves_neither_processes_nor_files_nor_descriptors(engine: str, tmp_path: Path) -> None:
    before = len(os.listdir("/dev/fd"))
    pool = WorkerPool(engine, "", "/nonexistent", tmp_path / "run", ahead=3)
    pool.prepare("de-DE")
    pids = pids_of(pool, "de-DE", 3)
    pool.close()
    assert all(gone(pid) for pid in pids)
    assert not any((tmp_path / "run").iterdir())
    assert len(os.listdir("/dev/fd")) == before
    with pytest.raises(RuntimeError):
        pool.take("de-DE")


DAEMON = """
import sys, threading, time
from pathlib import Path
from hyperv_simulator.endpoints import WorkerPool, workers
pool = WorkerPool(sys.argv[1], "", "/nonexistent", Path(sys.argv[2]), ahead=1)
worker = pool.take("en-US")
script = "[Console]::Out.WriteLine($PID); while ($true) { }"
job = {"kind": "winrs", "script": script, "environment": {}}
worker.assign(job, lambda _, data: print(data.decode(), flush=True), print)
worker.end_input()
print(pool._stock["en-US"][0]._process.pid, flush=True)
time.sleep(600)
"""


def test_no_worker_outlives_a_killed_daemon(pwsh: str, tmp_path: Path) -> None:
    daemon = subprocess.Popen(
        [sys.executable, "-c", DAEMON, pwsh, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with daemon:
        assert daemon.stdout
        pids: list[int] = []
        while len(pids) < 2:  # one waits, one is in an endless loop
            line = daemon.stdout.readline().strip()
            pids += [int(line)] if line else []
        daemon.kill()
    assert all(gone(pid) for pid in pids)
