# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.errors import PolicyError
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.guard import Override
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.rules import parse_policy, policy_problems


def one_rule(**fields: Any) -> dict[str, Any]:
    return {"rules": [{"match": {"pattern": "*"}, **fields}]}


def test_empty_policy_is_default_safe() -> None:
    policy = parse_policy({})
    assert policy.default.profile is not None
    assert policy.default.profile.name == "default_safe"
    assert (policy.rules, policy.merge) == ((), False)
    assert policy.protected == {"shutdown", "time_synchronization"}


def test_services_of_a_rule_lie_over_its_profile() -> None:
    (rule,) = parse_policy(one_rule(profile="default_safe", services={"gsi": True, "vss": None})).rules
    assert rule.services == {
        "heartbeat": True,
        "shutdown": True,
        "time_synchronization": True,
        "key_value_pair_exchange": True,
        "vss": None,
        "guest_service_interface": True,
    }


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"name": "web servers", "reason": "x"}, "rule 1 (web servers)"),
        ({"reason": "owned by the web team"}, "rule 1 (owned by the web team)"),
        ({}, "rule 1"),
    ],
)
def test_label_is_number_and_name_or_reason(fields: dict[str, str], label: str) -> None:
    (rule,) = parse_policy(one_rule(profile="lab", **fields)).rules
    assert rule.label == label


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("web*", "rule 1: 'web*': give a mapping of name, match, profile"),
        ({"profile": "lab"}, "rule 1: match None: give at least one of"),
        ({"name": "w", "match": {}, "profile": "lab"}, "rule 1 (w): match {}: give at least one of"),
        ({"name": 5, "match": {"name": "a"}, "profile": "lab"}, "rule 1 (5): name 5: give a text"),
        ({"match": {"name": "a"}}, "rule 1: decides nothing: give profile, services or both"),
        ({"match": {"name": "a"}, "services": {}}, "rule 1: decides nothing: give profile, services or both"),
        ({"match": {"name": "a"}, "profil": "lab"}, "rule 1: profil: a rule has no such field; it has name, match,"),
        (
            {"match": {"name": "a"}, "profile": "safe"},
            "rule 1: profile 'safe': there is no such profile; there are default_safe, domain_controller,",
        ),
        (
            {"match": {"name": "a"}, "services": {"vsss": True}},
            "rule 1: services: there is no integration service 'vsss'; there are heartbeat, shutdown,",
        ),
        (
            {"match": {"name": "a"}, "services": {"Shutdown": True}},
            "rule 1: services: there is no integration service 'Shutdown'",
        ),
        (
            {"match": {"name": "a"}, "services": {"vss": "on"}},
            "rule 1: services.vss 'on': write true (on), false (off) or null",
        ),
        (
            {"match": {"name": "a"}, "services": {"kvp": True, "key_value_pair_exchange": False}},
            "rule 1: services: key_value_pair_exchange is there twice",
        ),
        ({"match": {"name": "a"}, "services": ["vss"]}, "rule 1: services ['vss']: give a mapping of services"),
        (
            {"match": {"name": "a"}, "services": {"timesync": False}, "overrides": {"timesync": "  short  "}},
            "rule 1: overrides.timesync '  short  ': a reason is a string of at least 8 characters",
        ),
        (
            {"match": {"name": "a"}, "services": {"timesync": False}, "overrides": {"timesync": True}},
            "rule 1: overrides.timesync True: a reason is a string of at least 8 characters",
        ),
        (
            {"match": {"name": "a"}, "profile": "lab", "overrides": {"timesync": "PTP appliance"}},
            "rule 1: overrides.time_synchronization: the rule does not switch time_synchronization off",
        ),
        (
            {"match": {"where": "foo(name)"}, "profile": "lab", "reason": "r"},
            "rule 1 (r): match.where 'foo(name)': JMESPath has no function foo;",
        ),
        (
            {"match": {"where": 'contains(notes, "dc")'}, "profile": "lab", "reason": "r"},
            "rule 1 (r): match.where 'contains(notes, \"dc\")': there is no fact dc; texts stand in single quotes",
        ),
    ],
)
def test_bad_rule_is_named_with_field_value_and_way_out(rule: Any, problem: str) -> None:
    (found,) = policy_problems({"rules": [rule]})
    assert found.startswith(problem)
    with pytest.raises(PolicyError):
        parse_policy({"rules": [rule]})


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ("default_safe", "'default_safe': give a policy as a mapping of default, rules,"),
        ({"rule": []}, "rule: a policy has no such field; it has default, rules,"),
        ({"rules": {"match": {}}}, "host_policy_rules {'match': {}}: give a list of rules"),
        ({"rules": {"host_policy_rules_dmz": "x"}}, "host_policy_rules_dmz 'x': give a list of rules"),
        (
            {"rules": {"host_policy_rules_dmz": [{}]}},
            "host_policy_rules_dmz rule 1: match None: give at least one of",
        ),
        ({"override_warning_days": "14"}, "host_policy_override_warning_days '14': write a number of days, 0 or more"),
        ({"override_warning_days": -1}, "host_policy_override_warning_days -1: write a number of days"),
        ({"override_warning_days": True}, "host_policy_override_warning_days True: write a number of days"),
        ({"default": "safe"}, "host_policy_default: profile 'safe': there is no such profile; there are"),
        ({"default": None}, "host_policy_default: profile None: there is no such profile"),
        ({"merge": "yes"}, "host_policy_merge 'yes': write true or false"),
        ({"protected": "vss"}, "host_policy_protected 'vss': give a list of services"),
        ({"protected": ["vsss"]}, "host_policy_protected: there is no integration service 'vsss'"),
        ({"overrides": {"vss": "no"}}, "host_policy_overrides.vss 'no': a reason is a string of at least 8 characters"),
    ],
)
def test_bad_policy_is_named_with_field_value_and_way_out(policy: Any, problem: str) -> None:
    (found,) = policy_problems(policy)
    assert found.startswith(problem)


def test_rules_of_several_variables_are_tried_in_their_order() -> None:
    """Each is numbered within its variable, so that its label leads to it."""
    rule = {"match": {"pattern": "*"}, "profile": "lab"}
    lists = {"host_policy_rules_dmz": [rule, {**rule, "name": "web"}], "host_policy_rules": [{**rule, "name": "all"}]}
    labels = [rule.label for rule in parse_policy({"rules": lists}).rules]
    assert labels == ["host_policy_rules_dmz rule 1", "host_policy_rules_dmz rule 2 (web)", "rule 1 (all)"]


def test_bad_list_of_one_variable_hides_no_problem_of_another() -> None:
    lists = {"host_policy_rules_a": 1, "host_policy_rules_b": [1], "host_policy_rules": [1]}
    problems = [problem.partition(":")[0] for problem in policy_problems({"rules": lists})]
    assert problems == ["host_policy_rules_a 1", "host_policy_rules_b rule 1", "rule 1"]


def test_all_problems_are_told_at_once() -> None:
    policy = {
        "default": "safe",
        "rules": [
            {"match": {"name": "a"}, "profile": "safe"},
            {"match": {"name": "b"}, "profile": "lab"},
            {"match": {"name": "c"}, "services": {"shutdown": False}},
            {"match": {}, "profile": "lab"},
        ],
    }
    subjects = [problem.partition(":")[0] for problem in policy_problems(policy)]
    assert subjects == ["host_policy_default", "rule 1", "rule 4", "rule 3"]


@pytest.mark.parametrize("service", ["shutdown", "time_synchronization"])
@pytest.mark.parametrize("protected", [[], ["vss"], ["timesync"]])
def test_rule_that_disables_a_protected_service_is_refused(service: str, protected: list[str]) -> None:
    policy = {**one_rule(name="appliances", services={service: False}), "protected": protected}
    (problem,) = policy_problems(policy)
    assert problem.startswith(
        f"rule 1 (appliances): services.{service} false: refused. {service} is protected, because"
    )
    assert f"overrides: {{{service}: <reason of at least 8 characters>}}" in problem
    assert policy_problems(policy, refusals=False) == []


def test_refusal_of_time_synchronization_points_to_the_domain_controller_profile() -> None:
    (problem,) = policy_problems(one_rule(profile="domain_controller", services={"timesync": False}))
    assert "profile domain_controller keeps the host's switch on" in problem


def test_reason_permits_to_disable_a_protected_service() -> None:
    services, overrides = {"shutdown": False}, {"shutdown": " appliance without agent "}
    policy = one_rule(services=services, overrides=overrides)
    assert policy_problems(policy) == []
    assert parse_policy(policy).rules[0].overrides == {"shutdown": Override("appliance without agent")}
    assert policy_problems({**one_rule(services=services), "overrides": overrides}) == []


@pytest.mark.parametrize("until", ["2026-12-31", date(2026, 12, 31)])
def test_override_permits_until_its_last_day(until: object) -> None:
    override = {"reason": "appliance without agent", "until": until}
    for policy in (
        one_rule(services={"shutdown": False}, overrides={"shutdown": override}),
        {**one_rule(services={"shutdown": False}), "overrides": {"shutdown": override}},
    ):
        assert policy_problems(policy, today=date(2026, 12, 31)) == []
        (problem,) = policy_problems(policy, today=date(2027, 1, 1))
        assert problem.startswith(
            "rule 1: services.shutdown false: refused. the override (appliance without agent) ended on 2026-12-31, and "
            "shutdown is protected"
        )
        assert "renew it: overrides: {shutdown: {reason: ..., until: <day>}}" in problem
        assert policy_problems(policy) == policy_problems(policy, refusals=False, today=date(2027, 1, 1)) == []


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ({"until": "2026-12-31"}, "a reason is a string of at least 8 characters"),
        ({"reason": "short", "until": "2026-12-31"}, "a reason is a string of at least 8 characters"),
        ({"reason": "long enough", "til": "2026-12-31"}, "til: an override has no such field; it has reason, until"),
        ({"reason": "long enough", "until": "31.12.2026"}, "until '31.12.2026': write the last day, as in 2026-12-31"),
        ({"reason": "long enough", "until": "2026-02-30"}, "until '2026-02-30': write the last day"),
        ({"reason": "long enough", "until": "20261231"}, "until '20261231': write the last day"),
        ({"reason": "long enough", "until": datetime(2026, 12, 31, 9)}, "until datetime.datetime(2026, 12, 31, 9, 0):"),
        ({"reason": "long enough", "until": 2026}, "until 2026: write the last day"),
    ],
)
def test_bad_override_is_named(override: Any, problem: str) -> None:
    (found,) = policy_problems(one_rule(services={"shutdown": False}, overrides={"shutdown": override}))
    assert found.startswith("rule 1: overrides.shutdown {")
    assert f": {problem}" in found


def test_default_that_disables_a_further_protected_service_is_refused() -> None:
    (problem,) = policy_problems({"protected": ["gsi"]})
    assert problem.startswith("host_policy_default: services.guest_service_interface false: refused.")
    assert policy_problems({"protected": ["gsi"], "overrides": {"gsi": "closed on purpose"}}) == []
