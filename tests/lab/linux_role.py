# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the role linux_guest, by the real ansible-playbook, on a booted guest or a virtual machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from guests import connections
from playbook_runner import Run, run_tasks

ROLE = "hyperv.integration.linux_guest"


class Target(Protocol):
    """A system that Ansible reaches by an inventory of its own."""

    name: str

    def inventory(self) -> Path: ...


def run_role(target: Target, *options: str, **settings: Any) -> Run:
    """Run the role with settings: variables without their `linux_guest_`."""
    variables = {f"linux_guest_{name}": value for name, value in settings.items()}
    task = {"name": "role", "ansible.builtin.include_role": {"name": ROLE}, "vars": variables}
    return run_tasks(target.inventory(), [task], *options, hosts="all", stop=True, env=connections.environment())


def changed(target: Target, run: Run) -> list[str]:
    """Return the tasks that changed something, of a run that went well."""
    assert run.code == 0, run.output
    tasks = [result.task for result in run.results if result.data.get("changed")]
    assert run.recap(target.name)["changed"] == len(tasks)
    return tasks
