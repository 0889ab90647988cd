# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report
from audit_samples import MICROSOFT

# Strikes, tables, HTML and links without syntax, as GitHub has them.
_PARSER = MarkdownIt("gfm-like")


def _tokens(text: str) -> Iterator[Token]:
    for token in _PARSER.parse(text):
        yield token
        yield from token.children or ()


def _counts(text: str) -> Counter[str]:
    return Counter(token.type for token in _tokens(text))


def test_parser_sees_what_the_report_must_not_hold() -> None:
    seen = _counts("<b>x</b> ![x](y) [x](y) www.example.com\n\n# x\n\n~~y~~\n")
    assert seen["html_inline"] == 2
    assert seen["link_open"] == 2
    assert seen["image"] == seen["heading_open"] == seen["s_open"] == 1


def test_summary_and_findings(audit: Audit) -> None:
    text = make_report(audit, "markdown")
    drift = audit["drift"]
    assert drift is not None
    assert _counts(text)["tr_open"] == 5 + 6 + 1 + len(audit["findings"]) + len(drift["fixed"])
    assert "> [!WARNING]\n> **Not seen.**" in text
    waived = [
        line for line in text.splitlines() if "Waived until 2027-03-31 by Ada Example: replaced in spring" in line
    ]
    assert len(waived) == audit["summary"]["waived"]


def test_limit_is_said(audit: Audit) -> None:
    text = make_report(audit, "markdown", {"limit": 3})
    assert _counts(text)["tr_open"] == 5 + 6 + 1 + 3
    drift = audit["drift"]
    assert drift is not None
    left = len(audit["findings"]) + len(drift["fixed"]) - 3
    assert f"{left} more findings left out here: see the other formats of this report." in text


def test_report_for_a_job_summary_is_small_enough(hostile: Audit) -> None:
    assert len(make_report(hostile, "markdown").encode()) < 1024 * 1024


def test_hostile_texts_are_text(hostile: Audit, audit: Audit) -> None:
    text = make_report(hostile, "markdown")
    drift = hostile["drift"]
    assert drift is not None
    rows = 5 + 6 + 1 + len(hostile["findings"]) + len(drift["fixed"])
    seen = _counts(text)
    assert seen["tr_open"] == rows
    assert seen["td_open"] == (4 + 5) * 2 + 9 * (rows - 12)
    assert set(seen) <= set(_counts(make_report(audit, "markdown")))
    assert seen["heading_open"] == 2
    links = {str(token.attrs["href"]) for token in _tokens(text) if token.type == "link_open"}
    assert links == {MICROSOFT["url"]}


def test_mentions_and_references_stay_in_code(hostile: Audit) -> None:
    bare = re.compile(r"@\w|#\d|GH-\d|://|www\.")
    loose = [token.content for token in _tokens(make_report(hostile, "markdown")) if token.type == "text"]
    assert [text for text in loose if bare.search(text)] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web_01|*x*", "web_01|*x*"),
        ("a  `b`` c", "a  `b`` c"),
        ("`", "`"),
        ("\\|", "\\|"),
        ("ends with \\", "ends with \\"),
        ("", "(empty)"),
    ],
)
def test_names_are_shown_as_they_are(text: str, shown: str, audit: Audit) -> None:
    finding = next(finding for finding in audit["findings"] if finding["vm"] and not finding["waived_by"])
    odd: Any = {**finding, "vm": {"id": "x", "name": text}}
    report = make_report({**audit, "findings": [odd]}, "markdown", {"limit": 1})
    codes = [token.content for token in _tokens(report) if token.type == "code_inline"]
    assert shown in codes
