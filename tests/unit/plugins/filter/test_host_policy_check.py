# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hyperv.integration.plugins.filter.host_policy_check import FilterModule


def test_filter_checks_by_todays_date() -> None:
    rule = {"match": {"name": "a"}, "services": {"shutdown": False}}

    def problems(until: str) -> list[str]:
        override = {"shutdown": {"reason": "an appliance", "until": until}}
        policies = {"hv01": {"rules": [{**rule, "overrides": override}]}}
        found: list[str] = FilterModule().filters()["host_policy_check"](policies)["problems"]
        return found

    assert problems("2999-12-31") == []
    assert "ended on 2001-01-01" in problems("2001-01-01")[0]
