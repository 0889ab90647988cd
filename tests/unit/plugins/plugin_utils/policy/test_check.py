# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import date
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.check import check_policies

TODAY = date(2027, 1, 1)


def ups(until: str) -> dict[str, Any]:
    override = {"reason": "closed appliance", "until": until}
    return {"match": {"name": "ups"}, "services": {"shutdown": False}, "overrides": {"shutdown": override}}


def test_valid_policies_have_neither_problems_nor_endings() -> None:
    policies = {"hv01": {}, "hv02": {"default": "lab", "rules": [ups("2027-06-30")]}}
    assert check_policies(policies, TODAY) == {"problems": [], "ending": []}


def test_same_problem_of_several_hosts_is_told_once() -> None:
    bad = {"default": "safe"}
    (problem,) = check_policies({"hv01": bad, "hv02": {}, "hv03": bad}, TODAY)["problems"]
    assert problem.startswith("hv01, hv03: host_policy_default: profile 'safe': there is no such profile; there are ")


def test_every_problem_of_a_host_is_told() -> None:
    rules = [{"match": {"name": "a"}, "profile": "safe"}, {"match": {"name": "b"}, "services": {"shutdown": False}}]
    problems = check_policies({"hv01": {"rules": rules}}, TODAY)["problems"]
    assert [problem.split(": ")[:2] for problem in problems] == [["hv01", "rule 1"], ["hv01", "rule 2"]]


def test_ended_override_is_a_problem_and_an_ending_one_is_not() -> None:
    found = check_policies({"hv01": {"rules": [ups("2026-12-31"), ups("2027-01-10")]}}, TODAY)
    (problem,) = found["problems"]
    assert problem.startswith(
        "hv01: rule 1: services.shutdown false: refused. the override (closed appliance) ended on"
    )
    assert found["ending"] == [
        "hv01: rule 2: the override for shutdown (closed appliance) ends in 9 days, on 2027-01-10. "
        "Renew it, or take services: {shutdown: false} out of the rule."
    ]


def test_ending_override_is_told_beside_other_problems() -> None:
    found = check_policies({"hv01": {"default": "safe", "rules": [ups("2027-01-01")]}}, TODAY)
    assert (len(found["problems"]), len(found["ending"])) == (1, 1)
