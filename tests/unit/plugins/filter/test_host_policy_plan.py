# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.filter.host_policy_plan import FilterModule

FACTS = [{"id": "0f7e1a52-3c5d-4f0e-9a53-0d5a2b9c7e11", "name": "web01", "services": {"vss": {"enabled": False}}}]


def test_filter_plans() -> None:
    plan = FilterModule().filters()["host_policy_plan"](FACTS, {"default": "backup"})
    assert plan["module_plan"] == [{"id": [FACTS[0]["id"]], "services": {"vss": True}, "overrides": {}}]


def test_bad_policy_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match="rule 1: match None"):
        FilterModule().filters()["host_policy_plan"](FACTS, {"rules": [{"profile": "lab"}]})


def test_overrides_end_by_todays_date() -> None:
    facts = [{**FACTS[0], "services": {"shutdown": {"enabled": True}}}]

    def planned(until: str) -> list[dict[str, object]]:
        rule = {"match": {"pattern": "*"}, "services": {"shutdown": False}}
        rule["overrides"] = {"shutdown": {"reason": "an appliance", "until": until}}
        plan: list[dict[str, object]] = FilterModule().filters()["host_policy_plan"](facts, {"rules": [rule]})[
            "module_plan"
        ]
        return plan

    assert planned("2001-01-01") == []
    assert [entry["services"] for entry in planned("2999-12-31")] == [{"shutdown": False}]
