# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker pool: workers are ahead and used again, and nothing of a job or of them is ever left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
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
        job = {"kind": "winrs", "script": script, "input": "", "environment": {}}
        self.stop = worker.assign(job, self.heard, self.ended)

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
    jobs = [Job(quick_pool.take(), "print(os.getpid())") for _number in range(3)]
    assert [job.wait() for job in jobs] == [0, 0, 0]
    assert len({job.said["stdout"] for job in jobs}) == 3


def test_a_worker_that_is_free_again_gets_the_next_job(quick_pool: WorkerPool) -> None:
    first = Job(quick_pool.take(used=True), "print(os.getpid(), end='', flush=True); leaves = 7")
    assert first.wait() == 7
    fresh = Job(quick_pool.take(), "print(os.getpid())")
    assert fresh.wait() == 0
    second = Job(quick_pool.take(used=True), "print(os.getpid()); sys.exit(8)")
    first.stop()  # as clients do when a command has ended: the worker is another's by now
    assert second.wait() == 8
    assert first.said["stdout"] == second.said["stdout"].strip() != fresh.said["stdout"].strip()


def test_no_more_are_kept_than_a_few(quick_pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_IDLE", 2)
    taken = [quick_pool.take(used=True) for _number in range(3)]
    jobs = [Job(worker, "print(os.getpid()); leaves = 0") for worker in taken]
    assert [job.wait() for job in jobs] == [0, 0, 0]
    pids = {int(job.said["stdout"]) for job in jobs}
    kept = {worker._process.pid for worker in quick_pool._used}
    assert len(kept) == 2
    assert all(gone(pid) for pid in pids - kept)


BUSY = """
    $left = [runspacefactory]::CreateRunspace()
    $left.Open()
    $null = [powershell]::Create($left).AddScript('Start-Sleep -Seconds 600').BeginInvoke()
    while ($left.RunspaceAvailability -ne 'Busy') { Start-Sleep -Milliseconds 10 }
"""


@pytest.mark.parametrize(
    "leaves",
    [
        "Add-Type -TypeDefinition 'public class Left { }'",
        BUSY,
        "(Start-Process -FilePath sleep -ArgumentList 600 -PassThru).Id",
        "[Environment]::Exit(0)",
    ],
)
def test_what_a_job_leaves_in_its_process_ends_with_it(pool: WorkerPool, leaves: str) -> None:
    first = Job(pool.take(used=True), f"$PID; {leaves}")
    first.wait()
    left = [int(line) for line in first.said["stdout"].split()]
    second = Job(pool.take(used=True), "$PID; 'Left' -as [type]")
    second.wait()
    (pid,) = map(int, second.said["stdout"].split())
    assert pid not in left
    assert all(gone(one) for one in left)


def test_a_process_ends_before_it_has_grown_too_large(pool: WorkerPool) -> None:
    jobs = []
    for _number in range(101):
        jobs.append(Job(pool.take(used=True), "$PID"))
        jobs[-1].wait()
    counts = Counter(int(job.said["stdout"]) for job in jobs)
    assert max(counts.values()) == 50


def test_a_worker_that_died_waiting_is_not_handed_out(quick_pool: WorkerPool) -> None:
    quick_pool.prepare()
    dead = quick_pool._stock[0]
    os.kill(dead._process.pid, signal.SIGKILL)
    dead._process.wait()
    worker = quick_pool.take()
    assert worker is not dead
    assert Job(worker, "sys.exit(3)").wait() == 3


def test_killing_a_worker_ends_what_it_started(quick_pool: WorkerPool) -> None:
    worker = quick_pool.take()
    script = "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"
    job = Job(worker, script)
    child = int(job.wait_for_line())
    job.stop()
    assert job.exit_code == -signal.SIGKILL
    assert gone(child)


def test_what_a_job_leaves_behind_ends_with_it(quick_pool: WorkerPool) -> None:
    job = Job(quick_pool.take(), "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, flush=True)")
    assert job.wait() == 0
    assert gone(int(job.said["stdout"]))


def pids_of(pool: WorkerPool, count: int) -> list[int]:
    """The processes that wait, as soon as there are so many."""
    while len(pool._stock) < count:
        time.sleep(0.01)
    return [worker._process.pid for worker in pool._stock]


def test_only_as_many_warm_up_as_there_are_processors(
    tmp_path: Path, cold_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are started one by one, when a worker is warm or has ended."""
    monkeypatch.setattr(workers, "_PROCESSORS", 2)
    pool = WorkerPool(cold_engine, "", "/nonexistent", tmp_path / "run", ahead=3)
    pool.prepare()
    pool.prepare()
    first = pids_of(pool, 2)
    assert len(pool._stock) == 2
    os.kill(first[0], signal.SIGKILL)
    assert len(pids_of(pool, 3)) == 3
    pool.close()


def test_close_leaves_neither_processes_nor_files_nor_descriptors(engine: str, tmp_path: Path) -> None:
    before = len(os.listdir("/dev/fd"))
    pool = WorkerPool(engine, "", "/nonexistent", tmp_path / "run", ahead=3)
    pool.prepare()
    pids = pids_of(pool, 3)
    pool.close()
    assert all(gone(pid) for pid in pids)
    assert not any((tmp_path / "run").iterdir())
    assert len(os.listdir("/dev/fd")) == before
    with pytest.raises(RuntimeError):
        pool.take()


DAEMON = """
import sys, threading, time
from pathlib import Path
from hyperv_simulator.endpoints import WorkerPool, workers
pool = WorkerPool(sys.argv[1], "", "/nonexistent", Path(sys.argv[2]), ahead=1)
worker = pool.take()
script = "[Console]::Out.WriteLine($PID); while ($true) { }"
job = {"kind": "winrs", "script": script, "input": "", "environment": {}}
worker.assign(job, lambda _, data: print(data.decode(), flush=True), print)
print(pool._stock[0]._process.pid, flush=True)
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
