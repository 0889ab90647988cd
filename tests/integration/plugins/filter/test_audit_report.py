# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import jsonable
from code_blocks import CHECKOUT, examples
from hostile_texts import hostile_audit
from playbook_runner import run_playbook


def test_examples_with_hostile_texts(tmp_path: Path) -> None:
    """The installed collection, templates included, writes the same bytes; Ansible templates nothing in them."""
    audit = jsonable(hostile_audit())
    (tmp_path / "audit.json").write_text(make_report(audit, "json"), encoding="utf-8")
    tasks = yaml.safe_load(examples(CHECKOUT / "plugins" / "filter" / "audit_report.yml"))
    play = {"name": "Examples", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    playbook = tmp_path / "examples.yml"
    playbook.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    inventory = tmp_path / "inventory.yml"
    host = {"ansible_python_interpreter": sys.executable}
    inventory.write_text(yaml.safe_dump({"ungrouped": {"hosts": {"localhost": host}}}), encoding="utf-8")
    done = run_playbook(inventory, playbook)
    assert done.code == 0, done.output
    assert [result.task for result in done.results] == [task["name"] for task in tasks]
    assert (tmp_path / "audit.html").read_text(encoding="utf-8") == make_report(audit, "html")
    assert done.one("Show the findings").data["msg"] == make_report(audit, "terminal", {"width": 120}).splitlines()
