# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is let in: a simulated host runs PowerShell as the user who started it, so nobody else may know the password."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pypsrp.exceptions import AuthenticationError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from winrm.exceptions import InvalidCredentialsError
from winrm.protocol import Protocol

from simulator_runner import Simulator

# Asks for a shell with basic authentication and prints the status; run as another user.
INTRUDER = """
import base64, http.client, sys
port, user, password = sys.argv[1:]
token = base64.b64encode(f"{user}:{password}".encode()).decode()
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
headers = {"Authorization": f"Basic {token}", "Content-Type": "application/soap+xml"}
connection.request("POST", "/wsman", b"<a/>", headers)
print(connection.getresponse().status)
"""


@pytest.fixture(scope="module")
def fleet(pwsh: str) -> Iterator[Simulator]:
    with Simulator({"hosts": [{"name": "hv1", "virtual_machines": ["a"]}]}) as running:
        yield running


def reached(fleet: Simulator) -> tuple[int, str, str]:
    """Port, user and password of the host, as its inventory has them."""
    found = yaml.safe_load(fleet.inventory("winrm").read_text(encoding="utf-8"))["hyperv_hosts"]
    return found["hosts"]["hv1"]["ansible_port"], found["vars"]["ansible_user"], found["vars"]["ansible_password"]


def run_over_winrm(port: int, user: str, password: str, transport: str) -> bytes:
    protocol = Protocol(f"http://127.0.0.1:{port}/wsman", transport=transport, username=user, password=password)
    shell = protocol.open_shell()
    output: bytes = protocol.get_command_output(shell, protocol.run_command(shell, "'in'"))[0]
    protocol.close_shell(shell)
    return output


def run_over_psrp(port: int, user: str, password: str, auth: str) -> list[Any]:
    with (
        WSMan(
            "127.0.0.1",
            port=port,
            ssl=False,
            auth=auth,
            encryption="never" if auth == "basic" else "auto",
            username=user,
            password=password,
        ) as client,
        RunspacePool(client) as runspaces,
    ):
        output: list[Any] = PowerShell(runspaces).add_script("'in'").invoke()
        return output


@pytest.mark.parametrize("transport", ["plaintext", "ntlm"])
def test_wrong_password_is_refused_over_winrm(fleet: Simulator, transport: str) -> None:
    port, user, password = reached(fleet)
    assert run_over_winrm(port, user, password, transport).strip() == b"in"
    for wrong in ("vagrant", password[:-1], password.upper()):
        with pytest.raises(InvalidCredentialsError):
            run_over_winrm(port, user, wrong, transport)


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_wrong_password_is_refused_over_psrp(fleet: Simulator, auth: str) -> None:
    port, user, password = reached(fleet)
    assert run_over_psrp(port, user, password, auth) == ["in"]
    for wrong in ("vagrant", password[:-1], password.upper()):
        with pytest.raises(AuthenticationError):
            run_over_psrp(port, user, wrong, auth)


def test_other_user_of_the_machine_is_refused(fleet: Simulator, tmp_path: Path) -> None:
    """The password that every host once had opens none, and the one of this fleet cannot be read."""
    port, user, password = reached(fleet)

    def other_user() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

    def status(word: str) -> str:
        python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
        command = [python, "-c", INTRUDER, str(port), user, word]
        done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=other_user)
        return done.stdout.strip()

    assert status("vagrant") == "401"
    assert status(password) == "400", "with the right one it is let in: so the 401 is about the password"
    for path in (fleet.directory / "run" / "journal.jsonl", fleet.inventory("psrp")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_inventory_that_others_could_read_becomes_private(fleet: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    said = fleet.hvsim("inventory", "--output", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert said == f"wrote {path}\n"
    assert path.read_text(encoding="utf-8") == fleet.hvsim("inventory")


def test_password_is_in_no_argument_log_or_output(fleet: Simulator) -> None:
    port, user, password = reached(fleet)
    run_over_winrm(port, user, password, "ntlm")
    fleet.hvsim("ledger")
    shown = [
        *(fleet.hvsim(*words) for words in (("status",), ("status", "--json"), ("ledger", "--json"))),
        *(fleet.hvsim("fleet", "print", *words) for words in ((), ("--json",))),
        *((fleet.directory / "run" / name).read_text(encoding="utf-8") for name in ("daemon.log", "ledger.jsonl")),
    ]
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                shown.append((process / name).read_bytes().decode(errors="replace"))
            except OSError:
                continue
    assert not [text[:200] for text in shown if password in text]
    assert len(password) >= 32


def test_fleet_that_goes_on_keeps_its_password_and_a_new_one_has_another(pwsh: str) -> None:
    with Simulator({"hosts": [{"name": "hv1"}]}) as fleet:
        first = reached(fleet)
        fleet.hvsim("down")
        fleet.hvsim("up", "--watch", str(os.getpid()))
        assert reached(fleet) == first
        fleet.hvsim("down")
        fleet.hvsim("up", "--fleet", str(fleet.fleet_file), "--watch", str(os.getpid()))
        assert reached(fleet)[2] != first[2]


def test_given_credentials_are_taken_and_printed_with_the_fleet(pwsh: str) -> None:
    given = {"user": "ops", "password": "given by the file"}
    with Simulator({"credentials": given, "hosts": [{"name": "hv1"}]}) as fleet:
        assert reached(fleet)[1:] == ("ops", "given by the file")
        assert json.loads(fleet.hvsim("fleet", "print", "--json"))["credentials"] == given
