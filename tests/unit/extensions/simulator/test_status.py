# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from hyperv_simulator.components import COMPONENTS
from hyperv_simulator.machine import Host, VirtualMachine
from hyperv_simulator.status import heartbeat, in_contact, status

START = 1000.0


def machine(**data: Any) -> VirtualMachine:
    host = Host.from_data({"name": "hv", "virtual_machines": [{"name": "a", **data}]}, START)
    return next(iter(host.virtual_machines.values()))


@pytest.mark.parametrize(
    ("key", "data", "expected"),
    [
        ("heartbeat", {}, (2, 2)),
        ("vss", {}, (2, None)),
        ("vss", {"state": "Off"}, (None, None)),
        ("vss", {"state": "Saved"}, (None, None)),
        ("vss", {"services": {"vss": False}}, (2, None)),
        ("vss", {"guest": "none"}, (12, None)),
        ("guest_service_interface", {"guest": "none"}, (2, None)),  # disabled: shows OK
        ("vss", {"services": {"vss": {"guest": "missing"}}}, (12, None)),
        ("vss", {"services": {"vss": {"guest": "stopped"}}}, (13, None)),
        ("vss", {"services": {"vss": {"guest": "old"}}}, (2, 32775)),
        ("vss", {"uptime": 0}, (12, None)),
        ("vss", {"uptime": 0, "boots_in": 0}, (2, None)),
        ("vss", {"state": "Starting"}, (12, None)),
        ("heartbeat", {"state": "Paused"}, (15, None)),
        ("vss", {"isolation": "SNP", "guest": "linux"}, (12, None)),
        ("vss", {"isolation": "SNP", "guest": "windows"}, (2, None)),
        ("shutdown", {"isolation": "SNP", "guest": "linux"}, (2, None)),
        ("vss", {"isolation": "TrustedLaunch", "guest": "linux"}, (2, None)),
        ("vss", {"services": {"vss": {"primary": 99}}}, (99, None)),
        ("vss", {"services": {"vss": {"secondary": "ProtocolMismatch"}}}, (2, 32775)),
        ("vss", {"services": {"vss": {"primary": "Ok", "secondary": 32784}}, "state": "Off"}, (2, 32784)),
    ],
)
def test_status_follows_from_switch_state_guest_and_clock(key: str, data: dict[str, Any], expected: Any) -> None:
    assert status(machine(**data), key, START) == expected


def test_each_service_gets_in_contact_at_its_own_moment() -> None:
    vm = machine(uptime=0, boots_in=100, services={"guest_service_interface": True})
    contacts = [next(second for second in range(101) if status(vm, key, START + second)[0] == 2) for key in COMPONENTS]
    assert len(set(contacts)) == 6
    assert max(contacts) == 100


def test_a_service_just_enabled_has_to_be_found_by_the_guest() -> None:
    vm = machine(reconnects_in=3, services={"vss": False})
    vm.apply({"services": {"vss": True}}, START)
    assert [status(vm, "vss", START + second)[0] for second in (0, 2.9, 3)] == [12, 12, 2]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, 6),
        ({"guest": "linux"}, 5),
        ({"state": "Off"}, None),
        ({"state": "Paused"}, 8),
        ({"services": {"heartbeat": False}}, 1),
        ({"uptime": 0}, 2),
        ({"services": {"heartbeat": {"guest": "stopped"}}}, 4),
        ({"services": {"heartbeat": {"primary": 2, "secondary": "ApplicationCritical"}}}, 7),
        ({"services": {"heartbeat": {"primary": "Error"}}}, 3),
    ],
)
def test_heartbeat(data: dict[str, Any], expected: int | None) -> None:
    assert heartbeat(machine(**data), START) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [({}, True), ({"services": {"shutdown": False}}, False), ({"services": {"shutdown": {"guest": "stopped"}}}, False)],
)
def test_a_disabled_service_shows_ok_but_is_not_in_contact(data: dict[str, Any], expected: bool) -> None:
    assert in_contact(machine(**data), "shutdown", START) is expected
