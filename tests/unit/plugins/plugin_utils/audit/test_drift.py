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
NOW = "2026-11-27T09:30:00Z"
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


def drifted(result: Audit) -> dict[str, list[str]]:
    """The rules of what is fixed, unseen and new."""
    drift = result["drift"]
    assert drift is not None
    rules = {finding["id"]: finding["rule"] for finding in result["findings"]}
    return {
        "fixed": sorted(finding["rule"] for finding in drift["fixed"]),
        "unseen": sorted(finding["rule"] for finding in drift["unseen"]),
        "new": sorted(rules[id] for id in drift["new"]),
    }


NOTHING: dict[str, list[str]] = {"fixed": [], "unseen": [], "new": []}
INSIDE = {
    "facts": {
        "time": {"clock_source": "none", "uses_ptp": False},
        "freeze": {"failing": [{"mount": "/srv", "reason": "exFAT"}]},
        "hv_utils": {
            "state": "loaded",
            "blocked_by": [{"path": "/etc/modprobe.d/x.conf", "line": "blacklist hv_utils"}],
        },
    },
    "services": {"key_value_pair_exchange": "daemon_stopped"},
}
OF_INSIDE = ["own_clock_unkept", "own_freeze_fails", "own_hv_utils_next_boot", "own_next_boot"]


@pytest.mark.parametrize("now", ["unreachable", "left out", "off"])
def test_what_was_seen_in_a_guest_is_unseen_without_it(
    vm: Make, host: Make, guest: Make, audit: Judge, now: str
) -> None:
    """Nobody looked whether the mounts, the clock or the daemon are as they were."""
    inside = guest(**INSIDE, vm="web01")
    baseline = kept(audit(host(vm()), inside))
    assert sorted(finding["rule"] for finding in baseline["findings"]) == OF_INSIDE
    guests = {"unreachable": [{**inside, "facts": None, "error": "no route"}], "left out": [], "off": []}[now]
    result = audit(host(vm(state="Off" if now == "off" else "Running")), guests, baseline=baseline)
    found = drifted(result)
    assert (found["fixed"], found["unseen"]) == ([], OF_INSIDE)
    fixed = drifted(audit(host(vm()), guest(vm="web01"), baseline=baseline))
    assert fixed == {**NOTHING, "fixed": OF_INSIDE}, "seen again"


@pytest.mark.parametrize("reason", ["guest_silent", "guest_lost", "status_disabled", "error", "application_critical"])
def test_contact_of_a_machine_that_does_not_run_now_is_unseen(vm: Make, host: Make, audit: Judge, reason: str) -> None:
    baseline = kept(audit(host(vm(services={"heartbeat": reason, "vss": False}))))
    off = drifted(audit(host(vm(state="Off")), baseline=baseline))
    assert off["fixed"] == ["bpa_offer_all"], "the host setting is seen of a machine that is off, too"
    assert len(off["unseen"]) == 1
    booting = vm(services={"heartbeat": "guest_silent"}, uptime_seconds=10)
    assert len(drifted(audit(host(booting), baseline=baseline))["unseen"]) == 1
    assert len(drifted(audit(host(vm()), baseline=baseline))["fixed"]) == 2


def test_machine_outside_a_narrower_selection_is_unseen(vm: Make, host: Make, audit: Judge) -> None:
    off = {"vss": False}
    baseline = kept(audit(host(vm("a", services=off), vm("b", services=off), policy={})))
    narrow = drifted(audit(host(vm("a"), policy={}, selected=True), baseline=baseline))
    assert narrow == {**NOTHING, "fixed": ["own_switch_off"], "unseen": ["own_switch_off"]}
    assert drifted(audit(host(vm("a"), policy={}), baseline=baseline))["fixed"] == ["own_switch_off"] * 2, (
        "it is no more"
    )
    limited = drifted(audit(host(vm("a"), policy={}), baseline=baseline, limited=True))
    assert limited == {**NOTHING, "fixed": ["own_switch_off"], "unseen": ["own_switch_off"]}


@pytest.mark.parametrize("there", [{"reachable": False}, {"error": "access denied"}, None])
def test_machine_that_may_have_moved_to_a_host_that_was_not_seen_is_unseen(
    vm: Make, host: Make, audit: Judge, there: dict[str, Any] | None
) -> None:
    fleet = [host(vm("a", services={"vss": False}), vm("b"), name="hv1"), host(vm("c"), name="hv2")]
    baseline = kept(audit(fleet))
    others = [] if there is None else [host(name="hv2", **there)]
    found = drifted(audit([host(vm("b"), name="hv1"), *others], baseline=baseline))
    assert (found["fixed"], found["unseen"]) == ([], ["bpa_offer_all"])


def test_what_the_policy_said_is_unseen_without_a_policy(vm: Make, host: Make, audit: Judge) -> None:
    rule = {"match": {"pattern": "b"}, "services": {"shutdown": False}}
    machines = [vm("a", services={"heartbeat": False}), vm("b")]
    baseline = kept(audit(host(*machines, policy={"default": "default_safe", "rules": [rule]})))
    assert [finding["rule"] for finding in baseline["findings"]] == ["own_override_missing", "own_switch_off"]
    found = drifted(audit(host(vm("a"), vm("b")), baseline=baseline))
    assert found == {"fixed": [], "unseen": ["own_override_missing", "own_switch_off"], "new": ["own_drift"]}
    unknown = host(vm("a"), vm("b"), plan={"decisions": []})
    assert drifted(audit(unknown, baseline=baseline))["fixed"] == []


def test_machine_that_has_moved_keeps_its_history(vm: Make, host: Make, guest: Make, audit: Judge) -> None:
    """In a cluster that happens each night: nothing is new by it, and nothing is fixed."""
    faulty = vm("a", services={"vss": False, "heartbeat": "guest_silent"})
    baseline = kept(audit([host(faulty, policy={}, name="hv1"), host(vm("b"), name="hv2")]))
    moved = audit([host(name="hv1"), host(vm("b"), faulty, policy={}, name="hv2")], baseline=baseline)
    assert drifted(moved) == {**NOTHING, "new": ["own_host_empty"]}
    mended = audit([host(vm("c"), name="hv1"), host(vm("b"), vm("a"), policy={}, name="hv2")], baseline=baseline)
    assert drifted(mended) == {**NOTHING, "fixed": ["own_silent", "own_switch_off"]}
    renamed = audit([host(faulty, policy={}, name="hyper1"), host(vm("b"), name="hyper2")], baseline=baseline)
    assert drifted(renamed) == NOTHING, "the same host by another name of the inventory"


def test_switch_that_was_changed_on_the_way_to_another_host_has_drifted(
    vm: Make, host: Make, audit: Judge, told: Told
) -> None:
    left_alone = {"default": "none"}
    baseline = kept(audit([host(vm("a"), name="hv1", policy=left_alone), host(vm("b"), name="hv2", policy=left_alone)]))
    off = vm("a", services={"vss": False})
    result = audit(host(vm("b"), off, name="hv2", policy=left_alone), baseline=baseline)
    assert told(result) == [("own_drift", "host", "a", "vss")]


def test_primary_and_replica_of_one_id_are_not_taken_for_a_move(vm: Make, host: Make, audit: Judge) -> None:
    off = {"vss": False}
    primary, replica = vm("a", services=off), vm("a", services=off, replication={"mode": "Replica"}, state="Off")
    baseline = kept(audit([host(primary, name="hv1"), host(replica, name="hv2")]))
    assert drifted(audit([host(primary, name="hv1"), host(replica, name="hv3")], baseline=baseline)) == {
        "fixed": [],
        "unseen": ["bpa_offer_all"],
        "new": ["bpa_offer_all"],
    }


@pytest.mark.parametrize("reason", ["guest_silent", "error"])
def test_guest_that_is_inspected_for_the_first_time_or_no_longer_makes_no_new_finding(
    vm: Make, host: Make, guest: Make, audit: Judge, reason: str
) -> None:
    fleet = host(vm(services={"vss": reason}))
    inside = guest(services={"vss": "daemon_stopped"}, vm="web01")
    without, looked = audit(fleet), audit(fleet, inside)
    assert [finding["rule"] for finding in without["findings"]] != [finding["rule"] for finding in looked["findings"]]
    assert drifted(audit(fleet, inside, baseline=kept(without))) == NOTHING
    assert drifted(audit(fleet, baseline=kept(looked))) == NOTHING
    worse = audit(host(vm(services={"vss": reason, "heartbeat": "guest_silent"})), inside, baseline=kept(without))
    assert len(drifted(worse)["new"]) == 1, "what broke meanwhile is new"


def test_dead_guest_that_is_inspected_for_the_first_time_makes_no_new_finding(
    vm: Make, host: Make, guest: Make, audit: Judge
) -> None:
    keys = ("heartbeat", "shutdown", "time_synchronization", "key_value_pair_exchange", "vss")
    fleet = host(vm(services=dict.fromkeys(keys, "guest_silent")))
    blocked = {"hv_utils": {"state": "blocked", "blocked_by": [{"path": "x", "line": "y"}]}}
    inside = guest(services=dict.fromkeys(keys, "driver_blocked"), facts=blocked, vm="web01")
    baseline = kept(audit(fleet))
    assert [finding["rule"] for finding in baseline["findings"]] == ["own_never_in_contact"]
    assert drifted(audit(fleet, inside, baseline=baseline)) == NOTHING


UNREAD = {"offered": True, "enabled": None, "verdict": "error", "reason": "unknown_status"}


@pytest.mark.parametrize("policy", [{}, {"default": "none"}])
def test_setting_that_could_not_be_read_has_not_changed(
    vm: Make, host: Make, audit: Judge, policy: dict[str, Any]
) -> None:
    """Neither is what was wrong with it fixed, nor has it drifted, nor does Hyper-V not offer the service."""
    baseline = kept(audit(host(vm("a", services={"vss": False}), policy=policy)))
    now = audit(host(vm("a", services={"vss": UNREAD}), policy=policy), baseline=baseline)
    assert [finding["rule"] for finding in now["findings"]] == ["own_switch_unread"]
    unseen = [finding["rule"] for finding in baseline["findings"]]
    assert drifted(now) == {"fixed": [], "unseen": unseen, "new": ["own_switch_unread"]}


def test_mapping_of_a_guest_is_unseen_while_its_vm_may_be_on_a_host_that_was_not_seen(
    vm: Make, host: Make, guest: Make, audit: Judge
) -> None:
    machine, claimed = vm("a"), vm("b")["id"]
    liar = guest(vm_id=machine["id"], claimed_vm_id=claimed)
    baseline = kept(audit([host(machine), host(vm("b"), name="hv2")], liar))
    assert [finding["rule"] for finding in baseline["findings"]] == ["own_guest_contradicts_claim"]
    away = host(reachable=False, error="timed out")
    now = audit([away, host(vm("b"), name="hv2")], liar, baseline=baseline)
    assert drifted(now) == {"fixed": [], "unseen": ["own_guest_contradicts_claim"], "new": ["own_host_unreachable"]}


def test_host_that_shows_nothing_any_more_was_not_seen(vm: Make, host: Make, guest: Make, audit: Judge) -> None:
    """To an account without rights Hyper-V shows no VM and no error: that is no proof of an empty host."""
    machine = vm("a", services={"vss": False})
    inside = guest(services={"vss": "host_disabled"}, vm_id=machine["id"])
    baseline = kept(audit(host(machine, policy={}), inside))
    now = audit(host(policy={}), inside, baseline=baseline)
    assert [finding["rule"] for finding in now["findings"]] == ["own_host_empty"]
    assert drifted(now) == {"fixed": [], "unseen": ["own_switch_off"], "new": ["own_host_empty"]}


def test_names_are_compared_only_where_all_of_the_fleet_was_seen(vm: Make, host: Make, audit: Judge) -> None:
    fleet = [host(vm("a", name="x"), vm("c"), name="hv1"), host(vm("b", name="x"), name="hv2")]
    baseline = kept(audit(fleet))
    found = drifted(audit([fleet[0], host(name="hv2", reachable=False)], baseline=baseline))
    assert (found["fixed"], found["unseen"]) == ([], ["own_duplicate_name"])


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
        (
            lambda audit: {**audit, "evaluated_at": "yesterday"},
            "baseline: evaluated_at: there is no time 'yesterday'",
        ),
        (
            lambda audit: {**audit, "evaluated_at": "2099-01-01T00:00:00Z"},
            "baseline: it is of 2099-01-01T00:00:00Z, later than this audit",
        ),
    ],
)
def test_damaged_baseline_is_named(
    vm: Make, host: Make, audit: Judge, damage: Callable[[dict[str, Any]], Any], problem: str
) -> None:
    fleet = host(vm(services={"vss": False}))
    baseline = damage(copy.deepcopy(kept(audit(fleet))))
    assert baseline_problems(baseline, NOW)[0].startswith(problem)
    with pytest.raises(AuditError, match="baseline"):
        audit(fleet, baseline=baseline)


def test_baseline_without_the_fields_of_later_versions_is_taken(vm: Make, host: Make, audit: Judge) -> None:
    fleet = host(vm(services={"vss": False}))
    baseline = kept(audit(fleet))
    for field in ("hosts_read", "new", "fixed"):
        del baseline["summary"][field]
    for rule in baseline["rules"].values():
        del rule["finding"]
    for machine in baseline["virtual_machines"]:
        del machine["policy_rules"], machine["policy_reason"]
        for service in machine["services"].values():
            del service["case"]
    assert drifted(audit(fleet, baseline=baseline)) == NOTHING


def test_much_damage_is_counted(vm: Make, host: Make, audit: Judge) -> None:
    baseline = kept(audit(host(*(vm(f"vm{number}") for number in range(9)))))
    for machine in baseline["virtual_machines"]:
        del machine["id"]
    problems = baseline_problems(baseline, NOW)
    assert len(problems) == 4
    assert problems[-1] == "baseline: it is damaged, or no result of an audit (and 6 more): give an earlier audit.json"
