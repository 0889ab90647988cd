# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit finds all that was planted in a fleet, on the right side, and nothing else. And the score can tell."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planted.fleet import DEFECTS, LOOK_ALIKES, Planted
from planted.later import collection_of, rebuilt
from planted.plant import plant
from planted.score import ENOUGH, Score, audit, compare, score_of, table

SEED = 1


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return plant(SEED, tmp_path_factory.mktemp("guests"))


@pytest.fixture(scope="module")
def audited(pwsh: str, planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which the real audit has run."""
    directory = tmp_path_factory.mktemp("audit")
    run, _report = audit(planted, directory)
    assert run.code == 0, run.output
    return directory


@pytest.fixture(scope="module")
def report(audited: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((audited / "reports" / "audit.json").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def findings(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What the real audit finds."""
    found: list[dict[str, Any]] = report["findings"]
    return found


@pytest.fixture(scope="module")
def score(planted: Planted, audited: Path) -> Score:
    return score_of(planted, audited, SEED)


def test_the_fleet_is_as_large_as_promised(planted: Planted, score: Score) -> None:
    assert (len(planted.defects), len(planted.look_alikes)) == (DEFECTS, LOOK_ALIKES) == (40, 40)
    assert {defect.side for defect in planted.defects} == {"host", "guest", "both", "policy", "unknown"}
    assert len(score.combinations.all) >= 60


def test_all_is_found_and_nothing_else(score: Score) -> None:
    """Every single defect and nearly every combination, each on its side, in the real audit and in later ones."""
    assert score.defects.recall == 1, table(score)
    assert score.combinations.recall >= ENOUGH, table(score)
    assert (score.false_alarms, score.later) == ([], []), table(score)


def test_later_audits_begin_with_what_the_role_collected(
    planted: Planted, audited: Path, report: dict[str, Any]
) -> None:
    """An audit in which nothing has changed is given what the real one was given."""
    collected = json.loads((audited / "reports" / "collection.json").read_text(encoding="utf-8"))
    again = json.loads(collection_of(rebuilt(planted, collected, "", report)))
    assert (again["hosts"], again["guests"]) == (collected["hosts"], collected["guests"])


def of(findings: list[dict[str, Any]], rule: str) -> list[dict[str, Any]]:
    return [finding for finding in findings if finding["rule"] == rule and not finding["waived_by"]]


def blame_the_guest(findings: list[dict[str, Any]]) -> None:
    for finding in of(findings, "own_switch_off"):
        finding["side"] = "guest"


def overlook(findings: list[dict[str, Any]]) -> None:
    for finding in of(findings, "own_duplicate_name_here"):
        findings.remove(finding)


def complain_twice(findings: list[dict[str, Any]]) -> None:
    findings.append({**of(findings, "own_freeze_fails")[0], "rule": "own_next_boot"})


def forget_the_waivers(findings: list[dict[str, Any]]) -> None:
    for finding in findings:
        finding["waived_by"] = None


SPOILED: dict[str, tuple[Callable[[list[dict[str, Any]]], None], Callable[[Score], list[Any]]]] = {
    "the wrong side": (blame_the_guest, lambda score: score.defects.wrong_side),
    "the wrong side of several": (blame_the_guest, lambda score: score.combinations.wrong_side),
    "less than there is": (overlook, lambda score: score.defects.missed + score.combinations.missed),
    "more than there is": (complain_twice, lambda score: score.false_alarms),
    "what is waived": (forget_the_waivers, lambda score: score.false_alarms),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_worse_audit_scores_less(planted: Planted, findings: list[dict[str, Any]], case: str) -> None:
    spoil, where = SPOILED[case]
    worse = copy.deepcopy(findings)
    spoil(worse)
    score = compare(planted, worse)
    assert len(where(score)) > len(where(compare(planted, findings)))
    assert not score.passed
