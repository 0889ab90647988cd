# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules in a booted guest, against the real daemons: what they write the host sees, and the other way round."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guests import SERVICES, Guest, connections
from playbook_runner import Run, run_playbook, run_tasks

BOTH_DIRECTIONS = Path(__file__).parent / "playbooks" / "both_directions.yml"
INFO = "hyperv.integration.linux_guest_info"
KVP = "hyperv.integration.linux_guest_kvp"
KVP_INFO = "hyperv.integration.linux_guest_kvp_info"


def run(guest: Guest, *tasks: dict[str, Any], check: bool = False) -> Run:
    options = ["--check", "--diff"] if check else []
    return run_tasks(guest.inventory(), tasks, *options, hosts="all", stop=True, env=connections.environment())


def services(guest: Guest) -> dict[str, Any]:
    found: dict[str, Any] = run(guest, {INFO: {}}).one()["linux_guest"]["services"]
    return found


def test_values_go_from_the_host_to_the_guest_and_back_in_one_playbook(guest: Guest) -> None:
    first = run_playbook(guest.inventory(), BOTH_DIRECTIONS, env=connections.environment())
    assert first.code == 0, first.output
    again = run_playbook(guest.inventory(), BOTH_DIRECTIONS, env=connections.environment())
    assert again.one("The guest has something to tell")["changed"] is False, again.output


def test_what_the_module_removes_the_host_no_longer_sees(guest: Guest) -> None:
    put = {KVP: {"put": {"kept": "1", "gone": "2"}, "purge": True}}
    removed = {KVP: {"absent": ["gone"]}}
    assert run(guest, put).one()["changed"]
    predicted = run(guest, removed, check=True).one()
    assert predicted["changed"] is True
    assert guest.host.ask("kvp_enumerate", pool="guest")["items"] == {"kept": "1", "gone": "2"}
    assert run(guest, removed).one()["changed"] is True
    assert guest.host.ask("kvp_enumerate", pool="guest")["pairs"] == [["kept", "1"]]


def test_the_pools_of_the_host_are_read_as_facts(guest: Guest) -> None:
    given = {"VirtualMachineName": "web01", "PhysicalHostName": "HV-01", "VirtualMachineId": "0" * 8}
    for key, value in given.items():
        assert guest.host.ask("kvp_set", pool="auto_external", key=key, value=value)["ok"]
    host = run(guest, {KVP_INFO: {"pools": ["auto_external"]}}).one()["host"]
    seen = (host["virtual_machine_name"], host["physical_host_name"], host["virtual_machine_id"])
    assert seen == ("web01", "HV-01", "0" * 8)


def test_every_offered_service_is_ok_with_its_daemon(guest: Guest) -> None:
    result = run(guest, {INFO: {}}).one()["linux_guest"]
    assert (result["hyperv"], result["hyperv_evidence"]) == (True, "vmbus")
    assert (result["container"], result["distribution"]["family"]) == (None, "debian")
    verdicts = {key: service["verdict"] for key, service in result["services"].items()}
    expected = dict.fromkeys(SERVICES, "ok") | {"guest_service_interface": "host_disabled"}
    assert verdicts == expected, json.dumps(result["services"], indent=1)
    kvp = result["services"]["key_value_pair_exchange"]
    assert (kvp["attached"], kvp["process"]["name"], kvp["unit_state"]) == (True, "hv_kvp_daemon", "active")


@pytest.mark.parametrize("key", ["key_value_pair_exchange", "vss"])
def test_the_hosts_switch_is_seen_from_the_guest(guest: Guest, key: str) -> None:
    guest.disable(key)
    disabled = services(guest)[key]
    assert (disabled["verdict"], disabled["offered"], disabled["node_present"]) == ("host_disabled", False, False)
    guest.enable(key)
    node = SERVICES[key].node.removeprefix("hv_")
    assert guest.host.ask("wait", device=node, timeout=20)["registered"]
    assert services(guest)[key]["verdict"] == "ok"


def test_a_stopped_daemon_is_told_from_a_disabled_service(guest: Guest) -> None:
    guest.run("systemctl", "stop", "hv-kvp-daemon")
    stopped = services(guest)["key_value_pair_exchange"]
    assert (stopped["verdict"], stopped["offered"], stopped["attached"]) == ("daemon_stopped", True, False)
    guest.run("systemctl", "start", "hv-kvp-daemon")
    assert guest.host.ask("wait", device="kvp", timeout=20)["registered"]
