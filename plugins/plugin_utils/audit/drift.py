# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit beside an earlier one: what is new, what is fixed, what is as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.documents import schema_texts
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.findings import CLAIMED, finding_id
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.join import Key, same_id
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.parts import CLOCKS_DIFFER, moment
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import Rule
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Drift, Finding
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.side import NO_CONTACT, OF_THE_GUEST
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.subjects import Before, Subject
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.waivers import Waiver
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.names import fold

VERSION = 1
_SHOWN = 3
_UNREAD = {"case": "unread"}
# Rules that compare a virtual machine with others.
_OF_THE_FLEET = ("own_duplicate_name", "own_duplicate_name_here", "own_running_twice")


def baseline_problems(baseline: object, evaluated_at: str) -> list[str]:
    """Return what is wrong with a baseline: it has to be the result of an earlier audit than that of evaluated_at."""
    if baseline is None:
        return []
    if not isinstance(baseline, dict):
        return ["baseline: it is no result of an audit: give the content of an earlier audit.json"]
    if baseline.get("version") != VERSION:
        return [
            f"baseline: its version is {baseline.get('version')!r}, and this audit reads version {VERSION}: "
            "make the baseline anew"
        ]
    # The library is slow: of thousands of virtual machines only the few fields that are read are looked at.
    machines = baseline.get("virtual_machines")
    rest = {**baseline, "virtual_machines": []} if isinstance(machines, list) else baseline
    found = schema_texts("baseline", rest, "audit")
    for number, machine in enumerate(machines if isinstance(machines, list) else ()):
        if not _is_machine(machine):
            found.append(f"baseline: virtual_machines[{number}]: id, host, or the switch of a service is missing")
    if found:
        more = f" (and {len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
        return [*found[:_SHOWN], f"baseline: it is damaged, or no result of an audit{more}: give an earlier audit.json"]
    then, now = moment(baseline["evaluated_at"]), moment(evaluated_at)
    if then is None:
        return [f"baseline: evaluated_at: there is no time {baseline['evaluated_at'][:60]!r}"]
    if now and then > now + CLOCKS_DIFFER:
        return [f"baseline: it is of {baseline['evaluated_at']}, later than this audit: give an earlier audit.json"]
    return []


def _is_machine(machine: object) -> bool:
    match machine:
        case {"id": str(), "host": str(), "services": dict() as services, **rest}:
            known = all(isinstance(service, dict) and "enabled" in service for service in services.values())
            return known and isinstance(rest.get("checkpoint"), str | None)
    return False


def moves(baseline: dict[str, Any] | None, now: Iterable[Key]) -> dict[Key, Key]:
    """Return where virtual machines were in the baseline that are on another host now.

    By their id alone, so only where exactly one host had it and exactly one has it: a replica has that of its primary.
    """
    then = _only((vm["host"], same_id(vm["id"])) for vm in (baseline or {}).get("virtual_machines", []))
    return {key: then[id] for id, key in _only(now).items() if then.get(id, key) != key}


def _only(keys: Iterable[Key]) -> dict[str, Key]:
    """Id -> key of those ids that only one host has."""
    found: dict[str, list[Key]] = {}
    for key in keys:
        found.setdefault(key[1], []).append(key)
    return {id: hosts[0] for id, hosts in found.items() if len(hosts) == 1}


def before(baseline: dict[str, Any] | None, moved: Mapping[Key, Key]) -> dict[Key, Before]:
    """Return the virtual machines of a baseline, those that have moved by where they are now."""
    found = {
        (vm["host"], same_id(vm["id"])): Before(
            {key: service["enabled"] for key, service in vm["services"].items()},
            vm.get("checkpoint"),
            "checkpoint" in vm,
        )
        for vm in (baseline or {}).get("virtual_machines", [])
    }
    return found | {now: found[then] for now, then in moved.items()}


@dataclass(frozen=True, eq=False)
class Seen:
    """What an audit looked at, so that of the rest nothing is called fixed.

    rules: those that were applied, by id. hosts: that answered without an error. complete: those of them that were
    asked for all their virtual machines, and showed some if they did before. guests: that were inspected. mapped: those
    of them whose virtual machine is on no host that was not seen. machines: those that were listed. whole: whether all
    of all hosts was looked at: no selection, no limit, no host that told less, and none only in the baseline.
    """

    rules: Mapping[str, Rule]
    hosts: Collection[str]
    complete: Collection[str]
    guests: Collection[str]
    mapped: Collection[str]
    machines: Mapping[Key, Subject]
    whole: bool

    def all_of(self, waiver: Waiver) -> bool:
        """Tell whether all was looked at that a waiver may be for: that of its hosts or guests, else all there is."""
        for place, seen in (("host", self.complete), ("guest", self.guests)):
            if place in waiver.places:
                return waiver.places[place] <= set(map(fold, seen))
        return self.whole

    def machine(self, finding: Finding, moved: Mapping[Key, Key]) -> Subject | None:
        """Return the virtual machine of a finding of the baseline as it is now, null when it is not there."""
        vm = finding["vm"]
        if vm is None:
            return None
        then = (finding["host"] or "", same_id(vm["id"]))
        return self.machines.get(then) or next(
            (self.machines[now] for now, before_ in moved.items() if before_ == then), None
        )

    def has(self, finding: Finding, machine: Subject | None) -> bool:
        """Tell whether what a finding of the baseline is about was looked at. machine: its virtual machine now."""
        rule = self.rules.get(finding["rule"])
        if rule is None or (not self.whole and _needs_all(rule)):
            return False
        if finding["vm"] is None:
            host = finding["host"]
            guests = self.mapped if "mapping" in rule.match else self.guests
            return finding["guest"] in guests if finding["guest"] else host is None or host in self.hosts
        if machine is None:
            return self.whole
        return _looked(rule, finding, machine)


def _needs_all(rule: Rule) -> bool:
    """Whether a rule compares with the rest of the fleet."""
    return rule.id in _OF_THE_FLEET or "unused" in rule.match.get("state", ())


def _looked(rule: Rule, finding: Finding, machine: Subject) -> bool:
    """Whether a virtual machine, which was listed, was looked at as it was for a finding of the baseline."""
    facts, services = machine.facts, machine.services
    if not services or (finding["service"] and services.get(finding["service"], _UNREAD)["case"] == _UNREAD["case"]):
        return False
    sources = {item["source"] for item in finding["evidence"]}
    if finding["side"] in ("host", "policy") and facts["has_policy"] is None:
        return False
    if "policy" in sources and not facts["has_policy"]:
        return False
    read = [services[finding["service"]]] if finding["service"] else list(services.values())
    cases = {service["case"] for service in read}
    if _needs_running(rule, finding) and (not facts["running"] or "booting" in cases):
        return False
    if facts["guest"] is None and _of_guest(finding):
        # Of a guest that nobody inspected the host knows only that it answers.
        answers = cases == {"ok"} if finding["service"] else facts["contact"] == "answers"
        return _of_contact(rule) and answers
    return True


def _of_guest(finding: Finding) -> bool:
    """Whether a finding rests on what was seen in the guest."""
    seen = (item["fact"] for item in finding["evidence"] if item["source"] == "guest")
    return finding["guest"] is not None and (
        finding["side"] in ("guest", "both") or any(fact not in ("guest", CLAIMED) for fact in seen)
    )


def _of_contact(rule: Rule) -> bool:
    """Whether a rule is about a guest that does not serve what is on."""
    return "own_silent" in rule.buried or _cases_within(rule, NO_CONTACT)


def _needs_running(rule: Rule, finding: Finding) -> bool:
    """Whether what a finding says can be seen only while the virtual machine runs."""
    status = next((item["value"] for item in finding["evidence"] if item["fact"] == "reason"), None)
    return _of_contact(rule) or _cases_within(rule, OF_THE_GUEST) or status == "status_disabled"


def _cases_within(rule: Rule, cases: frozenset[str]) -> bool:
    own = rule.match.get("case", ())
    return bool(own) and cases.issuperset(own)


def _told_otherwise(
    finding: Finding, machine: Subject | None, rules: Mapping[str, Rule], now: Sequence[Finding]
) -> list[Finding]:
    """Return the new findings that tell the fault of one of the baseline by another rule.

    Looking into a guest for the first time, or no longer, makes no fault: only the rule is another one that speaks.
    """
    rule = rules.get(finding["rule"])
    if machine is None or rule is None or not _of_contact(rule):
        return []
    if (finding["guest"] is None) == (machine.facts["guest"] is None):
        return []
    return [
        other
        for other in now
        if other["drift"] == "new"
        and _of_contact(rules[other["rule"]])
        and (not finding["service"] or other["service"] in (None, finding["service"]))
    ]


def compare(
    findings: Sequence[Finding], baseline: dict[str, Any] | None, seen: Seen, moved: Mapping[Key, Key]
) -> Drift | None:
    """Set the drift of findings and return it all; null without a baseline. Findings are the same by their ids.

    moved: see moves. A finding about a virtual machine that has moved is the one that it had on its former host.
    """
    if baseline is None:
        return None
    earlier = {finding["id"] for finding in baseline["findings"]}
    still: set[str] = set()
    of_machine: dict[Key, list[Finding]] = {}
    for finding in findings:
        ids = {finding["id"]}
        if finding["vm"] is not None:
            key = (finding["host"] or "", same_id(finding["vm"]["id"]))
            of_machine.setdefault(key, []).append(finding)
            if key in moved:
                ids.add(finding_id(finding["rule"], moved[key][0], finding["vm"], None, finding["service"]))
        finding["drift"] = "unchanged" if ids & earlier else "new"
        still |= ids
    fixed: list[Finding] = []
    unseen: list[Finding] = []
    for finding in (finding for finding in baseline["findings"] if finding["id"] not in still):
        machine = seen.machine(finding, moved)
        now = of_machine.get((machine.facts["host"], same_id(machine.facts["id"])), []) if machine else []
        otherwise = _told_otherwise(finding, machine, seen.rules, now)
        for other in otherwise:
            other["drift"] = "unchanged"
        if not otherwise:
            (fixed if seen.has(finding, machine) else unseen).append(finding)
    return Drift(
        baseline=baseline["evaluated_at"],
        new=[finding["id"] for finding in findings if finding["drift"] == "new"],
        fixed=fixed,
        unchanged=[finding["id"] for finding in findings if finding["drift"] == "unchanged"],
        unseen=unseen,
    )
