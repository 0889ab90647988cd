# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings that somebody has accepted, for a reason and until a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._components import WORDS, service_key
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.documents import Document
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import RuleFile
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Finding, WaivedBy
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.subjects import Facts
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.match import Condition, parse_conditions
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.names import fold

_PLACES = ("host", "guest", "service")  # the other conditions are about the facts of a virtual machine


@dataclass(eq=False)
class Waiver:
    """at: file and line. places: host, guest or service to the values that are meant. used: it fits a finding.

    problem: why a condition could not be evaluated for a virtual machine, the first of them; it waives nothing there.
    """

    at: str
    id: str
    rules: tuple[str, ...]
    places: Mapping[str, frozenset[str]]
    conditions: tuple[Condition, ...]
    by: WaivedBy
    used: bool = field(default=False)
    problem: str | None = field(default=None)

    def covers(self, finding: Finding, machine: Mapping[str, Any] | None) -> bool:
        """Tell whether it waives a finding. machine: the virtual machine as it was gathered."""
        if finding["rule"] not in self.rules:
            return False
        for place, values in self.places.items():
            value = finding[place]  # type: ignore[literal-required]
            if value is None or fold(value) not in values:
                return False
        if not self.conditions:
            return True
        try:
            return machine is not None and all(condition(machine) for condition in self.conditions)
        except ValueError as error:
            vm = finding["vm"]
            self.problem = self.problem or f"{error} (host {finding['host']}, virtual machine {vm and vm['name']!r})"
            return False


def parse_waivers(file: RuleFile | None) -> tuple[list[Waiver], list[str]]:
    """Return the waivers, in the order of the file, and everything that is wrong with them."""
    if file is None:
        return [], []
    try:
        document = Document(file["path"], file["text"])
    except AuditError as error:
        return [], list(error.problems)
    problems = document.problems("waivers")
    if problems:
        return [], problems
    waivers: list[Waiver] = []
    first: dict[str, str] = {}
    for number, raw in enumerate(document.data["waivers"]):
        at = document.at(("waivers", number, "id"))
        label = f"waiver {raw['id']}"
        if raw["id"] in first:
            problems.append(f"{at}: {label}: the id is taken by the waiver at {first[raw['id']]}")
        first.setdefault(raw["id"], at)
        if "until" in raw and "expires" in raw:
            problems.append(
                f"{document.at(('waivers', number, 'expires'))}: {label}: expires is an older word for until: "
                "give until only"
            )
        last_day = "until" if "until" in raw else "expires"
        try:
            date.fromisoformat(raw[last_day])
        except ValueError:
            problems.append(f"{document.at(('waivers', number, last_day))}: {label}: {last_day}: there is no such day")
        match = raw["match"]
        of_machine = {key: value for key, value in match.items() if key not in _PLACES}
        try:
            conditions = parse_conditions(of_machine) if of_machine else ()
            places = {key: _values(key, match[key]) for key in _PLACES if key in match}
        except ValueError as error:
            problems.append(f"{document.at(('waivers', number, 'match'))}: {label}: {error}")
            continue
        by = WaivedBy(id=raw["id"], owner=raw["owner"], reason=raw["reason"].strip(), until=raw[last_day])
        waivers.append(Waiver(at, raw["id"], tuple(_list(raw["rule"])), places, conditions, by))
    return waivers, problems


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _values(place: str, value: str | list[str]) -> frozenset[str]:
    if place != "service":
        return frozenset(map(fold, _list(value)))
    keys = {word: service_key(word) for word in _list(value)}
    unknown = [word for word, key in keys.items() if key is None]
    if unknown:
        raise ValueError(f"match.service: there is no integration service {unknown[0]!r}; there are {', '.join(WORDS)}")
    return frozenset(fold(key) for key in keys.values() if key)


def waiver_of(
    waivers: Sequence[Waiver], machines: Mapping[tuple[str | None, str], Mapping[str, Any]], today: str
) -> Callable[[Finding], WaivedBy | None]:
    """Return what says which waiver covers a finding: the first in the file that has not expired.

    machines: as they were gathered, by host and id. A waiver that comes after another one for the same finding is used.
    """
    by_rule: dict[str, list[Waiver]] = {}
    for waiver in waivers:
        for rule in waiver.rules if waiver.by["until"] >= today else ():
            by_rule.setdefault(rule, []).append(waiver)

    def covering(finding: Finding) -> WaivedBy | None:
        vm = finding["vm"]
        found = None
        for waiver in by_rule.get(finding["rule"], ()):
            if waiver.covers(finding, machines[finding["host"], vm["id"]] if vm else None):
                waiver.used = True
                found = found or waiver.by
        return found

    return covering


def waiver_facts(waiver: Waiver, known: frozenset[str], today: str, all_seen: bool) -> Facts:
    """Return what rules see of a waiver once it has been applied. known: ids of all rules, disabled ones included.

    all_seen: whether nothing was left out that a waiver may be for.
    """
    unknown = [rule for rule in waiver.rules if rule not in known]
    if unknown:
        state = "unknown_rule"
    elif waiver.by["until"] < today:
        state = "expired"
    elif waiver.problem:
        state = "failed"
    else:
        state = "active" if waiver.used else "unused" if all_seen else "unseen"
    return {
        "id": waiver.id,
        "state": state,
        "owner": waiver.by["owner"],
        "reason": waiver.by["reason"],
        "until": waiver.by["until"],
        "rules": list(waiver.rules),
        "unknown_rules": len(unknown),
        "problem": waiver.problem,
        "file": waiver.at,
    }
