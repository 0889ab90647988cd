# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line and its daemon as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hyperv_simulator import cli, daemon
from hyperv_simulator.control import Control
from hyperv_simulator.paths import RunDir

FLEET = "fleet: 1\nhosts:\n  - name: hv\n    culture: de\n    virtual_machines: [a, {name: b, state: Off}]\n"
PATIENCE = 30

Hvsim = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_dir(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "run"
    yield directory
    pid = daemon.running_pid(RunDir(directory))
    if pid:
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def hvsim(run_dir: Path, tmp_path: Path) -> Hvsim:
    fleet_file = tmp_path / "fleet.yml"
    fleet_file.write_text(FLEET, encoding="utf-8")

    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        command = [str(cli.PACKAGES / "hvsim"), *arguments, "--run-dir", str(run_dir)]
        done = subprocess.run(
            command,
            env={**os.environ, "HVSIM_PYTHON": sys.executable},
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def up(hvsim: Hvsim, *arguments: str) -> Any:
    return json.loads(hvsim("up", "--no-endpoints", "--json", *arguments).stdout)


def states(run_dir: Path) -> list[int]:
    with Control(run_dir) as control:
        return [vm["State"] for vm in control.ask("cmdlet", host="hv", command="Get-VM")["objects"]]


def test_up_returns_when_ready_and_down_leaves_no_process(hvsim: Hvsim, run_dir: Path) -> None:
    status = up(hvsim, "--fleet", "fleet.yml")
    assert [(host["name"], host["running"], host["port"]) for host in status["hosts"]] == [("hv", 1, None)]
    assert int((run_dir / "daemon.pid").read_text(encoding="ascii")) == status["pid"]
    hvsim("down")
    assert daemon.running_pid(RunDir(run_dir)) is None
    assert not (run_dir / "control.sock").exists()
    assert not (run_dir / "daemon.pid").exists()
    assert daemon.wait_for_exit(status["pid"], 0)
    assert "no simulator" in hvsim("down").stdout
    assert run_dir.is_dir(), "its journal, to go on with"
    hvsim("down", "--remove")
    assert not run_dir.exists()


def test_a_killed_daemon_loses_nothing_acknowledged(hvsim: Hvsim, run_dir: Path) -> None:
    pid = up(hvsim, "--fleet", "fleet.yml")["pid"]
    with Control(run_dir) as control:
        vm = control.ask("cmdlet", host="hv", command="Get-VM")["objects"][0]
        keys = [{"Id": vm["Id"]}]
        control.ask("cmdlet", host="hv", command="Save-VM", phase="apply", confirmed=keys)
        control.ask("clock", advance=100)
        os.kill(pid, signal.SIGKILL)
    assert daemon.wait_for_exit(pid, PATIENCE)
    status = up(hvsim)
    assert states(run_dir) == [6, 3]
    assert (status["ledger"], status["clock"]["offset"]) == (2, 100)


def test_a_fleet_file_starts_anew(hvsim: Hvsim, run_dir: Path) -> None:
    up(hvsim, "--fleet", "fleet.yml")
    hvsim("fleet", "set", "hv", "a", "state: Off")
    assert states(run_dir) == [3, 3]
    hvsim("down")
    assert up(hvsim, "--fleet", "fleet.yml")["ledger"] == 0
    assert states(run_dir) == [2, 3]


def test_the_daemon_ends_with_the_process_it_watches(hvsim: Hvsim) -> None:
    watched = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    pid = up(hvsim, "--fleet", "fleet.yml", "--watch", str(watched.pid))["pid"]
    watched.kill()  # not reaped before the daemon has seen it
    try:
        assert daemon.wait_for_exit(pid, PATIENCE)
    finally:
        watched.communicate()


def test_a_run_directory_has_one_daemon(hvsim: Hvsim) -> None:
    pid = up(hvsim, "--fleet", "fleet.yml")["pid"]
    refused = hvsim("up", "--no-endpoints", "--fleet", "fleet.yml", code=1)
    assert str(pid) in refused.stderr
    assert "--run-dir" in refused.stderr


def test_up_passes_on_why_it_cannot_start(hvsim: Hvsim, run_dir: Path, tmp_path: Path) -> None:
    assert "--fleet" in hvsim("up", code=1).stderr
    assert not (run_dir / "daemon.pid").exists()
    (tmp_path / "bad.yml").write_text("fleet: 1\nhosts:\n  - nam: hv\n", encoding="utf-8")
    refused = hvsim("up", "--fleet", "bad.yml", code=1)
    assert "bad.yml:3: hosts[0]: unknown key 'nam': did you mean 'name'?" in refused.stderr


def test_text_for_people(hvsim: Hvsim) -> None:
    assert "1 of 2 running" in hvsim("up", "--no-endpoints", "--fleet", "fleet.yml").stdout
    hvsim("fault", "add", "vanish", "--vm", "b", "--command", "Get-VM", "--times", "1")
    listed = hvsim("fault", "list").stdout
    assert listed == "vanish             host=* Get-VM vm=b, after 0: struck 0 of 1, 0 calls matched\n"
    hvsim("fault", "clear")
    assert hvsim("fault", "list").stdout == ""
    assert "state: 'Off'" in hvsim("fleet", "print").stdout
    assert "+30.000 s" in hvsim("clock", "advance", "30").stdout
    assert "+30.000 s" in hvsim("clock", "show").stdout
    assert "de-DE" in hvsim("status").stdout
    hvsim("ledger", "--reset")
    assert "invocations" in hvsim("ledger", "--summary").stdout
    assert "--no-endpoints" in hvsim("inventory", "--connection", "winrm", code=1).stderr


def test_fault_of_a_cmdlet_that_does_not_exist_is_refused(hvsim: Hvsim) -> None:
    hvsim("up", "--no-endpoints", "--fleet", "fleet.yml")
    refused = hvsim("fault", "add", "wmi_transient", "--command", "Get-VMM", code=1).stderr
    assert "command: 'Get-VMM' matches no simulated cmdlet: did you mean 'Get-VM'?" in refused
    refused = hvsim("fault", "add", "wmi_transient", "--command", "Format-*", code=1).stderr
    assert "command: 'Format-*' matches no simulated cmdlet: simulated are Get-" in refused
    assert hvsim("fault", "list").stdout == ""


def test_fault_list_tells_struck_calls_from_matched_ones(hvsim: Hvsim, run_dir: Path) -> None:
    hvsim("up", "--no-endpoints", "--fleet", "fleet.yml")
    hvsim("fault", "add", "wmi_transient", "--command", "Get-VM", "--times", "1")
    with Control(run_dir) as control:
        for _call in range(2):
            control.ask("cmdlet", host="hv", command="Get-VM", parameters={}, set="Name", caller="", invocation="1")
    assert hvsim("fault", "list").stdout.endswith("struck 1 of 1, 2 calls matched\n")


def test_one_host_is_not_counted_as_several(hvsim: Hvsim) -> None:
    assert hvsim("fleet", "check", "fleet.yml").stdout == "fleet.yml: 1 host, 2 virtual machines\n"


def test_a_printed_fleet_can_be_started(hvsim: Hvsim, run_dir: Path, tmp_path: Path) -> None:
    up(hvsim, "--fleet", "fleet.yml")
    hvsim("fleet", "set", "hv", "a", "{state: Saved, services: {vss: false}}")
    (tmp_path / "printed.yml").write_text(hvsim("fleet", "print").stdout, encoding="utf-8")
    hvsim("down")
    up(hvsim, "--fleet", "printed.yml")
    assert states(run_dir) == [6, 3]


def test_generated_fleets_are_valid(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["fleet", "generate", "--hosts", "3", "--vms", "5", "--seed", "4", "--cultures", "de,ja"]) == 0
    (tmp_path / "made.yml").write_text(capsys.readouterr().out, encoding="utf-8")
    assert cli.main(["fleet", "check", str(tmp_path / "made.yml")]) == 0
    assert "3 hosts, 15 virtual machines" in capsys.readouterr().out
    assert cli.main(["fleet", "generate", "--cultures", "xx"]) == 1
    assert "'xx'" in capsys.readouterr().err
