# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report


@cache
def _validator() -> Draft4Validator:
    # The schema of the standard, see the README beside it.
    path = Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json"
    return Draft4Validator(json.loads(path.read_text(encoding="utf-8")), format_checker=FormatChecker())


def _run(audit: Audit) -> Any:
    return json.loads(make_report(audit, "sarif"))["runs"][0]


@pytest.mark.parametrize("which", ["audit", "hostile", "healthy"])
def test_sarif_fits_the_schema(which: str, request: pytest.FixtureRequest) -> None:
    log = json.loads(make_report(request.getfixturevalue(which), "sarif"))
    assert [f"{error.json_path}: {error.message}" for error in _validator().iter_errors(log)] == []


def test_schema_refuses_what_is_no_sarif(audit: Audit) -> None:
    log = json.loads(make_report(audit, "sarif"))
    log["runs"][0]["results"][0]["level"] = "terrible"
    del log["runs"][0]["tool"]
    assert {error.validator for error in _validator().iter_errors(log)} >= {"enum", "required"}


def test_results_say_what_the_findings_say(audit: Audit) -> None:
    run, drift = _run(audit), audit["drift"]
    assert drift is not None
    rules = run["tool"]["driver"]["rules"]
    expected = audit["findings"] + drift["fixed"]
    assert len(run["results"]) == len(expected)
    levels = {"high": ("fail", "error"), "medium": ("fail", "warning"), "low": ("fail", "note")}
    for result, finding in zip(run["results"], expected, strict=True):
        assert result["partialFingerprints"] == {"hypervIntegrationFinding/v1": finding["id"]}
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding["rule"]
        assert (result["kind"], result["level"]) == levels.get(finding["severity"], ("informational", "none"))
        assert [item["justification"] for item in result["suppressions"]] == (
            [finding["waived_by"]["reason"]] if finding["waived_by"] else []
        )
        assert result["baselineState"] == ("absent" if finding in drift["fixed"] else finding["drift"])
    assert all(rule["helpUri"].startswith("https://") for rule in rules)
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == len(audit["not_seen"])


def test_virtual_machines_are_logical_locations(audit: Audit) -> None:
    finding = next(finding for finding in audit["findings"] if finding["vm"])
    vm = finding["vm"]
    assert vm is not None
    (result,) = (result for result in _run(audit)["results"] if finding["id"] in result["partialFingerprints"].values())
    assert result["locations"][0]["logicalLocations"] == [
        {
            "name": finding["service"],
            "fullyQualifiedName": f"{finding['host']}/{vm['name']}/{vm['id']}/{finding['service']}",
            "kind": "service",
        },
        {
            "name": vm["name"],
            "fullyQualifiedName": f"{finding['host']}/{vm['name']}/{vm['id']}",
            "kind": "virtualMachine",
        },
        {"name": finding["host"], "fullyQualifiedName": finding["host"], "kind": "host"},
    ]


def test_without_baseline_no_state(healthy: Audit, audit: Audit) -> None:
    assert _run(healthy)["results"] == []
    assert all("baselineState" not in result for result in _run({**audit, "drift": None})["results"])


def _messages(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _messages(item)]
    if isinstance(value, dict):
        own = [value["text"]] if set(value) == {"text"} else []
        return own + [text for item in value.values() for text in _messages(item)]
    return []


def test_messages_hold_no_links_and_no_placeholders(hostile: Audit) -> None:
    messages = _messages(_run(hostile))
    assert len(messages) > len(hostile["findings"])
    for text in messages:
        assert "](" not in text
        bare = text.replace("{{", "").replace("}}", "")
        assert "{" not in bare
        assert "}" not in bare
