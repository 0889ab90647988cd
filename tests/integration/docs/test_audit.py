# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guide to audits shows: rules and waivers that can be used, and the text of a mistake."""

from __future__ import annotations

import uuid
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.evaluate import audit_problems, evaluate
from code_blocks import CHECKOUT, Block, code_blocks

GUIDE = CHECKOUT / "docs" / "docsite" / "rst" / "guide_audit.rst"
NOW = "2026-11-27T09:30:00Z"


def block(kind: str) -> Block:
    (found,) = [block for block in code_blocks(GUIDE) if block.kind == kind]
    assert found.file_name, "the playbook reads it"
    return found


def file(kind: str, before: str = "", after: str = "") -> dict[str, str]:
    found = block(kind)
    return {"path": str(found.file_name), "text": found.text.replace(before, after) if before else found.text}


def machine(name: str, **facts: Any) -> dict[str, Any]:
    services = {
        key: {"offered": True, "enabled": True, "verdict": "no_contact", "reason": "guest_silent"} for key in KEYS
    }
    id = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
    return {"id": id, "name": name, "state": "Running", "groups": [], "generation": 2, "services": services, **facts}


def test_rules_and_waivers_do_what_the_guide_says() -> None:
    machines = [machine("sql01", groups=["databases"]), machine("old01", generation=1), machine("build01")]
    host = {"name": "hv-berlin", "reachable": True, "error": None, "virtual_machines": machines, "plan": None}
    for vm in machines:
        vm["services"]["heartbeat"].update(verdict="ok", reason="in_contact")
    collection = {"version": 1, "collected_at": NOW, "hosts": [host], "guests": []}
    options = {"evaluated_at": NOW, "rules": [file("rules")], "waivers": file("waivers")}
    audit = evaluate(collection, options)
    mine = {
        (finding["rule"], finding["vm"] and finding["vm"]["name"], finding["explanation"])
        for finding in audit["findings"]
        if finding["rule"].startswith("my_")
    }
    assert {(rule, name) for rule, name, _text in mine} == {
        ("my_databases_vss", "sql01"),
        ("my_no_generation_1", "old01"),
    }
    assert ("my_no_generation_1", "old01", "old01 is of generation 1.") in mine
    waived = {f["waived_by"]["id"] for f in audit["findings"] if f["waived_by"]}
    assert waived == {"W-2026-17"}
    assert [f["rule"] for f in audit["findings"] if f["rule"].startswith("own_waiver")] == ["own_waiver_unused"]


def test_mistake_is_told_as_the_guide_shows() -> None:
    (shown,) = [block.text for block in code_blocks(GUIDE) if block.language == "text"]
    told = audit_problems({"evaluated_at": NOW, "rules": [file("rules", "contains(vm.groups", "contains(wm.groups")]})
    assert [problem.split() for problem in told] == [shown.split()]
