# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts to talk to: some of a stand-in engine, which needs no PowerShell, and some of the real one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hyperv_simulator.endpoints import Endpoint, WorkerPool, serve_host
from simulator_runner import CREDENTIALS

# Speaks worker.ps1's side of the protocol; a job's script is Python here, one that sets `leaves`, an exit code,
# leaves the worker to another.
ENGINE = f"""#!{sys.executable}
import io, json, os, socket, sys
channel = socket.socket(fileno=int(os.environ.pop("HVSIM_WORKER").split(",")[0]))
channel.send(b"w")
for line in channel.makefile():
    job, leaves = json.loads(line), None
    os.environ.update(job["environment"])
    sys.stdin = io.StringIO(job["input"])
    exec(job["script"])
    if leaves is None:
        break
    sys.stdout.flush()
    channel.send(b"%d\\n" % leaves)
"""


class Faults:
    """Meets the operations it was given, once each."""

    def __init__(self) -> None:
        self.planned: list[tuple[str, str]] = []

    def endpoint(self, _host: str, operation: str) -> str | None:
        for plan in self.planned:
            if plan[0] == operation:
                self.planned.remove(plan)
                return plan[1]
        return None


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("engine") / "engine"
    path.write_text(ENGINE, encoding="utf-8")
    path.chmod(0o700)
    return str(path)


@pytest.fixture(scope="session")
def cold_engine(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One that never gets warm."""
    path = tmp_path_factory.mktemp("engine") / "cold"
    path.write_text("#!/bin/sh\nexec sleep 600\n", encoding="utf-8")
    path.chmod(0o700)
    return str(path)


@pytest.fixture
def quick_pool(engine: str, tmp_path: Path) -> Iterator[WorkerPool]:
    """Workers of the stand-in engine."""
    pool = WorkerPool(engine, "", "/nonexistent", tmp_path / "run", ahead=1)
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def pool(pwsh: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    """Workers of the real PowerShell."""
    pool = WorkerPool(pwsh, "", "/nonexistent", tmp_path_factory.mktemp("run"), ahead=1)
    yield pool
    pool.close()


@pytest.fixture
def serve(faults: Faults) -> Iterator[Callable[..., Endpoint]]:
    """Start endpoints that end with the test: serve(pool, host="hv-test", culture="en-US")."""
    started: list[Endpoint] = []

    def start(pool: WorkerPool, host: str = "hv-test", culture: str = "en-US") -> Endpoint:
        started.append(serve_host(host, culture, 0, CREDENTIALS, pool, faults))
        return started[-1]

    yield start
    for endpoint in started:
        endpoint.close()


@pytest.fixture
def quick_host(quick_pool: WorkerPool, serve: Callable[..., Endpoint]) -> Endpoint:
    return serve(quick_pool)
