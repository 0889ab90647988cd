# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong on a host: the error says what was done, and a second run completes the rest.

Each fault has a host of its own; the module runs on all of them, with the faults and once more without.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import needs
from playbook_runner import INFO_MODULE, MODULE, Result, Run, run_tasks
from simulator_runner import Simulator
from thinning import thinned

NAMES = ["a", "b", "c"]
ENABLE, LOOK = "Enable-VMIntegrationService", "Get-VMIntegrationService"
ARGUMENTS = {"name": NAMES, "services": {"vss": True, "guest_service_interface": False}}
CHANGE = {
    "name": "change",
    MODULE: {**ARGUMENTS, "verify": "{{ 'none' if 'believed' in inventory_hostname else 'switch' }}"},
}
READ = {"name": "look", INFO_MODULE: {}}
DONE, TODO = (True, False), (False, True)

EVERY_FAULT: dict[str, dict[str, Any]] = {
    "vanishes-half-way": {"kind": "vanish", "command": ENABLE, "vm": "b"},
    "vanishes-while-read": {"kind": "vanish", "command": LOOK, "vm": "b"},
    "denied": {"kind": "access_denied", "command": "Get-VM"},
    "one-denied": {"kind": "access_denied", "command": ENABLE, "vm": "b"},
    "stopped": {"kind": "vmms_stopped"},
    "transient-vm": {"kind": "wmi_transient", "command": "Get-VM", "times": 1},
    "transient-look": {"kind": "wmi_transient", "command": LOOK, "times": 1},
    "transient-enable": {"kind": "wmi_transient", "command": ENABLE, "times": 1},
    "stays": {"kind": "wmi_transient", "command": "Get-VM"},
    "breaks-before": {"kind": "disconnect", "command": ENABLE, "where": "before", "times": 1},
    "breaks-after": {"kind": "disconnect", "command": ENABLE, "where": "after", "times": 1},
    "stays-broken": {"kind": "disconnect", "command": ENABLE},
    "blind": {"kind": "disconnect", "command": LOOK, "after": 1},
    "believed": {"kind": "refuse", "command": ENABLE, "vm": "b"},
    "believed-denied": {"kind": "access_denied", "command": ENABLE, "vm": "b"},
    "stuck": {"kind": "refuse", "command": ENABLE, "vm": "b"},
    "drops": {"kind": "drop", "operation": "Receive", "times": 1},
}
# Each fault has a host, a PowerShell and two runs of the module. These differ from others in the command that fails.
ALIKE = ("transient-vm", "transient-look", "breaks-before")
FAULTS = {
    name: EVERY_FAULT[name]
    for name in thinned("faults of hosts", full=EVERY_FAULT, sample=[name for name in EVERY_FAULT if name not in ALIKE])
}


@dataclass
class Outcome:
    """The run with the faults, the one without, and what each host was like between them."""

    broken: Run
    mended: Run
    calls: dict[str, dict[str, int]]
    switches: dict[str, dict[str, tuple[bool, bool]]]

    def result(self, host: str) -> Result:
        return self.broken.one("change", host)

    def again(self, host: str) -> Result:
        return self.mended.one("change", host)


@pytest.fixture(scope="module")
def simulator(pwsh: str) -> Iterator[Simulator]:
    machines = [
        {"name": name, "services": {"vss": False, "guest_service_interface": True}} for name in (*NAMES, "other")
    ]
    hosts = [{"name": name, "culture": "de", "virtual_machines": machines} for name in FAULTS]
    with Simulator({"hosts": hosts}) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def outcome(simulator: Simulator) -> Outcome:
    inventory = simulator.inventory("winrm")
    for host, rule in FAULTS.items():
        simulator.ask("fault_add", rule={**rule, "host": host})
    broken = run_tasks(inventory, [CHANGE, {**READ, "when": "inventory_hostname == 'denied'"}])
    calls = {host: dict(simulator.calls(host)) for host in FAULTS}
    fleet = simulator.ask("fleet")["fleet"]["hosts"]
    switches = {host["name"]: {vm["name"]: switches_of(vm) for vm in host["virtual_machines"]} for host in fleet}
    simulator.ask("fault_clear")
    return Outcome(broken, run_tasks(inventory, [CHANGE]), calls, switches)


def switches_of(vm: dict[str, Any]) -> tuple[bool, bool]:
    """vss and guest_service_interface of a virtual machine."""
    services = {"vss": True, "guest_service_interface": False, **vm.get("services", {})}
    vss, copy = (
        bool(service["enabled"] if isinstance(service, dict) else service)
        for service in (services["vss"], services["guest_service_interface"])
    )
    return vss, copy


def test_a_machine_that_vanishes_half_way_is_told_and_the_others_are_done(outcome: Outcome) -> None:
    result = outcome.result("vanishes-half-way")
    assert result.status == "failed"
    errors = {vm["name"]: vm["error"] for vm in result["virtual_machines"]}
    assert errors["a"] is None
    assert errors["c"] is None
    assert "vss unknown whether enabled, because it could not be read again" in errors["b"]
    assert result["summary"]["changed"] == 2
    assert outcome.switches["vanishes-half-way"] == {"a": DONE, "c": DONE, "other": TODO}


def test_a_machine_that_vanishes_while_it_is_read(outcome: Outcome) -> None:
    result = outcome.result("vanishes-while-read")
    assert result.status == "failed"
    assert "1 of 3 virtual machines" in result.msg
    assert outcome.switches["vanishes-while-read"] == {"a": DONE, "c": DONE, "other": TODO}


def test_access_denied_names_the_group_and_nothing_is_changed(outcome: Outcome) -> None:
    for result in (outcome.result("denied"), outcome.broken.one("look", "denied")):
        assert result.status == "failed"
        assert "'Hyper-V Administrators'" in result.msg
    assert "was changed" not in outcome.broken.one("look", "denied").msg
    assert set(outcome.calls["denied"]) == {"Get-VM"}


def test_access_denied_for_one_machine_leaves_the_others_done(outcome: Outcome) -> None:
    result, again = outcome.result("one-denied"), outcome.again("one-denied")
    assert result.status == "failed"
    errors = {vm["name"]: vm["error"] for vm in result["virtual_machines"]}
    assert errors["b"].startswith("vss not enabled: ")
    assert "'Hyper-V Administrators'" in errors["b"]
    assert outcome.switches["one-denied"] == {"a": DONE, "b": (False, False), "c": DONE, "other": TODO}
    assert (again.status, again["summary"]["changed"]) == ("ok", 1)


def test_a_stopped_management_service_has_its_own_message(outcome: Outcome) -> None:
    result = outcome.result("stopped")
    assert result.status == "failed"
    assert "Hyper-V Virtual Machine Management service (vmms)" in result.msg


@pytest.mark.parametrize("host", [name for name in FAULTS if name.startswith("transient-")])
def test_a_transient_failure_is_tried_again(outcome: Outcome, host: str) -> None:
    result = outcome.result(host)
    assert result.status == "ok", result.msg
    assert result["summary"]["changed"] == 3


def test_a_failure_that_stays_is_not_tried_for_ever(outcome: Outcome) -> None:
    result = outcome.result("stays")
    assert result.status == "failed"
    assert "0x800706BA" in result.msg
    assert "(vmms) did not answer, after 3 attempts" in result.msg
    assert "rights" not in result.msg
    assert outcome.calls["stays"]["Get-VM"] == 3


@pytest.mark.parametrize("host", [name for name in FAULTS if name.startswith("breaks-")])
def test_a_connection_that_breaks_once_is_overcome(outcome: Outcome, host: str) -> None:
    result = outcome.result(host)
    assert result.status == "ok", result.msg
    assert result["summary"] == {
        "selected": 3,
        "changed": 3,
        "failed": 0,
        "enabled": 3,
        "disabled": 3,
        "verified": "switch",
    }
    assert outcome.switches[host] == {"a": DONE, "b": DONE, "c": DONE, "other": TODO}


def test_a_connection_that_stays_broken_leaves_exact_words(outcome: Outcome) -> None:
    result, again = outcome.result("stays-broken"), outcome.again("stays-broken")
    assert result.status == "failed"
    assert result["changed"] is True
    for vm in result["virtual_machines"]:
        assert vm["services"]["guest_service_interface"] == {"before": True, "after": False, "changed": True}
        assert vm["services"]["vss"] == {"before": False, "after": False, "changed": False}
        assert vm["error"].startswith("vss not enabled: ")
    assert (again.status, again["summary"]["enabled"], again["summary"]["disabled"]) == ("ok", 3, 0)


def test_a_blind_second_look_claims_nothing(outcome: Outcome) -> None:
    result = outcome.result("blind")
    assert result.status == "failed"
    for vm in result["virtual_machines"]:
        assert vm["services"]["vss"] == {"before": False, "after": None, "changed": False}
        assert "vss unknown whether enabled, because it could not be read again" in vm["error"]


def test_a_switch_that_does_not_move(outcome: Outcome) -> None:
    """With verify=none the host is believed as long as it reports no error."""
    believed, stuck = outcome.result("believed"), outcome.result("stuck")
    assert (believed.status, believed["summary"]["verified"]) == ("ok", "none")
    assert (stuck.status, stuck["summary"]["verified"]) == ("failed", "switch")


def test_verified_says_what_was_read_again(outcome: Outcome) -> None:
    """An error of Hyper-V makes the module read the settings again, even with verify=none."""
    result = outcome.result("believed-denied")
    assert (result.status, result["summary"]["verified"]) == ("failed", "switch")
    assert result.msg.startswith("1 of 3 virtual machines could not be brought to the requested state. ")


def test_a_session_that_drops_is_unreachable_and_a_second_run_completes(outcome: Outcome) -> None:
    first, second = outcome.result("drops"), outcome.again("drops")
    assert first.status in ("unreachable", "failed")
    assert second.status == "ok"
    assert outcome.switches["drops"] == {"a": DONE, "b": DONE, "c": DONE, "other": TODO}


def test_without_the_hyperv_module_the_way_to_install_it_is_told(simulator: Simulator) -> None:
    needs.local_powershell()
    task = {MODULE: ARGUMENTS, "environment": {"PSModulePath": str(simulator.directory)}}
    result = run_tasks(simulator.inventory("local"), [task], hosts="denied").one()
    assert result.status == "failed"
    assert "Install-WindowsFeature -Name Hyper-V-PowerShell" in result.msg
