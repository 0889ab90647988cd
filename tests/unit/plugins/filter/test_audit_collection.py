# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.filter.audit_collection import FilterModule
from ansible_collections.hyperv.integration.plugins.filter.audit_evaluate import FilterModule as Evaluate

NOW = "2026-11-27T09:30:00Z"
collection = FilterModule().filters()["audit_collection"]


def test_filter_collects_a_text_that_another_run_can_read() -> None:
    text = collection({"hv01": {"__audit_host_result": {"unreachable": True, "msg": "away"}}}, ["hv01"], [], NOW)
    assert json.loads(text)["hosts"][0]["error"] == "away"
    assert collection({}, [], [], NOW, [{"path": "kept.json", "text": text}]) == text


def test_what_was_collected_can_be_evaluated() -> None:
    audit = Evaluate().filters()["audit_evaluate"](collection({}, ["hv01"], [], NOW), {"evaluated_at": NOW})
    assert [finding["rule"] for finding in audit["findings"]] == ["own_host_unreachable"]


def test_a_damaged_file_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match=r"kept\.json is no JSON"):
        collection({}, [], [], NOW, [{"path": "kept.json", "text": "{"}])
