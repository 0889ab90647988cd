# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From facts and a policy to a plan: which virtual machine gets which switches, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.errors import PolicyError
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.explain import (
    ended_lines,
    ending_lines,
    explain,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.expression import Facts
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.names import fold
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.profiles import GuestStep, Profile
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.rules import (
    DEFAULT_LABEL,
    Policy,
    Rule,
    parse_policy,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.shapes import (
    Change,
    Decision,
    ModulePlanEntry,
    Plan,
    RuleUse,
    Summary,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.unused import why_unused

# Verdicts that mean: the guest does not answer. An older protocol or an unhealthy application still answers.
_SILENT = ("no_contact", "lost_communication", "error")
_SETTING = {True: "on", False: "off", None: "left alone"}
# Isolation types with which a Linux guest refuses all but heartbeat, shutdown and time synchronization.
# Source: Linux, enum hv_isolation_type (TrustedLaunch is none), drivers/hv/channel_mgmt.c (allowed_in_isolated).
_CONFIDENTIAL = ("VBS", "SNP", "TDX")
_REFUSED_WHEN_CONFIDENTIAL = ("key_value_pair_exchange", "vss", "guest_service_interface")


def make_plan(virtual_machines: Sequence[Facts], policy: Mapping[str, Any], today: date | None = None) -> Plan:
    """Return what a policy (see parse_policy) wants of the virtual machines of one host.

    virtual_machines: as vm_integration_service_info returns them; their order does not matter. Decisions are ordered by
    name, then id. What the guard refuses is left alone and explained. today: overrides that ended before permit
    nothing. Raises PolicyError for a bad policy or bad facts.
    """
    parsed = parse_policy(policy, today)
    _check_facts(virtual_machines)
    ordered = sorted(virtual_machines, key=lambda facts: (fold(facts["name"]), facts["id"]))
    decisions = [_decide(facts, parsed) for facts in ordered]
    uses = _uses(parsed, ordered, decisions)
    summary = _summary(decisions, uses)
    return Plan(
        module_plan=_grouped(decisions),
        decisions=decisions,
        protected=[key for key in KEYS if key in parsed.protected],
        rules=uses,
        summary=summary,
        ended=ended_lines(decisions),
        ending=ending_lines(decisions),
        explanation=explain(decisions, uses, summary),
    )


def _check_facts(virtual_machines: Sequence[Facts]) -> None:
    for position, facts in enumerate(virtual_machines):
        missing = [key for key in ("id", "name", "services") if key not in facts]
        if missing:
            raise PolicyError(
                f"facts of virtual machine {position} ({facts.get('name')!r}) have no {', '.join(missing)}: "
                "give the list virtual_machines that vm_integration_service_info returns"
            )
    twice = [id for id, count in Counter(facts["id"] for facts in virtual_machines).items() if count > 1]
    if twice:
        raise PolicyError(f"facts hold the virtual machine {twice[0]} more than once: give the facts of one host only")


def _decide(facts: Facts, policy: Policy) -> Decision:
    deciders = _deciders(facts, policy)
    refusals = {service: policy.refusal(rule, service) for service, rule in deciders.items()}
    wanted = {service: None if refusals[service] else rule.services[service] for service, rule in deciders.items()}
    rules = list(dict.fromkeys(deciders.values()))
    profiles = list(dict.fromkeys(rule.profile for rule in rules if rule.profile))
    decision = Decision(
        id=facts["id"],
        name=facts["name"],
        profiles=[profile.name for profile in profiles],
        rules=[rule.label for rule in rules],
        reason="; ".join(filter(None, (_reason(rule, wanted) for rule in rules))),
        services={},
        changes={},
        overrides={},
        overrides_until={},
        ending=[],
        refused=[],
        not_offered=[],
        notes=[],
    )
    if facts.get("error"):
        decision["notes"].append(f"left alone: {facts['error']}")
        return decision
    unread: list[str] = []
    for service in KEYS:
        if service not in deciders or deciders[service].services[service] is None:
            continue
        rule, refusal, after = deciders[service], refusals[service], wanted[service]
        seen = facts["services"].get(service) or {}
        before = seen.get("enabled")
        if before is None and seen.get("offered"):
            unread.append(f"left alone: whether {service} is enabled on the host could not be read")
        elif before is None:
            decision["not_offered"].append(service)
        elif refusal:
            decision["refused"].append(refusal)
        elif after is not None:
            decision["services"][service] = after
            if before != after:
                decision["changes"][service] = Change(before=before, after=after)
            if not after and service in policy.protected:
                override = rule.overrides[service]
                decision["overrides"][service] = override.reason
                if override.until:
                    decision["overrides_until"][service] = str(override.until)
                if ending := policy.ending(rule, service):
                    decision["ending"].append(ending)
    decision["notes"] = [*unread, *_notes(facts, profiles, decision["services"])]
    return decision


def _deciders(facts: Facts, policy: Policy) -> dict[str, Rule]:
    """Return which rule decides each service: the first that matches and has something to say about it."""
    matching = [rule for rule in policy.rules if rule.matches(facts)] or [policy.default]
    deciders: dict[str, Rule] = {}
    for rule in matching if policy.merge else matching[:1]:
        for service in rule.services:
            deciders.setdefault(service, rule)
    return deciders


def _reason(rule: Rule, wanted: Mapping[str, bool | None]) -> str:
    """Return why a rule exists: its own words, or its profile's purpose and where the decision departs from it."""
    if rule.reason or rule.profile is None:
        return rule.reason
    other = [
        f"{service}: {_SETTING[wanted[service]]}"
        for service, of_profile in rule.profile.services.items()
        if wanted[service] is not of_profile
    ]
    return rule.profile.purpose + (f" (except {', '.join(other)})" if other else "")


def _notes(facts: Facts, profiles: Iterable[Profile], services: Mapping[str, bool]) -> list[str]:
    notes = []
    for profile in profiles:
        notes += [f"{profile.name}: {step.text}" for step in profile.guest if _remains(step, facts, services)]
        for service in profile.in_contact:
            seen = facts["services"].get(service) or {}
            if services.get(service) and seen.get("enabled") and seen.get("verdict") in _SILENT:
                notes.append(f"{profile.name}: {service} has to answer, but the host sees {seen['verdict']}")
    refused = [service for service in _REFUSED_WHEN_CONFIDENTIAL if services.get(service)]
    if facts.get("isolation") in _CONFIDENTIAL and refused:
        named = [profile.name for profile in profiles]
        instead = "" if "isolated" in named else "; the profile isolated leaves them alone"
        notes.append(
            f"isolation {facts['isolation']}: a Linux guest refuses {', '.join(refused)} regardless of the host "
            f"setting{instead}"
        )
    return notes


def _remains(step: GuestStep, facts: Facts, services: Mapping[str, bool]) -> bool:
    """Tell whether a step in the guest is still to be done, once the services have these host settings."""
    if step.service is None:
        return True
    seen = facts["services"].get(step.service) or {}
    done = step.done_when_ok and seen.get("enabled") and seen.get("verdict") == "ok"
    return bool(services.get(step.service, seen.get("enabled"))) and not done


def _grouped(decisions: Iterable[Decision]) -> list[ModulePlanEntry]:
    """Virtual machines that shall have the same switches for the same reasons share an entry."""
    entries: dict[tuple[object, ...], ModulePlanEntry] = {}
    for decision in decisions:
        if decision["services"]:
            services, overrides = decision["services"], decision["overrides"]
            entry = entries.setdefault(
                (*services.items(), *overrides.items()),
                ModulePlanEntry(id=[], services=dict(services), overrides=dict(overrides)),
            )
            entry["id"].append(decision["id"])
    return list(entries.values())


def _uses(policy: Policy, machines: Sequence[Facts], decisions: Sequence[Decision]) -> list[RuleUse]:
    used = Counter(label for decision in decisions for label in decision["rules"])
    by_id = {decision["id"]: decision for decision in decisions}
    return [
        RuleUse(
            rule=rule.label,
            id=rule.id,
            virtual_machines=used[rule.label],
            unused=None if used[rule.label] else why_unused(rule, machines, by_id),
        )
        for rule in policy.rules
    ]


def _summary(decisions: Sequence[Decision], uses: Iterable[RuleUse]) -> Summary:
    return Summary(
        virtual_machines=len(decisions),
        unmatched=sum(DEFAULT_LABEL in decision["rules"] for decision in decisions),
        to_change=sum(bool(decision["changes"]) for decision in decisions),
        changes=sum(len(decision["changes"]) for decision in decisions),
        refused=sum(len(decision["refused"]) for decision in decisions),
        overridden=sum(len(decision["overrides"]) for decision in decisions),
        ending=sum(len(decision["ending"]) for decision in decisions),
        unused_rules=[use["rule"] for use in uses if use["unused"]],
    )
