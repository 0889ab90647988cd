# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Which processes run, and which of them holds a device open."""

import os
from typing import Any, Iterable

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root


class Processes:
    """The processes of the guest, by the name of their program."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._names = {int(name): self._program(name) for name in root.names("/proc") if name.isdigit()}
        # Open file -> process. A look at all of them takes half a second (measured: 45 000 files): made once, if ever.
        self._holders = None  # type: dict[str | None, int] | None

    def running(self, names: Iterable[str]) -> "int | None":
        """The number of a process whose program has one of these names."""
        wanted = set(names)
        return next((number for number, name in sorted(self._names.items()) if name in wanted), None)

    def others(self, names: Iterable[str], holder: int) -> "list[int]":
        """Numbers of the processes of these programs beside the one that serves, threads and dead ones left out."""
        wanted = set(names)
        alike = (number for number, name in sorted(self._names.items()) if name in wanted and number != holder)
        return [number for number in alike if self._root.text(f"/proc/{number}/cmdline")]

    def holder(self, node: str, likely: Iterable[str]) -> "tuple[dict[str, Any] | None, bool]":
        """`{pid, name}` of the process that has a device open, and whether every process could be looked at.

        Those that are likely to are looked at first: as a rule nobody else's files need to be read.
        """
        if not self._root.exists(node):
            return None, True
        wanted = set(likely)
        for number in sorted(number for number, name in self._names.items() if name in wanted):
            if node in self._open_files(number):
                return {"pid": number, "name": self._names[number]}, True
        if self._holders is None:
            self._holders = {
                file: number for number in sorted(self._names, reverse=True) for file in self._open_files(number)
            }
        if node in self._holders:
            number = self._holders[node]
            return {"pid": number, "name": self._names[number]}, True
        return None, not any(f"/proc/{number}/fd" in self._root.denied for number in self._names)

    def _open_files(self, number: int) -> "list[str | None]":
        folder = f"/proc/{number}/fd"
        return [self._root.link(f"{folder}/{file}") for file in self._root.names(folder)]

    def _program(self, number: str) -> str:
        command = (self._root.text(f"/proc/{number}/cmdline") or "").split("\0")[0]
        # A kernel thread has no command line, and a program may rewrite its own; comm is cut after 15 characters.
        return os.path.basename(command.split(" ")[0].rstrip(":")) or self._root.line(f"/proc/{number}/comm") or ""
