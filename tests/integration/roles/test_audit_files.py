# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the role audit writes, what it keeps, and how a weekly audit starts and goes on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from playbook_runner import Run, run_playbook
from scripted import ENVIRONMENT, host_answer, inventory

WEEKLY: dict[str, Any] = {
    "audit_report_dir": "reports",
    "audit_formats": "json,junit",
    "audit_keep_reports": 2,
    "audit_baseline_file": "reports/latest/audit.json",
    "audit_baseline_missing": "ignore",
    "audit_fail_on_new": "high",
}
APP = {"app01": "shutdown"}
DATED = re.compile(r"\d{8}T\d{6}Z")


class Weekly(NamedTuple):
    """Three audits, and the names in the directory of the reports after each. The third has a limit."""

    folder: Path
    runs: list[Run]
    after: list[set[str]]


def audit(folder: Path, off: dict[str, str], *options: str) -> Run:
    hosts = {"hv1": host_answer("web01", "db01", off=off), "hv2": host_answer("app01", off=off)}
    play = {"hosts": "hyperv_hosts", "gather_facts": False, "roles": [{"role": "hyperv.integration.audit"}]}
    playbook = folder / "playbooks" / "audit.yml"
    playbook.parent.mkdir(exist_ok=True)
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    return run_playbook(inventory(folder, hosts, {}, **WEEKLY), playbook, *options, env=ENVIRONMENT, cwd=folder)


@pytest.fixture(scope="module")
def weekly(tmp_path_factory: pytest.TempPathFactory) -> Weekly:
    folder = tmp_path_factory.mktemp("weekly")
    reports = folder / "reports"
    for name, file in (
        ("20200101T000000Z", "audit.json"),
        ("20200102T000000Z", "notes.txt"),
        ("20200103T000000Z", "audit.json"),
        ("mine", "audit.json"),
    ):
        (reports / name).mkdir(parents=True)
        (reports / name / file).touch()
    runs, after = [], []
    for off, options in (({"web01": "vss"}, ()), (APP, ()), (APP, ("--limit", "hv2"))):
        runs.append(audit(folder, off, *options))
        after.append({path.name for path in reports.iterdir()})
    return Weekly(folder, runs, after)


def dated(names: set[str]) -> list[str]:
    return sorted(name for name in names if DATED.fullmatch(name))


def test_first_audit_needs_no_baseline(weekly: Weekly) -> None:
    first = weekly.runs[0]
    assert first.code == 0, first.output
    told = first.one("hyperv.integration.audit : Show the worst findings")["msg"]
    missing = f"{weekly.folder}/reports/latest/audit.json"
    assert f"No baseline: there is no file {missing}. This audit calls nothing new or fixed." in told
    assert {first.recap(host)["changed"] for host in ("hv1", "hv2")} == {0}


def test_reports_of_each_audit_lie_in_the_working_directory_under_their_time(weekly: Weekly) -> None:
    newest = dated(weekly.after[0])[-1]
    files = {path.name for path in (weekly.folder / "reports" / newest).iterdir()}
    assert files == {"audit.json", "audit.junit.xml", "collection.json"}
    assert not (weekly.folder / "playbooks" / "reports").exists()


def test_only_old_directories_of_audits_are_removed(weekly: Weekly) -> None:
    """Two are kept; one that holds something else is never removed."""
    old = dated(weekly.after[0])[:-1]
    assert old == ["20200102T000000Z", "20200103T000000Z"]
    assert dated(weekly.after[1])[0] == "20200102T000000Z"
    assert len(dated(weekly.after[1])) == 3
    assert "mine" in weekly.after[1]


def test_gate_on_new_findings(weekly: Weekly) -> None:
    """vss was off and is on again; shutdown is off, which is new. Without JUnit's threshold all would be red."""
    second = weekly.runs[1]
    assert second.code != 0
    (gate,) = [result for result in second.results if "Fail on open findings" in result.task]
    assert gate.status == "failed"
    assert gate.msg.startswith("audit_fail_on_new: high. New findings of severity high: 1.")
    latest = weekly.folder / "reports" / "latest"
    report = json.loads((latest / "audit.json").read_text(encoding="utf-8"))
    assert report["summary"]["new"]["high"] == 1
    junit = (latest / "audit.junit.xml").read_text(encoding="utf-8")
    assert junit.count("<failure") == 1


def test_limited_audit_does_not_replace_the_next_baseline(weekly: Weekly) -> None:
    added = weekly.after[2] - weekly.after[1]
    assert added == {"audit.partial.json", "audit.partial.junit.xml", "collection.partial.json"}
    partial = json.loads((weekly.folder / "reports" / "audit.partial.json").read_text(encoding="utf-8"))
    assert partial["summary"]["hosts"] == 1
    latest = weekly.folder / "reports" / "latest"
    assert latest.is_symlink()
    assert latest.readlink() == Path(dated(weekly.after[1])[-1])


def test_finding_of_the_audit_that_failed_is_no_longer_new(weekly: Weekly) -> None:
    """The audit that failed is the next baseline."""
    assert weekly.runs[2].code == 0, weekly.runs[2].output
    partial = json.loads((weekly.folder / "reports" / "audit.partial.json").read_text(encoding="utf-8"))
    drifts = {item["rule"]: item["drift"] for item in partial["findings"]}
    assert drifts["own_protected_off"] == "unchanged"
    assert partial["summary"]["new"]["high"] == 0
