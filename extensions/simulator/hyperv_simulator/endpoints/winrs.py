# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRS: a shell whose commands are processes with input, output and an exit code (Ansible's `winrm`, pywinrm).

A command starts when its input has ended, or with the first Receive when none was sent. `powershell -EncodedCommand`
runs its script, any other command line runs as PowerShell text, as `powershell -Command` would. Standard error is
plain text; Windows PowerShell would wrap it in CLIXML, which clients take apart and accept either way.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping

from . import limits
from .shell import Output, UnknownCommandError
from .workers import Worker

_ENCODED = re.compile(
    r"""(?:\S*[\\/])?(?:powershell|pwsh)(?:\.exe)?\b.*?\s-e(?:c|nc|ncodedcommand)?\s+['"]?([A-Za-z0-9+/=]+)""",
    re.IGNORECASE | re.DOTALL,
)


def script_of(command_line: str) -> str:
    """Return the PowerShell text that a command line runs; ansible-core before 2.19 wraps one command in another."""
    encoded = _ENCODED.match(command_line.strip().strip("& "))
    if not encoded:
        return command_line
    try:
        script = base64.b64decode(encoded[1], validate=True).decode("utf-16-le")
    except ValueError:
        return command_line
    return script_of(script)


class Command:
    """One command of a shell."""

    def __init__(self, script: str, environment: Mapping[str, str], take: Callable[[], Worker]) -> None:
        self._script, self._environment, self._take = script, environment, take
        self._input = bytearray()
        self._news = threading.Condition()
        self._unread: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._exit_code: int | None = None
        self._started = False
        self._stop: Callable[[], None] | None = None

    def send(self, data: bytes, end: bool) -> None:
        with self._news:
            if self._started:
                return
            self._input += data
        if end:
            self.start()

    def start(self) -> None:
        """Run it, unless that was done."""
        with self._news:
            if self._started:
                return
            self._started = True
            text = self._input.decode("utf-8", "replace")
            refused = next(filter(None, map(limits.refusal, text.splitlines())), None)
            if refused:
                self._unread["stdout"] += json.dumps({"failed": True, "msg": refused}).encode() + b"\r\n"
                self._unread["stderr"] += f"{refused}\r\n".encode()
                self._exit_code = 1
                return
            job = {"kind": "winrs", "script": self._script, "input": text, "environment": self._environment}
            self._stop = self._take().assign(job, self._heard, self._ended)

    def receive(self, wait: float) -> Output:
        self.start()
        with self._news:
            if not self._news.wait_for(lambda: self._exit_code is not None or any(self._unread.values()), wait):
                raise TimeoutError
            streams = {name: bytes(data) for name, data in self._unread.items() if data}
            for data in self._unread.values():
                data.clear()
            return Output(streams, self._exit_code is not None, self._exit_code)

    def stop(self) -> None:
        with self._news:
            self._started = True
            stop = self._stop
        if stop:
            stop()

    def _heard(self, stream: str, data: bytes) -> None:
        with self._news:
            self._unread[stream] += data
            self._news.notify_all()

    def _ended(self, exit_code: int) -> None:
        with self._news:
            self._exit_code = exit_code
            self._news.notify_all()


class WinRS:
    """A shell of commands; see `shell.Shell`."""

    def __init__(self, environment: Mapping[str, str], take: Callable[[], Worker]) -> None:
        self._environment, self._take = environment, take
        self._commands: dict[str, Command] = {}

    def command(self, command_id: str | None, command: str, arguments: list[str]) -> str:
        command_id = command_id or str(uuid.uuid4()).upper()
        script = script_of(" ".join([command, *arguments]))
        self._commands[command_id] = Command(script, self._environment, self._take)
        return command_id

    def send(self, command_id: str | None, data: bytes, end: bool) -> None:
        self._command(command_id).send(data, end)

    def receive(self, command_id: str | None, wait: float) -> Output:
        return self._command(command_id).receive(wait)

    def signal(self, command_id: str, terminate: bool) -> None:
        command = self._command(command_id)
        command.stop()
        if terminate:
            self._commands.pop(command_id, None)

    def close(self) -> None:
        for command_id in list(self._commands):
            self._commands.pop(command_id).stop()

    def _command(self, command_id: str | None) -> Command:
        command = self._commands.get(command_id or "")
        if command is None:
            raise UnknownCommandError(command_id)
        return command
