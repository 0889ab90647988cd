# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo` without PowerShell, and whether what was recorded for it is what the fleet of the demonstration gives."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from hyperv_simulator.paths import cache_dir
from playbook_runner import run_playbook
from simulator_runner import Simulator
from workspace import CHECKOUT, fixed_variables

DEMO = CHECKOUT / "docs" / "demo"
# What differs from run to run.
TIMES = ("collected_at", "uptime_seconds")


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def read(path: Path) -> Any:
    return without_times(json.loads(path.read_text(encoding="utf-8")))


def load() -> Any:
    spec = importlib.util.spec_from_file_location("demo", DEMO / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_recorded_collection_is_what_the_fleet_gives(pwsh: str, tmp_path: Path) -> None:
    demo = load()
    fleet = yaml.safe_load((DEMO / "fleet.yml").read_text(encoding="utf-8"))
    with Simulator(fleet) as simulator:
        inventory = simulator.inventory("winrm")
        policy = run_playbook(inventory, DEMO / "again.yml")
        assert policy.code == 0, policy.output
        run = demo.audit(simulator, inventory, tmp_path)
    assert run.code == 0, run.output
    new, old = read(tmp_path / "collection.json"), read(DEMO / "collection.json")
    assert new == old, "record it anew: make demo ARGS=--record"


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


def test_demo_in_a_fresh_checkout_writes_into_checkout_and_cache_only(pwsh: str, tmp_path: Path) -> None:
    """As a new user meets it: an empty home, no variables. Only what takes minutes to make is in the cache already."""
    checkout, home = tmp_path / "checkout", tmp_path / "home"
    shutil.copytree(CHECKOUT, checkout, symlinks=True, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    cache = home / ".cache" / "hyperv-integration"
    cache.parent.mkdir(parents=True)
    cache.symlink_to(cache_dir())
    environ = {name: value for name, value in os.environ.items() if name not in {*fixed_variables(), "HVIS_VENV"}}
    environ |= {"HOME": str(home), "HVIS_PWSH": pwsh}
    done = subprocess.run(["make", "demo"], cwd=checkout, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path for path in home.rglob("*") if path not in (cache.parent, cache)] == []
    second, third = done.stdout.index("== Second run "), done.stdout.index("== Audit ")
    told = done.stdout.index("An administrator enables guest_service_interface on web02.")
    assert second < told < third
    assert "hv-berlin     ok=" in done.stdout[second:told]
    audited = [line.split()[:4] for line in done.stdout[third:].splitlines()]
    assert ["web02", "hv-berlin", "guest_service_interface", "host"] in audited
