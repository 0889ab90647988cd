# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hyperv.integration.plugins.filter.host_policy_problems import FilterModule

POLICY = {"rules": [{"match": {"name": "a"}, "services": {"shutdown": False}}, {"profile": "lab"}]}


def test_filter_tells_problems_and_refusals() -> None:
    problems = FilterModule().filters()["host_policy_problems"](POLICY)
    assert [problem.partition(":")[0] for problem in problems] == ["rule 2", "rule 1"]


def test_filter_leaves_refusals_out() -> None:
    problems = FilterModule().filters()["host_policy_problems"](POLICY, False)
    assert [problem.partition(":")[0] for problem in problems] == ["rule 2"]


def test_overrides_end_by_todays_date() -> None:
    rule = {"match": {"name": "a"}, "services": {"shutdown": False}}

    def problems(until: str) -> list[str]:
        override = {"shutdown": {"reason": "an appliance", "until": until}}
        found: list[str] = FilterModule().filters()["host_policy_problems"](
            {"rules": [{**rule, "overrides": override}]}
        )
        return found

    assert problems("2999-12-31") == []
    assert "ended on 2001-01-01" in problems("2001-01-01")[0]
