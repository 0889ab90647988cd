# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo` without PowerShell, and whether what was recorded for it is what the fleet of the demonstration gives."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hyperv_simulator.paths import cache_dir
from workspace import CHECKOUT, fixed_variables

DEMO = CHECKOUT / "docs" / "demo"
COLLECTION = DEMO / "collection.json"
# What differs from run to run.
TIMES = ("collected_at", "uptime_seconds")


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def read(path: Path) -> Any:
    return without_times(json.loads(path.read_text(encoding="utf-8")))


class Demo(NamedTuple):
    """What `make demo` printed, and where: its checkout, and the home directory of its user with a cache in it."""

    output: str
    checkout: Path
    home: Path
    cache: Path


@pytest.fixture(scope="module")
def demo(pwsh: str, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """As a new user meets it: an empty home, no variables. Only what takes minutes to make is in the cache already."""
    checkout, home = tmp_path_factory.mktemp("fresh") / "checkout", tmp_path_factory.mktemp("home")
    shutil.copytree(CHECKOUT, checkout, symlinks=True, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    cache = home / ".cache" / "hyperv-integration"
    cache.parent.mkdir(parents=True)
    cache.symlink_to(cache_dir())
    environ = {name: value for name, value in os.environ.items() if name not in {*fixed_variables(), "HVIS_VENV"}}
    environ |= {"HOME": str(home), "HVIS_PWSH": pwsh}
    done = subprocess.run(["make", "demo"], cwd=checkout, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Demo(done.stdout, checkout, home, cache)


def test_the_recorded_collection_is_what_the_fleet_gives(demo: Demo) -> None:
    new, old = read(demo.checkout / ".build" / "demo" / "collection.json"), read(COLLECTION)
    assert new == old, "record it anew: make demo ARGS=--record"


def test_demo_in_a_fresh_checkout_writes_into_checkout_and_cache_only(demo: Demo) -> None:
    assert [path for path in demo.home.rglob("*") if path not in (demo.cache.parent, demo.cache)] == []


def test_demo_in_a_fresh_checkout_tells_both_runs_and_the_audit(demo: Demo) -> None:
    second, third = demo.output.index("== Second run "), demo.output.index("== Audit ")
    told = demo.output.index("An administrator enables guest_service_interface on web02.")
    assert second < told < third
    assert "hv-berlin     ok=" in demo.output[second:told]
    audited = [line.split()[:4] for line in demo.output[third:].splitlines()]
    assert ["web02", "hv-berlin", "guest_service_interface", "host"] in audited


def test_without_powershell_it_says_so_and_shows_the_recorded_fleet() -> None:
    env = {**os.environ, "HVIS_PWSH": ""}
    command = [sys.executable, str(DEMO / "demo.py")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == lines[-1]
    assert lines[0].startswith("The host half was not run: ")
    assert "HVIS_PWSH" in lines[0]
    assert "  host_policy_default -> default_safe: web01, web02" in lines  # the plan
    rows = [line.split() for line in lines]  # the audit, of both sides
    assert ["web02", "hv-berlin", "guest_service_interface", "host", "open"] in rows
    assert ["sql02", "hv-tokyo", "vss", "guest", "open"] in rows
    page = Path(next(line for line in lines if line.startswith("The page: ")).removeprefix("The page: "))
    assert "sql02" in page.read_text(encoding="utf-8")
    assert max(map(len, lines[1:-2])) <= 80
