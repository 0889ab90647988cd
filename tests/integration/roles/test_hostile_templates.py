# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, notes and facts that are templates run nothing, in every role.

Before 2.19 Ansible takes each text for a template that it does not know to come from a module.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from planted.guests import driver_blocked
from playbook_runner import Run, run_playbook
from scripted import ENVIRONMENT, guest_answer, host_answer, inventory

# Texts by which the roles decide. All others may be anything.
WORDS = {"id", "state", "mode", "verdict", "family", "heartbeat", "init", "virtualization", *KEYS}


def poisoned(value: Any, poison: str, key: str = "") -> Any:
    """Return a copy in which each text that a machine words freely holds the poison as well."""
    if isinstance(value, dict):
        return {name: poisoned(item, poison, name) for name, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item, poison, key) for item in value]
    return f"{value}{poison}" if isinstance(value, str) and key not in WORDS else value


def play(folder: Path, tasks: list[Mapping[str, Any]], **variables: Any) -> Run:
    """Tasks on a host and two guests whose answers are poisoned; fails if anything ran.

    One guest has all its texts poisoned. The other has only those that leave the role something to do.
    """
    marker = folder / "ran"
    poison = f"{{{{ lookup('ansible.builtin.pipe', 'touch {marker}') }}}}"
    host = host_answer("web01", "db01", off={"db01": "shutdown"})
    texts = {"name": poison, "notes": poison, "groups": [poison], "checkpoint": {"parent_name": poison}}
    for machine in host["virtual_machines"]:
        machine.update({**texts, "name": f"{machine['name']}{poison}"})
    with tempfile.TemporaryDirectory() as tree:
        facts = driver_blocked().facts(Path(tree))
    facts["distribution"] = poisoned(facts["distribution"], poison)
    guests = {"odd": poisoned(guest_answer(), poison), "blocked": {"changed": False, "linux_guest": facts}}
    (folder / "play.yml").write_text(
        json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8"
    )
    machines = inventory(folder, {"hv1": host}, guests, **variables)
    run = run_playbook(machines, folder / "play.yml", env=ENVIRONMENT, cwd=folder)
    assert not marker.exists(), run.output
    return run


def role(name: str, **options: Any) -> dict[str, Any]:
    return {"ansible.builtin.include_role": {"name": f"hyperv.integration.{name}"}, **options}


@pytest.mark.parametrize("mode", ["report", "enforce"])
def test_host_policy_with_templates_as_names(tmp_path: Path, mode: str) -> None:
    rules = [{"name": "web", "match": {"name": "web*"}, "services": {"vss": False, "heartbeat": False}}]
    task = role("host_policy", when="'hyperv_hosts' in group_names")
    run = play(tmp_path, [task], host_policy_mode=mode, host_policy_rules=rules)
    shown = run.one("hyperv.integration.host_policy : Show the plan", "hv1")
    assert "{{ lookup(" in json.dumps(shown["msg"])


def test_audit_with_templates_as_names_and_facts(tmp_path: Path) -> None:
    formats = ["html", "json", "junit", "sarif", "csv", "markdown", "terminal"]
    run = play(tmp_path, [role("audit")], audit_report_dir="reports", audit_formats=formats, audit_fail_on="low")
    assert {path.suffix for path in (tmp_path / "reports").iterdir()} >= {".html", ".json", ".xml", ".csv"}
    audit = json.loads((tmp_path / "reports" / "audit.json").read_text(encoding="utf-8"))
    assert "web01{{ lookup(" in json.dumps(audit["virtual_machines"])
    assert "{{ lookup(" in run.output


def test_linux_guest_with_templates_as_facts(tmp_path: Path) -> None:
    task = role("linux_guest", when="'hyperv_linux_guests' in group_names")
    run = play(tmp_path, [task], linux_guest_repair=True)
    told = [one for one in run.results if one.task == "hyperv.integration.linux_guest : Show the plan"]
    assert {one.host for one in told} >= {"blocked"}
    assert "{{ lookup(" in run.output


def test_filters_of_the_audit_with_templates_as_names(tmp_path: Path) -> None:
    """As somebody may use them without the role: each text of a filter goes through another template."""
    collection = "hostvars | hyperv.integration.audit_collection(['hv1'], [], '2026-11-27T09:30:00Z')"
    audit = "collection | hyperv.integration.audit_evaluate({'evaluated_at': '2026-11-27T09:30:00Z'})"
    tasks: list[Mapping[str, Any]] = [
        {
            "hyperv.integration.vm_integration_service_info": None,
            "register": "__audit_host_result",
            "when": "inventory_hostname == 'hv1'",
        },
        {"ansible.builtin.set_fact": {"collection": f"{{{{ {collection} }}}}"}},
        {"ansible.builtin.set_fact": {"report": f"{{{{ {audit} | hyperv.integration.audit_report('markdown') }}}}"}},
        {"name": "Show", "ansible.builtin.debug": {"msg": "{{ collection }} {{ report }}"}, "run_once": True},
    ]
    assert "web01{{ lookup(" in play(tmp_path, tasks).output
