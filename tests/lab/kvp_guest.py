# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs modules on this machine as if it were a Linux guest, with the pools in a directory of the test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playbook_runner import Result, Run, run_tasks
from pythons import machines_python

KVP = "hyperv.integration.linux_guest_kvp"
KVP_INFO = "hyperv.integration.linux_guest_kvp_info"
GROUP = "hyperv_linux_guests"


def write_inventory(directory: Path, interpreter: str) -> Path:
    """Write an inventory of one guest, which is this machine."""
    host = {
        "ansible_connection": "local",
        "ansible_python_interpreter": interpreter,
        "ansible_inject_invocation": True,  # so that a test can see what a module tells of its options
    }
    path = directory / "inventory.json"
    path.write_text(json.dumps({GROUP: {"hosts": {"guest": host}}}), encoding="utf-8")
    return path


class LocalGuest:
    """One guest with its own pools."""

    def __init__(self, directory: Path, interpreter: str | None = None) -> None:
        self.pools = directory / "hyperv"
        self.inventory = write_inventory(directory, interpreter or machines_python())

    def run(self, *tasks: dict[str, Any], options: tuple[str, ...] = ()) -> Run:
        """Run tasks; those of our modules get the directory of the pools."""
        given = [
            {**task, **{name: {"directory": str(self.pools), **task[name]} for name in (KVP, KVP_INFO) if name in task}}
            for task in tasks
        ]
        return run_tasks(self.inventory, given, *options, hosts=GROUP)

    def results(self, *tasks: dict[str, Any], options: tuple[str, ...] = ()) -> list[Result]:
        """Run tasks and return the result of each; none may be missing."""
        done = self.run(*tasks, options=options)
        assert len(done.results) == len(tasks), done.output
        return done.results

    def pool(self, number: int = 1) -> bytes:
        return (self.pools / f".kvp_pool_{number}").read_bytes()

    def write_pool(self, data: bytes, number: int = 1) -> None:
        self.pools.mkdir(exist_ok=True)
        (self.pools / f".kvp_pool_{number}").write_bytes(data)
