# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit beside an earlier one: what is new, what is fixed, what is as it was."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.documents import schema_texts
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.join import Key, same_id
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Drift, Finding
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.subjects import Before

VERSION = 1
_SHOWN = 3


def baseline_problems(baseline: object) -> list[str]:
    """Return what is wrong with a baseline: it has to be the result of an earlier audit."""
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
    return []


def _is_machine(machine: object) -> bool:
    match machine:
        case {"id": str(), "host": str(), "services": dict() as services, **rest}:
            known = all(isinstance(service, dict) and "enabled" in service for service in services.values())
            return known and isinstance(rest.get("checkpoint"), str | None)
    return False


def before(baseline: dict[str, Any] | None) -> dict[Key, Before]:
    """Return the virtual machines of a baseline."""
    return {
        (vm["host"], same_id(vm["id"])): Before(
            {key: service["enabled"] for key, service in vm["services"].items()},
            vm.get("checkpoint"),
            "checkpoint" in vm,
        )
        for vm in (baseline or {}).get("virtual_machines", [])
    }


@dataclass(frozen=True, eq=False)
class Seen:
    """What an audit looked at, so that of the rest nothing is called fixed.

    rules: ids of those that were applied. hosts: that told all. guests: all that were asked. services: keys of the
    services that were read, by virtual machine.
    """

    rules: Collection[str]
    hosts: Collection[str]
    guests: Collection[str]
    services: Mapping[Key, Collection[str]]

    def has(self, finding: Finding) -> bool:
        """Tell whether what a finding is about was seen."""
        vm, host, service = finding["vm"], finding["host"], finding["service"]
        if finding["rule"] not in self.rules:
            return False
        if vm is None:
            return finding["guest"] in self.guests if finding["guest"] else host is None or host in self.hosts
        read = self.services.get((host or "", same_id(vm["id"])))
        if read is None:  # it is no more, if its host says so
            return host in self.hosts
        return service in read if service else bool(read)


def compare(findings: Sequence[Finding], baseline: dict[str, Any] | None, seen: Seen) -> Drift | None:
    """Set the drift of findings and return it all; null without a baseline. Only the ids of findings are compared."""
    if baseline is None:
        return None
    earlier = {finding["id"] for finding in baseline["findings"]}
    for finding in findings:
        finding["drift"] = "unchanged" if finding["id"] in earlier else "new"
    now = {finding["id"] for finding in findings}
    gone = [finding for finding in baseline["findings"] if finding["id"] not in now]
    return Drift(
        baseline=baseline["evaluated_at"],
        new=[finding["id"] for finding in findings if finding["drift"] == "new"],
        fixed=[finding for finding in gone if seen.has(finding)],
        unchanged=[finding["id"] for finding in findings if finding["drift"] == "unchanged"],
        unseen=[finding for finding in gone if not seen.has(finding)],
    )
