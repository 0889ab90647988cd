# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every plan, whatever the policy and the facts."""

from __future__ import annotations

import copy
import json
import uuid
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS, WORDS
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.errors import PolicyError
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.profiles import PROFILES
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.rules import policy_problems
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.shapes import Plan

NEVER = ("shutdown", "time_synchronization")
NAMES = ("web01", "WEB01", "web[01]", "dc01", "sql*")
GROUPS = ("tier1", "tier2")

switches = st.sampled_from((True, False, None))
reasons = st.sampled_from(("takes its time from the PTP appliance", " 8 letters "))
verdicts = st.sampled_from(("ok", "no_contact", "disabled", "not_applicable", "error"))
components = st.builds(lambda enabled, verdict: {"enabled": enabled, "verdict": verdict}, switches, verdicts)


@st.composite
def virtual_machines(draw: st.DrawFn) -> dict[str, Any]:
    facts = {
        "id": str(draw(st.uuids())),
        "name": draw(st.sampled_from(NAMES) | st.text(min_size=1, max_size=8)),
        "groups": draw(st.lists(st.sampled_from(GROUPS), unique=True)),
        "generation": draw(st.sampled_from((1, 2))),
        "isolation": draw(st.sampled_from((None, "SNP", "TrustedLaunch"))),
        "replication": {"mode": draw(st.sampled_from(("None", "Primary", "Replica")))},
        "services": {key: draw(components) for key in draw(st.lists(st.sampled_from(KEYS), unique=True))},
    }
    if draw(st.integers(0, 9)) == 0:
        facts["error"] = "it was removed meanwhile"
    return facts


fleets = st.lists(virtual_machines(), max_size=8, unique_by=lambda facts: facts["id"])


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    services = draw(st.dictionaries(st.sampled_from(KEYS), switches, max_size=4))
    off = [service for service, wanted in services.items() if wanted is False]
    rule = {
        "match": draw(conditions),
        "services": services,
        "overrides": {service: draw(reasons) for service in off if draw(st.booleans())},
        "reason": draw(st.sampled_from(("", "because"))),
    }
    if not services or draw(st.booleans()):
        rule["profile"] = draw(st.sampled_from(tuple(PROFILES)))
    return rule


conditions = st.sampled_from(
    (
        {"pattern": "*"},
        {"pattern": ["web*", "[a-f]*"]},
        {"name": "Web01"},
        {"group": "tier1"},
        {"replication": ["Primary", "Replica"]},
        {"isolation": False, "group": ["tier2", "tier1"]},
        {"where": "generation == `2`"},
    )
)
policies = st.fixed_dictionaries(
    {
        "default": st.sampled_from(tuple(PROFILES)),
        "rules": st.lists(rules(), max_size=4),
        "merge": st.booleans(),
        "protected": st.lists(st.sampled_from(WORDS), max_size=2),
        "overrides": st.dictionaries(st.sampled_from(KEYS), reasons, max_size=1),
    },
)

# What people may write.
mistakes: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(("short", "", None, True, "*", "lab", [])),
    st.dictionaries(st.sampled_from((*WORDS, "match", "name")), st.sampled_from((False, "short", None)), max_size=3),
)


@st.composite
def careless_policies(draw: st.DrawFn) -> dict[str, Any]:
    policy: dict[str, Any] = copy.deepcopy(draw(policies))
    places: list[dict[str, Any]] = [policy, *policy["rules"]]
    for place in places:
        for field in draw(st.lists(st.sampled_from(tuple(place)), max_size=1)):
            place[field] = draw(mistakes)
    return policy


def applied(fleet: list[dict[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    """Return the facts after the module has done what the plan says."""
    after = copy.deepcopy(fleet)
    by_id = {facts["id"]: facts for facts in after}
    for entry in plan["module_plan"]:
        for id in entry["id"]:
            for service, wanted in entry["services"].items():
                by_id[id]["services"][service]["enabled"] = wanted
    return after


@given(fleets, policies | careless_policies())
def test_nothing_disables_shutdown_or_time_without_a_reason(
    fleet: list[dict[str, Any]], policy: dict[str, Any]
) -> None:
    try:
        plan = make_plan(fleet, policy)
    except PolicyError:
        assert policy_problems(policy)
        return
    sources = (policy, *(policy["rules"] or ()))
    given_reasons = [reason.strip() for source in sources for reason in (source["overrides"] or {}).values()]
    for entry in plan["module_plan"]:
        for service in NEVER:
            if entry["services"].get(service) is False:
                reason = entry["overrides"][service]
                assert len(reason.strip()) >= 8
                assert reason in given_reasons
    assert set(NEVER) <= set(plan["protected"])


@given(fleets, policies)
def test_without_overrides_nothing_disables_a_protected_service(
    fleet: list[dict[str, Any]], policy: dict[str, Any]
) -> None:
    rules_without = [{**rule, "overrides": {}} for rule in policy["rules"]]
    plan = make_plan(fleet, {**policy, "rules": rules_without, "overrides": {}})
    for before, after in zip(fleet, applied(fleet, plan), strict=True):
        for service in plan["protected"]:
            was_on = before["services"].get(service, {}).get("enabled") is True
            assert not was_on or after["services"][service]["enabled"] is True


@given(fleets, policies)
def test_policy_that_is_not_refused_gives_a_plan_that_refuses_nothing(
    fleet: list[dict[str, Any]], policy: dict[str, Any]
) -> None:
    assume(not policy_problems(policy))
    assert make_plan(fleet, policy)["summary"]["refused"] == 0


@given(fleets, policies)
def test_second_run_changes_nothing(fleet: list[dict[str, Any]], policy: dict[str, Any]) -> None:
    # No condition drawn here looks at the switches themselves: such a policy may never come to rest.
    plan = make_plan(fleet, policy)
    again = make_plan(applied(fleet, plan), policy)
    assert again["summary"]["changes"] == 0
    assert again["module_plan"] == plan["module_plan"]
    assert [decision["rules"] for decision in again["decisions"]] == [
        decision["rules"] for decision in plan["decisions"]
    ]


@given(fleets, policies, st.randoms())
def test_order_of_virtual_machines_does_not_matter(
    fleet: list[dict[str, Any]], policy: dict[str, Any], random: Any
) -> None:
    shuffled = list(fleet)
    random.shuffle(shuffled)
    assert make_plan(shuffled, policy) == make_plan(fleet, policy)


@given(fleets, policies)
def test_every_virtual_machine_is_decided_once(fleet: list[dict[str, Any]], policy: dict[str, Any]) -> None:
    plan = make_plan(fleet, policy)
    ids = sorted(facts["id"] for facts in fleet)
    assert sorted(decision["id"] for decision in plan["decisions"]) == ids
    planned = [id for entry in plan["module_plan"] for id in entry["id"]]
    assert sorted(planned) == sorted(decision["id"] for decision in plan["decisions"] if decision["services"])
    for decision in plan["decisions"]:
        assert decision["rules"]
        assert policy["merge"] or len(decision["rules"]) == 1


@given(fleets, policies)
def test_changes_are_exactly_what_differs(fleet: list[dict[str, Any]], policy: dict[str, Any]) -> None:
    plan = make_plan(fleet, policy)
    before = {facts["id"]: facts["services"] for facts in fleet}
    after = {facts["id"]: facts["services"] for facts in applied(fleet, plan)}
    for decision in plan["decisions"]:
        id = decision["id"]
        differs = {
            key: {"before": service["enabled"], "after": after[id][key]["enabled"]}
            for key, service in before[id].items()
            if service["enabled"] is not after[id][key]["enabled"]
        }
        assert decision["changes"] == differs
        assert all(isinstance(side, bool) for change in differs.values() for side in change.values())


@given(fleets, policies)
def test_entries_differ_and_wish_for_booleans(fleet: list[dict[str, Any]], policy: dict[str, Any]) -> None:
    entries = make_plan(fleet, policy)["module_plan"]
    wishes = [json.dumps((entry["services"], entry["overrides"])) for entry in entries]
    assert len(set(wishes)) == len(wishes)
    for entry in entries:
        assert entry["services"]
        assert all(isinstance(wanted, bool) for wanted in entry["services"].values())
        assert [key for key in KEYS if key in entry["services"]] == list(entry["services"])


@given(fleets, policies, policies)
def test_merged_later_rules_never_take_back_what_was_decided(
    fleet: list[dict[str, Any]], policy: dict[str, Any], later: dict[str, Any]
) -> None:
    merging = {**policy, "merge": True}
    longer = {**merging, "rules": [*policy["rules"], *later["rules"]]}
    pairs = zip(make_plan(fleet, merging)["decisions"], make_plan(fleet, longer)["decisions"], strict=True)
    for short, long in pairs:
        if short["rules"] != ["host_policy_default"]:
            assert short["services"].items() <= long["services"].items()
            assert all(refusal in long["refused"] for refusal in short["refused"])


@given(fleets, policies)
def test_merge_never_changes_what_a_matching_profile_leaves_alone(
    fleet: list[dict[str, Any]], policy: dict[str, Any]
) -> None:
    """For each virtual machine, the first rule with a profile that matches it, asked alone, leaves services alone: only
    a rule before it may decide them, and no rule after it, not even one for all that has everything on."""
    last = {"match": {"pattern": "*"}, "profile": "lab"}
    plan = make_plan(fleet, {**policy, "merge": True, "rules": [*policy["rules"], last]})
    for facts, after in zip(fleet, applied(fleet, plan), strict=True):
        before: set[str] = set()
        for rule in policy["rules"]:
            (alone,) = make_plan([facts], {"default": "none", "rules": [rule]})["decisions"]
            if alone["rules"] == ["host_policy_default"]:
                continue
            own = {service for service, wanted in rule["services"].items() if wanted is not None}
            if "profile" in rule:
                exempt = {key for key in KEYS if PROFILES[rule["profile"]].services.get(key) is None}
                for service in (exempt - own - before) & set(facts["services"]):
                    assert after["services"][service]["enabled"] is facts["services"][service]["enabled"]
                break
            before |= set(rule["services"])


@given(fleets, policies)
def test_plan_is_json(fleet: list[dict[str, Any]], policy: dict[str, Any]) -> None:
    plan = make_plan(fleet, policy)
    assert json.loads(json.dumps(plan)) == plan


@given(virtual_machines(), policies)
def test_decision_does_not_depend_on_the_other_virtual_machines(facts: dict[str, Any], policy: dict[str, Any]) -> None:
    twin = {**facts, "id": str(uuid.UUID(int=uuid.UUID(facts["id"]).int ^ 1))}
    (alone,) = make_plan([facts], policy)["decisions"]
    assert alone in make_plan([twin, facts], policy)["decisions"]
