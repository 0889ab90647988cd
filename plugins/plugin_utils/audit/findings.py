# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules applied to subjects: findings.

For one subject every rule of its scope that fits has a finding, but those that another one supersedes: they become
references of that finding. So one fact is told once, by the most specific rule, and auditors still find their own.
A finding about a whole virtual machine supersedes in the same way what is said of its services.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import TRUTH_TABLE, Rule, Scope
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import (
    SEVERITIES,
    Evidence,
    Finding,
    Reference,
    Side,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Subject as Named
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.side import filled, look_up
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
_SOURCE_OF_SCOPE = {"guest": "guest", "waiver": "waiver"}


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

    def fitting(self, scope: Scope, facts: Facts, label: str) -> list[Rule]:
        """Return the rules that fit a subject, superseded ones too. Raises AuditError when one cannot be evaluated."""
        compared = self._compared.get(scope, ())
        # True and 1 are equal, and of the same hash.
        values = tuple([(type(facts.get(field)), facts.get(field)) for field in compared])
        key = (scope, *values)
        if key not in self._candidates:
            known = dict(zip(compared, values, strict=True))
            self._candidates[key] = [rule for rule in self._of.get(scope, ()) if _matches(rule, known)]
        found = []
        for rule in self._candidates[key]:
            try:
                if rule.holds(facts):
                    found.append(rule)
            except ValueError as error:
                raise AuditError(f"{rule.at}: rule {rule.id}: {error} ({label})") from error
        return found


def _matches(rule: Rule, known: Mapping[str, tuple[type, Any]]) -> bool:
    return all(any((type(value), value) == known[field] for value in allowed) for field, allowed in rule.match.items())


def _speaking(fitting: Sequence[Rule], above: Iterable[Rule] = ()) -> dict[str, list[Rule]]:
    """Return for each rule that speaks those that it supersedes. above: rules that fit the whole virtual machine."""
    silenced = {id for rule in (*fitting, *above) for id in rule.buried}
    return {
        rule.id: [other for other in fitting if other.id in rule.buried] for rule in fitting if rule.id not in silenced
    }


def machine_findings(book: RuleBook, subject: Subject) -> list[Finding]:
    """Return the findings about one virtual machine and its services."""
    vm = subject.facts
    label = f"host {vm['host']}, virtual machine {vm['name']!r}, {vm['id']}"
    of_machine = book.fitting("virtual_machine", vm, label)
    of_services = {
        key: book.fitting("service", facts, f"{label}, service {key}") for key, facts in subject.services.items()
    }
    if not of_machine and not any(of_services.values()):
        return []
    named = Named(id=vm["id"], name=vm["name"])
    place = {"vm": named, "host": vm["host"], "guest": vm["guest"]}
    findings = []
    spoken = _speaking(of_machine)
    for rule in of_machine:
        if rule.id in spoken:
            below = [other for fitting in of_services.values() for other in fitting if other.id in rule.buried]
            findings.append(_finding(rule, [*spoken[rule.id], *below], vm, **place))
    for key, fitting in of_services.items():
        spoken = _speaking(fitting, of_machine)
        for rule in fitting:
            if rule.id in spoken:
                findings.append(_finding(rule, spoken[rule.id], subject.services[key], **place, service=key))
    return findings


def host_findings(book: RuleBook, facts: Facts) -> list[Finding]:
    """Return the findings about a host."""
    return _simple(book, "host", facts, f"host {facts['name']}", host=facts["name"])


def guest_findings(book: RuleBook, facts: Facts) -> list[Finding]:
    """Return the findings about a guest."""
    return _simple(book, "guest", facts, f"guest {facts['name']}", guest=facts["name"], host=facts["host"])


def waiver_findings(book: RuleBook, facts: Facts) -> list[Finding]:
    """Return the findings about a waiver."""
    return _simple(book, "waiver", facts, f"waiver {facts['id']}")


def _simple(book: RuleBook, scope: Scope, facts: Facts, label: str, **place: Any) -> list[Finding]:
    fitting = book.fitting(scope, facts, label)
    spoken = _speaking(fitting)
    return [_finding(rule, spoken[rule.id], facts, **place) for rule in fitting if rule.id in spoken]


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
    # A guest names the finding only where it is what the finding is about: else looking into it would make a new one.
    about = [rule.id, host, vm and vm["id"].lower(), guest if scope == "guest" else None, service]
    about += [facts["id"]] if scope == "waiver" else []
    return Finding(
        id=hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16],
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


def _evidence(rule: Rule, facts: Facts) -> list[Evidence]:
    scope = rule.data["scope"]
    paths = dict.fromkeys((*_SHOWN[scope], *rule.data.get("evidence", [])))
    evidence = []
    for path in paths:
        value = look_up(facts, path)
        if value is not None and not (path == "guest" and value == "not_looked"):
            evidence.append(Evidence(source=_source(scope, path), fact=path, value=value))
    if scope in ("service", "virtual_machine") and facts["joined_by"] == "claim":
        fact = "the guest was found by the id that it claims: untrusted"
        claimed = (facts["vm"] if scope == "service" else facts)["claimed_vm_id"]
        evidence.append(Evidence(source="guest", fact=fact, value=claimed))
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
