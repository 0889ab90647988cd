# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of the table in the guide for the first host that come from Ansible, as this version of it says them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playbook_runner import INFO_MODULE, Run, run_playbook, run_tasks
from simulator_runner import Simulator
from workspace import CHECKOUT

GUIDE = CHECKOUT / "docs" / "docsite" / "rst" / "guide_first_host.rst"


def documented(run: Run) -> list[str]:
    """What the first column of the table quotes and the run has said."""
    text = GUIDE.read_text(encoding="utf-8")
    table = text[text.index("When it does not work") :]
    quotes = [quote for row in re.findall(r"(?m)^   \* - (.*)$", table) for quote in re.findall("``(.*?)``", row)]
    assert len(quotes) > 5
    said = " ".join(run.output.replace("\\", "").split())
    return [quote for quote in quotes if quote in said]


def test_hosts_all_with_a_linux_machine(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("all: {hosts: {linux01: {ansible_connection: local}}}", encoding="utf-8")
    run = run_tasks(inventory, [{INFO_MODULE: {}}], hosts="all", stop=True, env={"PATH": "/nowhere"})
    assert run.code != 0
    assert len(documented(run)) == 1, run.output


def test_facts_are_gathered_without_their_collection(pwsh: str, tmp_path: Path) -> None:
    playbook = tmp_path / "facts.yml"
    playbook.write_text("[{hosts: hyperv_hosts, tasks: []}]", encoding="utf-8")
    with Simulator({"hosts": [{"name": "hv01", "virtual_machines": ["web01"]}]}) as simulator:
        run = run_playbook(simulator.inventory("winrm"), playbook)
    assert run.code != 0
    assert len(documented(run)) == 1, run.output


def test_argument_of_a_role_is_wrong(tmp_path: Path) -> None:
    include: dict[str, Any] = {"name": "hyperv.integration.host_policy"}
    tasks = [{"ansible.builtin.include_role": include, "vars": {"host_policy_mode": "reprot"}}]
    run = run_tasks(Path("localhost,"), tasks, hosts="localhost", stop=True)
    assert run.code != 0
    assert "Validation of arguments failed" in documented(run), run.output
    assert run.output.index("reprot") > run.output.index("Validation of arguments failed")
