# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: one line for each pipeline record of each stand-in cmdlet, for tests and benchmarks to count."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hyperv_simulator.wildcard import matches

MOST_ITEMS = 20  # longer arrays of a parameter are kept as their length
FILTERS = ("host", "command", "caller", "invocation", "since")


@dataclass
class Line:
    n: int
    time: str
    host: str
    command: str
    parameter_set: str
    parameters: dict[str, Any]
    invocation: str
    record: int
    caller: str
    changed: int = 0
    errors: list[str] = field(default_factory=list)


class Ledger:
    """Append-only: in the file, a later line with the same `n` completes an earlier one."""

    def __init__(self, path: Path, resume: bool = False) -> None:
        """`resume` goes on after the lines of an earlier daemon, else the file starts anew."""
        self._lock = threading.Lock()
        self._path = path
        self._lines = _read(path) if resume and path.exists() else {}
        self._next = max(self._lines, default=0) + 1
        self._file = path.open("a" if resume else "w", encoding="utf-8")

    def open(self, request: dict[str, Any], moment: float) -> Line:
        """A new line for a request. It is written when it is closed."""
        with self._lock:
            line = Line(
                n=self._next,
                time=datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds"),
                host=request["host"],
                command=request["command"],
                parameter_set=request.get("parameter_set", ""),
                parameters={name: _shortened(value) for name, value in request.get("parameters", {}).items()},
                invocation=request.get("invocation", ""),
                record=request.get("record", 0),
                caller=request.get("caller", ""),
            )
            self._next += 1
            self._lines[line.n] = line
            return line

    def close_line(self, line: Line) -> None:
        """Writes the line as it is now."""
        with self._lock:
            self._file.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")
            self._file.flush()

    def lines(self, filters: dict[str, Any]) -> list[dict[str, Any]]:
        """The lines that pass: host, command, caller (wildcards), invocation (exact), since (n greater than this)."""
        with self._lock:
            held = list(self._lines.values())
        patterns = [(name, filters[name]) for name in ("host", "command", "caller") if filters.get(name)]
        return [
            asdict(line)
            for line in held
            if line.n > filters.get("since", 0)
            and filters.get("invocation") in (None, "", line.invocation)
            and all(matches(pattern, getattr(line, name)) for name, pattern in patterns)
        ]

    def __len__(self) -> int:
        return len(self._lines)

    def reset(self) -> None:
        """Forgets all lines; numbers go on."""
        with self._lock:
            self._lines.clear()
            self._file.truncate(0)

    def close(self) -> None:
        self._file.close()


def summary(lines: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Per command: invocations, records, changes and errors of these lines."""
    result: dict[str, dict[str, int]] = {}
    seen: set[tuple[str, str]] = set()
    for line in lines:
        counts = result.setdefault(line["command"], {"invocations": 0, "records": 0, "changed": 0, "errors": 0})
        invocation = (line["command"], line["invocation"])
        counts["invocations"] += not line["invocation"] or invocation not in seen
        seen.add(invocation)
        counts["records"] += 1
        counts["changed"] += line["changed"]
        counts["errors"] += len(line["errors"])
    return result


def _shortened(value: Any) -> Any:
    return {"count": len(value)} if isinstance(value, list) and len(value) > MOST_ITEMS else value


def _read(path: Path) -> dict[int, Line]:
    lines: dict[int, Line] = {}
    for text in path.read_text(encoding="utf-8").split("\n")[:-1]:
        line = Line(**json.loads(text))
        lines[line.n] = line
    return lines
