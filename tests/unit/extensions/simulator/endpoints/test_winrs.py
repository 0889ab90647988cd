# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of a WinRS shell: the shell alone over a stand-in engine, then what a real PowerShell makes of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from winrm.protocol import Protocol

from hyperv_simulator.endpoints import Endpoint, WorkerPool
from hyperv_simulator.endpoints.shell import UnknownCommandError
from hyperv_simulator.endpoints.winrs import WinRS, script_of
from simulator_runner import CREDENTIALS

USER, PASSWORD = CREDENTIALS


def encoded(script: str) -> str:
    return base64.b64encode(script.encode("utf-16-le")).decode()


@pytest.mark.parametrize(
    ("line", "script"),
    [
        (
            f"PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {encoded('1 ä')}",
            "1 ä",
        ),
        (f"powershell -encodedcommand {encoded('2')}", "2"),
        (f"C:\\Windows\\System32\\powershell.exe -enc '{encoded('3')}'", "3"),
        (f"& pwsh -e {encoded('4')}", "4"),
        (f"powershell -EncodedCommand {encoded('powershell -e ' + encoded('5'))}", "5"),
        ("whoami /all", "whoami /all"),
        ("powershell -Command x", "powershell -Command x"),
        ("powershell -EncodedCommand abc", "powershell -EncodedCommand abc"),
        ("Write-Output -ec YQA=", "Write-Output -ec YQA="),
    ],
)
def test_what_a_command_line_runs(line: str, script: str) -> None:
    assert script_of(line) == script


@pytest.fixture
def shell(quick_pool: WorkerPool) -> Iterator[WinRS]:
    shell = WinRS({"HVSIM_HOST": "hv-test"}, quick_pool.take)
    yield shell
    shell.close()


def finish(shell: WinRS, command_id: str) -> tuple[str, str, int]:
    streams = {"stdout": b"", "stderr": b""}
    while True:
        output = shell.receive(command_id, 30)
        for name, data in output.streams.items():
            streams[name] += data
        if output.done:
            assert output.exit_code is not None
            return streams["stdout"].decode(), streams["stderr"].decode(), output.exit_code


def test_input_in_pieces_output_error_and_exit_code(shell: WinRS) -> None:
    script = "sys.stdout.write(sys.stdin.read().upper()); sys.stderr.write(os.environ['HVSIM_HOST']); sys.exit(7)"
    command_id = shell.command(None, script, [])
    shell.send(command_id, "grü".encode()[:3], False)
    shell.send(command_id, "grü".encode()[3:] + b"ss\n", True)
    assert finish(shell, command_id) == ("GRÜSS\n", "hv-test", 7)


def test_more_input_than_a_pipe_holds(shell: WinRS) -> None:
    command_id = shell.command(None, "print(len(sys.stdin.read()))", [])
    shell.send(command_id, b"x" * 1_000_000, True)
    assert finish(shell, command_id) == ("1000000\n", "", 0)


def test_a_receive_starts_a_command_without_input(shell: WinRS) -> None:
    assert finish(shell, shell.command(None, "print(repr(sys.stdin.read()))", [])) == ("''\n", "", 0)


def test_output_is_there_before_the_end(shell: WinRS) -> None:
    command_id = shell.command(None, "import time; print('first', flush=True); time.sleep(60)", [])
    output = shell.receive(command_id, 30)
    assert output.streams == {"stdout": b"first\n"}


def test_a_quiet_command_times_out_and_can_be_ended(shell: WinRS) -> None:
    command_id = shell.command(None, "import time; time.sleep(60)", [])
    with pytest.raises(TimeoutError):
        shell.receive(command_id, 0.1)
    shell.signal(command_id, True)
    with pytest.raises(UnknownCommandError):
        shell.receive(command_id, 0.1)


def test_what_is_not_simulated_is_answered_like_a_failed_module(shell: WinRS) -> None:
    command_id = shell.command(None, "print('never')", [])
    manifest = {"actions": [{"name": "async_wrapper.ps1", "params": {}}]}
    shell.send(command_id, f"{{}}\n\0\0\0\0\n{json.dumps(manifest)}\n".encode(), True)
    stdout, stderr, exit_code = finish(shell, command_id)
    assert json.loads(stdout) == {"failed": True, "msg": stderr.strip()}
    assert "async is not simulated" in stderr
    assert exit_code == 1


@pytest.fixture(scope="module")
def run(pool: WorkerPool) -> Iterator[Callable[..., tuple[str, str, int]]]:
    """Run a script in a real PowerShell of a German host: run(script, line, ...)."""
    shell = WinRS({"HVSIM_HOST": "hv-test", "LC_ALL": "de_DE.UTF-8"}, lambda: pool.take(used=True))

    def run(script: str, *lines: str) -> tuple[str, str, int]:
        command_id = shell.command(None, "powershell", ["-EncodedCommand", encoded(script)])
        shell.send(command_id, "".join(f"{line}\r\n" for line in lines).encode(), True)
        return finish(shell, command_id)

    yield run
    shell.close()


@pytest.mark.parametrize(
    ("script", "exit_code"),
    [
        ("exit 5", 5),
        ("$host.SetShouldExit(4); 'on it goes'", 4),
        ("Get-Item -LiteralPath /nonexistent", 1),
        ("Get-Item -LiteralPath /nonexistent; 'ok'", 0),
        ("throw 'x'", 1),
        ("if (", 1),
        ("begin { 'a' } process { $_ } end { 'c' }", 0),
    ],
)
def test_exit_codes_are_those_of_encoded_commands(run: Callable[..., Any], script: str, exit_code: int) -> None:
    assert run(script, "line")[2] == exit_code


def test_the_session_of_a_job(run: Callable[..., Any]) -> None:
    script = """
        "lines: $(@($input) -join '+')"
        1.5
        $env:HVSIM_HOST
        (Get-Command -Name powershell -CommandType Application | Select-Object -First 1).Name
        "$ErrorActionPreference"
        Test-Path -LiteralPath $env:TEMP
        "$env:HVSIM_WORKER$env:HVSIM_MODULES"
        [Console]::Error.WriteLine('Fehler')
    """
    stdout, stderr, exit_code = run(script, "grün", "b")
    assert stdout.splitlines() == ["lines: grün+b", "1,5", "hv-test", "powershell", "Continue", "True", ""]
    assert stderr == "Fehler\n"
    assert exit_code == 0


def test_a_job_finds_nothing_of_the_one_before(run: Callable[..., Any]) -> None:
    before = """
        $global:Kept = $env:KEPT = $env:TEMP = 'kept'
        function global:Get-Kept { 'kept' }
        Set-Alias -Name Get-Item -Value Get-Kept -Scope Global -Force
        [Environment]::CurrentDirectory = '/'
        Set-Location -LiteralPath /
        $ErrorActionPreference = 'Stop'
        $PID
        exit 3
    """
    after = "$PID; @($Kept, $env:KEPT, (Get-Command -Name Get-Kept, Get-Item -ErrorAction Ignore).Name, $Error.Count)"
    look = f"{after}; [Environment]::CurrentDirectory -eq $PWD.Path; $PWD.Path -eq $env:HOME; Test-Path -Path $env:TEMP"
    pid, stderr, exit_code = run(before)
    assert (stderr, exit_code) == ("", 3)
    assert run(look)[0].split() == [pid.strip(), "Get-Item", "0", "True", "True", "True"]


def test_another_version_of_a_type_gets_a_process_of_its_own(run: Callable[..., Any]) -> None:
    def give(value: int) -> str:
        source = f"namespace Kept {{ public static class Answer {{ public static int Value = {value}; }} }}"
        asked = "$asked = @($input); Add-CSharpType -References $asked[0]; $PID; [Kept.Answer]::Value; $asked[1]"
        stdout, stderr, exit_code = run(asked, source, "grün")
        pid, found, line = str(stdout).split()
        assert (int(found), line, stderr, exit_code) == (value, "grün", "", 0)
        return pid

    assert give(1) == give(1)
    assert give(2) == give(2)


def test_pywinrm(pool: WorkerPool, serve: Callable[..., Endpoint]) -> None:
    endpoint = serve(pool, culture="de-DE")
    client = Protocol(f"http://127.0.0.1:{endpoint.port}/wsman", transport="ntlm", username=USER, password=PASSWORD)
    shell_id = client.open_shell()
    command_id = client.run_command(shell_id, "'<&>' + 1.5", console_mode_stdin=True)
    assert client.get_command_output(shell_id, command_id) == (b"<&>1.5\n", b"", 0)
    client.cleanup_command(shell_id, command_id)
    client.close_shell(shell_id)
