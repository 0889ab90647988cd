# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets by seed: N hosts with M virtual machines each, as varied as real ones, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from hyperv_simulator.machine import Data

# Name, how often, guest system, group.
ROLES = (
    ("web", 6, "linux", "tier1"),
    ("app", 5, "windows", "tier1"),
    ("db", 3, "windows", "tier0"),
    ("dc", 1, "windows", "domain-controllers"),
    ("file", 2, "windows", "tier2"),
    ("k8s", 4, "linux", "tier1"),
    ("build", 2, "linux", "tier2"),
)
CITIES = ("berlin", "tokyo", "paris", "oslo", "lima", "cairo", "delhi", "porto", "seoul", "milan")


def generate(hosts: int, machines: int, seed: int, cultures: Sequence[str] = ("en",)) -> Data:
    """Fleet data of that many hosts, each with that many virtual machines; the cultures take turns."""
    chance = random.Random(seed)
    return {
        "fleet": 1,
        "hosts": [
            {
                "name": f"hv-{CITIES[number % len(CITIES)]}{number // len(CITIES) or ''}",
                "culture": cultures[number % len(cultures)],
                "virtual_machines": [_machine(chance, index) for index in range(machines)],
            }
            for number in range(hosts)
        ],
    }


def _machine(chance: random.Random, index: int) -> Data:
    role, _weight, guest, group = chance.choices(ROLES, [role[1] for role in ROLES])[0]
    data: Data = {"name": f"{role}{index + 1:03}", "groups": [group]}
    if guest != "windows":
        data["guest"] = guest
    state = chance.choices(("Running", "Off", "Saved", "Paused"), (85, 10, 4, 1))[0]
    if state != "Running":
        data["state"] = state
    if chance.random() < 0.2:
        data["generation"] = 1
    if role == "db" and chance.random() < 0.5:
        data["replication"] = "Primary"
    services = _services(chance, guest)
    if services:
        data["services"] = services
    return data


def _services(chance: random.Random, guest: str) -> Data:
    """What has drifted from the defaults in the life of a fleet."""
    services: Data = {}
    drifts: tuple[tuple[str, float, Any], ...] = (
        ("guest_service_interface", 0.15, True),
        ("time_synchronization", 0.05, False),
        ("vss", 0.10, False),
        ("shutdown", 0.03, False),
        ("key_value_pair_exchange", 0.10 if guest == "linux" else 0.02, {"guest": "missing"}),
        ("heartbeat", 0.02, {"guest": "stopped"}),
    )
    for key, probability, value in drifts:
        if chance.random() < probability:
            services[key] = value
    return services
