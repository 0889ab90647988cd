# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: every change is in the operating system's hands before it is acknowledged.

One JSON object a line. The first line is a snapshot `{"at", "offset", "fleet", "origin", "credentials"}`
(the fleet then, and as its file has it); each further line is a change
`{"at", …}`. `at` is the simulated moment, and offset what the clock is ahead of real time. A daemon that is killed
loses nothing that it had answered; half a line at the end was never acknowledged and is dropped.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from hyperv_simulator.errors import JournalError

Entry = dict[str, Any]


def private_file(path: str, flags: int) -> int:
    """An opener of files that hold a password: mode 0600."""
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


class Journal:
    def __init__(self, path: Path, snapshot: Entry) -> None:
        """Starts the file anew with a snapshot; an earlier journal is replaced in one step."""
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with open(fresh, "xb", opener=private_file) as file:
            file.write(_line(snapshot))
        fresh.replace(path)
        self._file: BinaryIO = path.open("ab")

    def write(self, entry: Entry) -> None:
        """Returns when the operating system holds the entry; a killed process loses nothing then."""
        self._file.write(_line(entry))
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> tuple[Entry, list[Entry]]:
    """The snapshot and the changes since. Raises JournalError, OSError."""
    lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last newline was never acknowledged
    try:
        entries: list[Entry] = [json.loads(line) for line in lines]
        snapshot = entries[0]
        for part in ("fleet", "credentials"):
            if part not in snapshot:
                raise KeyError(part)
    except (ValueError, LookupError) as error:
        raise JournalError(f"{path}: not a journal of the simulator ({error}): start anew with --fleet") from error
    return snapshot, entries[1:]


def _line(entry: Entry) -> bytes:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
