# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan

MakeFacts = Callable[..., dict[str, Any]]


def test_plan_in_words(vm: MakeFacts) -> None:
    fleet = [
        vm("a01", off=()),
        vm("a02"),
        vm("b01", off=("vss", "guest_service_interface"), services={}, error="gone"),
        vm("b02", off=("vss",)),
    ]
    rules = [
        {"name": "appliances", "match": {"pattern": "a*"}, "services": {"shutdown": False, "kvp": False}},
        {"match": {"name": "x"}, "profile": "lab"},
        {
            "name": "boxes",
            "match": {"pattern": "b*"},
            "profile": "lab",
            "services": {"timesync": False},
            "overrides": {"timesync": "measured by PTP"},
        },
    ]
    lines = make_plan(fleet, {"rules": rules})["explanation"]
    refused = lines.pop(2)
    assert refused.startswith("  refused: shutdown off: shutdown is protected, because ")
    assert refused.endswith(" [a01, a02]")
    assert lines == [
        "rule 1 (appliances): a01, a02",
        "  change: key_value_pair_exchange on -> off: a01, a02",
        "rule 3 (boxes) -> lab: b01, b02",
        "  why: every service on, the Guest Service Interface too (except time_synchronization: off)",
        "  change: time_synchronization on -> off: b02",
        "  change: vss off -> on: b02",
        "  overridden: time_synchronization may be off: measured by PTP [b02]",
        "  note: left alone: gone [b01]",
        "rule 2: decides nothing on this host: no virtual machine is named x",
        "virtual machines: 4, to change: 3 (switches: 4), refused: 2, overridden: 1",
    ]


def test_explanation_stays_short(vm: MakeFacts) -> None:
    lines = make_plan([vm(f"web{number:04}", off=("vss",)) for number in range(2000)], {})["explanation"]
    assert lines[0].endswith("web0009 and 1990 more")
    assert len(lines) < 10
    assert max(map(len, lines)) < 200
