# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.filter.audit_evaluate import FilterModule

NOW = "2026-11-27T09:30:00Z"
HOST = {"name": "hv1", "reachable": False, "error": "timed out", "virtual_machines": [], "plan": None}
COLLECTION = {"version": 1, "collected_at": NOW, "hosts": [HOST], "guests": []}


def test_filter_evaluates() -> None:
    audit = FilterModule().filters()["audit_evaluate"](COLLECTION, {"evaluated_at": NOW, "title": "Nightly"})
    assert [finding["rule"] for finding in audit["findings"]] == ["own_host_unreachable"]
    assert (audit["title"], audit["summary"]["worst"]) == ("Nightly", "high")


def test_what_cannot_be_evaluated_is_an_error_of_the_filter() -> None:
    rules = [{"path": "my_rules.yml", "text": "version: 1\nrules: x\n"}]
    with pytest.raises(AnsibleFilterError, match=r"my_rules\.yml:2: rules: 'x' is not of type 'array'"):
        FilterModule().filters()["audit_evaluate"](COLLECTION, {"evaluated_at": NOW, "rules": rules})
