# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the real ansible-playbook for tests and reads back what each task returned."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workspace import LAB, tool_environment

MODULE = "hyperv.integration.vm_integration_service"
INFO_MODULE = "hyperv.integration.vm_integration_service_info"


@dataclass(frozen=True)
class Result:
    """One task on one host. status: ok, failed, unreachable or skipped; data: what the module returned."""

    task: str
    host: str
    status: str
    seconds: float
    data: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    @property
    def msg(self) -> str:
        return str(self.data.get("msg", ""))


@dataclass(frozen=True)
class Run:
    """A finished ansible-playbook: its exit code, its output and the results in the order of their end."""

    code: int
    output: str
    results: list[Result]

    def one(self, task: str | None = None, host: str | None = None) -> Result:
        """The only result of that task on that host."""
        found = [r for r in self.results if task in (None, r.task) and host in (None, r.host)]
        assert len(found) == 1, f"{len(found)} results for task {task!r} on host {host!r}:\n{self.output}"
        return found[0]

    def recap(self, host: str) -> dict[str, int]:
        """The counters of PLAY RECAP for a host."""
        line = next(line for line in self.output.splitlines() if line.split(":")[0].strip() == host and "ok=" in line)
        return {name: int(value) for name, value in (pair.split("=") for pair in line.split(":", 1)[1].split())}


def environment(work: Path) -> dict[str, str]:
    """Environment of an Ansible that writes nothing outside the given directory and the checkout's build directory."""
    return {
        **tool_environment(),
        "ANSIBLE_HOME": str(work / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(work / "tmp"),
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_HOST_KEY_CHECKING": "false",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        "ANSIBLE_CALLBACK_PLUGINS": str(LAB / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "record",
        "HVIS_RECORD": str(work / "record.jsonl"),
    }


def run_playbook(
    inventory: Path,
    playbook: Path,
    *options: str,
    forks: int = 4,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Run:
    """Runs a playbook file with the ansible-playbook beside the interpreter that runs this.

    cwd: the directory in which it starts, by default this process's.
    """
    with tempfile.TemporaryDirectory(prefix="hvis-ansible-") as directory:
        work = Path(directory)
        variables = {**environment(work), **(env or {})}
        command = [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "-i",
            str(inventory),
            "-f",
            str(forks),
            *options,
        ]
        done = subprocess.run(
            [*command, str(playbook)], cwd=cwd, env=variables, capture_output=True, text=True, check=False
        )
        record = work / "record.jsonl"
        lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    results = []
    for line in lines:
        entry = json.loads(line)
        results.append(Result(entry["task"], entry["host"], entry["status"], entry["seconds"], entry["result"]))
    return Run(done.returncode, done.stdout + done.stderr, results)


def run_tasks(
    inventory: Path,
    tasks: Iterable[Mapping[str, Any]],
    *options: str,
    hosts: str = "hyperv_hosts",
    stop: bool = False,
    **kwargs: Any,
) -> Run:
    """Runs tasks in one play without facts. One that fails does not keep the next from running, unless stop is set."""
    keep_on = {} if stop else {"ignore_errors": True, "ignore_unreachable": True}
    play = {
        "hosts": hosts,
        "gather_facts": False,
        "environment": "{{ hvsim_environment | default({}) }}",
        "tasks": [{**keep_on, **task} for task in tasks],
    }
    with tempfile.TemporaryDirectory(prefix="hvis-play-") as directory:
        playbook = Path(directory, "play.yml")
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        return run_playbook(inventory, playbook, *options, **kwargs)
