# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hyperv.integration.plugins.filter.audit_problems import FilterModule

NOW = "2026-11-27T09:30:00Z"


def test_filter_tells_all_problems() -> None:
    options = {
        "evaluated_at": NOW,
        "rules": [{"path": "my_rules.yml", "text": "version: 1\n"}],
        "waivers": {"path": "my_waivers.yml", "text": "version: 1\n"},
        "baseline": {"version": 7},
    }
    problems = FilterModule().filters()["audit_problems"](options)
    assert [problem.partition(": ")[0] for problem in problems] == ["my_rules.yml:1", "my_waivers.yml:1", "baseline"]


def test_nothing_is_wrong_with_the_least() -> None:
    assert FilterModule().filters()["audit_problems"]({"evaluated_at": NOW}) == []
