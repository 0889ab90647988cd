# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit in a few lines, for the output of Ansible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.gate import at_or_above, failing
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit, Finding, Severity
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.words import (
    counted,
    coverage,
    heading,
    headline,
    statuses,
)

_PLACES = 5


def headlines(
    audit: Audit,
    at_least: Severity = "info",
    most: int = 10,
    fail_on: str = "never",
    fail_on_new: str = "never",
) -> list[str]:
    """Return counts and findings of an audit as lines.

    First the reasons to fail, if there are any (fail_on, fail_on_new: see failing); the findings listed are then those
    that are the reason. Otherwise they are the open ones of severity at_least or higher, new ones first, and those that
    were fixed. most: how many lines of open and of fixed findings at most; one line has all that differ only in what
    they concern. What cannot be printed is shown as a question mark: a terminal obeys names that come from outside.
    """
    over, over_new = failing(audit, fail_on, fail_on_new)
    lines = [
        *_reasons(audit, fail_on, len(over), fail_on_new, len(over_new)),
        headline(audit),
        f"Assessed: {coverage(audit)} Not assessed: {len(audit['not_seen'])}. Waived: {audit['summary']['waived']}.",
    ]
    reasons = {finding["id"] for finding in over + over_new}
    rows = [
        (status, finding)
        for status, finding in statuses(audit)
        if (finding["id"] in reasons if reasons else finding["severity"] in at_or_above(at_least))
    ]
    for wanted in (("new", "open"), () if reasons else ("fixed",)):
        # The findings of each status come in the order of their severity.
        lines += _some(audit, [row for status in wanted for row in rows if row[0] == status], most)
    return ["".join(letter if letter.isprintable() else "?" for letter in line) for line in lines]


def _reasons(audit: Audit, fail_on: str, over: int, fail_on_new: str, over_new: int) -> Iterator[str]:
    if over:
        yield f"audit_fail_on: {fail_on}. Open findings of severity {_severities(fail_on)}: {over}."
    if over_new:
        yield f"audit_fail_on_new: {fail_on_new}. New findings of severity {_severities(fail_on_new)}: {over_new}."
    elif fail_on_new != "never" and not audit["drift"]:
        yield f"audit_fail_on_new: {fail_on_new} was not checked. Only an audit with a baseline knows new findings."


def _severities(threshold: str) -> str:
    return threshold if threshold == "high" else f"{threshold} or higher"


def _some(audit: Audit, rows: Iterable[tuple[str, Finding]], most: int) -> Iterator[str]:
    """Yield a line for all findings that differ only in what they concern, at most that many lines."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for status, finding in rows:
        label = {"fixed": "fixed", "new": f"{finding['severity']}, new"}.get(status, finding["severity"])
        explanation = "" if status == "fixed" else finding["explanation"]
        groups.setdefault((label, heading(audit, finding), explanation, finding["rule"]), []).append(finding)
    for (label, about, explanation, rule), findings in list(groups.items())[:most]:
        yield f"{': '.join(filter(None, (label, about, _places(findings), explanation)))} ({rule})"
    left = sum(len(findings) for findings in list(groups.values())[most:])
    if left:
        yield f"and {counted(left, 'more finding')}"


def _places(findings: list[Finding]) -> str:
    places = list(dict.fromkeys(_place(finding) for finding in findings))
    more = f" and {len(places) - _PLACES:,} more" if len(places) > _PLACES else ""
    return "; ".join(places[:_PLACES]) + more


def _place(finding: Finding) -> str:
    name = finding["vm"]["name"] if finding["vm"] else finding["guest"]
    on_host = " on ".join(filter(None, (name, finding["host"])))
    return ", ".join(filter(None, (on_host, finding["service"])))
