# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks of the document about reports, and the examples of the filter that tells an audit in a few lines."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.headlines import headlines
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report
from audit_samples import make_audit
from code_blocks import CHECKOUT, code_blocks, examples
from playbook_runner import Run, run_playbook

DOCUMENT = CHECKOUT / "docs" / "reports.md"


def _play(folder: Path, text: str) -> Run:
    inventory = folder / "inventory.yml"
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory.write_text(yaml.safe_dump({"ungrouped": {"hosts": {"localhost": host}}}), encoding="utf-8")
    playbook = folder / "playbook.yml"
    playbook.write_text(text, encoding="utf-8")
    return run_playbook(inventory, playbook)


def test_playbooks_of_the_document_report(tmp_path: Path) -> None:
    audit = make_audit(machines=40, seed=3)
    (tmp_path / "audit.json").write_text(make_report(audit, "json"), encoding="utf-8")
    blocks = [block.text for block in code_blocks(DOCUMENT) if block.kind == "playbook"]
    run = _play(tmp_path, "\n".join(blocks))
    assert run.code == 0, run.output
    assert (tmp_path / "audit.html").read_text(encoding="utf-8") == make_report(audit, "html")
    told = run.one("Show new and fixed findings")["msg"]
    assert told == make_report(audit, "terminal", {"only_new": True}).splitlines()


def test_examples_of_the_headlines(tmp_path: Path) -> None:
    audit = make_audit(machines=40, seed=3)
    audit["summary"]["new"] = {"high": 0, "medium": 1, "low": 0, "info": 0}
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "audit.json").write_text(make_report(audit, "json"), encoding="utf-8")
    tasks = yaml.safe_load(examples(CHECKOUT / "plugins" / "filter" / "audit_headlines.yml"))
    tasks.sort(key=lambda task: "ansible.builtin.fail" in task)  # the end of the play
    run = _play(tmp_path, yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    assert run.one("Tell what cannot wait")["msg"] == headlines(audit, "high", 5)
    failed = run.one("Fail on new findings of medium or high severity")
    assert failed.status == "failed"
    assert failed.msg.splitlines() == headlines(audit, fail_on_new="medium")
    assert failed.msg.startswith("audit_fail_on_new: medium. New findings of severity medium or higher: ")
