# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit as plain text for a terminal or an e-mail."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby

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
    subject,
    told,
)

# SGR of ECMA-48: bold red, bold yellow, cyan, faint; green.
_COLORS = {"high": "1;31", "medium": "1;33", "low": "36", "info": "2"}
_FIXED = "32"
_HEAD = ("CONCERNS", "HOST", "SERVICE", "SIDE", "STATUS")
_NAMES = 5
_WORD = 24
_TEXT = 600


def to_terminal(
    audit: Audit, width: int = 80, color: bool = False, details: bool = False, only_new: bool = False
) -> str:
    """Return summary, what was not seen, and a table of findings for each rule; fixed ones have a heading of their own.

    width: columns to use, at least 80. color: whether to colour severities with escape sequences, the only ones ever in
    the text. details: whether to say explanation and remedy of each finding, not only what all of a rule share.
    only_new: see told.
    """
    width = max(width, 80)
    counts, summary = status_counts(audit), audit["summary"]
    lines = [
        *_wrapped(audit["title"], width),
        *_wrapped(headline(audit), width),
        *_wrapped(f"Assessed: {coverage(audit)}", width),
        f"Collected {audit['collected_at']}, evaluated {audit['evaluated_at']}",
        *_not_seen(audit, width),
        "",
        "Open by severity   " + "  ".join(f"{name} {summary['severities'].get(name, 0):,}" for name in SEVERITIES),
        "Open by side       " + "  ".join(f"{name} {summary['sides'].get(name, 0):,}" for name in SIDES),
        f"Waived             {counts['waived']:,}",
        "Baseline           " + (f"new {counts['new']:,}  fixed {counts['fixed']:,}" if audit["drift"] else "none"),
    ]
    rows = told(audit, only_new)
    lines += _rule_tables(audit, (row for row in rows if row[0] != "fixed"), width, color, details)
    fixed = [row for row in rows if row[0] == "fixed"]
    if fixed:
        lines += ["", f"FIXED SINCE THE BASELINE: {counted(len(fixed), 'finding')}"]
        lines += _rule_tables(audit, fixed, width, color, details)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _not_seen(audit: Audit, width: int) -> Iterator[str]:
    groups = not_seen_groups(audit)
    if groups:
        yield from ("", "NOT SEEN. The audit says nothing about:")
    for text, items in groups:
        yield from _wrapped(f"{text} ({some_names(items, _NAMES)})", width, "  ")


def _rule_tables(
    audit: Audit, rows: Iterable[tuple[str, Finding]], width: int, color: bool, details: bool
) -> Iterator[str]:
    for _rule, group in groupby(rows, lambda row: (row[1]["severity"], row[1]["rule"])):
        yield ""
        yield from _rule_table(audit, list(group), width, color, details)


def _rule_table(
    audit: Audit, group: list[tuple[str, Finding]], width: int, color: bool, details: bool
) -> Iterator[str]:
    (status, some), *_others = group
    label, ink = ("FIXED", _FIXED) if status == "fixed" else (some["severity"].upper(), _COLORS[some["severity"]])
    word = f"\x1b[{ink}m{label}\x1b[0m" if color else label
    first, *rest = _wrapped(f"{heading(audit, some)} ({counted(len(group), 'finding')})", width - 8) or [""]
    yield from (f"{word}{' ' * (8 - len(label))}{first}", *(f"        {line}" for line in rest))
    texts = [_texts(status, finding, details) for status, finding in group]
    shared = set(texts[0]).intersection(*texts[1:])
    for text in texts[0]:
        if text in shared:
            yield from _wrapped(text, width, "  ")
    rows = [
        (subject(finding), finding["host"] or "", finding["service"] or "", finding["side"], status)
        for status, finding in group
    ]
    columns = _columns([_HEAD, *rows], width - 2)
    yield _line(_HEAD, columns)
    for row, own in zip(rows, texts, strict=True):
        yield _line(row, columns)
        for text in own if details else ():
            if text not in shared:
                yield from _wrapped(text, width, "      ")


def _texts(status: str, finding: Finding, details: bool) -> list[str]:
    """Return what is said of a finding besides its row. Of one that is fixed nothing: there is nothing left to do."""
    if status == "fixed":
        return []
    return [*([finding["explanation"]] if details else []), f"-> {finding['remedy']}"]


def _columns(rows: list[tuple[str, ...]], width: int) -> list[int]:
    """Return the width of each column; where they do not fit, name and host share what the others leave."""
    widths = [max(columns_of(row[number]) for row in rows) for number in range(len(_HEAD))]
    widths[2:] = [min(taken, _WORD) for taken in widths[2:]]
    room = width - 2 * (len(widths) - 1) - sum(widths[2:])
    if sum(widths[:2]) > room:
        widths[1] = min(widths[1], max(room // 3, room - widths[0]))
        widths[0] = room - widths[1]
    return widths


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  " + "  ".join(_fitted(cell, width) for cell, width in zip(cells, widths, strict=True))


def columns_of(text: str) -> int:
    """Return how many columns a text takes: two for a wide character (Unicode annex 11), none for a mark."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fitted(text: str, width: int) -> str:
    """Return the text in exactly that many columns, cut or filled."""
    taken = columns_of(text)
    if taken <= width:
        return text + " " * (width - taken)
    kept, taken = [], 0
    for character in text:
        if taken + _width(character) > width - 1:
            break
        kept.append(character)
        taken += _width(character)
    return "".join(kept) + "~" + " " * (width - 1 - taken)


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Return lines of at most that many columns; wide characters count as two while they are wrapped."""
    # A stand-in after each wide character makes textwrap, which counts characters, count columns.
    doubled = "".join(c + "\0" if _width(c) == 2 else c for c in shortened(text, _TEXT))
    lines = textwrap.wrap(doubled, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    return [line.replace("\0", "") for line in lines]
