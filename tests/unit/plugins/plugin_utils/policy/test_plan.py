# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.errors import PolicyError
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.shapes import Decision

MakeFacts = Callable[..., dict[str, Any]]

REASON = "appliance without agent"


def decide(facts: dict[str, Any], **policy: Any) -> Decision:
    (decision,) = make_plan([facts], policy)["decisions"]
    return decision


def test_decision_tells_rule_profile_reason_and_change(vm: MakeFacts) -> None:
    rules = [
        {"name": "databases", "match": {"pattern": "sql*"}, "profile": "backup", "reason": "backed up nightly"},
        {"match": {"pattern": "*"}, "profile": "lab"},
    ]
    decision = decide(vm("sql01", off=("vss",)), rules=rules)
    assert decision["rules"] == ["rule 1 (databases)"]
    assert decision["profiles"] == ["backup"]
    assert decision["reason"] == "backed up nightly"
    assert decision["services"] == {
        "heartbeat": True,
        "shutdown": True,
        "time_synchronization": True,
        "key_value_pair_exchange": True,
        "vss": True,
        "guest_service_interface": False,
    }
    assert decision["changes"] == {
        "vss": {"before": False, "after": True},
        "guest_service_interface": {"before": True, "after": False},
    }


def test_no_rule_matches(vm: MakeFacts) -> None:
    decision = decide(vm("web01"), rules=[{"match": {"name": "db01"}, "profile": "lab"}])
    assert (decision["rules"], decision["profiles"]) == (["host_policy_default"], ["default_safe"])
    assert decide(vm("web01"), default="none")["services"] == {}


def test_first_match_decides_all_services(vm: MakeFacts) -> None:
    rules = [
        {"match": {"pattern": "*"}, "services": {"vss": False}},
        {"match": {"pattern": "*"}, "profile": "lab"},
    ]
    assert decide(vm("web01"), rules=rules)["services"] == {"vss": False}


def test_merge_adds_what_earlier_rules_left_undecided(vm: MakeFacts) -> None:
    rules = [
        {"name": "a", "match": {"pattern": "*"}, "services": {"vss": False, "kvp": None}, "reason": "first"},
        {"name": "b", "match": {"name": "other"}, "services": {"heartbeat": False}},
        {"name": "c", "match": {"pattern": "*"}, "profile": "hardened", "reason": "second"},
        {"name": "d", "match": {"pattern": "*"}, "services": {"vss": True, "kvp": True}},
    ]
    decision = decide(vm("web01"), rules=rules, merge=True)
    assert decision["rules"] == ["rule 1 (a)", "rule 3 (c)"]
    assert decision["reason"] == "first; second"
    assert decision["services"] == {
        "heartbeat": True,
        "shutdown": True,
        "time_synchronization": True,
        "vss": False,
        "guest_service_interface": False,
    }


def test_merge_leaves_alone_what_profile_none_exempts(vm: MakeFacts) -> None:
    rules = [{"match": {"name": "web01"}, "profile": "none"}, {"match": {"pattern": "*"}, "profile": "lab"}]
    assert decide(vm("web01"), rules=rules, merge=True)["services"] == {}


@pytest.mark.parametrize(
    ("profile", "alone"),
    [
        ("hardened", {"key_value_pair_exchange"}),
        ("isolated", {"key_value_pair_exchange", "vss", "guest_service_interface"}),
    ],
)
def test_merge_leaves_alone_what_a_named_profile_leaves_alone(vm: MakeFacts, profile: str, alone: set[str]) -> None:
    """A rule for all others further down does not undo the profile of a rule above it."""
    rules = [{"match": {"name": "web01"}, "profile": profile}, {"match": {"pattern": "*"}, "profile": "lab"}]
    decision = decide(vm("web01", off=("guest_service_interface", *alone)), rules=rules, merge=True)
    assert (decision["rules"], decision["changes"]) == (["rule 1"], {})
    assert not alone & set(decision["services"])


def test_merge_takes_a_service_from_an_earlier_rule_before_the_profile(vm: MakeFacts) -> None:
    rules = [
        {"match": {"name": "web01"}, "services": {"kvp": True}},
        {"match": {"pattern": "*"}, "profile": "isolated"},
    ]
    decision = decide(vm("web01", off=("key_value_pair_exchange", "vss")), rules=rules, merge=True)
    assert decision["changes"] == {"key_value_pair_exchange": {"before": False, "after": True}}
    assert decision["reason"] == (
        "confidential virtual machines: what their kernel refuses is left alone (except key_value_pair_exchange: on)"
    )


def test_purpose_of_a_profile_names_where_the_rule_departs_from_it(vm: MakeFacts) -> None:
    rules = [{"match": {"pattern": "*"}, "profile": "default_safe", "services": {"gsi": True, "shutdown": False}}]
    assert decide(vm("web01"), rules=rules)["reason"] == (
        "every service on, but the host copies no files into the guest "
        "(except shutdown: left alone, guest_service_interface: on)"
    )
    assert decide(vm("web01"), rules=[{**rules[0], "reason": "asked for"}])["reason"] == "asked for"


def test_isolation_note_does_not_name_the_profile_that_is_in_use(vm: MakeFacts) -> None:
    rules = [{"match": {"pattern": "*"}, "profile": "isolated", "services": {"kvp": True}}]
    (note,) = decide(vm("secret", isolation="SNP"), rules=rules)["notes"]
    assert note == "isolation SNP: a Linux guest refuses key_value_pair_exchange regardless of the host setting"


@pytest.mark.parametrize(
    ("enabled", "verdict", "told"),
    [
        (True, "ok", False),
        (True, "no_contact", True),
        (True, "not_applicable", True),
        (False, "disabled", True),
    ],
)
def test_guest_step_is_left_out_where_the_service_answers(
    vm: MakeFacts, enabled: bool, verdict: str, told: bool
) -> None:
    facts = vm("db01")
    facts["services"]["vss"] = {"offered": True, "enabled": enabled, "verdict": verdict}
    notes = decide(facts, default="backup")["notes"]
    assert (
        "backup: the guest's VSS service (Windows: vmicvss) or daemon (Linux: hv_vss_daemon) must run" in notes
    ) is told


@pytest.mark.parametrize(
    ("profile", "services"),
    [("domain_controller", {"timesync": False}), ("backup", {"vss": False}), ("replica", {"kvp": False, "vss": False})],
)
def test_guest_step_is_left_out_where_the_rule_disables_its_service(
    vm: MakeFacts, profile: str, services: dict[str, bool]
) -> None:
    """The note of a profile speaks of a service that is on: it would contradict the plan."""
    rules = [{"match": {"pattern": "*"}, "profile": profile, "services": services}]
    facts = vm("vm01")
    for service in facts["services"].values():
        service["verdict"] = "no_contact"
    overrides = {"timesync": "time from the PTP appliance"}
    assert decide(facts, rules=rules, overrides=overrides)["notes"] == []


def test_guest_step_is_left_out_where_its_service_stays_off(vm: MakeFacts) -> None:
    notes = decide(vm("pay01", off=("key_value_pair_exchange",)), default="hardened")["notes"]
    assert [note.partition(" ")[0] for note in notes] == ["hardened:"]
    assert "vmicvmsession" in notes[0]


def test_refused_service_is_left_alone_and_explained(vm: MakeFacts) -> None:
    rules = [
        {"name": "r", "match": {"pattern": "*"}, "services": {"shutdown": False, "vss": False}},
        {"match": {"pattern": "*"}, "services": {"shutdown": True}},
    ]
    plan = make_plan([vm("web01")], {"rules": rules, "merge": True, "protected": []})
    (decision,) = plan["decisions"]
    assert decision["services"] == {"vss": False}
    (refused,) = decision["refused"]
    assert (refused["service"], refused["rule"]) == ("shutdown", "rule 1 (r)")
    assert "cut its power" in refused["why"]
    assert "overrides: {shutdown:" in refused["override"]
    assert plan["module_plan"] == [{"id": [decision["id"]], "services": {"vss": False}, "overrides": {}}]


@pytest.mark.parametrize("where", ["rule", "policy"])
def test_override_reaches_the_module(vm: MakeFacts, where: str) -> None:
    overrides = {"shutdown": REASON}
    rule: dict[str, Any] = {"match": {"name": "web01"}, "services": {"shutdown": False, "vss": False}}
    policy: dict[str, Any] = {"rules": [rule]}
    (rule if where == "rule" else policy)["overrides"] = overrides
    plan = make_plan([vm("web01"), vm("web02")], policy)
    assert [entry["overrides"] for entry in plan["module_plan"]] == [overrides, {}]
    assert plan["decisions"][0]["changes"]["shutdown"] == {"before": True, "after": False}
    assert plan["summary"]["overridden"] == 1


def test_further_protected_service_reaches_the_module(vm: MakeFacts) -> None:
    plan = make_plan([vm("web01")], {"protected": ["backup"]})
    assert plan["protected"] == ["shutdown", "time_synchronization", "vss"]


def test_service_that_is_not_offered_is_not_planned(vm: MakeFacts) -> None:
    facts = vm("old")
    facts["services"]["guest_service_interface"] = {"offered": False, "enabled": None, "verdict": "not_applicable"}
    del facts["services"]["vss"]
    decision = decide(facts)
    assert decision["not_offered"] == ["vss", "guest_service_interface"]
    assert set(decision["services"]) == {"heartbeat", "shutdown", "time_synchronization", "key_value_pair_exchange"}
    assert decision["changes"] == {}


def test_virtual_machine_that_could_not_be_read_is_left_alone(vm: MakeFacts) -> None:
    plan = make_plan([vm("gone", services={}, error="it was removed meanwhile")], {})
    assert plan["module_plan"] == []
    assert plan["decisions"][0]["notes"] == ["left alone: it was removed meanwhile"]


def test_same_switches_share_an_entry_whatever_the_rule(vm: MakeFacts) -> None:
    fleet = [vm(f"web{number:04}") for number in range(2000)]
    rules = [{"match": {"pattern": "*7"}, "profile": "backup"}, {"match": {"pattern": "*8"}, "profile": "lab"}]
    entries = make_plan(fleet, {"rules": rules})["module_plan"]
    assert [len(entry["id"]) for entry in entries] == [1800, 200]


def test_different_reasons_do_not_share_an_entry(vm: MakeFacts) -> None:
    reasons = {"web01": "asked by the first team", "web02": "asked by the second team"}
    rules = [
        {"match": {"name": name}, "services": {"shutdown": False}, "overrides": {"shutdown": reason}}
        for name, reason in reasons.items()
    ]
    entries = make_plan([vm("web01"), vm("web02")], {"rules": rules})["module_plan"]
    assert [entry["overrides"]["shutdown"] for entry in entries] == list(reasons.values())


def test_domain_controller_is_told_about_the_guest(vm: MakeFacts) -> None:
    rules = [{"match": {"pattern": "dc*"}, "profile": "domain_controller"}]
    decision = decide(vm("DC01", off=("time_synchronization",)), rules=rules)
    assert decision["changes"]["time_synchronization"] == {"before": False, "after": True}
    assert "VMICTimeProvider" in decision["notes"][0]


@pytest.mark.parametrize(
    ("verdict", "enabled", "told"),
    [
        ("no_contact", True, True),
        ("lost_communication", True, True),
        ("error", True, True),
        ("ok", True, False),
        ("protocol_mismatch", True, False),
        ("not_applicable", True, False),
        ("no_contact", False, False),
    ],
)
def test_service_that_has_to_answer(vm: MakeFacts, verdict: str, enabled: bool, told: bool) -> None:
    facts = vm("vm01")
    facts["services"]["key_value_pair_exchange"] = {"offered": True, "enabled": enabled, "verdict": verdict}
    expected = f"azure_migrate: key_value_pair_exchange has to answer, but the host sees {verdict}"
    assert decide(facts, default="azure_migrate")["notes"] == ([expected] if told else [])


@pytest.mark.parametrize(
    ("isolation", "profile", "told"),
    [("SNP", "default_safe", True), ("SNP", "isolated", False), ("TrustedLaunch", "default_safe", False)],
)
def test_confidential_guest_refuses_services(vm: MakeFacts, isolation: str, profile: str, told: bool) -> None:
    notes = decide(vm("secret", isolation=isolation), default=profile)["notes"]
    assert bool(notes) is told
    if told:
        assert "refuses key_value_pair_exchange, vss regardless of the host setting; the profile isolated" in notes[0]


def test_summary_counts_and_names_unused_rules(vm: MakeFacts) -> None:
    rules = [
        {"name": "nobody", "match": {"name": "x"}, "profile": "lab"},
        {"match": {"name": "web01"}, "services": {"vss": False, "kvp": False, "shutdown": False}},
    ]
    assert make_plan([vm("web01"), vm("web02"), vm("web03")], {"rules": rules})["summary"] == {
        "virtual_machines": 3,
        "unmatched": 2,
        "to_change": 1,
        "changes": 2,
        "refused": 1,
        "overridden": 0,
        "ending": 0,
        "unused_rules": ["rule 1 (nobody)"],
    }


def test_no_virtual_machine_is_an_empty_plan() -> None:
    plan = make_plan([], {})
    assert (plan["module_plan"], plan["decisions"]) == ([], [])


def test_expression_that_fails_names_rule_and_virtual_machine(vm: MakeFacts) -> None:
    rules = [{"name": "noted", "match": {"where": "contains(notes, 'x')"}, "profile": "lab"}]
    with pytest.raises(PolicyError, match=r"^rule 1 \(noted\): match\.where .*\(virtual machine 'web01', "):
        make_plan([vm("web01", notes=None)], {"rules": rules})


def test_bad_facts_are_refused(vm: MakeFacts) -> None:
    facts = vm("web01")
    with pytest.raises(PolicyError, match="more than once"):
        make_plan([facts, facts], {})
    del facts["services"]
    with pytest.raises(PolicyError, match=r"'web01'\) have no services"):
        make_plan([facts], {})


def test_override_that_ended_is_refused_and_the_switch_left_alone(vm: MakeFacts) -> None:
    override = {"reason": REASON, "until": "2026-12-31"}
    rules = [{"match": {"pattern": "*"}, "services": {"shutdown": False}, "overrides": {"shutdown": override}}]
    last_day = make_plan([vm("ups")], {"rules": rules}, date(2026, 12, 31))
    (decision,) = last_day["decisions"]
    assert (decision["overrides"], decision["overrides_until"]) == ({"shutdown": REASON}, {"shutdown": "2026-12-31"})
    assert last_day["module_plan"][0]["overrides"] == {"shutdown": REASON}, "the module wants texts"
    assert f"  overridden: shutdown may be off until 2026-12-31: {REASON} [ups]" in last_day["explanation"]
    after = make_plan([vm("ups")], {"rules": rules}, date(2027, 1, 1))
    (decision,) = after["decisions"]
    (refused,) = decision["refused"]
    assert (refused["expired"], decision["services"], decision["overrides_until"]) == ("2026-12-31", {}, {})
    assert (after["module_plan"], after["summary"]["refused"]) == ([], 1)
    assert any("ended on 2026-12-31" in line for line in after["explanation"])


def test_override_without_a_last_day_has_none(vm: MakeFacts) -> None:
    rules = [{"match": {"pattern": "*"}, "services": {"shutdown": False}, "overrides": {"shutdown": REASON}}]
    (decision,) = make_plan([vm("ups")], {"rules": rules}, date(2999, 1, 1))["decisions"]
    assert (decision["overrides"], decision["overrides_until"]) == ({"shutdown": REASON}, {})


def with_last_day(until: str, name: str = "ups*") -> dict[str, Any]:
    override = {"reason": REASON, "until": until}
    return {"match": {"pattern": name}, "services": {"shutdown": False}, "overrides": {"shutdown": override}}


def test_ended_override_stops_only_its_service_on_its_virtual_machines(vm: MakeFacts) -> None:
    rules = [
        {**with_last_day("2026-12-31"), "name": "ups", "profile": "default_safe"},
        {**with_last_day("2027-12-31", "san*"), "name": "san"},
    ]
    fleet = [vm("san01"), vm("ups01", off=("vss",)), vm("ups02"), vm("web01", off=("vss",))]
    plan = make_plan(fleet, {"rules": rules}, date(2027, 1, 1))
    changes = {decision["name"]: sorted(decision["changes"]) for decision in plan["decisions"]}
    assert changes == {
        "san01": ["shutdown"],
        "ups01": ["guest_service_interface", "vss"],
        "ups02": [],
        "web01": ["guest_service_interface", "vss"],
    }
    (line,) = plan["ended"]
    assert line.startswith(
        f"rule 1 (ups): shutdown is left as it is: the override ({REASON}) ended on 2026-12-31, and shutdown is "
    )
    assert line.endswith("renew it: overrides: {shutdown: {reason: ..., until: <day>}}. [ups01, ups02]")


def test_service_whose_setting_could_not_be_read_is_left_alone(vm: MakeFacts) -> None:
    """It is offered, so the plan must not say that it is not."""
    facts = vm("web01")
    facts["services"]["vss"] |= {"enabled": None}
    (decision,) = make_plan([facts], {})["decisions"]
    assert (decision["not_offered"], "vss" in decision["services"]) == ([], False)
    assert decision["notes"] == ["left alone: whether vss is enabled on the host could not be read"]


def test_ended_override_of_a_service_that_is_not_offered_is_nothing_to_do(vm: MakeFacts) -> None:
    facts = vm("ups01")
    facts["services"]["shutdown"] |= {"offered": False, "enabled": None}
    plan = make_plan([facts], {"rules": [with_last_day("2026-12-31")]}, date(2027, 1, 1))
    assert (plan["ended"], plan["decisions"][0]["not_offered"]) == ([], ["shutdown"])


def test_refusal_without_an_override_is_none_that_has_ended(vm: MakeFacts) -> None:
    rules = [{"match": {"pattern": "*"}, "services": {"shutdown": False}}]
    assert make_plan([vm("ups01")], {"rules": rules}, date(2027, 1, 1))["ended"] == []


@pytest.mark.parametrize(
    ("today", "when"),
    [
        (date(2026, 12, 16), None),
        (date(2026, 12, 17), "in 14 days"),
        (date(2026, 12, 30), "tomorrow"),
        (date(2026, 12, 31), "today"),
        (date(2027, 1, 1), None),
    ],
)
def test_override_that_ends_soon_is_told_in_time(vm: MakeFacts, today: date, when: str | None) -> None:
    plan = make_plan([vm("ups01"), vm("ups02")], {"rules": [with_last_day("2026-12-31")]}, today)
    days = (date(2026, 12, 31) - today).days
    expected = [
        f"rule 1: the override for shutdown ({REASON}) ends {when}, on 2026-12-31. "
        "Renew it, or take services: {shutdown: false} out of the rule. [ups01, ups02]"
    ]
    assert plan["ending"] == (expected if when else [])
    assert plan["summary"]["ending"] == (2 if when else 0)
    line = f"  ending: shutdown may be off only until 2026-12-31 (days left: {days}) [ups01, ups02]"
    assert (line in plan["explanation"]) is bool(when)
    assert plan["explanation"][-1].endswith("ending soon: 2") is bool(when)


@pytest.mark.parametrize(("days", "told"), [(0, False), (9, False), (10, True)])
def test_days_of_the_warning_can_be_set(vm: MakeFacts, days: int, told: bool) -> None:
    policy = {"rules": [with_last_day("2026-12-31")], "override_warning_days": days}
    assert bool(make_plan([vm("ups01")], policy, date(2026, 12, 21))["ending"]) is told


def test_override_of_the_whole_policy_warns_where_it_is_used(vm: MakeFacts) -> None:
    rule = {"match": {"name": "ups01"}, "services": {"shutdown": False}}
    policy = {"rules": [rule], "overrides": {"shutdown": {"reason": REASON, "until": "2026-12-31"}}}
    assert len(make_plan([vm("ups01")], policy, date(2026, 12, 31))["ending"]) == 1
    assert make_plan([vm("web01")], policy, date(2026, 12, 31))["ending"] == []


def test_rules_are_the_same_rule_on_another_host_by_their_id(vm: MakeFacts) -> None:
    def ids(**policy: Any) -> list[str]:
        return [use["id"] for use in make_plan([vm("web01")], policy)["rules"]]

    rule, other = {"match": {"name": "a"}, "profile": "lab"}, {"match": {"name": "b"}, "profile": "lab"}
    assert ids(rules=[rule, other]) == ids(rules=[rule, other], default="none")
    assert len({*ids(rules=[rule, other]), *ids(rules=[other, rule])}) == 4, "rule 1 here is not rule 1 there"
    assert ids(rules={"host_policy_rules_b": [rule]}) != ids(rules={"host_policy_rules": [rule]})
