# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role through the real Ansible: who is asked how often, who is not reached, what is written, and what fails."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from playbook_runner import Run, run_playbook
from simulator_runner import Simulator

ROLE = "hyperv.integration.audit"
ASK = f"{ROLE} : Query the hosts"
SHOW = f"{ROLE} : Show the worst findings"
GATE = f"{ROLE} : Fail on open findings (audit_fail_on, audit_fail_on_new)"
NAMES = {
    "html": "audit.html",
    "json": "audit.json",
    "junit": "audit.junit.xml",
    "sarif": "audit.sarif",
    "csv": "audit.csv",
    "markdown": "audit.md",
    "terminal": "audit.txt",
}
ID = "6f6b9a3e-0000-4000-8000-00000000000{}"
WAIVERS = """
version: 1
waivers:
  - id: copies
    rule: own_gsi_open
    match: {name: web02}
    reason: The backup tool copies its agent in
    owner: the backup team
    until: 2099-12-31
"""
# A guest of the audit: this machine, which is no guest of Hyper-V and says so.
HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
NOBODY = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}


@dataclass
class World:
    """Two hosts, one with many virtual machines, a third that does not answer, and two guests."""

    simulator: Simulator
    folder: Path

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    def inventory(self, connection: str) -> Path:
        data = yaml.safe_load(self.simulator.inventory(connection).read_text(encoding="utf-8"))
        hosts = data["hyperv_hosts"]["hosts"]
        port = {"ansible_port": 9, f"ansible_{connection}_port": 9}
        hosts["hv-away"] = {**hosts["hv-few"], **port}
        guests = {"web01.example": {**HERE, "audit_guest_vm": "WEB01", "audit_guest_host": "hv-few"}}
        data["hyperv_linux_guests"] = {"hosts": {**guests, "web02.example": NOBODY}}
        path = self.folder / f"{connection}.yml"
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    def play(self, *options: str, connection: str = "winrm", hosts: str = "all", **variables: Any) -> Run:
        """The role, and what a later task sees of it."""
        role = {"role": ROLE, "tags": "audit", **variables}
        later = {"name": "Look", "ansible.builtin.debug": {"msg": "{{ [audit_result, audit_report_files] }}"}}
        play = {"hosts": hosts, "gather_facts": False, "roles": [role], "tasks": [{**later, "tags": "audit"}]}
        # Not in the working directory, where relative paths begin.
        path = self.folder / "playbooks" / "play.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps([play]), encoding="utf-8")
        return run_playbook(self.inventory(connection), path, *options, cwd=self.folder)

    def file(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.reports / "audit.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture(scope="module")
def world(pwsh: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    few: list[dict[str, Any]] = [
        {"name": "web01", "id": ID.format(1), "guest": "linux"},
        {"name": "web02", "id": ID.format(2), "services": {"guest_service_interface": True}},
        {"name": "{{ 7*7 }}\x1b[31m", "id": ID.format(3), "services": {"shutdown": False}},
    ]
    many = [{"name": f"vm{number:03}"} for number in range(100)]
    hosts = [
        {"name": "hv-few", "culture": "de", "virtual_machines": few},
        {"name": "hv-many", "culture": "ja", "virtual_machines": many},
    ]
    with Simulator({"hosts": hosts}) as simulator:
        yield World(simulator, tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="module")
def first(world: World) -> Run:
    """Everything once."""
    waivers = world.file("waivers.yml", WAIVERS)
    return world.play(audit_report_dir="reports", audit_formats=list(NAMES), audit_waivers_file=waivers)


def found(report: dict[str, Any]) -> set[tuple[str, str | None, str | None]]:
    """Rule, virtual machine (or guest or host) and service of the open findings."""
    return {
        (item["rule"], item["vm"]["name"] if item["vm"] else item["guest"] or item["host"], item["service"])
        for item in report["findings"]
        if item["waived_by"] is None
    }


def test_it_ends_well_whatever_it_finds(first: Run) -> None:
    assert first.code == 0, first.output
    assert {first.recap(host)["changed"] for host in ("hv-few", "hv-many", "hv-away", "web01.example")} == {0}


def test_each_host_is_asked_once_however_many_virtual_machines(world: World, first: Run) -> None:
    for host in ("hv-few", "hv-many"):
        assert dict(world.simulator.calls(host)) == {"Get-VM": 1, "Get-VMIntegrationService": 1}
    assert world.simulator.changes() == 0


def test_both_sides_and_what_was_not_seen_are_in_the_report(world: World, first: Run) -> None:
    report = world.report()
    assert found(report) >= {
        ("own_host_unreachable", "hv-away", None),
        ("own_guest_unreachable", "web02.example", None),
        ("own_protected_off", "{{ 7*7 }}\x1b[31m", "shutdown"),
        # It is mapped to a virtual machine, and says that it does not run on Hyper-V at all.
        ("own_guest_not_hyperv", "web01.example", None),
    }
    assert {item["name"] for item in report["not_seen"]} >= {"hv-away", "web01.example", "web02.example"}
    summary = report["summary"]
    assert (summary["hosts"], summary["hosts_read"], summary["virtual_machines"]) == (3, 2, 103)
    waived = [item["waived_by"]["id"] for item in report["findings"] if item["waived_by"]]
    assert waived == ["copies"]


def test_notes_are_read_only_where_a_rule_names_them(world: World, first: Run) -> None:
    """They hold what administrators wrote for themselves, and the file of what was collected is kept."""
    collected = json.loads((world.reports / "collection.json").read_text(encoding="utf-8"))
    machines = [machine for host in collected["hosts"] for machine in host["virtual_machines"]]
    assert len(machines) == 103
    assert not any("notes" in machine for machine in machines)
    rule = {
        "id": "my_notes",
        "title": "VMs must have notes",
        "severity": "info",
        "scope": "virtual_machine",
        "where": "!notes",
        "side": "host",
        "description": "Notes say whose the VM is.",
        "explanation": "There are no notes.",
        "remedy": "Write some.",
    }
    rules = world.file("notes.yml", json.dumps({"version": 1, "rules": [rule]}))
    run = world.play("--limit", "hv-few", audit_formats=[], audit_rules_files=[rules])
    assert run.code == 0, run.output
    result, _files = run.one("Look", "hv-few")["msg"]
    assert {item["rule"] for item in result["findings"]} >= {"my_notes"}
    assert all("notes" in machine for machine in run.one(ASK, "hv-few")["virtual_machines"])


def test_every_format_is_written_for_owner_and_group_alone(world: World, first: Run) -> None:
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in world.reports.iterdir()}
    assert files == dict.fromkeys([*NAMES.values(), "collection.json"], 0o640)
    assert stat.S_IMODE(world.reports.stat().st_mode) == 0o750


def test_later_tasks_know_the_result_and_the_files(world: World, first: Run) -> None:
    result, files = first.one("Look", "hv-many")["msg"]
    report = world.report()
    assert result == {"summary": report["summary"], "findings": report["findings"]}
    names = {**NAMES, "collection": "collection.json"}
    assert files == {format: str(world.reports / name) for format, name in names.items()}


def test_the_worst_is_told_and_cannot_order_the_terminal_about(first: Run) -> None:
    told = first.one(SHOW)["msg"]
    assert told[0].startswith("Open findings: ")
    assert any("{{ 7*7 }}?[31m on hv-few" in line for line in told)


def test_checked_over_psrp_against_the_baseline_it_writes_nothing_and_fails(world: World, first: Run) -> None:
    before = {path: path.read_bytes() for path in world.reports.iterdir()}
    world.simulator.ask("ledger_reset")
    run = world.play(
        "--check",
        connection="psrp",
        audit_report_dir="reports",
        audit_waivers_file="waivers.yml",
        audit_baseline_file="reports/audit.json",
        audit_fail_on="high",
    )
    assert run.code != 0
    assert {path: path.read_bytes() for path in world.reports.iterdir()} == before
    for host in ("hv-few", "hv-many"):
        assert dict(world.simulator.calls(host)) == {"Get-VM": 1, "Get-VMIntegrationService": 1}
    facts = run.one(f"{ROLE} : Set facts for later tasks")["ansible_facts"]
    assert {item["drift"] for item in facts["audit_result"]["findings"]} == {"unchanged"}
    assert facts["audit_report_files"] == {}
    (judged,) = [result for result in run.results if result.task == GATE]
    assert judged.status == "failed"
    told = judged["msg"]
    assert "own_protected_off" in told
    assert "own_guest_unreachable" not in told  # it is medium


def test_a_limit_a_selection_and_no_policy(world: World) -> None:
    world.simulator.ask("ledger_reset")
    variables: dict[str, Any] = {
        "audit_policy": False,
        "audit_selection": {"name": ["web02"]},
        "audit_formats": [],
    }
    run = world.play("--limit", "hv-few", "--tags", "audit", **variables)
    assert run.code == 0, run.output
    assert set(world.simulator.ask("ledger", host="hv-many")["lines"]) == set()
    result, files = run.one("Look", "hv-few")["msg"]
    assert (result["summary"]["hosts"], result["summary"]["virtual_machines"], files) == (1, 1, {})
    assert {item["rule"] for item in result["findings"]} == {
        "own_gsi_open",
    }


def test_an_earlier_collection_is_evaluated_anew_and_nobody_is_asked(world: World, first: Run) -> None:
    world.simulator.ask("ledger_reset")
    run = world.play(
        audit_mode="report_only",
        audit_collection_file="reports/collection.json",
        audit_report_dir="again",
        audit_fail_on="high",
    )
    assert run.code != 0
    assert world.simulator.ask("ledger")["lines"] == []
    assert [result.status for result in run.results if result.task == ASK] == ["skipped"] * 5
    again = json.loads((world.folder / "again" / "audit.json").read_text(encoding="utf-8"))
    report = world.report()
    assert again["collected_at"] == report["collected_at"]
    # Without the waiver.
    assert found(again) == found(report) | {("own_gsi_open", "web02", "guest_service_interface")}
    kept = [world.folder / name / "collection.json" for name in ("reports", "again")]
    assert kept[0].read_bytes() == kept[1].read_bytes()
    (judged,) = [result for result in run.results if result.task == GATE]
    assert str(world.folder / "again" / "audit.html") in judged["msg"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no directory": ({}, "audit_report_dir is not set"),
    "no collection": ({"audit_mode": "report_only", "audit_formats": []}, "audit_collection_file is not set"),
    "nobody": (
        {"audit_hosts": "printers", "audit_guests": "printers", "audit_formats": []},
        "No hosts to audit: no host of this play is in audit_hosts (printers)",
    ),
    "a bad policy": (
        {"audit_formats": [], "host_policy_rules": [{"match": {"name": "x"}, "profile": "labb"}]},
        "labb",
    ),
    "a bad rule": ({"audit_formats": [], "audit_rules_files": ["rules.yml"]}, "rules.yml:8: rule my_rule: where"),
    "a bad waiver": ({"audit_formats": [], "audit_waivers_file": "bad_waivers.yml"}, "bad_waivers.yml:4: "),
    "no such rule": ({"audit_formats": [], "audit_disabled_rules": ["own_rule"]}, "there is no rule own_rule"),
    "a bad baseline": ({"audit_formats": [], "audit_baseline_file": "waivers.yml"}, "give the content of an earlier"),
    "a missing file": (
        {"audit_formats": [], "audit_waivers_file": "nowhere.yml"},
        "audit_waivers_file: {folder}/nowhere.yml does not exist. Correct the path (relative paths begin at {folder})",
    ),
    "a missing baseline": (
        {"audit_formats": [], "audit_baseline_file": "nowhere.json"},
        "audit_baseline_file: there is no file {folder}/nowhere.json. Correct the path, or set audit_baseline_missing",
    ),
    "new without a baseline": (
        {"audit_formats": [], "audit_fail_on_new": "high"},
        "audit_fail_on_new is high, and audit_baseline_file is not set",
    ),
    "a misspelled option": (
        {"audit_formats": [], "audit_policies": False},
        "audit_policies: there is no such variable; did you mean audit_policy?",
    ),
    "the installed collection": (
        {"audit_report_dir": "{{ role_path }}/reports"},
        "is inside the installed collection",
    ),
    "a bad part": ({"audit_formats": [], "audit_merge_files": ["part.json"]}, "part.json: collection has no guests"),
    "a host twice": (
        {"audit_formats": [], "audit_merge_files": ["reports/collection.json"]},
        "host hv-away is in this run and in {folder}/reports/collection.json",
    ),
}


@pytest.fixture(scope="module")
def refused(world: World, first: Run) -> Run:
    """Each mistake once, in one run."""
    world.simulator.ask("ledger_reset")
    rule = {"id": "my_rule", "title": "t", "severity": "low", "scope": "host", "side": "host", "where": "name[?"}
    texts = {"description": "d", "explanation": "e", "remedy": "r"}
    lines = "".join(f"    {key}: {json.dumps(value)}\n" for key, value in {**rule, **texts}.items())
    world.file("rules.yml", f"version: 1\nrules:\n  -{lines[3:]}")
    world.file("bad_waivers.yml", "version: 1\nwaivers:\n  - id: x\n    rules: own_gsi_open\n")
    world.file("part.json", json.dumps({"version": 1, "collected_at": "2026-01-01T00:00:00Z", "hosts": []}))
    tasks = [
        {
            "name": case,
            "block": [{"ansible.builtin.include_role": {"name": ROLE}, "vars": variables}],
            "rescue": [
                {
                    "name": f"Refused: {case}",
                    "ansible.builtin.debug": {"msg": "{{ (ansible_failed_result | default({})).msg | default('') }}"},
                }
            ],
        }
        for case, (variables, _told) in REFUSED.items()
    ]
    playbook = world.folder / "refused.yml"
    play = {"hosts": "hv-few:hv-away", "gather_facts": False, "tasks": tasks}
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    return run_playbook(world.inventory("winrm"), playbook, cwd=world.folder)


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_named(world: World, refused: Run, case: str) -> None:
    told = [result["msg"] for result in refused.results if result.task == f"Refused: {case}"]
    assert told, refused.output
    assert REFUSED[case][1].replace("{folder}", str(world.folder)) in " ".join(map(str, told)), told


def test_a_mistake_is_found_before_anybody_is_asked(world: World, refused: Run) -> None:
    assert world.simulator.ask("ledger")["lines"] == []
    assert [result for result in refused.results if result.task == ASK] == []


def test_batches_are_refused(world: World) -> None:
    playbook = world.folder / "serial.yml"
    play = {"hosts": "hv-few:hv-away", "gather_facts": False, "serial": 1}
    playbook.write_text(json.dumps([{**play, "roles": [{"role": ROLE, "audit_formats": []}]}]), encoding="utf-8")
    run = run_playbook(world.inventory("winrm"), playbook)
    assert run.code != 0
    assert "take serial out of the play" in run.output
    assert [result for result in run.results if result.task == ASK] == []
