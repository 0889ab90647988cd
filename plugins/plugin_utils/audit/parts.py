# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what hosts and guests returned can be evaluated: all that an audit reads, with its types.

What is read in one place of the audit is checked here, for what was just returned, for files and for what the filter
audit_evaluate is given. So nothing that one part returns can make the evaluation of the others fail.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NotRequired, TypedDict

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.typed import mismatches

# Problems that are named; something that is another thing altogether has thousands.
_MOST_PROBLEMS = 10
# What the modules return has six levels. Libraries and Ansible fail from a few hundred on.
_DEEPEST = 50
_LARGEST = 2**63
# By how much the clocks of two control nodes may differ.
CLOCKS_DIFFER = timedelta(hours=1)


class Service(TypedDict):
    """What an audit reads of a service that vm_integration_service_info returned."""

    offered: bool
    enabled: bool | None
    verdict: str
    reason: str | None
    primary_status_code: NotRequired[int | None]
    secondary_status_code: NotRequired[int | None]


class _Replication(TypedDict):
    mode: NotRequired[str | None]


class _Checkpoint(TypedDict):
    parent_id: NotRequired[str | None]


class VirtualMachine(TypedDict):
    """What an audit reads of a virtual machine that vm_integration_service_info returned."""

    id: str
    name: str
    state: str
    state_code: NotRequired[int]
    uptime_seconds: NotRequired[int | None]
    generation: NotRequired[int | None]
    version: NotRequired[str | None]
    isolation: NotRequired[str | None]
    clustered: NotRequired[bool | None]
    services: NotRequired[dict[str, Service | None] | None]
    heartbeat: NotRequired[str | None]
    notes: NotRequired[str | None]
    groups: NotRequired[list[str] | None]
    replication: NotRequired[_Replication | None]
    checkpoint: NotRequired[_Checkpoint | None]
    error: NotRequired[str | None]


class _Refusal(TypedDict):
    service: str
    rule: str
    expired: NotRequired[str | None]


class _Decision(TypedDict):
    id: str
    profiles: list[str]
    rules: list[str]
    reason: str
    services: dict[str, bool]
    overrides: NotRequired[dict[str, str]]
    overrides_until: NotRequired[dict[str, str]]
    refused: NotRequired[list[_Refusal]]
    not_offered: list[str]


class Plan(TypedDict):
    """What an audit reads of what host_policy_plan returned."""

    decisions: list[_Decision]
    protected: NotRequired[list[str]]


class _GuestService(TypedDict):
    verdict: str
    explanation: str | None
    remedy: str | None


class GuestFacts(TypedDict):
    """What an audit needs of the facts that linux_guest_info returned; of the rest what it can read."""

    services: dict[str, _GuestService]
    freeze: dict[str, Any]
    time: dict[str, Any]


def machine_problems(machines: Sequence[Any]) -> dict[int, list[str]]:
    """Return what is wrong with the virtual machines of one host, by their positions.

    An id that two of them have is wrong with both: nobody knows which is meant.
    """
    found = {number: _machine_problems(machine, number) for number, machine in enumerate(machines)}
    ids = Counter(_id(machines[number]["id"]) for number, problems in found.items() if not problems)
    for number, problems in found.items():
        if not problems and ids[_id(machines[number]["id"])] > 1:
            problems.append(f"virtual_machines[{number}].id {machines[number]['id']} is there more than once")
    return {number: problems for number, problems in found.items() if problems}


def _machine_problems(machine: Any, number: int) -> list[str]:
    where = f"virtual_machines[{number}]"
    problems = mismatches(machine, VirtualMachine, where)
    if not problems and _id(machine["id"]) is None:
        problems.append(f"{where}.id is {machine['id'][:60]!r}, not an ID (GUID)")
    return problems


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def plan_problems(plan: Any) -> list[str]:
    """Return what is wrong with a plan."""
    problems = mismatches(plan, Plan, "plan")
    if problems:
        return problems
    return [
        f"plan.decisions[{number}].overrides_until.{key} is {day[:60]!r}, not a date"
        for number, decision in enumerate(plan["decisions"])
        for key, day in decision.get("overrides_until", {}).items()
        if not _is_date(day)
    ]


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def part_problems(collection: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the hosts and guests of a collection in the published form, with their names."""
    problems = []
    for host in collection["hosts"]:
        label = f"host {host['name']}"
        found = unfit(host)
        if found:
            problems.append(f"{label}: {found}")
            continue
        for wrong in machine_problems(host["virtual_machines"]).values():
            problems += [f"{label}: {text}" for text in wrong]
        if host["plan"] is not None:
            problems += [f"{label}: {text}" for text in plan_problems(host["plan"])]
    for guest in collection["guests"]:
        found = unfit(guest)
        if found:
            problems.append(f"guest {guest['name']}: {found}")
    return problems


def unfit(value: Any) -> str | None:
    """Return why a value of plain Python cannot be kept as JSON that every reader takes, null when it can."""
    level = [value]
    for _depth in range(_DEEPEST):
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is dict:
                below += item
                below += item.values()
                if {*map(type, item)} - {str}:
                    return "it holds a key that is not a text"
            elif kind is list:
                below += item
            elif kind is str:
                if not (item.isascii() or _is_unicode(item)):
                    return "it holds a text that is not Unicode"
            elif kind is int or kind is float:
                if not -_LARGEST < item < _LARGEST:
                    return "it holds a number that is too large, or none"
            elif item is not None and kind is not bool:
                return f"it holds a value of the type {kind.__name__}"
        level = below
        if not level:
            return None
    return f"it is nested more than {_DEEPEST} levels deep"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def moment(text: Any) -> datetime | None:
    """Return a time that is written as 2026-11-27T09:30:00Z, null for everything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None


def listed(problems: Sequence[str]) -> str:
    """Return problems in one line: the first, and how many more there are."""
    more = [f"and {len(problems) - _MOST_PROBLEMS} more"] if len(problems) > _MOST_PROBLEMS else []
    return " | ".join([*problems[:_MOST_PROBLEMS], *more])
