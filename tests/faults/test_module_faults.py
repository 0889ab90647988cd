# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong on a host: the error says what was done, and a second run completes the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import needs
from playbook_runner import INFO_MODULE, MODULE, Result, run_tasks
from simulator_runner import Simulator

HOST = "hv-de"
NAMES = ["a", "b", "c"]
TASK: dict[str, Any] = {MODULE: {"name": NAMES, "services": {"vss": True, "guest_service_interface": False}}}


@pytest.fixture(scope="module")
def broken_world(pwsh: str) -> Iterator[Simulator]:
    machines = [
        {"name": name, "services": {"vss": False, "guest_service_interface": True}} for name in (*NAMES, "other")
    ]
    with Simulator({"hosts": [{"name": HOST, "culture": "de", "virtual_machines": machines}]}) as simulator:
        yield simulator


@pytest.fixture
def simulator(broken_world: Simulator) -> Iterator[Simulator]:
    broken_world.ask("reset")
    broken_world.ask("ledger_reset")
    yield broken_world
    broken_world.ask("fault_clear")


@pytest.fixture
def inventory(simulator: Simulator) -> Path:
    return simulator.inventory("winrm")


def run(inventory: Path, **arguments: Any) -> Result:
    return run_tasks(inventory, [{MODULE: {**TASK[MODULE], **arguments}}]).one()


def switches(simulator: Simulator) -> dict[str, tuple[bool, bool]]:
    """vss and guest_service_interface of each virtual machine that is still there."""
    (host,) = simulator.ask("fleet")["fleet"]["hosts"]
    return {vm["name"]: (enabled(vm, "vss"), enabled(vm, "guest_service_interface")) for vm in host["virtual_machines"]}


def enabled(vm: dict[str, Any], key: str) -> bool:
    default = {"vss": True, "guest_service_interface": False}[key]
    service = vm.get("services", {}).get(key, default)
    return bool(service["enabled"] if isinstance(service, dict) else service)


DONE, TODO = (True, False), (False, True)


def test_a_machine_that_vanishes_half_way_is_told_and_the_others_are_done(
    simulator: Simulator, inventory: Path
) -> None:
    simulator.ask("fault_add", rule={"kind": "vanish", "command": "Enable-VMIntegrationService", "vm": "b"})
    result = run(inventory)
    assert result.status == "failed"
    errors = {vm["name"]: vm["error"] for vm in result["virtual_machines"]}
    assert errors["a"] is None
    assert errors["c"] is None
    assert "whether vss was enabled is unknown" in errors["b"]
    assert result["summary"]["changed"] == 2
    assert switches(simulator) == {"a": DONE, "c": DONE, "other": TODO}


def test_a_machine_that_vanishes_while_it_is_read(simulator: Simulator, inventory: Path) -> None:
    simulator.ask("fault_add", rule={"kind": "vanish", "command": "Get-VMIntegrationService", "vm": "b"})
    result = run(inventory)
    assert result.status == "failed"
    assert "1 of 3 virtual machines" in result.msg
    assert switches(simulator) == {"a": DONE, "c": DONE, "other": TODO}


def test_access_denied_names_the_group_and_nothing_is_changed(simulator: Simulator, inventory: Path) -> None:
    simulator.ask("fault_add", rule={"kind": "access_denied", "command": "Get-VM"})
    tasks = [TASK, {INFO_MODULE: {}}]
    for result in run_tasks(inventory, tasks).results:
        assert result.status == "failed"
        assert "'Hyper-V Administrators'" in result.msg
    assert simulator.changes() == 0


def test_access_denied_for_one_machine_leaves_the_others_done(simulator: Simulator, inventory: Path) -> None:
    simulator.ask("fault_add", rule={"kind": "access_denied", "command": "Enable-VMIntegrationService", "vm": "b"})
    result = run(inventory)
    assert result.status == "failed"
    errors = {vm["name"]: vm["error"] for vm in result["virtual_machines"]}
    assert errors["b"].startswith("vss is not enabled: ")
    assert "'Hyper-V Administrators'" in errors["b"]
    assert switches(simulator) == {"a": DONE, "b": (False, False), "c": DONE, "other": TODO}
    simulator.ask("fault_clear")
    again = run(inventory)
    assert (again.status, again["summary"]["changed"]) == ("ok", 1)


def test_a_stopped_management_service_has_its_own_message(simulator: Simulator, inventory: Path) -> None:
    simulator.ask("fault_add", rule={"kind": "vmms_stopped"})
    result = run(inventory)
    assert result.status == "failed"
    assert "Hyper-V Virtual Machine Management service (vmms)" in result.msg


@pytest.mark.parametrize("command", ["Get-VM", "Get-VMIntegrationService", "Enable-VMIntegrationService"])
def test_a_transient_failure_is_tried_again(simulator: Simulator, inventory: Path, command: str) -> None:
    simulator.ask("fault_add", rule={"kind": "wmi_transient", "command": command, "times": 1})
    result = run(inventory)
    assert result.status == "ok", result.msg
    assert result["summary"]["changed"] == 3


def test_a_failure_that_stays_is_not_tried_for_ever(simulator: Simulator, inventory: Path) -> None:
    simulator.ask("fault_add", rule={"kind": "wmi_transient", "command": "Get-VM"})
    result = run(inventory)
    assert result.status == "failed"
    assert "0x800706BA" in result.msg
    assert simulator.calls(HOST)["Get-VM"] == 3


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_connection_that_breaks_once_is_overcome(simulator: Simulator, inventory: Path, where: str) -> None:
    rule = {"kind": "disconnect", "command": "Enable-VMIntegrationService", "where": where, "times": 1}
    simulator.ask("fault_add", rule=rule)
    result = run(inventory)
    assert result.status == "ok", result.msg
    assert result["summary"] == {
        "selected": 3,
        "changed": 3,
        "failed": 0,
        "enabled": 3,
        "disabled": 3,
        "verified": "switch",
    }
    assert switches(simulator) == {"a": DONE, "b": DONE, "c": DONE, "other": TODO}


def test_a_connection_that_stays_broken_leaves_exact_words(simulator: Simulator, inventory: Path) -> None:
    simulator.ask("fault_add", rule={"kind": "disconnect", "command": "Enable-VMIntegrationService"})
    result = run(inventory)
    assert result.status == "failed"
    assert result["changed"] is True
    for vm in result["virtual_machines"]:
        assert vm["services"]["guest_service_interface"] == {"before": True, "after": False, "changed": True}
        assert vm["services"]["vss"] == {"before": False, "after": False, "changed": False}
        assert vm["error"].startswith("vss is not enabled: ")
    simulator.ask("fault_clear")
    again = run(inventory)
    assert (again.status, again["summary"]["enabled"], again["summary"]["disabled"]) == ("ok", 3, 0)


def test_a_blind_second_look_claims_nothing(simulator: Simulator, inventory: Path) -> None:
    simulator.ask("fault_add", rule={"kind": "disconnect", "command": "Get-VMIntegrationService", "after": 1})
    result = run(inventory)
    assert result.status == "failed"
    for vm in result["virtual_machines"]:
        assert vm["services"]["vss"] == {"before": False, "after": None, "changed": False}
        assert "whether vss was enabled is unknown" in vm["error"]


@pytest.mark.parametrize("verify", ["none", "switch"])
def test_a_switch_that_does_not_move(simulator: Simulator, inventory: Path, verify: str) -> None:
    """With verify=none the host is believed as long as it reports no error."""
    simulator.ask("fault_add", rule={"kind": "refuse", "command": "Enable-VMIntegrationService", "vm": "b"})
    result = run(inventory, verify=verify)
    assert result.status == {"none": "ok", "switch": "failed"}[verify]
    assert result["summary"]["verified"] == verify


def test_a_session_that_drops_is_unreachable_and_a_second_run_completes(simulator: Simulator, inventory: Path) -> None:
    simulator.ask("fault_add", rule={"kind": "drop", "operation": "Receive", "times": 1})
    first = run(inventory)
    assert first.status in ("unreachable", "failed")
    second = run(inventory)
    assert second.status == "ok"
    assert switches(simulator) == {"a": DONE, "b": DONE, "c": DONE, "other": TODO}


def test_without_the_hyperv_module_the_way_to_install_it_is_told(simulator: Simulator) -> None:
    needs.local_powershell()
    result = run_tasks(
        simulator.inventory("local"), [{**TASK, "environment": {"PSModulePath": str(simulator.directory)}}]
    ).one()
    assert result.status == "failed"
    assert "Install-WindowsFeature -Name Hyper-V-PowerShell" in result.msg
