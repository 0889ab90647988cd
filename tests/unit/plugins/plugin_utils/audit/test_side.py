# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import GuestState, Side
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.side import (
    GUESTS,
    REASONS,
    ROWS,
    SWITCHES,
    VIEWS,
    WISHES,
    Row,
    Switch,
    View,
    Wish,
    conclude,
    filled,
    view_of,
)

COMBINATIONS = list(itertools.product(SWITCHES, WISHES, VIEWS, GUESTS))
BROKEN = ("stopped", "missing", "blocked")
UNSEEN = ("unknown", "not_looked")


def test_the_table_is_whole() -> None:
    assert len(COMBINATIONS) == 4 * 3 * 10 * 8
    found = {combination: conclude(*combination) for combination in COMBINATIONS}
    assert {row.case for row in found.values()} == {row.case for row in ROWS}, "a row is there for nothing"
    assert len({row.case for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.case)
def test_what_is_wrong_has_a_remedy_and_what_is_not_has_none(row: Row) -> None:
    assert (row.side is None) == (row.remedy is None)
    assert row.explanation.strip()


@pytest.mark.parametrize(("view", "guest"), list(itertools.product(VIEWS, GUESTS)))
def test_invariants(view: View, guest: GuestState) -> None:
    for switch, wish in itertools.product(SWITCHES, WISHES):
        assert_invariants(switch, wish, view, guest)


def assert_invariants(switch: Switch, wish: Wish, view: View, guest: GuestState) -> None:
    row = conclude(switch, wish, view, guest)
    contradiction = row.case.startswith("contradiction")
    if switch == "unread":
        assert row.side == "unknown"
    elif switch == "absent":
        assert row.side == ("both" if guest == "serving" else "policy" if wish == "on" else None)
    elif switch == "off":
        if wish == "on":
            assert row.side == ("both" if guest in BROKEN else "host")
        else:
            assert (row.side == "both") == contradiction == (guest == "serving")
            assert contradiction or row.side is None
    elif wish == "off":
        assert row.side == "host"
    elif view in ("not_running", "isolated"):
        assert row.side is None
    elif view == "booting":
        assert row.side == ("guest" if guest in ("missing", "blocked") else None)
    else:
        assert_of_a_running_guest(row.side, contradiction, view, guest)


def assert_of_a_running_guest(side: Side | None, contradiction: bool, view: str, guest: str) -> None:
    """On, not to be off, and the virtual machine has had the time to boot."""
    if guest in BROKEN and view not in ("disabled", "critical"):
        assert side == "guest"
    if view == "works" and guest in ("serving", *UNSEEN):
        assert side is None
    if view == "silent" and guest in UNSEEN:
        assert side == "unknown"
    if view == "lost" and guest in ("serving", *UNSEEN):
        assert side == "guest"
    if guest == "unsupported":
        assert side == ("host" if view == "disabled" else "both"), "the guest's word alone makes nothing well"
    if guest == "not_offered" and view != "disabled":
        assert contradiction, "the host has it on, and the guest sees no device"
    if side == "unknown":
        assert guest in UNSEEN, "known sides are not called unknown"
    if side == "both":
        assert guest not in UNSEEN, "of a guest that nobody saw nothing is claimed"
    if contradiction:
        assert side == "both"


# Row by row, what the table is made from: switch, what the host sees, the guest's own half -> side.
@pytest.mark.parametrize(
    ("switch", "wish", "view", "guest", "side", "case"),
    [
        *(("off", "on", "disabled", guest, "host", "should_be_on") for guest in ("serving", "not_offered", *UNSEEN)),
        *(("off", "on", "disabled", guest, "both", "should_be_on_both") for guest in BROKEN),
        *(("off", "none", "disabled", guest, None, "switched_off") for guest in ("not_offered", *BROKEN, *UNSEEN)),
        ("off", "off", "disabled", "not_looked", None, "switched_off"),
        ("on", "on", "works", "serving", None, "ok"),
        ("on", "none", "works", "not_looked", None, "ok"),
        ("on", "on", "works", "stopped", "guest", "next_boot"),
        ("on", "on", "works", "blocked", "guest", "next_boot"),
        ("on", "on", "silent", "stopped", "guest", "guest_stopped"),
        ("on", "on", "silent", "missing", "guest", "guest_missing"),
        ("on", "on", "silent", "blocked", "guest", "guest_blocked"),
        ("on", "on", "silent", "serving", "both", "serving_unheard"),
        ("on", "on", "silent", "not_looked", "unknown", "silent_unseen"),
        ("on", "on", "silent", "unknown", "unknown", "silent_unknown"),
        ("on", "on", "lost", "serving", "guest", "guest_lost"),
        ("on", "on", "lost", "not_looked", "guest", "guest_lost"),
        ("on", "on", "lost", "stopped", "guest", "guest_stopped"),
        ("on", "on", "critical", "serving", "guest", "application_critical"),
        ("on", "on", "incompatible", "serving", "guest", "guest_incompatible"),
        ("on", "on", "error", "not_looked", "unknown", "error_unseen"),
        ("on", "on", "error", "serving", "both", "serving_unheard"),
        ("on", "on", "disabled", "not_looked", "host", "status_disabled"),
        ("on", "none", "works", "not_offered", "both", "contradiction_on"),
        ("on", "none", "silent", "not_offered", "both", "contradiction_on"),
        ("off", "none", "disabled", "serving", "both", "contradiction_off"),
        ("absent", "none", "not_running", "serving", "both", "contradiction_absent"),
        ("absent", "on", "not_running", "not_looked", "policy", "not_offered"),
        ("absent", "none", "not_running", "not_looked", None, "absent"),
        ("on", "off", "works", "serving", "host", "should_be_off"),
        ("on", "off", "not_running", "not_looked", "host", "should_be_off"),
        ("on", "on", "not_running", "serving", None, "not_running"),
        ("on", "on", "booting", "stopped", None, "booting"),
        ("on", "on", "isolated", "unsupported", None, "isolated_guest"),
        ("on", "on", "isolated", "not_offered", None, "isolated"),
        ("on", "on", "silent", "unsupported", "both", "contradiction_unsupported"),
        ("on", "on", "works", "unsupported", "both", "contradiction_unsupported"),
        ("on", "on", "disabled", "unsupported", "host", "status_disabled"),
        ("on", "on", "booting", "unsupported", None, "booting"),
        ("unread", "on", "error", "not_looked", "unknown", "unread"),
    ],
)
def test_row(switch: Switch, wish: Wish, view: View, guest: GuestState, side: Side | None, case: str) -> None:
    row = conclude(switch, wish, view, guest)
    assert (row.side, row.case) == (side, case)


def reasons_of_the_module() -> list[str]:
    """The keys of the table in _Verdict.psm1; vm stands for all that begin with vm_."""
    source = Path(__file__).parents[5] / "plugins" / "module_utils" / "_Verdict.psm1"
    table = source.read_text(encoding="utf-8").partition("$script:Reasons = @{")[2].partition("\n}")[0]
    return re.findall(r"^    (\w+) = '", table, re.MULTILINE)


def test_every_reason_of_the_module_is_a_view_of_its_own_choice() -> None:
    reasons = reasons_of_the_module()
    assert len(reasons) >= 16
    assert sorted(reason for reason in reasons if reason != "vm") == sorted(
        reason for reason in REASONS if not reason.startswith("vm_")
    )


@pytest.mark.parametrize(
    ("verdict", "reason", "uptime", "view"),
    [
        ("no_contact", "guest_silent", 300, "silent"),
        ("no_contact", "guest_silent", 299, "booting"),
        ("no_contact", "guest_silent", None, "silent"),
        ("no_contact", "booting", None, "booting"),
        ("no_contact", "booting", 4000, "silent"),
        ("no_contact", "no_status", 10, "booting"),
        ("lost_communication", "guest_lost", 10, "lost"),
        ("not_applicable", "vm_fastsaved", 0, "not_running"),
        ("not_applicable", "isolated", 10, "isolated"),
        ("protocol_mismatch", "older_protocol", 4000, "works"),
        ("degraded", "degraded", 4000, "works"),
        ("degraded", "application_critical", 4000, "critical"),
        ("error", "unknown_status", 4000, "error"),
        ("no_contact", None, 4000, "silent"),
        ("ok", "a word of a later version", 4000, "works"),
        ("a verdict of a later version", None, 4000, "error"),
    ],
)
def test_view(verdict: str, reason: str | None, uptime: int | None, view: View) -> None:
    assert view_of(verdict, reason, uptime, 300) == view


def test_texts_are_filled_once() -> None:
    facts = {
        "service": "vss",
        "guest_remedy": "say {service}",
        "vm": {"name": "a"},
        "on": True,
        "list": ["a", None, {"b": 1, "c": "d"}],
    }
    text = "{service} {guest_remedy} {vm.name} {vm.name.x} {nothing} {on} {list} {Not} {}"
    assert filled(text, facts) == "vss say {service} a unknown unknown true a, unknown, 1: d {Not} {}"
