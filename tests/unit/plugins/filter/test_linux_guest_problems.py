# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hyperv.integration.plugins.filter.linux_guest_problems import FilterModule

PLAN = {
    "expected": ["vss"],
    "generalize": {"purge": False},
    "at_rest": False,
    "time": {"action": "leave", "wish": "chrony_ptp"},
}


def test_filter_tells_problems() -> None:
    seen = {"verdict": "no_daemon", "explanation": "it is not installed", "remedy": "install hyperv-daemons"}
    facts = {"services": {"vss": seen, "heartbeat": {"verdict": "ok"}}, "time": {"uses_ptp": False}}
    found = FilterModule().filters()["linux_guest_problems"](facts, PLAN)
    assert found == ["vss: no_daemon: it is not installed. Remedy: install hyperv-daemons."]
