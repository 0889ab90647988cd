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


def test_ended_override_is_no_problem_of_the_whole_policy() -> None:
    """It stops what it permitted, on the virtual machines that the rule matches, and nothing else."""
    override = {"shutdown": {"reason": "an appliance", "until": "2001-01-01"}}
    rule = {"match": {"name": "a"}, "services": {"shutdown": False}, "overrides": override}
    assert FilterModule().filters()["host_policy_problems"]({"rules": [rule]}) == []
