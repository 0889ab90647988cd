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

    def running(self, names: Iterable[str]) -> "int | None":
        """The number of a process whose program has one of these names."""
        wanted = set(names)
        return next((number for number, name in sorted(self._names.items()) if name in wanted), None)

    def holder(self, node: str, likely: Iterable[str]) -> "tuple[dict[str, Any] | None, bool]":
        """`{pid, name}` of the process that has a device open, and whether every process could be looked at.

        Those that are likely to are looked at first: as a rule nobody else's files need to be read.
        """
        wanted = set(likely)
        complete = True
        for number, name in sorted(self._names.items(), key=lambda item: (item[1] not in wanted, item[0])):
            folder = f"/proc/{number}/fd"
            files = self._root.names(folder)
            complete = complete and folder not in self._root.denied
            if any(self._root.link(f"{folder}/{file}") == node for file in files):
                return {"pid": number, "name": name}, True
        return None, complete

    def _program(self, number: str) -> str:
        command = (self._root.text(f"/proc/{number}/cmdline") or "").split("\0")[0]
        # A kernel thread has no command line, and a program may rewrite its own; comm is cut after 15 characters.
        return os.path.basename(command.split(" ")[0].rstrip(":")) or self._root.line(f"/proc/{number}/comm") or ""
