# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a later audit is held against."""

from __future__ import annotations

import random
from typing import Any

import pytest

from planted import later as later_module
from planted.fleet import Defect, Place, Planted
from planted.later import Later, judge

PLACE = Place("hv1", "1")
DEFECT = Defect("off", "host", ("own_switch_off",), (PLACE,), "vss")


def finding(**more: Any) -> dict[str, Any]:
    found = {"rule": "own_switch_off", "service": "vss", "side": "host", "severity": "medium", "guest": None}
    return {**found, "host": "hv1", "vm": {"id": "1", "name": "vm1"}, "waived_by": None, "drift": "unchanged", **more}


def told(monkeypatch: pytest.MonkeyPatch, audit: dict[str, Any]) -> tuple[list[bool | None], list[str]]:
    """The sides that are told of DEFECT, which must be unchanged, and the drift of what is told wrongly."""
    filled = {"findings": [], "drift": {"fixed": [], "unseen": []}, **audit}
    monkeypatch.setattr(later_module, "collection_of", lambda _later: "")
    monkeypatch.setattr(later_module, "audit_evaluate", lambda _collection, _options: filled)
    later = Later(Planted([]), [DEFECT], random.Random(0), {}, [], [], {})
    later.changes.append(("a change", []))
    later.expect("unchanged", DEFECT)
    (item,), wrongly = judge("a group", later)
    return item.sides, [drift for drift, _finding in wrongly]


def test_what_must_be_told_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, {"findings": [finding()]}) == ([True], [])


def test_the_wrong_side_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, {"findings": [finding(side="guest")]}) == ([False], [])


def test_what_is_new_instead_is_missed_and_told_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    drift = {"fixed": [finding(drift=None)], "unseen": []}
    assert told(monkeypatch, {"findings": [finding(drift="new")], "drift": drift}) == ([None], ["new", "fixed"])


def test_what_is_unseen_though_it_was_looked_at_is_told_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    drift = {"fixed": [], "unseen": [finding(drift=None)]}
    assert told(monkeypatch, {"drift": drift}) == ([None], ["unseen"])


def test_an_audit_that_one_part_ends_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_later: Later) -> str:
        raise RecursionError

    monkeypatch.setattr(later_module, "collection_of", fail)
    later = Later(Planted([]), [], random.Random(0), {}, [], [], {}, changes=[("one", []), ("another", [])])
    assert [item.sides for item in judge("a group", later)[0]] == [[None], [None]]
