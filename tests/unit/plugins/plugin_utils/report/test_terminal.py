# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pyte
import pytest
from wcwidth import wcswidth

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.terminal import columns_of
from audit_samples import finding as sample_finding

_SGR = re.compile(r"\x1b\[[\d;]*m")


def _screen(text: str, width: int) -> pyte.Screen:
    """Return what a terminal shows after the text was written to it."""
    screen = pyte.Screen(width, text.count("\n") + 1)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    return screen


def test_terminal_obeys_what_the_report_must_not_hold() -> None:
    screen = _screen("one\n\x1b]0;hostile\x07\x1b[1;1Htwo\n", 80)
    assert screen.title == "hostile"
    assert screen.display[0].startswith("two")


@pytest.mark.parametrize("width", [80, 132, 200])
@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize("which", ["audit", "hostile", "healthy"])
def test_nothing_but_printable_text_within_the_width(
    which: str, details: bool, width: int, request: pytest.FixtureRequest
) -> None:
    text = make_report(request.getfixturevalue(which), "terminal", {"width": width, "details": details})
    lines = text.splitlines()
    assert text == "\n".join(lines) + "\n"
    assert [line for line in lines if not line.isprintable()] == []
    assert [line for line in lines if columns_of(line) > width] == []


@pytest.mark.parametrize("color", [False, True])
def test_screen_shows_the_report_and_nothing_else(color: bool, hostile: Audit) -> None:
    text = make_report(hostile, "terminal", {"width": 100, "color": color, "details": True})
    screen = _screen(text, 100)
    plain = _SGR.sub("", text)
    assert ("\x1b" in text) == color
    assert "\x1b" not in plain
    assert screen.title == screen.icon_name == ""
    # How wide characters fill cells differs between terminals: such lines are not compared.
    told, shown = plain.splitlines(), screen.display
    compared = [number for number, line in enumerate(told) if line.isascii()]
    assert len(compared) > 0.9 * len(told)
    assert [shown[number].rstrip() for number in compared] == [told[number] for number in compared]
    assert (screen.cursor.y, screen.cursor.x) == (len(told), 0)


def test_findings_are_grouped_with_a_shared_remedy_once(audit: Audit) -> None:
    text = make_report(audit, "terminal", {"width": 120})
    for finding in audit["findings"]:
        vm = finding["vm"]
        if vm:
            row = (
                rf"(?m)^  {vm['name']} +{finding['host']} +{finding['service']} +{finding['side']} +(new|open|waived)$"
            )
            assert re.search(row, text)
    assert text.count("A host could not be read (1 finding)\n  -> See why it stopped, then start it.\n") == 1


def test_details_say_why(audit: Audit) -> None:
    text = make_report(audit, "terminal", {"width": 200, "details": True})
    for finding in audit["findings"]:
        assert finding["explanation"] in text
        assert f"-> {finding['remedy']}" in text


@pytest.mark.parametrize("text", ["abc", "虚拟机", "ａｂ", "e\u0301", "서버01", "עברית", "🖥"])
def test_columns_are_those_of_terminals(text: str) -> None:
    assert columns_of(text) == wcswidth(text)


def test_wide_names_keep_the_columns_in_line(audit: Audit) -> None:
    vm_finding = next(finding for finding in audit["findings"] if finding["vm"] and not finding["waived_by"])
    names = ["web01", "虚拟机" * 30, "서버", "x" * 500]
    findings = [{**vm_finding, "vm": {"id": name, "name": name}} for name in names]
    text = make_report({**audit, "findings": findings, "drift": None}, "terminal")  # type: ignore[typeddict-item]
    rows = [line for line in text.splitlines() if line.startswith("  ") and str(vm_finding["host"])[:6] in line]
    assert len(rows) >= len(names)
    starts = {columns_of(row[: row.index(str(vm_finding["host"])[:6])]) for row in rows[-4:]}
    assert len(starts) == 1


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("details", [False, True])
def test_fixed_findings_have_a_heading_of_their_own(details: bool, color: bool, audit: Audit) -> None:
    """A reader takes what stands under HIGH for open, and a remedy for something to do."""
    text = _SGR.sub("", make_report(audit, "terminal", {"color": color, "details": details}))
    still_open, fixed = text.split("\n\nFIXED SINCE THE BASELINE: 1 finding\n\n")
    assert fixed.splitlines()[0] == "FIXED   The guest does not answer (1 finding)"
    assert "web-retired" in fixed
    assert not {"HIGH", "->"} & set(fixed.split())
    assert "web-retired" not in still_open
    assert " fixed\n" not in still_open


def test_an_explanation_that_a_group_shares_is_said_once(audit: Audit) -> None:
    denied = [
        sample_finding("host_not_reached", "host", host=f"hv{number:02}", explanation="Access is denied on this host.")
        for number in range(12)
    ]
    text = make_report({**audit, "findings": denied}, "terminal", {"details": True})
    assert text.count("Access is denied on this host.") == 1
    assert text.count("-> See why it stopped, then start it.") == 1
    assert all(f"hv{number:02}" in text for number in range(12))


def test_new_findings_are_marked_and_counted(audit: Audit) -> None:
    text = make_report(audit, "terminal", {"width": 120})
    new = [finding for finding in audit["findings"] if finding["drift"] == "new" and not finding["waived_by"]]
    assert len([line for line in text.splitlines() if line.endswith(" new")]) == len(new) > 0
    assert f"Baseline           new {len(new)}  fixed 1\n" in text
