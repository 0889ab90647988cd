# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client sees of a shell, whichever kind it is: WinRS (`winrs`) or a PSRP runspace pool (`psrp`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class UnknownCommandError(LookupError):
    """The shell has no such command (any more)."""


class RefusedError(Exception):
    """The client asks for something that a simulated Windows cannot do; the text says what."""


@dataclass
class Output:
    """What a Receive brings: bytes by stream name; `exit_code` is None for a pipeline, and while a command runs."""

    streams: dict[str, bytes] = field(default_factory=dict)
    done: bool = False
    exit_code: int | None = None


class Shell(Protocol):
    """Command ids are upper-case GUIDs; None means the shell itself (a runspace pool has messages of its own)."""

    def command(self, command_id: str | None, command: str, arguments: list[str], /) -> str:
        """Create a command and return its id."""

    def send(self, command_id: str | None, data: bytes, end: bool, /) -> None:
        """Append to the command's input; `end` closes it."""

    def receive(self, command_id: str | None, wait: float, /) -> Output:
        """Return what is new, waiting at most `wait` seconds for it; raises TimeoutError."""

    def signal(self, command_id: str, terminate: bool, /) -> None:
        """Stop a command; `terminate` also forgets it, otherwise it is the client's Ctrl+C."""

    def close(self) -> None:
        """End all that runs in the shell."""
