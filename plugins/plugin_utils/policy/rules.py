# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy as people write it, checked before anything is done with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from ansible_collections.hyperv.integration.plugins.module_utils._components import PROTECTED, WORDS, service_key
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.errors import PolicyError
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.expression import Facts
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.guard import (
    Override,
    Refusal,
    check_override,
    refusal_text,
    refuse,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.last_days import Ending, find_ending
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.match import Condition, parse_conditions
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.profiles import NONE, PROFILES, Profile

_T = TypeVar("_T")

DEFAULT_LABEL = "host_policy_default"
RULES = "host_policy_rules"
WARNING_DAYS = 14
_RULE_FIELDS = ("name", "match", "profile", "services", "overrides", "reason")
_POLICY_FIELDS = ("default", "rules", "merge", "protected", "overrides", "override_warning_days")


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule, its profile and its own services already laid over each other.

    label: "rule 2 (web servers)", for people; "host_policy_rules_dmz rule 2 (...)" in a variable of that name.
    id: the same for the same rule of the same variable on another host.
    services: key to wanted switch, None = decided to be left alone. What is missing this rule does not decide.
    overrides: key to why a protected service may be off, and until when; those of the whole policy included.
    reason: why the rule exists, as its author says; "" when the author says nothing.
    """

    label: str
    id: str
    conditions: tuple[Condition, ...]
    profile: Profile | None
    services: Mapping[str, bool | None]
    overrides: Mapping[str, Override]
    reason: str

    def matches(self, facts: Facts) -> bool:
        """Tell whether all conditions hold. Raises PolicyError when one cannot be evaluated."""
        try:
            return all(condition(facts) for condition in self.conditions)
        except ValueError as error:
            raise PolicyError(f"{self.label}: {error} (virtual machine {facts['name']!r}, {facts['id']})") from error


@dataclass(frozen=True, eq=False)
class Policy:
    """default: what applies to virtual machines that no rule matches.
    merge: later rules decide the services that earlier ones did not; otherwise the first rule that matches decides all.
    protected: services that are off only with a reason.
    today: the day by which overrides have expired or not, null when that does not matter.
    warning_days: an override that ends within that many days ends soon.
    """

    default: Rule
    rules: tuple[Rule, ...]
    merge: bool
    protected: frozenset[str]
    today: date | None
    warning_days: int

    def ending(self, rule: Rule, service: str) -> Ending | None:
        """Return which override a rule needs that ends soon, None when it needs none."""
        override = rule.overrides.get(service)
        if override is None or service not in self.protected or rule.services.get(service) is not False:
            return None
        return find_ending(service, rule.label, override, self.today, self.warning_days)

    def refusal(self, rule: Rule, service: str) -> Refusal | None:
        """Return why a rule may not have its way with a service, None when it may."""
        override = rule.overrides.get(service)
        if service not in self.protected or rule.services.get(service) is not False:
            return None
        if override is None:
            return refuse(service, rule.label)
        return refuse(service, rule.label, override) if override.expired(self.today) else None


def parse_policy(raw: Mapping[str, Any], today: date | None = None) -> Policy:
    """Return a policy written as {default, rules, merge, protected, overrides, override_warning_days}, all optional.

    default: name of a profile. rules: list of {name, match, profile, services, overrides, reason}, or several such
    lists by the names of their variables, tried in that order. merge: boolean. protected: services added to those
    always protected. overrides: service to reason, or to {reason, until}, for all rules. override_warning_days: see
    warning_days of Policy. today: see Policy.
    Raises PolicyError with all problems at once.
    """
    policy, problems = _parse(raw, today)
    if problems:
        raise PolicyError(*problems)
    return policy


def policy_problems(raw: Mapping[str, Any], *, refusals: bool = True, today: date | None = None) -> list[str]:
    """Return everything that is wrong with a policy (see parse_policy); with refusals, also what the guard refuses.

    today: null unless overrides that have ended count as a problem of the whole policy.
    """
    policy, problems = _parse(raw, today)
    for rule in (*policy.rules, policy.default) if refusals else ():
        refused = (policy.refusal(rule, service) for service in rule.services)
        problems += [refusal_text(refusal) for refusal in refused if refusal]
    return problems


def policy_endings(raw: Mapping[str, Any], today: date) -> list[Ending]:
    """Return the overrides that rules of a policy (see parse_policy) need and that end soon."""
    policy, _problems = _parse(raw, today)
    found = (policy.ending(rule, service) for rule in (*policy.rules, policy.default) for service in rule.services)
    return [ending for ending in found if ending]


def _parse(raw: Mapping[str, Any], today: date | None) -> tuple[Policy, list[str]]:
    """Return what could be understood, and what is wrong with the rest."""
    if not isinstance(raw, Mapping):
        policy, problems = _parse({}, today)
        return policy, [*problems, f"{raw!r}: give a policy as a mapping of {', '.join(_POLICY_FIELDS)}"]
    problems = [
        f"{field}: a policy has no such field; it has {', '.join(_POLICY_FIELDS)}"
        for field in raw
        if field not in _POLICY_FIELDS
    ]

    def attempt(label: str, parse: Callable[..., _T], *arguments: object, otherwise: _T) -> _T:
        try:
            return parse(*arguments)
        except ValueError as error:
            problems.append(f"{label}{error}")
            return otherwise

    merge: bool = attempt("host_policy_", _merge, raw.get("merge", False), otherwise=False)
    protected: list[str] = attempt("host_policy_", _protected, raw.get("protected") or [], otherwise=[])
    overrides: dict[str, Override] = attempt("host_policy_", _overrides, raw.get("overrides") or {}, otherwise={})
    profile = attempt(f"{DEFAULT_LABEL}: ", _profile, raw.get("default", "default_safe"), otherwise=NONE)
    default = Rule(DEFAULT_LABEL, "", (), profile, profile.services, overrides, "")
    days: int = attempt("host_policy_", _days, raw.get("override_warning_days", WARNING_DAYS), otherwise=WARNING_DAYS)
    rules = []
    for variable, raw_list in _lists(raw.get("rules") or []).items():
        raw_rules: list[object] = attempt("", _rules, variable, raw_list, otherwise=[])
        for number, raw_rule in enumerate(raw_rules, start=1):
            label = _label(variable, number, raw_rule)
            rule: Rule | None = attempt(f"{label}: ", _rule, label, raw_rule, overrides, otherwise=None)
            if rule:
                rules.append(rule)
    return Policy(default, tuple(rules), merge, frozenset((*PROTECTED, *protected)), today, days), problems


def _lists(raw: object) -> Mapping[str, object]:
    """Return the lists of rules by the names of their variables."""
    if isinstance(raw, Mapping) and all(str(name).startswith(RULES) for name in raw):
        return raw
    return {RULES: raw}


def _label(variable: str, number: int, raw: object) -> str:
    place = f"rule {number}" if variable == RULES else f"{variable} rule {number}"
    words = (raw.get("name") or raw.get("reason")) if isinstance(raw, Mapping) else None
    return f"{place} ({words})" if words else place


def _rule(label: str, raw: object, policy_overrides: Mapping[str, Override]) -> Rule:
    if not isinstance(raw, Mapping):
        raise ValueError(f"{raw!r}: give a mapping of {', '.join(_RULE_FIELDS)}")
    for field in raw:
        if field not in _RULE_FIELDS:
            raise ValueError(f"{field}: a rule has no such field; it has {', '.join(_RULE_FIELDS)}")
    for field in ("name", "reason"):
        if not isinstance(raw.get(field) or "", str):
            raise ValueError(f"{field} {raw[field]!r}: give a text")
    conditions = parse_conditions(raw.get("match"))
    profile = None if raw.get("profile") is None else _profile(raw["profile"])
    services = {**(profile.services if profile else {}), **_services(raw.get("services") or {})}
    if not services:
        raise ValueError("decides nothing: give profile, services or both (profile: none leaves everything alone)")
    overrides = _overrides(raw.get("overrides") or {})
    for service in overrides:
        if services.get(service) is not False:
            raise ValueError(
                f"overrides.{service}: the rule does not switch {service} off; an override only permits it, so add "
                f"services: {{{service}: false}} or remove the override"
            )
    # Dates are no JSON; all keys are texts by now.
    id = hashlib.sha256(json.dumps([label, raw], sort_keys=True, default=str).encode()).hexdigest()[:12]
    return Rule(label, id, conditions, profile, services, {**policy_overrides, **overrides}, raw.get("reason") or "")


def _profile(name: object) -> Profile:
    if not isinstance(name, str) or name not in PROFILES:
        raise ValueError(f"profile {name!r}: there is no such profile; there are {', '.join(PROFILES)}")
    return PROFILES[name]


def _service(field: str, word: object) -> str:
    key = service_key(word) if isinstance(word, str) else None
    if key is None:
        raise ValueError(f"{field}: there is no integration service {word!r}; there are {', '.join(WORDS)}")
    return key


def _services(raw: object) -> dict[str, bool | None]:
    services: dict[str, bool | None] = {}
    for key, word, wanted in _by_service("services", raw):
        if wanted is not None and not isinstance(wanted, bool):
            raise ValueError(f"services.{word} {wanted!r}: write true (on), false (off) or null (leave alone)")
        services[key] = wanted
    return services


def _overrides(raw: object) -> dict[str, Override]:
    overrides = {}
    for key, word, override in _by_service("overrides", raw):
        try:
            overrides[key] = check_override(override)
        except ValueError as error:
            raise ValueError(f"overrides.{word} {override!r}: {error}") from error
    return overrides


def _by_service(field: str, raw: object) -> list[tuple[str, str, object]]:
    """Return (key, word as written, value) of a mapping; a service written by two of its words is an error."""
    if not isinstance(raw, Mapping):
        raise ValueError(f"{field} {raw!r}: give a mapping of services")
    found = [(_service(field, word), word, value) for word, value in raw.items()]
    keys = [key for key, _word, _value in found]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{field}: {key} is there twice, once by an alias; remove one")
    return found


def _merge(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueError(f"merge {raw!r}: write true or false")
    return raw


def _days(raw: object) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < 0:
        raise ValueError(f"override_warning_days {raw!r}: write a number of days, 0 or more")
    return raw


def _rules(variable: str, raw: object) -> list[object]:
    if not isinstance(raw, list):
        raise ValueError(f"{variable} {raw!r}: give a list of rules")
    return raw


def _protected(raw: object) -> list[str]:
    if not isinstance(raw, list):
        raise ValueError(f"protected {raw!r}: give a list of services")
    return [_service("protected", word) for word in raw]
