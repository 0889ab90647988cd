# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration is right as it is; each thing that can be wrong with it has a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from awx_configuration import check as checks
from awx_configuration import documents
from awx_configuration.check import OPTIONS, check
from awx_configuration.generate import COLLECTION, CONFIGURATION, MODULES

Configuration = dict[str, Any]


@cache
def original() -> Configuration:
    found: Configuration = documents.load((COLLECTION / CONFIGURATION).read_text(encoding="utf-8"))
    return found


def configuration() -> Configuration:
    return deepcopy(original())


def item(found: Configuration, kind: str, name: str) -> dict[str, Any]:
    return next(entry for entry in found[kind] if entry["name"] == name)


def template(found: Configuration, name: str = "Hyper-V: audit") -> dict[str, Any]:
    return item(found, "controller_templates", name)


def asked(found: Configuration, variable: str, name: str = "Hyper-V: audit") -> dict[str, Any]:
    return next(entry for entry in template(found, name)["survey_spec"]["spec"] if entry["variable"] == variable)


def first(kind: str) -> Callable[[Configuration], dict[str, Any]]:
    return lambda found: found[kind][0]


def nodes(found: Configuration) -> list[dict[str, Any]]:
    return found["controller_workflows"][0]["workflow_nodes"]  # type: ignore[no-any-return]


def test_the_configuration_is_right() -> None:
    assert check(configuration()) == []


def test_every_list_is_there_and_not_empty() -> None:
    assert list(configuration()) == list(MODULES)
    assert [kind for kind, entries in configuration().items() if not entries] == []


def test_the_check_needs_what_it_checks() -> None:
    assert check({}) == []
    assert set(MODULES.values()) == set(OPTIONS)


def set_in(select: Callable[[Configuration], Any], *path: Any) -> Callable[[Configuration], None]:
    """A change: the last of path is the value, the others lead to where it belongs."""

    def change(found: Configuration) -> None:
        target = select(found)
        *way, key, value = path
        for step in way:
            target = target[step]
        target[key] = value

    return change


def without(select: Callable[[Configuration], Any], key: str) -> Callable[[Configuration], None]:
    return lambda found: select(found).pop(key)


def repeated(kind: str) -> Callable[[Configuration], None]:
    return lambda found: found[kind].append(dict(found[kind][0]))


def question(variable: str, name: str = "Hyper-V: audit") -> Callable[[Configuration], dict[str, Any]]:
    return lambda found: asked(found, variable, name)


CREDENTIAL_TYPE, CREDENTIAL = first("controller_credential_types"), first("controller_credentials")
SCHEDULE, SOURCE = first("controller_schedules"), first("controller_inventory_sources")
UNSAFE = documents.Unsafe
# What is changed: (the change, the rule that sees it, what the message names).
WRONG: dict[str, tuple[Callable[[Configuration], Any], str, str]] = {
    # surveys
    "a default that is no choice": (set_in(question("audit_fail_on"), "default", "critical"), "survey", "'critical'"),
    "a type that AWX does not have": (set_in(question("audit_title"), "type", "string"), "survey", "audit_title"),
    "a word for required": (set_in(question("audit_title"), "required", "no"), "survey", "boolean"),
    "a question twice": (
        lambda f: template(f)["survey_spec"]["spec"].append(asked(f, "audit_title")),
        "survey",
        "twice",
    ),
    "an empty survey": (set_in(template, "survey_spec", "spec", []), "survey", "no question"),
    "a survey without a name": (lambda f: template(f)["survey_spec"].pop("name"), "survey", "name is missing"),
    "a misspelt variable": (
        set_in(question("audit_title"), "variable", "audit_titel"),
        "unknown-variable",
        "audit_titel",
    ),
    "another default": (set_in(question("audit_title"), "default", "Other"), "survey-drift", "audit_title: default"),
    "fewer choices": (
        set_in(question("audit_fail_on"), "choices", ["high", "never"]),
        "survey-drift",
        "audit_fail_on: choices",
    ),
    "another type": (set_in(question("audit_title"), "type", "textarea"), "survey-drift", "audit_title: type"),
    "required, though it is not": (
        set_in(question("audit_title"), "required", True),
        "survey-drift",
        "audit_title: required",
    ),
    "a required option that is not asked for": (
        lambda f: template(f, "Hyper-V: report only")["survey_spec"]["spec"].pop(),
        "unanswered",
        "audit_collection_file is required by report_only.yml",
    ),
    "a misspelt extra variable": (
        set_in(template, "extra_vars", {"audit_polcy": True}),
        "unknown-variable",
        "audit_polcy",
    ),
    # playbooks
    "a missing playbook": (set_in(template, "playbook", "audits.yml"), "missing-playbook", "audits.yml"),
    "a file that is no playbook": (
        set_in(template, "playbook", "inventory/hosts.yml"),
        "missing-playbook",
        "hosts.yml",
    ),
    "a folder": (set_in(template, "playbook", "inventory"), "missing-playbook", "inventory"),
    # names
    "an unknown credential": (
        set_in(template, "credentials", ["Hyper-V host"]),
        "unknown-credential",
        "no Hyper-V host in",
    ),
    "an unknown label": (set_in(template, "labels", ["hyperv", "safe"]), "unknown-label", "safe"),
    "an unknown project": (set_in(template, "project", "Hyper V"), "unknown-project", "Hyper V"),
    "an unknown inventory": (set_in(template, "inventory", "Demo Inventory"), "unknown-inventory", "Demo Inventory"),
    "an unknown execution environment": (
        set_in(template, "execution_environment", "Default"),
        "unknown-execution-environment",
        "Default",
    ),
    "an unknown environment of a project": (
        set_in(first("controller_projects"), "default_environment", "Default"),
        "unknown-execution-environment",
        "default_environment",
    ),
    "an inventory source of no project": (
        set_in(SOURCE, "source_project", "Other"),
        "unknown-project",
        "source_project",
    ),
    "an inventory source of no inventory": (set_in(SOURCE, "inventory", "Other"), "unknown-inventory", "inventory: "),
    "a name twice": (repeated("controller_projects"), "duplicate-name", "project Hyper-V"),
    "an unknown list": (lambda f: f.update(controller_job_templates=[]), "unknown-list", "controller_job_templates"),
    # fields
    "a misspelt field": (set_in(template, "ask_limits_on_launch", True), "unknown-field", "ask_limits_on_launch"),
    "a missing field": (without(first("controller_labels"), "organization"), "missing-field", "organization"),
    "a field of another type": (set_in(template, "labels", "hyperv"), "bad-value", "labels must be of the type list"),
    "a field with another choice": (set_in(template, "job_type", "scan"), "bad-value", "'scan'"),
    # credentials
    "an undeclared input in an injector": (
        set_in(CREDENTIAL_TYPE, "injectors", "env", "HYPERV_HOST_DOMAIN", UNSAFE("{{ domain }}")),
        "undeclared-input",
        "domain",
    ),
    "an injector that is no template": (
        set_in(CREDENTIAL_TYPE, "injectors", "env", "HYPERV_HOST_USERNAME", UNSAFE("{{ username")),
        "undeclared-input",
        "HYPERV_HOST_USERNAME",
    ),
    "an injector that Ansible would template": (
        set_in(CREDENTIAL_TYPE, "injectors", "env", "HYPERV_HOST_USERNAME", "{{ username }}"),
        "templated-injector",
        "!unsafe",
    ),
    "a secret in the extra variables": (
        set_in(CREDENTIAL_TYPE, "injectors", "extra_vars", {"ansible_password": UNSAFE("{{ password }}")}),
        "secret-in-extra-vars",
        "ansible_password",
    ),
    "an unknown injector": (set_in(CREDENTIAL_TYPE, "injectors", "environment", {}), "unknown-injector", "environment"),
    "a variable that AWX keeps": (
        set_in(CREDENTIAL_TYPE, "injectors", "env", "ANSIBLE_REMOTE_USER", UNSAFE("{{ username }}")),
        "forbidden-environment",
        "ANSIBLE_REMOTE_USER",
    ),
    "a required input that is not declared": (
        set_in(CREDENTIAL_TYPE, "inputs", "required", ["user"]),
        "undeclared-input",
        "user is none of the inputs",
    ),
    "an unknown credential type": (
        set_in(CREDENTIAL, "credential_type", "Windows"),
        "unknown-credential-type",
        "no credential type Windows",
    ),
    "an input that the type has not": (
        set_in(CREDENTIAL, "inputs", "domain", "x"),
        "undeclared-input",
        "domain is no input",
    ),
    "an input that the type requires": (lambda f: CREDENTIAL(f)["inputs"].pop("password"), "missing-input", "password"),
    "a secret in clear": (
        set_in(CREDENTIAL, "inputs", "password", "Passw0rd"),
        "secret-in-clear",
        "password is secret",
    ),
    "a secret in clear for a type of AWX": (
        set_in(lambda f: f["controller_credentials"][1], "inputs", "ssh_key_data", "-----BEGIN"),
        "secret-in-clear",
        "ssh_key_data",
    ),
    # workflow
    "a node without a job template": (
        set_in(nodes, 0, "unified_job_template", "name", "Hyper-V: audits"),
        "unknown-template",
        "node audit-before: there is no job template Hyper-V: audits",
    ),
    "a node that leads nowhere": (
        set_in(nodes, 0, "related", "success_nodes", [{"identifier": "aprove"}]),
        "unknown-node",
        "aprove",
    ),
    "a workflow in a circle": (
        set_in(nodes, 3, "related", "always_nodes", [{"identifier": "audit-before"}]),
        "workflow-cycle",
        "audit-before, approve, enforce, audit-after",
    ),
    "a node twice": (lambda f: nodes(f).append(nodes(f)[0]), "duplicate-node", "identifier"),
    "a node with an answer to no question": (
        set_in(nodes, 2, "extra_data", {"host_policy_default": "lab"}),
        "unknown-variable",
        "node enforce: host_policy_default is not asked for",
    ),
    "a node with a wrong answer": (
        set_in(nodes, 2, "extra_data", {"host_policy_mode": "apply"}),
        "bad-answer",
        "node enforce: host_policy_mode: 'apply'",
    ),
    # schedules
    "a schedule of nothing": (set_in(SCHEDULE, "unified_job_template", "Audit"), "unknown-template", "Audit"),
    "a schedule without a time zone": (
        set_in(SCHEDULE, "rrule", "DTSTART:20260101T020000 RRULE:FREQ=DAILY;INTERVAL=1"),
        "bad-schedule",
        "time zone",
    ),
    "a schedule with a wrong answer": (set_in(SCHEDULE, "extra_data", {"audit_title": ""}), "bad-answer", "too short"),
    "a schedule that nobody answers": (
        set_in(SCHEDULE, "unified_job_template", "Hyper-V: report only"),
        "unanswered",
        "audit_collection_file is required",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_refuses_by_name(case: str) -> None:
    change, rule, text = WRONG[case]
    found = configuration()
    change(found)
    problems = [problem for problem in check(found) if problem.rule == rule]
    assert problems, check(found)
    assert text in " ".join(map(str, problems))


def test_every_rule_is_tested_and_documented() -> None:
    source = Path(checks.__file__).read_text(encoding="utf-8")
    tested = {rule for _change, rule, _text in WRONG.values()}
    assert set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source)) - tested == set()
    readme = (COLLECTION / "extensions" / "awx" / "README.md").read_text(encoding="utf-8")
    assert tested == set(re.findall(r"(?m)^\| `([a-z-]+)` \|", readme))
