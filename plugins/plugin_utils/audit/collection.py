# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what the tasks of the role audit returned, and from files of earlier runs, to a Collection (see shapes)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypedDict

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.parts import (
    GuestFacts,
    listed,
    machine_problems,
    moment,
    part_problems,
    unfit,
)
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
_NOT_ASKED = "It was not asked: something before the audit failed on it."
_OPTION = re.compile(r"(audit|host_policy)_\w{1,60}", re.ASCII)
_NOT_OF_THE_MODULE = "It returned what the module would not"


class CollectionError(ValueError):
    """Nothing can be concluded from this. The text names the file and the place in it."""


class File(TypedDict):
    """A file that was read: its path and what is in it."""

    path: str
    text: str


def collect(
    results: Mapping[str, Mapping[str, Any]],
    hosts: Sequence[str],
    guests: Sequence[str],
    collected_at: str,
    files: Sequence[File] = (),
) -> Collection:
    """Return what was asked now together with the collections in files.

    results: variables of each host and guest by its name in the inventory, see HOST_RESULT and the others. What of them
    cannot be read is the error of that host or guest alone.
    hosts, guests: names of those that were to be asked. The time is that of the oldest part: nothing in it is older.
    Raises CollectionError for a file that holds no collection, and for a host or guest that two of the parts have.
    """
    parts = [(file["path"], read_collection(file)) for file in files]
    if hosts or guests or not parts:
        today = date.fromisoformat(collected_at[:10])
        fresh = Collection(
            version=1,
            collected_at=collected_at,
            hosts=[_host(name, results, today) for name in sorted(hosts)],
            guests=[_guest(name, results) for name in sorted(guests)],
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
        if moment(value["collected_at"]) is None:
            problems.append(f"collected_at is {value['collected_at'][:60]!r}, not a time as in 2026-11-27T09:30:00Z")
        problems += part_problems(value)
        for guest in value["guests"]:
            problems += mismatches(guest["facts"], GuestFacts | None, f"guest {guest['name']}: facts")
    if problems:
        raise CollectionError(f"{file['path']}: {listed(problems)}")
    found: Collection = value
    return found


def _refuse_twice(kind: str, names: Sequence[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for where, name in names:
        if name in seen:
            raise CollectionError(
                f"{kind} {name} is in {seen[name]} and in {where}: each may be collected once, so leave one of them out"
            )
        seen[name] = where


def _host(name: str, results: Mapping[str, Any], today: date) -> CollectedHost:
    try:
        said = _said(results, name)
        reachable, error, found = _answer(_variable(results, name, HOST_RESULT), "virtual_machines", list[Any])
        error = _with_cause(error, results, name)
    except _UnreadableError as problem:
        return CollectedHost(name=name, reachable=True, error=str(problem), virtual_machines=[], plan=None)
    problems: list[str | None] = [error]
    wrong = machine_problems(found or [])
    machines = [machine for number, machine in enumerate(found or []) if number not in wrong]
    if wrong:
        problems.append(f"{_NOT_OF_THE_MODULE}: {listed([text for texts in wrong.values() for text in texts])}")
    plan = None
    if not error and said.get("policy") is not None:
        plan, failure = _plan(machines, said["policy"], today)
        problems += failure
    host = CollectedHost(
        name=name,
        reachable=reachable,
        error=" | ".join(filter(None, problems)) or None,
        virtual_machines=machines,
        plan=plan,
    )
    if said.get("selection") not in (None, {}, {"all": True}):
        host["selected"] = True
    return host


def _plan(
    machines: Sequence[dict[str, Any]], policy: Mapping[str, Any], today: date
) -> tuple[dict[str, Any], list[str]]:
    """Return what the policy wants of the virtual machines for which it can be evaluated, and why not of the others."""
    try:
        return dict(make_plan(machines, policy, today)), []
    except PolicyError as error:
        failure = str(error)
    evaluable, failed = [], []
    for machine in machines:
        try:
            make_plan([machine], policy, today)
        except PolicyError:
            failed.append(machine["name"])
        else:
            evaluable.append(machine)
    try:
        plan = dict(make_plan(evaluable, policy, today))
    except PolicyError:  # of the policy itself
        plan = {"decisions": []}
    return plan, [f"The policy could not be evaluated for {len(failed)} of {len(machines)} VMs: {failure}"]


def _guest(name: str, results: Mapping[str, Any]) -> CollectedGuest:
    said: Mapping[str, Any] = {}
    told: dict[str, Any] | None = None
    try:
        said = _said(results, name)
        reachable, error, facts = _answer(_variable(results, name, GUEST_RESULT), "linux_guest", GuestFacts)
        error = _with_cause(error, results, name)
    except _UnreadableError as problem:
        reachable, error, facts = True, str(problem), None
    with contextlib.suppress(_UnreadableError):
        # No error if this fails: it only helps to find the virtual machine, and the operator's word is better.
        _reachable, _error, told = _answer(_variable(results, name, GUEST_KVP), "host", dict[str, Any])
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


class _UnreadableError(Exception):
    """What one host or guest returned cannot be read, and why."""


def _said(results: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    # The operator's words may hold what YAML makes of them, such as dates: they are not kept as they are.
    said = _plain(results, name, SAID) or {}
    if not isinstance(said, dict):
        raise _UnreadableError(f"{SAID} is not a mapping")
    return said


def _variable(results: Mapping[str, Any], name: str, key: str) -> Any:
    """Return a variable with what a host or guest has returned, fit to be kept. Raises _UnreadableError."""
    value = _plain(results, name, key)
    problem = unfit(value)
    if problem:
        raise _UnreadableError(f"What it returned cannot be read: {problem}")
    return value


def _plain(results: Mapping[str, Any], name: str, key: str) -> Any:
    """Return a variable of a host or guest in plain Python. Raises _UnreadableError."""
    try:
        return plain(results[name].get(key)) if name in results else None
    except Exception as error:
        # Ansible raises what it likes for a variable that holds what it cannot handle, such as hundreds of levels.
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise _UnreadableError(f"What it returned cannot be read: {reason[:_LONGEST_ERROR]}") from None


def _answer(result: Any, key: str, shape: Any) -> tuple[bool, str | None, Any]:
    """Whether one answered, why there is nothing of it, and else what the module returned under that key."""
    if not result:
        return False, _NOT_ASKED, None
    if not isinstance(result, dict):
        return True, f"{_NOT_OF_THE_MODULE}: {listed(mismatches(result, dict, 'the result'))}", None
    if result.get("skipped"):
        return False, _NOT_ASKED, None
    if result.get("unreachable") or result.get("failed"):
        message = " ".join(str(result.get("msg") or "It did not say why.").split())
        return not result.get("unreachable"), message[:_LONGEST_ERROR], None
    # A guest may return whatever it likes.
    problems = mismatches(result.get(key), shape, key)
    if problems:
        return True, f"{_NOT_OF_THE_MODULE}: {listed(problems)}", None
    return True, None, result[key]


def _with_cause(error: str | None, results: Mapping[str, Any], name: str) -> str | None:
    """Why there is nothing of one; of one that was not asked with the options among its facts.

    Ansible checks the types of a role's options before its first task, and drops those machines on which one is wrong.
    """
    if error != _NOT_ASKED or name not in results:
        return error
    with contextlib.suppress(Exception):  # Ansible raises what it likes for variables that it cannot handle.
        options = sorted(str(fact) for fact in results[name].get("ansible_facts") or () if _OPTION.fullmatch(str(fact)))
        if options:
            hold = "Its ansible_facts, which it sets itself, hold options of the audit or of the policy"
            return f"{error} {hold}: {', '.join(options)}"[:_LONGEST_ERROR]
    return error


def _text(value: Any) -> str | None:
    """What somebody has given as a text, None for nothing."""
    return None if value in (None, "") else str(value)
