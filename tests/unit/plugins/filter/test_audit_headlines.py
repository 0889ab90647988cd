# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.filter.audit_evaluate import FilterModule as Evaluate
from ansible_collections.hyperv.integration.plugins.filter.audit_headlines import FilterModule
from audit_samples import make_audit

NOW = "2026-11-27T09:30:00Z"
headlines = FilterModule().filters()["audit_headlines"]


def test_filter_tells_an_audit_and_the_text_of_one() -> None:
    host = {"name": "hv01", "reachable": False, "error": "away", "virtual_machines": [], "plan": None}
    collection = {"version": 1, "collected_at": NOW, "hosts": [host], "guests": []}
    audit = Evaluate().filters()["audit_evaluate"](collection, {"evaluated_at": NOW})
    lines = headlines(audit, "high", 5)
    about = audit["rules"]["own_host_unreachable"]["finding"]
    assert lines[2] == f"high: {about}: hv01: The host did not answer: away (own_host_unreachable)"
    assert headlines(json.dumps(audit), "high", 5) == lines


def test_an_unknown_severity_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match="at_least is 'worst', not one of high"):
        headlines({}, "worst")


@pytest.mark.parametrize("name", ["fail_on", "fail_on_new"])
def test_an_unknown_threshold_is_an_error_of_the_filter(name: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"{name} is 'worst', not one of high, medium, low, info, never"):
        headlines({}, **{name: "worst"})


def test_thresholds_of_none_are_none() -> None:
    audit = make_audit(machines=40, seed=3)
    assert headlines(audit, fail_on=None, fail_on_new=None) == headlines(audit)
    assert headlines(audit, fail_on="high")[0].startswith("audit_fail_on: high. ")
