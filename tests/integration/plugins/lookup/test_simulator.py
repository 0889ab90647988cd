# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup plugins that ask the simulator: their examples as written, and what they say when they cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from code_blocks import CHECKOUT, examples
from playbook_runner import run_tasks
from simulator_runner import Simulator

LOOKUPS = sorted((CHECKOUT / "plugins" / "lookup").glob("simulator_*.py"))
DB01 = {"name": "db01", "services": {"vss": False, "guest_service_interface": False}}
FLEET = {"hosts": [{"name": "hv-berlin", "virtual_machines": [DB01]}, {"name": "hv-tokyo"}]}


def enable_all(simulator: Simulator) -> None:
    """One call of Enable-VMIntegrationService, as the stand-in cmdlet makes it."""
    call = {"host": "hv-berlin", "command": "Enable-VMIntegrationService", "invocation": "1", "record": 0}
    call |= {"parameters": {"VMName": ["db01"], "Name": ["*"]}}
    found = simulator.ask("cmdlet", phase="targets", **call)["targets"]
    simulator.ask("cmdlet", phase="apply", confirmed=[target["key"] for target in found], **call)


def test_examples_and_mistakes(tmp_path: Path) -> None:
    tasks: list[dict[str, Any]] = [task for path in LOOKUPS for task in yaml.safe_load(examples(path))]
    mistakes = {
        "lookup('hyperv.integration.simulator_vm', 'db02')": "no virtual machines 'db02'",
        "lookup('hyperv.integration.simulator_vm', 'db01', host='hv-tokyo')": "no virtual machines 'db01' on hv-tokyo",
        "query('hyperv.integration.simulator_ledger', run_dir='/nowhere')": "no simulator runs in /nowhere",
    }
    calls = [
        {"name": expression, "ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}}
        for expression in (*mistakes, "query('hyperv.integration.simulator_ledger', 'Get-*', 'enable-*', '*')")
    ]
    simulator = Simulator(FLEET)
    simulator.hvsim("up", "--fleet", str(simulator.fleet_file), "--no-endpoints")
    try:
        enable_all(simulator)
        hosts = {"hv-berlin": {"ansible_connection": "local", "hvsim_run_dir": str(simulator.directory / "run")}}
        inventory = tmp_path / "inventory.yml"
        inventory.write_text(json.dumps({"hyperv_hosts": {"hosts": hosts}}), encoding="utf-8")
        done = run_tasks(inventory, [*tasks, *calls])
    finally:
        simulator.hvsim("down")
    assert [done.one(task["name"]).status for task in tasks] == ["ok"] * len(tasks), done.output
    for expression, said in mistakes.items():
        assert said in done.one(expression).msg
    (line,) = done.results[-1].data["msg"]
    assert (line["command"], line["changed"], line["host"]) == ("Enable-VMIntegrationService", 2, "hv-berlin")
