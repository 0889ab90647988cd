# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the audit is measured with: which defects can be together, and what counts as found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planted import combined
from planted.combined import Ingredient, assigned
from planted.fleet import Combination, Defect, Place, Planted
from planted.guests import KVP, VSS
from planted.later import AUDITS
from planted.plant import plant
from planted.score import Score, Tally, compare

HERE = Place("hv1", "1")


def nothing(_draft: combined.Draft, _key: str) -> None:
    """Plant nothing."""


def part(*services: str, **more: Any) -> Ingredient:
    return Ingredient(nothing, services or ("",), **more)


def finding(rule: str = "own_switch_off", service: str | None = VSS, **more: Any) -> dict[str, Any]:
    found = {"rule": rule, "service": service, "side": "host", "severity": "medium", "waived_by": None, "guest": None}
    return {**found, "host": "hv1", "vm": {"id": "1", "name": "vm1"}, "explanation": "", "evidence": [], **more}


def defect(rule: str = "own_switch_off", service: str | None = VSS, **more: Any) -> Defect:
    return Defect("off", "host", (rule,), (HERE,), service, **more)


def test_two_defects_take_two_services() -> None:
    assert assigned([part(KVP, VSS), part(KVP)]) == (VSS, KVP)
    assert assigned([part(KVP), part(KVP)]) is None


def test_a_guest_is_inspected_or_not() -> None:
    assert assigned([part(KVP, inspected=True), part(VSS, inspected=False)]) is None
    assert assigned([part(KVP, inspected=True), part(VSS)]) == (KVP, VSS)


def test_a_fault_of_the_whole_guest_leaves_no_service_of_the_guest_to_others() -> None:
    whole = part(inspected=True, whole=True)
    assert assigned([whole, part(KVP, inspected=True)]) is None
    assert assigned([whole, part(inspected=True)]) == ("", "")
    assert assigned([whole, part(KVP)]) == ("", KVP)


def test_what_one_defect_spoils_no_other_one_needs() -> None:
    spoils, needs = part(KVP, spoils=frozenset({"wish"})), part(VSS, needs=frozenset({"wish"}))
    assert assigned([spoils, needs]) is None
    assert assigned([needs, needs._replace(services=(KVP,))]) == (VSS, KVP)


@pytest.mark.parametrize("seed", range(2, 5))
def test_any_seed_plants_combinations_of_every_group(tmp_path: Path, seed: int) -> None:
    planted = plant(seed, tmp_path)
    groups = {combination.group for combination in planted.combinations}
    assert groups == {combined.TWO, combined.MORE, combined.REPLICATED, combined.WAIVED, combined.LYING}
    later = sum(len(changes) for _group, changes in AUDITS)
    assert len(planted.combinations) + later >= 60
    assert all(len(one.defects) == 2 for one in planted.combinations if one.group == combined.TWO)


@pytest.mark.parametrize(
    ("found", "where"),
    [
        ([finding()], "found"),
        ([finding(side="guest")], "wrong_side"),
        ([finding(service=KVP)], "missed"),
        ([finding(severity="low")], "missed"),
        ([finding(waived_by={"id": "w"})], "missed"),
        ([finding(vm={"id": "2", "name": "vm2"})], "missed"),
        ([], "missed"),
    ],
)
def test_a_defect_is_found_at_its_place_on_its_side(found: list[dict[str, Any]], where: str) -> None:
    planted = Planted([], defects=[defect(severity="medium")])
    tally = compare(planted, found).defects
    assert {name: len(getattr(tally, name)) for name in ("found", "wrong_side", "missed")} == {
        **dict.fromkeys(("found", "wrong_side", "missed"), 0),
        where: 1,
    }


def test_a_combination_is_found_with_all_its_defects() -> None:
    both = Combination("two", "both", (defect(), defect("own_gsi_open", "guest_service_interface")))
    planted = Planted([], combinations=[both])
    assert compare(planted, [finding()]).combinations.missed == [both]
    score = compare(planted, [finding(), finding("own_gsi_open", "guest_service_interface")])
    assert (score.combinations.found, score.false_alarms) == ([both], [])


def test_a_consequence_is_no_false_alarm_beside_its_cause() -> None:
    planted = Planted([], defects=[defect(also=("own_silent",))])
    assert compare(planted, [finding(), finding("own_silent", KVP)]).false_alarms == []
    assert len(compare(planted, [finding("own_silent", KVP)]).false_alarms) == 1


def test_a_score_passes_with_nearly_all_combinations_and_no_false_alarm() -> None:
    single, combination = defect(), Combination("two", "both", (defect(),))

    def score(missed: int, later: list[Any]) -> Score:
        combinations = Tally(found=[combination] * (60 - missed), missed=[combination] * missed)
        return Score(Planted([]), Tally(found=[single]), combinations, later=later)

    assert score(3, []).passed
    assert not score(4, []).passed
    assert not score(0, [("fixed", finding())]).passed
