# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings as CSV (RFC 4180), for spreadsheets."""

from __future__ import annotations

import csv
import io

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.words import cited, evidence, heading, statuses

COLUMNS = (
    *("status", "severity", "rule", "finding", "vm", "vm_id", "host", "guest", "service", "side", "explanation"),
    *("remedy", "evidence", "references", "waiver", "waiver_owner", "waiver_reason", "waiver_until", "drift", "id"),
)
# With one of these in front a spreadsheet takes a text for a formula. Source: OWASP, "CSV Injection", which also names
# tab and line ends (shown as escapes here) and the wide forms of East Asian keyboards.
_FORMULA = tuple("=+-@＝＋－＠")


def to_csv(audit: Audit, byte_order_mark: bool = False) -> str:
    """Return a line for each finding, fixed ones too, then one with the status not_seen for all that was not seen.

    byte_order_mark: begin with one, without which Excel takes UTF-8 for something else.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for status, finding in statuses(audit):
        vm, waiver = finding["vm"], finding["waived_by"]
        row = {
            "status": status,
            "severity": finding["severity"],
            "rule": finding["rule"],
            "finding": heading(audit, finding),
            "vm": vm["name"] if vm else "",
            "vm_id": vm["id"] if vm else "",
            "host": finding["host"] or "",
            "guest": finding["guest"] or "",
            "service": finding["service"] or "",
            "side": finding["side"],
            "explanation": finding["explanation"],
            "remedy": finding["remedy"],
            "evidence": "; ".join(map(evidence, finding["evidence"])),
            "references": "; ".join(map(cited, finding["references"])),
            "drift": finding["drift"] or "",
            "id": finding["id"],
        }
        if waiver:
            row |= {"waiver": waiver["id"], "waiver_owner": waiver["owner"]}
            row |= {"waiver_reason": waiver["reason"], "waiver_until": waiver["until"]}
        writer.writerow({name: _inert(text) for name, text in row.items()})
    for item in audit["not_seen"]:
        row = {"status": "not_seen", "finding": f"{item['kind']} {item['name']}", "host": item["host"] or ""}
        writer.writerow({name: _inert(text) for name, text in (row | {"explanation": item["why"]}).items()})
    return ("\ufeff" if byte_order_mark else "") + out.getvalue()


def _inert(text: str) -> str:
    return f"'{text}" if text.lstrip(" '\"").startswith(_FORMULA) else text
