# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.headlines import headlines


def finding(severity: str, name: str | None = "web01", waived: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "rule": "own_rule",
        "severity": severity,
        "vm": {"id": "1", "name": name} if name else None,
        "host": "hv01",
        "guest": None,
        "service": "vss",
        "explanation": "It does not answer.",
        "waived_by": {"id": "w"} if waived else None,
        **more,
    }


def audit(*findings: dict[str, Any]) -> Any:
    return {
        "findings": list(findings),
        "not_seen": [{}],
        "summary": {
            "severities": {"high": 1, "medium": 2, "low": 0, "info": 3},
            "waived": 4,
            "hosts": 5,
            "virtual_machines": 6,
            "guests_seen": 7,
        },
    }


def test_counts_come_first() -> None:
    assert headlines(audit()) == [
        "Open findings: 1 high, 2 medium, 0 low, 3 info. Waived: 4.",
        "Seen: 5 hosts, 6 virtual machines, 7 guests from inside. Not seen: 1.",
    ]


def test_findings_name_what_they_are_about() -> None:
    lines = headlines(
        audit(
            finding("high"),
            finding("high", None, service=None),
            finding("low", None, host=None, guest="g1", service=None),
            finding("low", None, host=None, service=None),
        )
    )[2:]
    assert lines == [
        "high: web01 on hv01, vss: It does not answer. (own_rule)",
        "high: hv01: It does not answer. (own_rule)",
        "low: g1: It does not answer. (own_rule)",
        "low: It does not answer. (own_rule)",
    ]


@pytest.mark.parametrize(("at_least", "told"), [("high", 1), ("medium", 2), ("low", 3), ("info", 4)])
def test_only_open_findings_of_that_severity_are_told(at_least: Any, told: int) -> None:
    severities = ("high", "medium", "low", "info")
    findings = [finding(severity, waived=waived) for severity in severities for waived in (False, True)]
    assert len(headlines(audit(*findings), at_least)) == 2 + told


def test_many_are_counted() -> None:
    assert headlines(audit(*[finding("high")] * 12), most=10)[-1] == "and 2 more"
    assert headlines(audit(*[finding("high")] * 10), most=10)[-1].startswith("high: web01")


def test_a_name_does_not_reach_the_terminal_as_an_order() -> None:
    (line,) = headlines(audit(finding("high", "a\x1b[31m\u202eb\nc")))[2:]
    assert line.startswith("high: a?[31m?b?c on hv01")
