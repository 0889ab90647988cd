# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules applied to subjects: findings.

For one subject every rule of its scope that fits has a finding, but those that another one supersedes: they become
references of that finding. So one fact is told once, by the most specific rule, and auditors still find their own.
A finding about a whole virtual machine supersedes in the same way what is said of the guest's side of its services, and
only that.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import TRUTH_TABLE, Rule, Scope
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import (
    SEVERITIES,
    Evidence,
    Finding,
    Reference,
    Side,
    WaivedBy,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Subject as Named
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.side import (
    OF_THE_GUEST,
    SETTING,
    filled,
    look_up,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.subjects import Facts, Subject
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.names import fold

# What is shown of every subject of a scope, unless it is null.
_SHOWN: Mapping[Scope, tuple[str, ...]] = {
    "service": ("enabled", "verdict", "reason", "primary_status_code", "secondary_status_code", "guest", "wanted"),
    "virtual_machine": ("state", "contact"),
    "host": ("reachable", "error", "virtual_machines"),
    "guest": ("reachable", "error", "vm_id", "vm", "host", "claimed_vm_id", "mapping"),
    "waiver": ("id", "state", "rules", "owner", "reason", "until", "file"),
}
_SOURCE_OF = {
    "wanted": "policy",
    "profiles": "policy",
    "override": "policy",
    "override_state": "policy",
    "override_until": "policy",
    "refused_by": "policy",
    "not_offered": "policy",
    "baseline_enabled": "baseline",
    "checkpoint_changed": "baseline",
    "freeze_failing": "guest",
    "hv_utils": "guest",
    "hv_utils_hindered": "guest",
    "clock": "guest",
    "clock_source": "guest",
    "ip_injection_ready": "guest",
    "claimed_vm_id": "guest",
}
CLAIMED = "the guest was found by the id that it claims: untrusted"
_SOURCE_OF_SCOPE = {"guest": "guest", "waiver": "waiver"}

# Which waiver covers a finding, null for none.
WaiverOf = Callable[[Finding], WaivedBy | None]


def no_waiver(finding: Finding) -> None:
    """Return what waives a finding where there are no waivers."""


class RuleBook:
    """The rules in force, ready to be asked quickly.

    Facts that rules compare by match have few combinations however many the virtual machines are: which rules come into
    question for a combination is found once.
    """

    def __init__(self, rules: Sequence[Rule], disabled: Iterable[str] = ()) -> None:
        off = set(disabled)
        self.rules = [rule for rule in rules if rule.id not in off]
        self._of: dict[Scope, list[Rule]] = {}
        for rule in self.rules:
            self._of.setdefault(rule.data["scope"], []).append(rule)
        self._compared = {
            scope: sorted({field for rule in of for field in rule.match}) for scope, of in self._of.items()
        }
        self._candidates: dict[tuple[Any, ...], list[Rule]] = {}

    def fitting(self, scope: Scope, facts: Facts) -> tuple[list[Rule], list[tuple[Rule, str]]]:
        """Return the rules that fit a subject, superseded ones too, and those that cannot be evaluated, with why."""
        compared = self._compared.get(scope, ())
        # True and 1 are equal, and of the same hash.
        values = tuple([(type(value), value) for value in map(facts.get, compared)])
        key = (scope, *values)
        if key not in self._candidates:
            known = dict(zip(compared, values, strict=True))
            self._candidates[key] = [rule for rule in self._of.get(scope, ()) if _matches(rule, known)]
        found: list[Rule] = []
        failed: list[tuple[Rule, str]] = []
        for rule in self._candidates[key]:
            try:
                if rule.holds(facts):
                    found.append(rule)
            except ValueError as error:
                failed.append((rule, str(error)))
        return found, failed


def _matches(rule: Rule, known: Mapping[str, tuple[type, Any]]) -> bool:
    return all(any((type(value), value) == known[field] for value in allowed) for field, allowed in rule.match.items())


@dataclass(frozen=True, eq=False)
class _Told:
    """What a rule says of a subject. superseded: the rules that it speaks for, too."""

    rule: Rule
    superseded: list[Rule]
    finding: Finding


def _contest(
    fitting: Sequence[Rule],
    tell: Callable[[Rule, list[Rule]], Finding],
    waiver_of: WaiverOf,
    buries: Callable[[Rule], bool] = lambda rule: True,
) -> list[_Told]:
    """Return what the rules say that no other one supersedes.

    One that is waived lets the next speak, unless that tells the same thing: it stays a reference of the waived finding
    then. A rule of a catalogue, which has references, asks for it in the words of others. Where a rule on a host
    setting is waived, the policy's wish for that very setting is the same thing, too.
    """
    told: list[_Told] = []
    left = list(fitting)
    while left:
        silenced = {id for rule in left if buries(rule) for id in rule.buried}
        speaking = [rule for rule in left if rule.id not in silenced]
        below = {rule.id: [other for other in fitting if other.id in rule.buried] for rule in speaking}
        said = [_Told(rule, below[rule.id], tell(rule, below[rule.id])) for rule in speaking]
        waived = []
        for item in said:
            item.finding["waived_by"] = waiver_of(item.finding)
            if item.finding["waived_by"]:
                waived.append(item)
        if not waived:
            return [*told, *said]
        told += waived
        accepted = {item.rule.id for item in waived}
        same = {rule.id for item in waived for rule in item.superseded if _tells_the_same(item.rule, rule)}
        left = [rule for rule in left if rule.id not in accepted | same]
    return told


def _tells_the_same(rule: Rule, superseded: Rule) -> bool:
    of_setting = "enabled" in rule.match and "case" not in rule.match
    by_policy = SETTING.issuperset(superseded.match.get("case", ("",)))
    return "references" in superseded.data or (of_setting and by_policy)


def machine_findings(book: RuleBook, subject: Subject, waiver_of: WaiverOf = no_waiver) -> list[Finding]:
    """Return the findings about one virtual machine and its services."""
    vm = subject.facts
    place = {"vm": Named(id=vm["id"], name=vm["name"]), "host": vm["host"], "guest": vm["guest"]}
    findings: list[Finding] = []

    def fitting(scope: Scope, facts: Facts, **service: str) -> list[Rule]:
        found, failed = book.fitting(scope, facts)
        findings.extend(_unevaluated(rule, why, facts, waiver_of, **place, **service) for rule, why in failed)
        return found

    def of_service(key: str, facts: Facts) -> list[_Told]:
        return _contest(
            fitting("service", facts, service=key),
            lambda rule, below: _finding(rule, below, facts, **place, service=key),
            waiver_of,
        )

    def buries(rule: Rule) -> bool:
        # What a guest says of itself counts for nothing when its claim alone says which virtual machine it is.
        return not (vm["joined_by"] == "claim" and _rests_on_guest(rule))

    services = {key: of_service(key, facts) for key, facts in subject.services.items()}
    # What is wrong with the switch, the policy or the baseline is never told by a rule about the whole.
    consequences = [
        item for key, told in services.items() if subject.services[key]["case"] in OF_THE_GUEST for item in told
    ]

    def of_machine(rule: Rule, below: list[Rule]) -> Finding:
        for item in consequences if buries(rule) else ():
            if item.rule.id in rule.buried:
                below = [*below, item.rule, *item.superseded]
        return _finding(rule, below, vm, **place)

    whole = _contest(fitting("virtual_machine", vm), of_machine, waiver_of, buries)
    buried = {id for item in whole if buries(item.rule) for id in item.rule.buried}
    silent = {item for item in consequences if item.rule.id in buried}
    findings += [item.finding for item in whole]
    findings += [item.finding for told in services.values() for item in told if item not in silent]
    return findings


@cache
def _rests_on_guest(rule: Rule) -> bool:
    """Whether a rule about a whole virtual machine reads what the guest says of itself."""
    read = {*rule.match, *rule.data.get("evidence", ()), *re.findall("[a-z_]+", rule.data.get("where", ""))}
    return any(_source("virtual_machine", path) == "guest" for path in read)


def host_findings(book: RuleBook, facts: Facts, waiver_of: WaiverOf = no_waiver) -> list[Finding]:
    """Return the findings about a host."""
    return _simple(book, "host", facts, waiver_of, host=facts["name"])


def guest_findings(book: RuleBook, facts: Facts, waiver_of: WaiverOf = no_waiver) -> list[Finding]:
    """Return the findings about a guest."""
    return _simple(book, "guest", facts, waiver_of, guest=facts["name"], host=facts["host"])


def waiver_findings(book: RuleBook, facts: Facts) -> list[Finding]:
    """Return the findings about a waiver, which nothing waives."""
    return _simple(book, "waiver", facts, no_waiver)


def _simple(book: RuleBook, scope: Scope, facts: Facts, waiver_of: WaiverOf, **place: Any) -> list[Finding]:
    fitting, failed = book.fitting(scope, facts)
    told = _contest(fitting, lambda rule, below: _finding(rule, below, facts, **place), waiver_of)
    unevaluated = [_unevaluated(rule, why, facts, waiver_of, **place) for rule, why in failed]
    return [*unevaluated, *(item.finding for item in told)]


def _unevaluated(rule: Rule, why: str, facts: Facts, waiver_of: WaiverOf, **place: Any) -> Finding:
    """A rule that cannot be evaluated for a subject is a finding about it: else odd facts would silence the rule."""
    finding = _finding(rule, [], facts, **place)
    finding["side"] = "unknown"
    finding["explanation"] = f"The rule could not be evaluated, so nothing is known: {rule.at}: {why}"
    finding["remedy"] = (
        "Fix the facts that the rule reads, or write the expression so that it can be evaluated for them."
    )
    finding["waived_by"] = waiver_of(finding)
    return finding


def _finding(
    rule: Rule,
    superseded: Sequence[Rule],
    facts: Facts,
    vm: Named | None = None,
    host: str | None = None,
    guest: str | None = None,
    service: str | None = None,
) -> Finding:
    data = rule.data
    scope = data["scope"]
    # Where the truth table finds nothing wrong, the rule is about the switch.
    side: Side = (facts["side"] or "host") if data["side"] == TRUTH_TABLE else data["side"]  # type: ignore[assignment]
    explanation = filled(data["explanation"], facts) if "explanation" in data else facts["explanation"]
    remedy = filled(data["remedy"], facts) if "remedy" in data else facts["remedy"]
    return Finding(
        # A guest names only findings about itself: else looking into it would make new ones.
        id=finding_id(
            rule.id, host, vm, guest if scope == "guest" else None, service, facts["id"] if scope == "waiver" else None
        ),
        rule=rule.id,
        severity=data["severity"],
        vm=vm,
        host=host,
        guest=guest,
        service=service,
        side=side,
        evidence=_evidence(rule, facts),
        explanation=explanation,
        remedy=remedy or "See the explanation.",
        references=_references(rule, superseded),
        waived_by=None,
        drift=None,
    )


def finding_id(
    rule: str, host: str | None, vm: Named | None, guest: str | None, service: str | None, waiver: str | None = None
) -> str:
    """Return the id of a finding, from what it is about. guest: for findings about a guest. waiver: about a waiver."""
    about = [rule, host, vm and vm["id"].lower(), guest, service, *([waiver] if waiver is not None else [])]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]


def _evidence(rule: Rule, facts: Facts) -> list[Evidence]:
    scope = rule.data["scope"]
    paths = dict.fromkeys((*_SHOWN[scope], *rule.data.get("evidence", [])))
    evidence = []
    for path in paths:
        value = look_up(facts, path)
        if value is not None and not (path == "guest" and value == "not_looked"):
            evidence.append(Evidence(source=_source(scope, path), fact=path, value=value))
    if scope in ("service", "virtual_machine") and facts["joined_by"] == "claim":
        claimed = (facts["vm"] if scope == "service" else facts)["claimed_vm_id"]
        evidence.append(Evidence(source="guest", fact=CLAIMED, value=claimed))
    return evidence


def _source(scope: Scope, path: str) -> str:
    field = path.removeprefix("vm.").partition(".")[0]
    if scope == "service" and path == "guest":
        return "guest"
    if field.startswith("guest_"):
        return "guest"
    return _SOURCE_OF.get(field) or _SOURCE_OF_SCOPE.get(scope, "host")


def _references(rule: Rule, superseded: Sequence[Rule]) -> list[Reference]:
    found: dict[tuple[str, str | None], Reference] = {}
    for reference in rule.data.get("references", []):
        found.setdefault((reference["title"], reference["url"]), reference)
    for other in sorted({other.id: other for other in superseded}.values(), key=lambda other: other.id):
        own = Reference(title=f"{other.id}: {other.data['title']}", url=None)
        for reference in (own, *other.data.get("references", [])):
            found.setdefault((reference["title"], reference["url"]), reference)
    return [Reference(title=reference["title"], url=reference["url"]) for reference in found.values()]


def order(finding: Finding) -> tuple[Any, ...]:
    """Return what findings are sorted by."""
    vm = finding["vm"]
    return (
        SEVERITIES.index(finding["severity"]),
        finding["rule"],
        finding["host"] or "",
        fold(vm["name"]) if vm else "",
        vm["id"] if vm else "",
        finding["service"] or "",
        finding["guest"] or "",
        finding["id"],
    )
