# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit finds all that was planted in a fleet, on the right side, and nothing else. And the score can tell."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from planted.fleet import DEFECTS, LOOK_ALIKES, Planted, plant
from planted.score import Score, audit, compare, table

SEED = 1


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return plant(SEED, tmp_path_factory.mktemp("guests"))


@pytest.fixture(scope="module")
def findings(pwsh: str, planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the real audit finds."""
    run, report = audit(planted, tmp_path_factory.mktemp("audit"))
    assert run.code == 0, run.output
    found: list[dict[str, Any]] = report["findings"]
    return found


def test_the_fleet_is_as_large_as_promised(planted: Planted) -> None:
    assert (len(planted.defects), len(planted.look_alikes)) == (DEFECTS, LOOK_ALIKES) == (40, 40)
    assert {defect.side for defect in planted.defects} == {"host", "guest", "both", "policy", "unknown"}


def test_all_is_found_and_nothing_else(planted: Planted, findings: list[dict[str, Any]]) -> None:
    score = compare(planted, findings)
    assert score.perfect, table(score)


def of(findings: list[dict[str, Any]], rule: str) -> list[dict[str, Any]]:
    return [finding for finding in findings if finding["rule"] == rule and not finding["waived_by"]]


def blame_the_guest(findings: list[dict[str, Any]]) -> None:
    for finding in of(findings, "own_switch_off"):
        finding["side"] = "guest"


def overlook(findings: list[dict[str, Any]]) -> None:
    for finding in of(findings, "own_duplicate_name_here")[:1]:
        findings.remove(finding)


def complain_twice(findings: list[dict[str, Any]]) -> None:
    findings.append({**of(findings, "own_freeze_fails")[0], "rule": "own_next_boot"})


def forget_the_waivers(findings: list[dict[str, Any]]) -> None:
    for finding in findings:
        finding["waived_by"] = None


SPOILED: dict[str, tuple[Callable[[list[dict[str, Any]]], None], Callable[[Score], list[Any]]]] = {
    "the wrong side": (blame_the_guest, lambda score: score.wrong_side),
    "one of two": (overlook, lambda score: score.missed),
    "more than there is": (complain_twice, lambda score: score.false_alarms),
    "what is waived": (forget_the_waivers, lambda score: score.false_alarms),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_worse_audit_scores_less(planted: Planted, findings: list[dict[str, Any]], case: str) -> None:
    spoil, where = SPOILED[case]
    worse = copy.deepcopy(findings)
    spoil(worse)
    score = compare(planted, worse)
    assert where(score)
    assert not score.perfect
