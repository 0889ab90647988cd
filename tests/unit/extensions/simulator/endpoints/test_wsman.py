# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server and the faults of the protocol, as pywinrm and plain HTTP clients meet them."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError
from winrm.protocol import Protocol

from hyperv_simulator.endpoints import Endpoint, WorkerPool, serve_host
from hyperv_simulator.endpoints.wsman import MAX_ENVELOPE
from simulator_runner import CREDENTIALS

USER, PASSWORD = CREDENTIALS
ACCOUNT = base64.b64encode(":".join(CREDENTIALS).encode()).decode()


def client(endpoint: Endpoint, transport: str = "plaintext", password: str = PASSWORD) -> Protocol:
    return Protocol(f"http://127.0.0.1:{endpoint.port}/wsman", transport=transport, username=USER, password=password)


def run(protocol: Protocol, script: str, stdin: bytes = b"") -> tuple[bytes, bytes, int]:
    shell_id = protocol.open_shell()
    try:
        command_id = protocol.run_command(shell_id, script)
        protocol.send_command_input(shell_id, command_id, stdin, end=True)
        output: tuple[bytes, bytes, int] = protocol.get_command_output(shell_id, command_id)
        protocol.cleanup_command(shell_id, command_id)
        return output
    finally:
        protocol.close_shell(shell_id)


@pytest.mark.parametrize("transport", ["plaintext", "basic", "ntlm"])
def test_a_command_over_each_transport(quick_host: Endpoint, transport: str) -> None:
    assert run(client(quick_host, transport), "print(sys.stdin.read() + '<&>')", b"in") == (b"in<&>\n", b"", 0)


@pytest.mark.parametrize("transport", ["plaintext", "ntlm"])
def test_wrong_passwords(quick_host: Endpoint, transport: str) -> None:
    with pytest.raises(InvalidCredentialsError, match="rejected by the server"):
        client(quick_host, transport, "wrong").open_shell()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/wsman", {"Content-Length": "0"}, 401),
        ("/wsman", {"Transfer-Encoding": "chunked"}, 411),
        ("/wsman", {"Content-Length": str(MAX_ENVELOPE + 1)}, 413),
        ("/other", {"Content-Length": "0"}, 404),
        ("/wsman", {"Content-Length": "0", "Authorization": f"Basic {ACCOUNT}"}, 200),
    ],
)
def test_status_of_plain_requests(quick_host: Endpoint, path: str, headers: dict[str, str], status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", quick_host.port, timeout=10)
    connection.putrequest("POST", path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == status
    offered = [value for name, value in answer.getheaders() if name == "WWW-Authenticate"]
    assert offered == (["Negotiate", "NTLM", 'Basic realm="WSMAN"'] if status == 401 else [])
    connection.close()


@pytest.mark.parametrize("body", [b"<a/>", b"no xml", b"<!DOCTYPE a []><a/>"])
def test_bodies_that_are_no_requests(quick_host: Endpoint, body: bytes) -> None:
    url = f"http://127.0.0.1:{quick_host.port}/wsman"
    assert requests.post(url, data=body, auth=CREDENTIALS, timeout=10).status_code == 400


def test_an_encrypted_message_needs_its_own_connection(quick_host: Endpoint) -> None:
    protocol = client(quick_host, "ntlm")
    shell_id = protocol.open_shell()
    protocol.transport.session.close()  # the next message goes over a new connection, sealed with the old one's keys
    with pytest.raises(Exception, match="400"):
        protocol.run_command(shell_id, "x")


def test_unknown_shells_and_commands(quick_host: Endpoint) -> None:
    protocol = client(quick_host)
    lost = "5E8F9F4C-0E6B-4B0C-9C35-0C0C8E8A5E0B"
    shell_id = protocol.open_shell()
    actions: list[Callable[[], object]] = [
        lambda: protocol.run_command(lost, "x"),
        lambda: protocol.get_command_output(shell_id, lost),
        lambda: protocol.close_shell(lost, close_session=False),
    ]
    for action in actions:
        with pytest.raises(WSManFaultError) as caught:
            action()
        assert caught.value.wsman_fault_code == 2150858843
    protocol.close_shell(shell_id)


@pytest.mark.parametrize("transport", ["plaintext", "ntlm"])
def test_faults_that_carry_a_code(quick_host: Endpoint, faults: Any, transport: str) -> None:
    protocol = client(quick_host, transport)
    shell_id = protocol.open_shell()
    faults.planned += [("Command", "quota"), ("Send", "busy"), ("Receive", "operation_timeout")]
    with pytest.raises(WSManFaultError) as quota:
        protocol.run_command(shell_id, "x")
    assert quota.value.wmierror_code == 0x803381A6
    command_id = protocol.run_command(shell_id, "print(sys.stdin.read())")
    with pytest.raises(WSManFaultError) as busy:
        protocol.send_command_input(shell_id, command_id, b"lost")
    assert busy.value.wsman_fault_code == 170
    protocol.send_command_input(shell_id, command_id, b"kept", end=True)
    with pytest.raises(WinRMOperationTimeoutError):
        protocol.get_command_output_raw(shell_id, command_id)
    assert protocol.get_command_output(shell_id, command_id) == (b"kept\n", b"", 0)
    protocol.close_shell(shell_id)


def test_fault_401(quick_host: Endpoint, faults: Any) -> None:
    faults.planned.append(("Create", "http_401"))
    with pytest.raises(InvalidCredentialsError):
        client(quick_host).open_shell()
    assert client(quick_host).open_shell()


def test_a_dropped_receive_loses_the_outcome_only(quick_host: Endpoint, faults: Any, tmp_path: Any) -> None:
    faults.planned.append(("Receive", "drop"))
    done = tmp_path / "done"
    with pytest.raises(requests.ConnectionError):
        run(client(quick_host), f"import time; print(1, flush=True); time.sleep(0.2); open({str(done)!r}, 'w')")
    assert done.exists()


def test_a_dropped_command_did_not_run(quick_host: Endpoint, faults: Any, tmp_path: Any) -> None:
    faults.planned.append(("Command", "drop"))
    done = tmp_path / "done"
    with pytest.raises(requests.ConnectionError):
        run(client(quick_host), f"open({str(done)!r}, 'w')")
    assert not done.exists()


def test_a_slow_command_is_polled(quick_host: Endpoint) -> None:
    protocol = Protocol(
        f"http://127.0.0.1:{quick_host.port}/wsman",
        transport="plaintext",
        username=USER,
        password=PASSWORD,
        operation_timeout_sec=1,
        read_timeout_sec=10,
    )
    assert run(protocol, "import time; time.sleep(2); print('late')") == (b"late\n", b"", 0)


def test_32_connections_at_a_time(quick_host: Endpoint) -> None:
    everyone = threading.Barrier(32)
    outputs = []

    def work(number: int) -> None:
        protocol = client(quick_host)
        shell_id = protocol.open_shell()
        everyone.wait(60)  # 32 connections are open now
        command_id = protocol.run_command(shell_id, f"print({number})")
        outputs.append(protocol.get_command_output(shell_id, command_id))
        protocol.close_shell(shell_id)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(output[0]) for output in outputs) == list(range(32))


def test_close_ends_connections_threads_and_jobs(quick_pool: WorkerPool, faults: Any) -> None:
    before = set(threading.enumerate())
    endpoint = serve_host("hv-test", "en-US", 0, CREDENTIALS, quick_pool, faults)
    protocol = client(endpoint)
    shell_id = protocol.open_shell()
    command_id = protocol.run_command(shell_id, "print(1, flush=True); import time; time.sleep(600)")
    assert protocol.get_command_output_raw(shell_id, command_id)[0] == b"1\n"

    def wait_for_output() -> None:
        with contextlib.suppress(WSManFaultError, WinRMTransportError, OSError):  # the host goes away
            protocol.get_command_output_raw(shell_id, command_id)

    threading.Thread(target=wait_for_output).start()
    endpoint.close()
    quick_pool.close()  # ends what warms up for the next job
    deadline = time.monotonic() + 10
    while left := set(threading.enumerate()) - before:  # threads of earlier tests may end meanwhile
        assert time.monotonic() < deadline, left
        time.sleep(0.01)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", endpoint.port))


def test_a_taken_port_is_an_error(quick_host: Endpoint, quick_pool: WorkerPool, faults: Any) -> None:
    with pytest.raises(OSError, match="in use"):
        serve_host("hv-other", "en-US", quick_host.port, CREDENTIALS, quick_pool, faults)


def test_hosts_keep_their_credentials_apart(
    quick_pool: WorkerPool, serve: Callable[..., Endpoint], faults: Any
) -> None:
    one = serve(quick_pool)
    with serve_host("hv-other", "en-US", 0, (USER, "other"), quick_pool, faults) as two:
        for transport in ("plaintext", "ntlm"):
            for endpoint, password in ((one, PASSWORD), (two, "other")):
                assert client(endpoint, transport, password).open_shell()
            with pytest.raises(InvalidCredentialsError):
                client(two, transport, PASSWORD).open_shell()
