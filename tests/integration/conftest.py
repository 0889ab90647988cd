# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleets for the tests that run the real Ansible."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator_runner import CULTURES, Simulator


def mixed_machines() -> list[dict[str, Any]]:
    """Virtual machines in every state that matters; the same on each host."""
    guid = "6f6b9a3e-0000-4000-8000-0000000000{:02}"
    machines: list[dict[str, Any]] = [
        {"name": "web01", "groups": ["tier1"], "services": {"shutdown": False, "guest_service_interface": True}},
        {"name": "db01", "groups": ["tier1", "databases"], "services": {"vss": False}, "replication": "Primary"},
        {"name": "dc01", "notes": "domain controller"},
        {"name": "old01", "guest": "linux", "services": {"vss": {"guest": "old"}}},
        {"name": "bare01", "guest": "none"},
        {"name": "off01", "state": "Off"},
        {"name": "saved01", "state": "Saved"},
        {"name": "secret01", "guest": "linux", "isolation": "SNP"},
        {"name": "odd01", "services": {"vss": {"primary": 4711}}},
        {"name": "daemonless01", "guest": "linux", "services": {"key_value_pair_exchange": {"guest": "missing"}}},
        {"name": "we[b]*"},
        {"name": "twin", "services": {"vss": False}},
        {"name": "Twin", "services": {"vss": False}},
        {"name": "moving01", "operational_status": "MigratingVirtualMachine", "services": {"vss": False}},
        {"name": "starting01", "state": "Starting", "services": {"vss": False}},
        {"name": "stubborn01", "services": {"vss": {"enabled": False, "refuses": "enable"}}},
    ]
    return [{"id": guid.format(number), **machine} for number, machine in enumerate(machines)]


@pytest.fixture(scope="session")
def world(pwsh: str) -> Iterator[Simulator]:
    """One host for each of the ten UI cultures, all with the same virtual machines. Tests reset what they change."""
    hosts = [
        {"name": f"hv-{culture}", "culture": culture, "virtual_machines": mixed_machines()} for culture in CULTURES
    ]
    with Simulator({"hosts": hosts}) as simulator:
        yield simulator


@pytest.fixture
def fresh(world: Simulator) -> Iterator[Simulator]:
    """The world with an empty ledger; afterwards every virtual machine is as it was."""
    world.ask("ledger_reset")
    yield world
    world.ask("fault_clear")
    world.ask("reset")


@pytest.fixture(scope="session")
def winrm(world: Simulator) -> Path:
    return world.inventory("winrm")


@pytest.fixture(scope="session")
def psrp(world: Simulator) -> Path:
    return world.inventory("psrp")
