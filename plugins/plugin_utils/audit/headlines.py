# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit in a few lines, for the output of Ansible."""

from __future__ import annotations

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import (
    SEVERITIES,
    Audit,
    Finding,
    Severity,
)


def headlines(audit: Audit, at_least: Severity = "info", most: int = 10) -> list[str]:
    """Return the counts, the first of the open findings that are that severe or worse, and how many more there are.

    What cannot be printed is shown as a question mark: a terminal obeys names that come from outside.
    """
    summary = audit["summary"]
    counted = [f"{summary['severities'][severity]} {severity}" for severity in SEVERITIES]
    lines = [
        f"Open findings: {', '.join(counted)}. Waived: {summary['waived']}.",
        f"Seen: {summary['hosts']} hosts, {summary['virtual_machines']} virtual machines, "
        f"{summary['guests_seen']} guests from inside. Not seen: {len(audit['not_seen'])}.",
    ]
    severe = SEVERITIES[: SEVERITIES.index(at_least) + 1]
    # They come in the order of their severity.
    told = [finding for finding in audit["findings"] if finding["waived_by"] is None and finding["severity"] in severe]
    lines += [_line(finding) for finding in told[:most]]
    if len(told) > most:
        lines.append(f"and {len(told) - most} more")
    return ["".join(letter if letter.isprintable() else "?" for letter in line) for line in lines]


def _line(finding: Finding) -> str:
    subject = finding["vm"]["name"] if finding["vm"] else finding["guest"] or ""
    place = " on ".join(name for name in (subject, finding["host"]) if name)
    what = ", ".join(part for part in (place, finding["service"]) if part)
    return f"{finding['severity']}: {what + ': ' if what else ''}{finding['explanation']} ({finding['rule']})"
