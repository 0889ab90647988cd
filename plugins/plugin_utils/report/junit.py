# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings as JUnit XML, for the dashboards of continuous integration."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.gate import failing
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit, Finding
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.words import (
    cited,
    coverage,
    evidence,
    heading,
    statuses,
    subject,
)


def to_junit(audit: Audit, fail_on: str | None = None, fail_on_new: str | None = None) -> str:
    """Return a suite for each rule, with a case for each finding.

    Dashboards group by suite and class: the rule is both, so that its history is one line there. A finding at or above
    a threshold fails, any other open one passes with its text as output. A waived one is skipped with the reason, a
    fixed one passes. A rule without findings has one case that passes. What was not seen is skipped in a suite of its
    own.

    fail_on, fail_on_new: thresholds for open and for new findings, see failing. With neither, all fail that are not
    only for information; with one, the other is never.
    """
    if fail_on is None and fail_on_new is None:
        fail_on = "low"
    over, over_new = failing(audit, fail_on or "never", fail_on_new or "never")
    failures = {finding["id"] for finding in over + over_new}
    cases: dict[str, list[ET.Element]] = {rule: [] for rule in audit["rules"]}
    for status, finding in statuses(audit):
        cases.setdefault(finding["rule"], []).append(_finding_case(audit, status, finding, finding["id"] in failures))
    root = ET.Element("testsuites", name=audit["title"])
    for rule, found in cases.items():
        root.append(_suite(audit, rule, found or [_case(rule, "no finding")]))
    if audit["not_seen"]:
        skipped = []
        for item in audit["not_seen"]:
            case = _case("not_seen", " ".join(filter(None, (item["kind"], item["name"], item["host"]))))
            ET.SubElement(case, "skipped", message=f"not seen: {item['why']}")
            skipped.append(case)
        root.append(_suite(audit, "not_seen", skipped))
    for name, suites in _totals(root).items():
        root.set(name, str(suites))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _finding_case(audit: Audit, status: str, finding: Finding, fails: bool) -> ET.Element:
    on = ", ".join(filter(None, (finding["host"], finding["service"], finding["id"][:8])))
    about = heading(audit, finding)
    case = _case(finding["rule"], f"{about}: {subject(finding)} ({on})")
    waiver = finding["waived_by"]
    if waiver:
        why = f"waived by {waiver['id']} until {waiver['until']}: {waiver['reason']} ({waiver['owner']})"
        ET.SubElement(case, "skipped", message=why).text = _details(finding)
    elif status == "fixed":
        ET.SubElement(case, "system-out").text = "fixed since the baseline"
    elif fails:
        failure = ET.SubElement(case, "failure", type=finding["severity"], message=f"{about}: {finding['explanation']}")
        failure.text = _details(finding)
    else:
        ET.SubElement(case, "system-out").text = f"Open, and below the threshold.\n{_details(finding)}"
    return case


def _details(finding: Finding) -> str:
    lines = [finding["explanation"], f"Severity: {finding['severity']}", f"Side: {finding['side']}"]
    lines += [f"Remedy: {finding['remedy']}"]
    lines += [f"Drift: {finding['drift']}"] if finding["drift"] else []
    lines += [f"Virtual machine: {finding['vm']['name']} ({finding['vm']['id']})"] if finding["vm"] else []
    lines += [f"Evidence: {evidence(item)}" for item in finding["evidence"]]
    lines += [f"Reference: {cited(item)}" for item in finding["references"]]
    return "\n".join([*lines, f"Finding: {finding['id']}"])


def _case(rule: str, name: str) -> ET.Element:
    return ET.Element("testcase", classname=f"hyperv.integration.{rule}", name=name, time="0")


def _suite(audit: Audit, name: str, cases: Iterable[ET.Element]) -> ET.Element:
    suite = ET.Element("testsuite", name=name)
    properties = ET.SubElement(suite, "properties")
    rule = audit["rules"].get(name)
    told = {"title": rule["title"], "severity": rule["severity"]} if rule else {}
    for key, value in {**told, "collected_at": audit["collected_at"], "coverage": coverage(audit)}.items():
        ET.SubElement(properties, "property", name=key, value=value)
    suite.extend(cases)
    counts = Counter(child.tag for case in suite.iter("testcase") for child in case)
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(counts["failure"]))
    suite.set("errors", "0")
    suite.set("skipped", str(counts["skipped"]))
    suite.set("time", "0")
    suite.set("timestamp", audit["evaluated_at"].removesuffix("Z"))
    return suite


def _totals(root: ET.Element) -> dict[str, int]:
    return {name: sum(int(suite.get(name, 0)) for suite in root) for name in ("tests", "failures", "errors")}
