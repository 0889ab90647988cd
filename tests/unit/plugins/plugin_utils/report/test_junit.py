# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
import xmlschema

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit, Finding
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import visible

# Of Jenkins' xUnit plugin, see the README beside it.
_SCHEMA = xmlschema.XMLSchema(str(Path(__file__).parent / "schemas" / "junit-10.xsd"))


@pytest.mark.parametrize("which", ["audit", "hostile", "healthy"])
def test_junit_fits_the_schema(which: str, request: pytest.FixtureRequest) -> None:
    root = ET.fromstring(make_report(request.getfixturevalue(which), "junit").encode())
    assert [error.reason for error in _SCHEMA.iter_errors(root)] == []


def test_schema_refuses_what_is_no_junit() -> None:
    assert not _SCHEMA.is_valid(ET.fromstring("<testsuites><testcase/></testsuites>"))


def test_every_rule_is_a_suite_and_every_finding_a_case(audit: Audit) -> None:
    root = ET.fromstring(make_report(audit, "junit").encode())
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == [*audit["rules"], "not_seen"]
    for rule in audit["rules"]:
        findings = [finding for finding in audit["findings"] if finding["rule"] == rule]
        still_open = [finding for finding in findings if not finding["waived_by"]]
        failing = [finding for finding in still_open if finding["severity"] != "info"]
        suite = suites[rule]
        assert suite.get("failures") == str(len(failing))
        assert suite.get("skipped") == str(len(findings) - len(still_open))
        assert [failure.get("message") for failure in suite.iter("failure")] == [
            f"{audit['rules'][rule]['finding']}: {finding['explanation']}" for finding in failing
        ]
    assert root.get("failures") == str(len(list(root.iter("failure"))))
    assert suites["not_seen"].get("skipped") == str(len(audit["not_seen"]))
    (reason, *_rest) = (case.get("message") for case in root.iter("skipped"))
    assert reason == "waived by legacy-appliances until 2027-03-31: replaced in spring (Ada Example)"


def test_rule_without_findings_passes(audit: Audit) -> None:
    root = ET.fromstring(make_report({**audit, "findings": [], "drift": None}, "junit").encode())
    assert root.get("failures") == "0"
    assert {
        case.get("name") for case in root.iter("testcase") if case.get("classname") != "hyperv.integration.not_seen"
    } == {"no finding"}


def test_fixed_findings_pass(audit: Audit) -> None:
    root = ET.fromstring(make_report({**audit, "findings": []}, "junit").encode())
    (case,) = (case for case in root.iter("testcase") if "web-retired" in (case.get("name") or ""))
    assert [child.text for child in case] == ["fixed since the baseline"]


def test_hostile_texts_are_text(hostile: Audit) -> None:
    root = ET.fromstring(make_report(hostile, "junit").encode())
    tags = {"testsuites", "testsuite", "properties", "property", "testcase", "failure", "skipped", "system-out"}
    assert {element.tag for element in root.iter()} == tags
    told = [element.get("message") or "" for element in root.iter("failure")]
    expected = [
        f"{hostile['rules'][finding['rule']]['finding']}: {visible(finding['explanation'])}"
        for finding in hostile["findings"]
        if not finding["waived_by"] and finding["severity"] != "info"
    ]
    assert sorted(told) == sorted(expected)


@pytest.mark.parametrize("which", ["audit", "hostile"])
@pytest.mark.parametrize(
    ("options", "fails"),
    [
        ({}, lambda finding: finding["severity"] != "info"),
        ({"fail_on": None, "fail_on_new": None}, lambda finding: finding["severity"] != "info"),
        ({"fail_on": "info"}, lambda finding: True),
        ({"fail_on": "medium"}, lambda finding: finding["severity"] in ("high", "medium")),
        ({"fail_on": "never"}, lambda finding: False),
        ({"fail_on_new": "low"}, lambda finding: finding["drift"] == "new" and finding["severity"] != "info"),
        ({"fail_on": "never", "fail_on_new": "never"}, lambda finding: False),
        (
            {"fail_on": "high", "fail_on_new": "info"},
            lambda finding: finding["severity"] == "high" or finding["drift"] == "new",
        ),
    ],
)
def test_only_findings_that_reach_a_threshold_fail(
    options: dict[str, str], fails: Callable[[Finding], bool], which: str, request: pytest.FixtureRequest
) -> None:
    report: Audit = request.getfixturevalue(which)
    root = ET.fromstring(make_report(report, "junit", options).encode())
    assert [error.reason for error in _SCHEMA.iter_errors(root)] == []
    still_open = [finding for finding in report["findings"] if not finding["waived_by"]]
    failed, passed = set(), set()
    for case in root.iter("testcase"):
        ids = re.findall(r"^Finding: (\w+)$", "\n".join(child.text or "" for child in case), re.MULTILINE)
        if case.find("failure") is not None:
            failed |= set(ids)
        elif case.find("system-out") is not None:
            passed |= set(ids)
    assert failed == {finding["id"] for finding in still_open if fails(finding)}
    assert passed == {finding["id"] for finding in still_open if not fails(finding)}
    assert root.get("failures") == str(len(failed))
