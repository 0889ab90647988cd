# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what the tasks of the role audit returned, and from files of earlier runs, to a Collection (see shapes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NotRequired, TypedDict

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import (
    CollectedGuest,
    CollectedHost,
    Collection,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.typed import mismatches
from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import plain, plain_or_json
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.errors import PolicyError
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan

# Variables of a host or guest of the play, as the tasks of the role set them: what the modules returned, and what the
# operator has said of it (policy; vm_id, vm, host).
HOST_RESULT, GUEST_RESULT, GUEST_KVP, SAID = (
    f"__audit_{name}" for name in ("host_result", "guest_result", "guest_kvp", "said")
)
# What a message of Ansible may take of a report.
_LONGEST_ERROR = 1000
# Problems of one part that are named; a file that is something else altogether has thousands.
_MOST_PROBLEMS = 10


class CollectionError(ValueError):
    """Nothing can be concluded from this. The text names the file and the place in it."""


class File(TypedDict):
    """A file that was read: its path and what is in it."""

    path: str
    text: str


class _Service(TypedDict):
    """What an audit reads of a service that vm_integration_service_info returned."""

    offered: bool
    enabled: bool | None
    verdict: str
    reason: str | None
    explanation: str | None
    primary_status_code: int | None
    secondary_status_code: int | None


class _VirtualMachine(TypedDict):
    """What an audit reads of a virtual machine that vm_integration_service_info returned."""

    id: str
    name: str
    state: str
    state_code: int
    uptime_seconds: int
    isolation: str | None
    clustered: bool
    services: dict[str, _Service]
    heartbeat: NotRequired[str | None]
    notes: NotRequired[str | None]
    groups: NotRequired[list[str]]
    replication: NotRequired[dict[str, Any]]
    checkpoint: NotRequired[dict[str, Any]]
    error: NotRequired[str | None]


class _GuestService(TypedDict):
    verdict: str
    explanation: str | None
    remedy: str | None


class _GuestFacts(TypedDict):
    """What an audit reads of the facts that linux_guest_info returned."""

    services: dict[str, _GuestService]
    freeze: dict[str, Any]
    time: dict[str, Any]


def collect(
    results: Mapping[str, Mapping[str, Any]],
    hosts: Sequence[str],
    guests: Sequence[str],
    collected_at: str,
    files: Sequence[File] = (),
) -> Collection:
    """Return what was asked now together with the collections in files.

    results: variables of each host and guest by its name in the inventory, see HOST_RESULT and the others.
    hosts, guests: names of those that were to be asked. The time is that of the oldest part: nothing in it is older.
    Raises CollectionError for a file that holds no collection, and for a host or guest that two of the parts have.
    """
    parts = [(file["path"], read_collection(file)) for file in files]
    if hosts or guests or not parts:
        today = date.fromisoformat(collected_at[:10])
        fresh = Collection(
            version=1,
            collected_at=collected_at,
            hosts=[_host(name, results.get(name, {}), today) for name in sorted(hosts)],
            guests=[_guest(name, results.get(name, {})) for name in sorted(guests)],
        )
        parts.insert(0, ("this run", fresh))
    _refuse_twice("host", [(where, host["name"]) for where, part in parts for host in part["hosts"]])
    _refuse_twice("guest", [(where, guest["name"]) for where, part in parts for guest in part["guests"]])
    return Collection(
        version=1,
        collected_at=min(part["collected_at"] for _where, part in parts),
        hosts=sorted((host for _where, part in parts for host in part["hosts"]), key=lambda host: host["name"]),
        guests=sorted((guest for _where, part in parts for guest in part["guests"]), key=lambda guest: guest["name"]),
    )


def read_collection(file: File) -> Collection:
    """Return the collection that a file holds. Raises CollectionError, which names the file and up to ten places."""
    try:
        value = plain_or_json(file["text"])
    except ValueError as error:
        raise CollectionError(f"{file['path']} is no JSON: {error}") from None
    version = value.get("version") if isinstance(value, dict) else None
    if version != 1 or "hosts" not in value:
        raise CollectionError(
            f"{file['path']} is no collection of version 1: give the collection.json that the role audit has written"
        )
    problems = mismatches(value, Collection, "collection")
    if not problems:
        for host in value["hosts"]:
            problems += mismatches(host["virtual_machines"], list[_VirtualMachine], f"host {host['name']}")
        for guest in value["guests"]:
            problems += mismatches(guest["facts"], _GuestFacts | None, f"guest {guest['name']}: facts")
    if problems:
        raise CollectionError(f"{file['path']}: {_listed(problems)}")
    found: Collection = value
    return found


def _listed(problems: Sequence[str]) -> str:
    more = [f"and {len(problems) - _MOST_PROBLEMS} more"] if len(problems) > _MOST_PROBLEMS else []
    return " | ".join([*problems[:_MOST_PROBLEMS], *more])


def _refuse_twice(kind: str, names: Sequence[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for where, name in names:
        if name in seen:
            raise CollectionError(
                f"{kind} {name} is in {seen[name]} and in {where}: each may be collected once, so leave one of them out"
            )
        seen[name] = where


def _host(name: str, variables: Mapping[str, Any], today: date) -> CollectedHost:
    said = plain(variables.get(SAID)) or {}
    reachable, error, machines = _answer(variables.get(HOST_RESULT), "virtual_machines", list[_VirtualMachine])
    plan: dict[str, Any] | None = None
    if not error and said.get("policy") is not None:
        try:
            plan = dict(make_plan(machines, said["policy"], today))
        except PolicyError as problem:
            error = f"The policy could not be evaluated: {problem}"
    return CollectedHost(name=name, reachable=reachable, error=error, virtual_machines=machines or [], plan=plan)


def _guest(name: str, variables: Mapping[str, Any]) -> CollectedGuest:
    said = plain(variables.get(SAID)) or {}
    reachable, error, facts = _answer(variables.get(GUEST_RESULT), "linux_guest", _GuestFacts)
    # No error if this fails: it only helps to find the virtual machine, and the operator's word is better.
    _reachable, _error, told = _answer(variables.get(GUEST_KVP), "host", dict[str, Any])
    return CollectedGuest(
        name=name,
        reachable=reachable,
        error=error,
        system="unknown" if error else "linux",
        vm_id=_text(said.get("vm_id")),
        vm=_text(said.get("vm")),
        host=_text(said.get("host")),
        claimed_vm_id=_text((told or {}).get("virtual_machine_id")),
        facts=facts,
    )


def _answer(result: Any, key: str, shape: Any) -> tuple[bool, str | None, Any]:
    """Whether one answered, why there is nothing of it, and else what the module returned under that key."""
    result = plain(result)
    if not result or result.get("skipped"):
        return False, "It was not asked: something before the audit failed on it.", None
    if result.get("unreachable") or result.get("failed"):
        message = " ".join(str(result.get("msg") or "It did not say why.").split())
        return not result.get("unreachable"), message[:_LONGEST_ERROR], None
    # A guest may return whatever it likes.
    problems = mismatches(result.get(key), shape, key)
    if problems:
        return True, f"It returned what the module would not: {_listed(problems)}", None
    return True, None, result[key]


def _text(value: Any) -> str | None:
    """What somebody has given as a text, None for nothing."""
    return None if value in (None, "") else str(value)
