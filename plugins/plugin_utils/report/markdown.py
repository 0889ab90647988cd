# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit as Markdown (GitHub flavoured), for job summaries, pull requests and wikis."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import SEVERITIES, SIDES, Audit, Finding
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import shortened
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.words import (
    counted,
    coverage,
    heading,
    headline,
    not_seen_groups,
    some_names,
    status_counts,
    told,
    web_address,
)

# All ASCII punctuation may have a backslash in front (CommonMark 2.4); these are the characters that do something.
_PUNCTUATION = re.compile(r"[\\`*_\[\]<>&|~#!$]")
# What renderers make a link, a mention or a reference of without any syntax (GFM 6.9, GitHub "Autolinked references").
# No backslash helps against that; a code span does.
_LINKED = re.compile(r"://|www\.|@|#\d|\bGH-\d|\b[0-9a-f]{7,40}\b", re.IGNORECASE)
_TEXT = 400
_NAMES = 10


def to_markdown(audit: Audit, limit: int = 500, only_new: bool = False) -> str:
    """Return summary, what was not seen, and findings.

    limit: how many findings at most, as GitHub takes no summary of more than 1 MiB. What is left out is said.
    only_new: see told.
    """
    counts, rows = status_counts(audit), told(audit, only_new)
    summary = audit["summary"]
    parts = [
        f"# {_sentence(audit['title'])}",
        f"**{_sentence(headline(audit))}**",
        f"Assessed: {_sentence(coverage(audit))} Collected {_code(audit['collected_at'])}, "
        f"evaluated {_code(audit['evaluated_at'])}.",
        _not_seen(audit),
        _table(("Severity", "Open"), ((name, str(summary["severities"].get(name, 0))) for name in SEVERITIES)),
        _table(("Faulty side", "Open"), ((name, str(summary["sides"].get(name, 0))) for name in SIDES)),
        f"New since the baseline: {counts['new']}, fixed: {counts['fixed']}, waived: {counts['waived']}."
        if audit["drift"]
        else f"Waived: {counts['waived']}. Not compared with a baseline.",
        "## New and fixed findings" if only_new else "## Findings",
        _table(
            ("Severity", "Status", "Finding", "Virtual machine", "Host", "Service", "Side", "What and why", "Remedy"),
            (_row(audit, status, finding) for status, finding in rows[:limit]),
        )
        if rows
        else "None.",
    ]
    if len(rows) > limit:
        parts.append(
            f"{counted(len(rows) - limit, 'more finding')} left out here: see the other formats of this report."
        )
    return "\n\n".join(filter(None, parts)) + "\n"


def _not_seen(audit: Audit) -> str:
    groups = not_seen_groups(audit)
    if not groups:
        return ""
    lines = ["> [!WARNING]", "> **Not seen.** The audit says nothing about:"]
    for text, items in groups:
        lines.append(f"> * {_sentence(text)} ({some_names(items, _NAMES, _code)})")
    return "\n".join(lines)


def _row(audit: Audit, status: str, finding: Finding) -> tuple[str, ...]:
    vm, waiver = finding["vm"], finding["waived_by"]
    waived = f" Waived until {waiver['until']} by {waiver['owner']}: {waiver['reason']}" if waiver else ""
    return (
        finding["severity"],
        status,
        _heading(audit, finding),
        _code(vm["name"]) if vm else _code(finding["guest"]) if finding["guest"] else "",
        _code(finding["host"]) if finding["host"] else "",
        _code(finding["service"]) if finding["service"] else "",
        finding["side"],
        _sentence(finding["explanation"] + waived),
        _sentence(finding["remedy"]),
    )


def _heading(audit: Audit, finding: Finding) -> str:
    addresses = [address for item in finding["references"] if (address := web_address(item["url"]))]
    text = _sentence(heading(audit, finding))
    # In angle brackets, and of these characters, an address ends where it shall (CommonMark 6.3).
    safe = addresses and not re.search(r"[<>\\|]", addresses[0])
    return f"{text} ([reference](<{addresses[0]}>))" if safe else text


def _sentence(text: str) -> str:
    """Return text that shows as it is, in a code span where nothing else keeps it from becoming a link."""
    text = shortened(text, _TEXT)
    return _code(text) if _LINKED.search(text) else _PUNCTUATION.sub(r"\\\g<0>", text)


def _code(text: str) -> str:
    """Return a code span, in which nothing is interpreted but the bar that ends a cell of a table."""
    text = shortened(text, _TEXT).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text.strip() else fence + "(empty)" + fence


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ("---",) * len(head), *rows])
