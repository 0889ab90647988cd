# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.headlines import headlines

SEVERITIES = ("high", "medium", "low", "info")


def finding(severity: str, name: str | None = "web01", waived: bool = False, **more: Any) -> dict[str, Any]:
    text = "\0".join(map(str, (severity, name, waived, *more.items())))
    return {
        "id": text,
        "rule": "own_rule",
        "severity": severity,
        "vm": {"id": name, "name": name} if name else None,
        "host": "hv01",
        "guest": None,
        "service": "vss",
        "explanation": "It does not answer.",
        "waived_by": {"id": "w"} if waived else None,
        "drift": None,
        **more,
    }


def audit(*findings: dict[str, Any], fixed: Any = None, rule: Any = None, **summary: Any) -> Any:
    """An audit of these findings; fixed: those of the baseline that are no more, without which there is no baseline."""
    return {
        "findings": sorted(findings, key=lambda item: SEVERITIES.index(item["severity"])),
        "not_seen": [{}],
        "rules": {"own_rule": rule or {"title": "A guest answers", "finding": "Guest is silent"}},
        "summary": {"waived": 4, "hosts": 5, "hosts_read": 5, "virtual_machines": 6, "guests_seen": 7, **summary},
        "drift": None if fixed is None else {"fixed": fixed, "unseen": []},
    }


def test_counts_by_severity_come_first() -> None:
    findings = (finding("high"), finding("low", "db01"), finding("low", "db02"), finding("medium", waived=True))
    assert headlines(audit(*findings), most=0) == [
        "Open findings: 1 high, 2 low. VMs concerned: 3 of 6.",
        "Assessed: 5 hosts, 6 VMs, 7 guests inspected. Not assessed: 1. Waived: 4.",
        "and 3 more findings",
    ]
    assert headlines(audit())[0] == "No open findings on 6 VMs."


@pytest.mark.parametrize(
    ("hosts", "read", "told"), [(3, 2, "2 of 3 hosts"), (1, 1, "1 host,"), (1, 0, "0 of 1 host,"), (3, 3, " 3 hosts,")]
)
def test_hosts_not_read_are_not_counted_as_assessed(hosts: int, read: int, told: str) -> None:
    assert told in headlines(audit(hosts=hosts, hosts_read=read))[1]


def test_audit_of_an_earlier_version_has_no_finding_and_no_hosts_read() -> None:
    old = audit(finding("high"), rule={"title": "A guest answers"})
    del old["summary"]["hosts_read"]
    assert headlines(old)[1:] == [
        "Assessed: 5 hosts, 6 VMs, 7 guests inspected. Not assessed: 1. Waived: 4.",
        "high: A guest answers: web01 on hv01, vss: It does not answer. (own_rule)",
    ]


def test_findings_name_what_is_wrong_and_what_they_concern() -> None:
    lines = headlines(
        audit(
            finding("high"),
            finding("high", None, service=None, explanation="Away."),
            finding("low", None, host=None, guest="g1", service=None),
            finding("low", None, host=None, service=None, rule="of_an_earlier_audit"),
        )
    )[2:]
    assert lines == [
        "high: Guest is silent: web01 on hv01, vss: It does not answer. (own_rule)",
        "high: Guest is silent: hv01: Away. (own_rule)",
        "low: Guest is silent: g1: It does not answer. (own_rule)",
        "low: of_an_earlier_audit: It does not answer. (of_an_earlier_audit)",
    ]


@pytest.mark.parametrize(("at_least", "told"), [("high", 1), ("medium", 2), ("low", 3), ("info", 4)])
def test_only_open_findings_of_that_severity_are_told(at_least: Any, told: int) -> None:
    findings = [finding(severity, waived=waived) for severity in SEVERITIES for waived in (False, True)]
    assert len(headlines(audit(*findings), at_least)) == 2 + told


def test_an_explanation_that_many_share_is_told_once() -> None:
    denied = [finding("high", None, host=f"hv{number:02}", service=None) for number in range(1, 13)]
    assert headlines(audit(*denied))[2:] == [
        "high: Guest is silent: hv01; hv02; hv03; hv04; hv05 and 7 more: It does not answer. (own_rule)"
    ]


def test_lines_beyond_the_limit_are_counted_in_findings() -> None:
    findings = [finding("high", f"web{number}", explanation=f"Reason {number // 2}.") for number in range(24)]
    lines = headlines(audit(*findings), most=10)[2:]
    assert len(lines) == 11
    assert lines[-1] == "and 4 more findings"
    assert headlines(audit(*findings), most=12)[-1].startswith("high: Guest is silent: web22 on hv01, vss; web23")


def test_new_findings_come_first_and_fixed_ones_last() -> None:
    compared = audit(
        finding("high", "old01", drift="unchanged"),
        finding("low", "new01", drift="new"),
        finding("low", "waived01", True, drift="new"),
        fixed=[finding("high", "gone01")],
    )
    assert headlines(compared) == [
        "Open findings: 1 high, 1 low. VMs concerned: 2 of 6. Since the baseline: 1 new, 1 fixed.",
        "Assessed: 5 hosts, 6 VMs, 7 guests inspected. Not assessed: 1. Waived: 4.",
        "low, new: Guest is silent: new01 on hv01, vss: It does not answer. (own_rule)",
        "high: Guest is silent: old01 on hv01, vss: It does not answer. (own_rule)",
        "fixed: Guest is silent: gone01 on hv01, vss (own_rule)",
    ]


def test_findings_that_could_not_be_assessed_again_are_not_fixed() -> None:
    compared = audit(fixed=[])
    compared["drift"]["unseen"] = [finding("high")]
    assert headlines(compared)[0].endswith("Since the baseline: 0 new, 0 fixed, 1 not assessed again.")


def test_failure_names_variable_value_and_number() -> None:
    findings = [finding(severity, f"{severity}01", drift="unchanged") for severity in SEVERITIES]
    lines = headlines(audit(*findings, fixed=[finding("high", "gone01")]), fail_on="medium")
    assert lines[0] == "audit_fail_on: medium. Open findings of severity medium or higher: 2."
    assert lines[1].startswith("Open findings: 1 high, 1 medium, 1 low, 1 info.")
    assert lines[1].endswith("Since the baseline: 0 new, 1 fixed.")
    assert [line.split(":")[0] for line in lines[3:]] == ["high", "medium"]
    assert headlines(audit(*findings), fail_on="high")[0] == "audit_fail_on: high. Open findings of severity high: 1."


def test_failure_for_new_findings_counts_only_those() -> None:
    findings = (
        finding("high", "old01", drift="unchanged"),
        finding("high", "waived01", True, drift="new"),
        finding("medium", "new01", drift="new"),
        finding("low", "new02", drift="new"),
    )
    lines = headlines(audit(*findings, fixed=[]), fail_on_new="medium")
    assert lines[0] == "audit_fail_on_new: medium. New findings of severity medium or higher: 1."
    assert lines[3:] == ["medium, new: Guest is silent: new01 on hv01, vss: It does not answer. (own_rule)"]


def test_both_thresholds_have_a_line_each() -> None:
    findings = (finding("high", "old01", drift="unchanged"), finding("low", "new01", drift="new"))
    lines = headlines(audit(*findings, fixed=[]), fail_on="high", fail_on_new="info")
    assert [line.split(".")[0] for line in lines[:2]] == ["audit_fail_on: high", "audit_fail_on_new: info"]
    assert [line.split(":")[0] for line in lines[4:]] == ["low, new", "high"]


def test_threshold_that_nothing_reaches_is_not_named() -> None:
    compared = audit(finding("low", drift="new"), fixed=[])
    assert headlines(compared, fail_on="medium", fail_on_new="medium") == headlines(compared)


def test_without_a_baseline_new_findings_are_not_checked() -> None:
    assert headlines(audit(finding("high")), fail_on_new="high")[0] == (
        "audit_fail_on_new: high was not checked. Only an audit with a baseline knows new findings."
    )


def test_a_name_does_not_reach_the_terminal_as_an_order() -> None:
    (line,) = headlines(audit(finding("high", "a\x1b[31m\u202eb\nc")))[2:]
    assert line.startswith("high: Guest is silent: a?[31m?b?c on hv01")
