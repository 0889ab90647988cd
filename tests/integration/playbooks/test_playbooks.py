# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks of the installed collection by their names, with the answers that a survey of AWX gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from awx_configuration import documents
from awx_configuration.generate import COLLECTION, CONFIGURATION
from fabricated.recipe import Recipe
from fabricated.world import World
from playbook_runner import Run, run_playbook
from simulator_runner import Simulator
from tools import INSTALLED, run_tool

PLAYBOOKS = ("enforce", "audit", "check_policy", "linux_guests", "report_only")
VALIDATE = "Validate the variables"
# Virtual machines of the world that cannot be changed.
MOVERS = {"match": {"name": ["moving01", "starting01", "stubborn01"]}, "profile": "none"}


def answers(playbook: str, **given: Any) -> dict[str, Any]:
    """What AWX hands over: every answer as its type of question has it, those of a list as a list."""
    templates = documents.load((COLLECTION / CONFIGURATION).read_text(encoding="utf-8"))["controller_templates"]
    (template,) = [template for template in templates if template["playbook"] == f"{playbook}.yml"]
    found = {}
    for item in template["survey_spec"]["spec"]:
        default = item.get("default", "")
        found[item["variable"]] = default.splitlines() if item["type"] == "multiselect" else default
    assert set(given) <= set(found)
    return {**found, **given}


def play(inventory: Path, playbook: str | Path, *options: str, variables: dict[str, Any], **kwargs: Any) -> Run:
    return run_playbook(inventory, Path(playbook), "-e", json.dumps(variables), *options, **kwargs)


def test_the_project_of_awx_is_understood() -> None:
    project = INSTALLED / "extensions" / "awx" / "project"
    inventory = project / "inventory" / "hosts.yml"
    playbooks = [project / f"{name}.yml" for name in PLAYBOOKS]
    run_tool("ansible-playbook", "--syntax-check", "-i", inventory, *playbooks, cwd=project)
    env = {
        "HYPERV_HOST_USERNAME": "somebody",
        "HYPERV_HOST_PASSWORD": "a password",
        "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
    }
    words = "{{ ansible_user }}, {{ ansible_password }}, {{ ansible_winrm_transport }}"
    ask = ("-m", "ansible.builtin.debug", "-a", f"msg='{words}'")
    said = run_tool("ansible", "-i", inventory, "hv01.example.com", *ask, cwd=project, env=env)
    assert "somebody, a password, kerberos" in said


def test_a_policy_is_enforced_and_then_rests(fresh: Simulator, winrm: Path) -> None:
    policy = {"host_policy_rules": [MOVERS]}
    first = play(winrm, "hyperv.integration.enforce", "--limit", "hv-de", variables=answers("enforce") | policy)
    assert first.code == 0, first.output
    assert first.recap("hv-de")["changed"] == 1
    assert fresh.vm("hv-de", "web01")["services"]["shutdown"] is True
    assert fresh.calls("hv-fr") == {}
    changes = fresh.changes()
    project = INSTALLED / "extensions" / "awx" / "project" / "enforce.yml"
    wishes = {**answers("enforce", host_policy_mode="report"), "enforce_hosts": "hv-ja", **policy}
    again = play(winrm, project, variables=wishes)
    assert again.code == 0, again.output
    assert {result.host for result in again.results} == {"hv-ja"}
    assert fresh.changes() == changes


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "enforce": ("enforce", {"host_policy_mode": "enforced"}, "value of host_policy_mode must be one of"),
    "audit": ("audit", {"audit_grace_seconds": "soon"}, "audit_grace_seconds"),
    "audit with a policy": ("audit", {"host_policy_rules": 1}, "host_policy_rules"),
    "check_policy": ("check_policy", {"host_policy_default": "labb"}, "host_policy_default"),
    "report_only": ("report_only", {"audit_collection_file": "x", "audit_policy": "perhaps"}, "audit_policy"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_variables_are_refused_before_any_host_is_asked(fresh: Simulator, winrm: Path, case: str) -> None:
    playbook, variables, text = WRONG[case]
    limit = () if playbook == "report_only" else ("--limit", "hv-de")
    run = play(winrm, f"hyperv.integration.{playbook}", *limit, variables=variables)
    assert run.code != 0
    assert [(result.task, result.status) for result in run.results] == [(VALIDATE, "failed")]
    assert text in run.output
    assert "short_description" not in run.output
    assert "argument_spec_data" not in run.output
    assert fresh.ask("ledger")["lines"] == []


def unreachable(tmp_path: Path, **hosts: Any) -> Path:
    """An inventory of hosts that nobody can connect to: a task that tries fails."""
    connection = {"ansible_connection": "ssh", "ansible_ssh_executable": str(tmp_path / "there is no such program")}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"hyperv_hosts": {"vars": connection, "hosts": hosts}}), encoding="utf-8")
    return inventory


def appliance(until: str) -> dict[str, Any]:
    override = {"reason": "closed appliance", "until": until}
    return {"match": {"name": "ups"}, "services": {"shutdown": False}, "overrides": {"shutdown": override}}


def test_valid_policy_is_checked_without_a_connection(tmp_path: Path) -> None:
    hosts = {"hv01": {}, "hv02": {"host_policy_rules_x": [appliance("2999-12-31")]}, "hv03": {}}
    run = play(unreachable(tmp_path, **hosts), "hyperv.integration.check_policy", variables={})
    assert run.code == 0, run.output
    assert run.results[-1]["msg"] == "The policy of 3 hosts is valid."


def test_policy_problems_are_told_for_every_host_without_a_connection(tmp_path: Path) -> None:
    tomorrow = str(datetime.now(UTC).date() + timedelta(days=1))
    hosts = {
        "hv01": {"host_policy_rules": [{"match": {"name": "a"}, "profile": "labb"}]},
        "hv02": {},
        "hv03": {"host_policy_rules_appliances": [appliance("2020-12-31"), appliance(tomorrow)]},
        "hv04": {"host_policy_mod": "report"},
    }
    run = play(unreachable(tmp_path, **hosts), "hyperv.integration.check_policy", variables={})
    assert run.code != 0
    last = run.results[-1]
    assert [line.split(": ")[:2] for line in last["msg"]] == [
        ["hv01", "rule 1"],
        ["hv03", "host_policy_rules_appliances rule 1"],
        ["hv04", "its options could not be read, see above"],
    ]
    assert "did you mean host_policy_mode?" in run.output
    assert "profile 'labb'" in last["msg"][0]
    assert "ended on 2020-12-31" in last["msg"][1]
    (warned,) = [result["msg"] for result in run.results if result.task.endswith("Warn of overrides that end soon")]
    assert warned[0].startswith("hv03: host_policy_rules_appliances rule 2: the override for shutdown")


def test_report_only_needs_something_to_report_about(fresh: Simulator, winrm: Path) -> None:
    run = play(winrm, "hyperv.integration.report_only", variables={"audit_report_dir": "x"})
    assert run.code != 0
    assert "missing required arguments: audit_collection_file" in run.output
    assert fresh.ask("ledger")["lines"] == []


@pytest.fixture(scope="module")
def audited(world: Simulator, winrm: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path, int]:
    """An audit of one host, and how many calls that changed anything there were."""
    reports = tmp_path_factory.mktemp("reports")
    world.ask("ledger_reset")
    variables = answers("audit", audit_report_dir=str(reports), audit_formats=["html", "json", "junit"])
    return play(winrm, "hyperv.integration.audit", "--limit", "hv-de", variables=variables), reports, world.changes()


def test_an_audit_reports_and_changes_nothing(audited: tuple[Run, Path, int]) -> None:
    run, reports, changes = audited
    assert run.code == 0, run.output
    assert changes == 0
    # Of a part of the hosts: these names are never those of the next baseline.
    assert {path.name for path in reports.iterdir()} == {
        "audit.partial.html",
        "audit.partial.json",
        "audit.partial.junit.xml",
        "collection.partial.json",
    }
    audit = json.loads((reports / "audit.partial.json").read_text(encoding="utf-8"))
    assert audit["title"] == "Hyper-V integration services"
    found = {(finding["vm"] or {}).get("name") for finding in audit["findings"]}
    assert {"web01", "db01"} <= found
    assert "bare01" in found, "its guest never answers"


def test_the_collection_can_be_evaluated_again_without_any_host(
    audited: tuple[Run, Path, int], fresh: Simulator, winrm: Path, tmp_path: Path
) -> None:
    first, reports, _changes = audited
    assert first.code == 0, first.output
    wishes = {"audit_collection_file": str(reports / "collection.partial.json"), "audit_report_dir": str(tmp_path)}
    run = play(winrm, "hyperv.integration.report_only", variables=answers("report_only", **wishes))
    assert run.code == 0, run.output
    assert {result.host for result in run.results} == {"localhost"}
    assert fresh.ask("ledger")["lines"] == []
    before, after = (
        json.loads((folder / "audit.partial.json").read_text(encoding="utf-8"))["findings"]
        for folder in (reports, tmp_path)
    )
    assert before == after


def test_linux_guests_are_brought_into_order(tmp_path: Path) -> None:
    with World([Recipe("guest", "debian-12"), Recipe("spare", "debian-12")], tmp_path / "world") as world:
        inventory = world.inventory({"guest": {"ansible_become": False}})
        variables = {**answers("linux_guests"), "linux_guests_hosts": "guest", "linux_guest_time": "none"}
        run = play(inventory, "hyperv.integration.linux_guests", variables=variables, env=world.environment())
        assert run.code == 0, run.output
        assert "hyperv-daemons" in world.read("guest", "/var/lib/fabricated/packages").split()
        assert world.ledger("spare") == []
        wrong = {**variables, "linux_guest_services": {"vss": "enabled"}}
        refused = play(inventory, "hyperv.integration.linux_guests", variables=wrong, env=world.environment())
    assert refused.code != 0
    assert [(result.task, result.status) for result in refused.results] == [(VALIDATE, "failed")]
