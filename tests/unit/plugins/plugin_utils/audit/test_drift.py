# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.drift import baseline_problems
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit

Make = Callable[..., dict[str, Any]]
Judge = Callable[..., Audit]
Told = Callable[[Audit], list[tuple[Any, ...]]]
OTHER_CHECKPOINT = {"type": "Production", "parent_id": "22222222-0000-0000-0000-000000000000", "parent_name": "x"}


def kept(audit: Audit) -> dict[str, Any]:
    """As it comes back from a file."""
    found: dict[str, Any] = json.loads(json.dumps(audit))
    return found


def test_new_fixed_and_unchanged(vm: Make, host: Make, audit: Judge) -> None:
    off, silent = {"vss": False}, {"vss": "guest_silent"}
    before = audit(host(vm("a", services=off), vm("b", services=silent), policy={}))
    now = audit(
        host(vm("b", services=silent), vm("c", services=off), vm("a"), policy={}),
        baseline=kept(before),
        evaluated_at="2026-11-28T09:30:00Z",
    )
    drift = now["drift"]
    assert drift is not None
    assert drift["baseline"] == "2026-11-27T09:30:00Z"
    of = {finding["id"]: finding["vm"] and finding["vm"]["name"] for finding in now["findings"]}
    assert [of[id] for id in drift["new"]] == ["c"]
    assert [of[id] for id in drift["unchanged"]] == ["b"]
    assert [(finding["rule"], finding["vm"] and finding["vm"]["name"]) for finding in drift["fixed"]] == [
        ("own_switch_off", "a")
    ]
    assert {finding["drift"] for finding in now["findings"]} == {"new", "unchanged"}


def test_what_was_not_seen_again_is_not_called_fixed(vm: Make, host: Make, guest: Make, audit: Judge) -> None:
    off = {"vss": False}
    fleet = [host(vm("a", services=off), vm("b", services=off), policy={}), host(vm("c", services=off), name="hv2")]
    baseline = kept(audit(fleet, guest("lonely")))

    def compared(*hosts: dict[str, Any], **options: Any) -> tuple[list[str], list[str]]:
        drift = audit(hosts, baseline=baseline, **options)["drift"]
        assert drift is not None
        names = [
            [str(finding["vm"]["name"] if finding["vm"] else finding["guest"]) for finding in found]
            for found in (drift["fixed"], drift["unseen"])
        ]
        return sorted(names[0]), sorted(names[1])

    well = [host(vm("a"), vm("b"), policy={}), host(vm("c"), name="hv2")]
    assert compared(*well) == (["a", "b", "c"], ["lonely"]), "nobody looked for the guest"
    assert compared(*well, guests=[guest("lonely", vm="a")]) == (["a", "b", "c", "lonely"], [])
    assert compared(well[0]) == (["a", "b"], ["c", "lonely"])
    assert compared(well[0], host(name="hv2", reachable=False)) == (["a", "b"], ["c", "lonely"])
    assert compared(well[0], host(vm("x"), name="hv2", error="a page was lost")) == (["a", "b"], ["c", "lonely"])
    assert compared(well[0], host(vm("x"), name="hv2")) == (["a", "b", "c"], ["lonely"]), "it is no more"
    unread = host(vm("a", services={}, error="gone"), vm("b"), policy={})
    unread["virtual_machines"][0]["services"] = {}
    assert compared(unread, well[1]) == (["b", "c"], ["a", "lonely"])
    assert compared(*well, disabled_rules=["own_switch_off"]) == (["c"], ["a", "b", "lonely"])


def test_without_a_baseline_there_is_no_drift(vm: Make, host: Make, audit: Judge) -> None:
    result = audit(host(vm(services={"vss": False})))
    assert result["drift"] is None
    assert [finding["drift"] for finding in result["findings"]] == [None]


def test_same_finding_has_the_same_id_whatever_is_seen_of_it(vm: Make, host: Make, guest: Make, audit: Judge) -> None:
    """Looking into the guest, another status and another order make no new finding."""
    first = audit(host(vm(services={"shutdown": "guest_silent"}), vm("web02")))
    second = audit(
        host(vm("web02"), vm(services={"shutdown": "guest_lost"})),
        guest(services={"shutdown": "no_driver"}, vm="web01"),
    )
    (before,), (now,) = first["findings"], second["findings"]
    assert (before["side"], now["side"]) == ("unknown", "guest")
    assert before["id"] == now["id"]


def test_switch_that_nobody_asked_for_has_drifted(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    left_alone = {"default": "none"}
    baseline = kept(audit(host(vm(), policy=left_alone)))
    off = {"key_value_pair_exchange": False}
    assert told(audit(host(vm(services=off), policy=left_alone), baseline=baseline)) == [
        ("own_drift", "host", "web01", "key_value_pair_exchange")
    ]
    assert told(audit(host(vm(services=off), policy=left_alone))) == [], "without a baseline nothing is known of it"
    restored = vm(services=off, checkpoint=OTHER_CHECKPOINT)
    result = audit(host(restored, policy=left_alone), baseline=baseline)
    assert told(result) == [("own_drift_after_restore", "host", "web01", "key_value_pair_exchange")]
    (finding,) = result["findings"]
    assert {"source": "baseline", "fact": "baseline_enabled", "value": True} in finding["evidence"]
    assert any(reference["title"].startswith("own_drift: ") for reference in finding["references"])


def test_where_a_policy_decides_only_it_counts(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    baseline = kept(audit(host(vm(services={"vss": False}), policy={})))
    assert told(audit(host(vm(), policy={}), baseline=baseline)) == [], "switched as the policy wants it: enforced"
    healthy = kept(audit(host(vm(), policy={})))
    assert told(audit(host(vm(services={"vss": False}), policy={}), baseline=healthy)) == [
        ("own_switch_off", "host", "web01", "vss")
    ]


def test_another_checkpoint_alone_is_no_drift(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    baseline = kept(audit(host(vm())))
    assert told(audit(host(vm(checkpoint=OTHER_CHECKPOINT)), baseline=baseline)) == []


def test_checkpoint_that_was_not_gathered_is_not_compared(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    baseline = kept(audit(host(vm(checkpoint=None), policy={"default": "none"})))
    drifted = vm(services={"vss": False}, checkpoint=OTHER_CHECKPOINT)
    assert told(audit(host(drifted, policy={"default": "none"}), baseline=baseline)) == [
        ("own_drift", "host", "web01", "vss")
    ]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda audit: [], "baseline: it is no result of an audit"),
        (lambda audit: {**audit, "version": 2}, "baseline: its version is 2, and this audit reads version 1"),
        (lambda audit: {"virtual_machines": []}, "baseline: its version is None"),
        (lambda audit: {**audit, "findings": None}, "baseline: findings: None is not of type 'array'"),
        (lambda audit: {**audit, "virtual_machines": None}, "baseline: virtual_machines: None is not of type 'array'"),
        (lambda audit: audit["findings"][0].pop("id") and audit, "baseline: findings[0]: id is missing"),
        (
            lambda audit: audit["virtual_machines"][0]["services"]["vss"].pop("enabled") is not None and audit,
            "baseline: virtual_machines[0]: id, host, or the switch of a service is missing",
        ),
        (lambda audit: audit["virtual_machines"][0].pop("host") and audit, "baseline: virtual_machines[0]: id, host,"),
        (lambda audit: audit.pop("evaluated_at") and audit, "baseline: evaluated_at is missing"),
    ],
)
def test_damaged_baseline_is_named(
    vm: Make, host: Make, audit: Judge, damage: Callable[[dict[str, Any]], Any], problem: str
) -> None:
    fleet = host(vm(services={"vss": False}))
    baseline = damage(copy.deepcopy(kept(audit(fleet))))
    assert baseline_problems(baseline)[0].startswith(problem)
    with pytest.raises(AuditError, match="baseline"):
        audit(fleet, baseline=baseline)


def test_much_damage_is_counted(vm: Make, host: Make, audit: Judge) -> None:
    baseline = kept(audit(host(*(vm(f"vm{number}") for number in range(9)))))
    for machine in baseline["virtual_machines"]:
        del machine["id"]
    problems = baseline_problems(baseline)
    assert len(problems) == 4
    assert problems[-1] == "baseline: it is damaged, or no result of an audit (and 6 more): give an earlier audit.json"
