# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from hyperv_simulator.machine import DAY, HOUR, OFF, RUNNING, Host, VirtualMachine, merged

START = 1000.0


def machine(**data: Any) -> VirtualMachine:
    host = Host.from_data({"name": "hv", "virtual_machines": [{"name": "a", **data}]}, START)
    return next(iter(host.virtual_machines.values()))


def test_a_machine_has_been_running_for_a_day() -> None:
    vm = machine()
    assert (vm.state, vm.uptime(START), vm.uptime(START + 5)) == (RUNNING, 86400, 86405)
    assert {key for key, service in vm.services.items() if not service.enabled} == {"guest_service_interface"}


def test_checkpoints_were_made_one_after_the_other() -> None:
    vm = machine(checkpoints=[{"name": "a"}, {"name": "b", "created": "1970-01-01T00:00:07Z"}, {"name": "c"}])
    assert [checkpoint.created for checkpoint in vm.checkpoints] == [START - 3 * HOUR, 7, START - HOUR]


def test_a_machine_keeps_when_it_was_created() -> None:
    vm = machine()
    assert vm.created == START - 30 * DAY
    assert machine(**vm.to_data(START + 5)).created == vm.created


def test_ids_follow_from_host_name_and_place() -> None:
    def ids(host: str) -> list[str]:
        return list(Host.from_data({"name": host, "virtual_machines": ["a", "a"]}, START).virtual_machines)

    assert ids("hv") == ids("hv")
    assert len({*ids("hv"), *ids("other")}) == 4


def test_starting_begins_an_uptime_and_off_ends_it() -> None:
    vm = machine(state="Off")
    assert vm.uptime(START + 100) == 0
    vm.apply({"state": "Running"}, START + 100)
    assert vm.uptime(START + 130) == 30
    vm.apply({"state": "Off"}, START + 130)
    assert (vm.state, vm.uptime(START + 500)) == (OFF, 0)


def test_a_saved_machine_goes_on_where_it_was() -> None:
    vm = machine(uptime=50)
    vm.apply({"state": "Saved"}, START + 10)
    assert vm.uptime(START + 999) == 60
    vm.apply({"state": "Running"}, START + 999)
    assert vm.uptime(START + 1000) == 61


def test_a_patch_changes_only_what_it_names() -> None:
    vm = machine(notes="n", services={"shutdown": {"enabled": True, "guest": "old"}})
    before = vm.to_data(START)
    vm.apply({"services": {"shutdown": False}}, START)
    services = before["services"] | {"shutdown": {"enabled": False, "guest": "old"}}
    assert vm.to_data(START) == before | {"services": services}


def test_a_pinned_status_can_be_freed_again() -> None:
    vm = machine(services={"vss": {"primary": "NoContact"}})
    assert (vm.services["vss"].primary, vm.services["vss"].secondary) == (12, None)
    vm.apply({"services": {"vss": {"primary": "derived"}}}, START)
    assert vm.to_data(START) == machine().to_data(START)


@pytest.mark.parametrize(
    ("status", "expected", "busy"),
    [
        ("Ok", (2,), False),
        ("MigratingVirtualMachine", (32774,), True),
        (["InService", "CreatingSnapshot"], (11, 32768), True),
        ("ApplyingSnapshot", (23769,), True),
        ("Dormant", (15,), False),
    ],
)
def test_operational_status_is_one_or_a_list(status: Any, expected: tuple[int, ...], busy: bool) -> None:
    vm = machine(operational_status=status)
    assert (vm.operational_status, vm.busy()) == (expected, busy)
    assert vm.to_data(START)["operational_status" if status != "Ok" else "name"] == (status if status != "Ok" else "a")


def test_replication_is_a_mode_or_details() -> None:
    assert machine(replication="Primary").replication.state == 4
    details = {"mode": "Replica", "state": "Error", "replica_server": "hv2", "vss_hours": 4}
    vm = machine(replication=details)
    assert vm.to_data(START)["replication"] == details
    assert "replication" not in machine().to_data(START)


@pytest.mark.parametrize(("build", "version"), [(14393, "8.0"), (20348, "10.0"), (26100, "12.0"), (19000, "9.0")])
def test_the_host_decides_the_default_version(build: int, version: str) -> None:
    host = Host.from_data({"name": "hv", "os_build": build, "virtual_machines": ["a"]}, START)
    assert next(iter(host.virtual_machines.values())).version == version


def test_machines_are_found_by_name_whatever_its_case_and_by_id() -> None:
    host = Host.from_data({"name": "hv", "virtual_machines": ["Web", "web", "db"]}, START)
    assert len(host.find("WEB")) == 2
    (db,) = host.find("db")
    assert host.find(db.id.upper()) == [db]


def test_patches_are_merged_deeply_and_the_later_wins() -> None:
    first = {"state": "Off", "services": {"vss": {"enabled": True}}}
    second = {"services": {"vss": {"enabled": False}, "shutdown": {"enabled": True}}}
    assert merged([first, second]) == {
        "state": "Off",
        "services": {"vss": {"enabled": False}, "shutdown": {"enabled": True}},
    }
