# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host as tests ask it: over a socket, to a server process with the transport that needs no root."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from guests import FakeHost, HostError
from guests.fake_host import HERE
from guests.vmbus import kvp


@pytest.fixture
def host(tmp_path: Path) -> Iterator[FakeHost]:
    with FakeHost(tmp_path / "h", "unix") as started:
        yield started


def connect(host: FakeHost, device: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(10)
    connection.connect(str(host.nodes / device))
    return connection


def test_a_daemon_is_seen_to_come_and_go(host: FakeHost) -> None:
    assert host.ask("state")["kvp"] == {
        "offered": True,
        "open": False,
        "pid": None,
        "registered": False,
        "handshake": None,
        "opens": 0,
    }
    with connect(host, "hv_kvp") as daemon:
        daemon.send(bytes([kvp.REGISTER1]).ljust(kvp.MESSAGE_SIZE, b"\0"))
        assert daemon.recv(10000)[4:7] == b"3.1"
        state = host.ask("wait", device="kvp", timeout=10)
        assert (state["ok"], state["pid"]) == (True, os.getpid())
    assert host.ask("wait", device="vss", timeout=0.01)["ok"] is False


def test_what_is_refused_is_named(host: FakeHost) -> None:
    for request, message in (
        ({"op": "kvp_sett"}, "op 'kvp_sett' is none of state, wait"),
        ({"op": "wait", "device": "net"}, "device 'net' is none of kvp, vss, fcopy"),
        ({"op": "kvp_set", "pool": "x", "key": "k", "value": "v"}, "pool 'x' is none of"),
        ({"op": "kvp_set"}, "missing 3 required positional arguments"),
    ):
        with pytest.raises(HostError, match=message):
            host.ask(**request)


def test_a_line_that_is_no_json_is_answered(host: FakeHost) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(host.control))
        connection.send(b"{\n")
        assert json.loads(connection.makefile().readline())["ok"] is False


def test_the_socket_is_its_owners_alone(host: FakeHost) -> None:
    assert host.control.stat().st_mode & 0o777 == 0o600


def test_the_command_line_asks_and_says_so_when_it_fails(host: FakeHost) -> None:
    def ask(request: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vmbus", "ask", str(host.control), request]
        return subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)

    good, bad = ask('{"op": "state"}'), ask('{"op": "none"}')
    assert (good.returncode, json.loads(good.stdout)["ok"]) == (0, True)
    assert (bad.returncode, json.loads(bad.stdout)["ok"]) == (1, False)


def test_a_host_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "vmbus").touch()
    with pytest.raises(HostError, match=r"(?s)did not start.*FileExistsError"):
        FakeHost(tmp_path / "h", "unix").start()


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = (
        f"import sys, time; sys.path[:0] = {sys.path!r}\n"
        "from pathlib import Path\nfrom guests import FakeHost\n"
        f"host = FakeHost(Path({str(tmp_path / 'h')!r}), 'unix').start()\n"
        "print(host._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        server = int(owner.stdout.readline())
        descriptor = os.pidfd_open(server)
        owner.send_signal(signal.SIGKILL)
    assert select.select([descriptor], [], [], 10)[0], "the server lives on"
    os.close(descriptor)
