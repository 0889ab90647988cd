# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hyperv_simulator.control import Control
from hyperv_simulator.daemon import Daemon
from hyperv_simulator.errors import ControlError

FLEET = {"fleet": 1, "hosts": [{"name": "hv", "virtual_machines": ["a", "b"]}]}


@pytest.fixture
def run_dir(tmp_path: Path) -> Iterator[Path]:
    with Daemon(tmp_path / "run", FLEET, endpoints=False):
        yield tmp_path / "run"


@pytest.fixture
def control(run_dir: Path) -> Iterator[Control]:
    with Control(run_dir) as connection:
        yield connection


def test_many_requests_go_over_one_connection(control: Control) -> None:
    assert control.ask("ping") == {"ok": True}
    assert control.ask("status")["hosts"][0]["virtual_machines"] == 2
    assert [item["Name"] for item in control.ask("cmdlet", host="hv", command="Get-VM")["objects"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("op", "arguments", "part"),
    [
        ("nonsense", {}, "ping, status"),
        ("cmdlet", {"host": "nope", "command": "Get-VM"}, "hosts: hv"),
        ("cmdlet", {"host": "hv"}, "command"),
        ("fault_add", {"rule": {"kind": "x"}}, "access_denied"),
        ("clock", {"advance": -1}, "forward"),
        ("clock", {"advance": "1"}, "number of seconds"),
        ("vm_set", {"host": "hv", "vm": "a", "patch": {"stat": 1}}, "did you mean 'state'"),
        ("vm_set", {"host": "hv", "vm": "c", "patch": {}}, "no virtual machine"),
    ],
)
def test_what_cannot_be_done_is_refused_and_the_connection_goes_on(
    control: Control, op: str, arguments: dict[str, Any], part: str
) -> None:
    with pytest.raises(ControlError, match=part):
        control.ask(op, **arguments)
    assert control.ask("ping")["ok"]


@pytest.mark.parametrize("line", [b"no json\n", b"[]\n", b"{}\n"])
def test_nonsense_is_answered(run_dir: Path, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(run_dir / "control.sock"))
        client.sendall(line)
        reply = json.loads(client.makefile("rb").readline())
    assert reply["ok"] is False
    assert reply["error"]["message"]


def test_a_machine_changed_behind_the_hosts_back(control: Control) -> None:
    patch = {"state": "Off", "services": {"vss": {"guest": "missing"}}}
    vm = control.ask("vm_set", host="hv", vm="A", patch=patch)["vm"]
    assert (vm["state"], vm["services"]["vss"]) == ("Off", {"enabled": True, "guest": "missing"})
    assert control.ask("fleet")["fleet"]["hosts"][0]["virtual_machines"][0] == vm


def test_32_connections_at_a_time_lose_no_change(run_dir: Path) -> None:
    barrier = threading.Barrier(32)
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            with Control(run_dir) as connection:
                barrier.wait(30)
                for _request in range(5):
                    parameters = {"Name": f"vm{number}"}
                    connection.ask(
                        "cmdlet", host="hv", command="New-VM", phase="apply", confirmed=["new"], parameters=parameters
                    )
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not problems
    with Control(run_dir) as connection:
        assert len(connection.ask("cmdlet", host="hv", command="Get-VM")["objects"]) == 2 + 32 * 5
        numbers = [line["n"] for line in connection.ask("ledger", command="New-VM")["lines"]]
    assert numbers == list(range(1, 161))


def test_the_socket_is_for_its_user_alone(run_dir: Path) -> None:
    assert (run_dir / "control.sock").stat().st_mode & 0o077 == 0


def test_without_a_simulator_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="hvsim up"):
        Control(tmp_path)


def test_the_end_of_the_simulator_is_an_error(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "run", FLEET, endpoints=False)
    daemon.start()
    connection = Control(tmp_path / "run")
    connection.ask("stop")
    daemon.wait()
    daemon.close()
    with pytest.raises(ControlError, match="hvsim up"):
        Control(tmp_path / "run")
    connection.close()
