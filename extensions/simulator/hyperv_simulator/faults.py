# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults by rule: what goes wrong, for which calls, how often."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from hyperv_simulator.errors import FaultError
from hyperv_simulator.machine import VirtualMachine
from hyperv_simulator.wildcard import WildcardError, compiled, matches

CALL_KINDS = {
    "access_denied": "the account lacks the right",
    "vmms_stopped": "the Virtual Machine Management service does not run",
    "wmi_transient": "the RPC server is unavailable (0x800706BA)",
    "slow": "the call takes `seconds` longer",
    "vanish": "the virtual machine is removed just before the call",
    "refuse": "the change silently does not take",
    "disconnect": "the connection breaks before or after the change took effect (`where`)",
}
ENDPOINT_KINDS = {
    "http_401": "the endpoint refuses the credentials",
    "busy": "the service cannot take the request now",
    "quota": "the user has too many shells",
    "operation_timeout": "the operation timed out, no output yet",
    "drop": "the connection breaks without an answer",
}
OPERATIONS = ("*", "Create", "Command", "Send", "Receive", "Signal", "Delete")


@dataclass
class Rule:
    """One rule. `host`, `command`, `vm` are PowerShell wildcard patterns; `vm` also takes an id.

    A call is one pipeline record of one cmdlet. The first `after` calls that match pass, the next `times` calls fail
    (null: all of them). With a `vm` only calls that reach such a virtual machine match, and only it fails.
    """

    kind: str
    host: str = "*"
    command: str = "*"
    vm: str = "*"
    operation: str = "*"
    after: int = 0
    times: int | None = None
    seconds: float = 0.0
    where: str = "before"
    seen: int = field(default=0, init=False)

    def take(self) -> bool:
        """Counts a call that matches; whether it is to fail."""
        self.seen += 1
        return self.after < self.seen and (self.times is None or self.seen <= self.after + self.times)

    def meets(self, vm: VirtualMachine) -> bool:
        return matches(self.vm, vm.name) or self.vm.lower() == vm.id


def parse(data: Any) -> Rule:
    """A rule from its JSON form. Raises FaultError."""
    known = [item.name for item in fields(Rule) if item.init]
    if not isinstance(data, dict) or "kind" not in data:
        raise FaultError(f"a rule is a mapping with a 'kind', one of: {', '.join(CALL_KINDS | ENDPOINT_KINDS)}")
    unknown = [key for key in data if key not in known]
    if unknown:
        raise FaultError(f"unknown key {unknown[0]!r} (known: {', '.join(known)})")
    rule = Rule(**data)
    _one_of("kind", rule.kind, CALL_KINDS | ENDPOINT_KINDS)
    _one_of("where", rule.where, ("before", "after"))
    _one_of("operation", rule.operation, OPERATIONS)
    _at_least("after", rule.after, 0)
    _at_least("seconds", rule.seconds, 0)
    if rule.times is not None:
        _at_least("times", rule.times, 1)
    if rule.kind in ("slow", "vmms_stopped") and rule.vm != "*":
        raise FaultError(f"vm: {rule.kind} meets whole calls: leave 'vm' out")
    if rule.kind == "vanish" and rule.vm == "*":
        raise FaultError("vanish: name the virtual machine ('vm': name, pattern or id)")
    for name in ("host", "command", "vm"):
        try:
            compiled(getattr(rule, name))
        except WildcardError:
            raise FaultError(f"{name}: {getattr(rule, name)!r} is not a valid wildcard pattern") from None
    return rule


def _one_of(name: str, value: Any, allowed: Any) -> None:
    if value not in allowed:
        raise FaultError(f"{name}: {value!r} is none of: {', '.join(allowed)}")


def _at_least(name: str, value: Any, least: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < least:
        raise FaultError(f"{name}: {value!r} is not a number of at least {least}")


class CallFaults:
    """The rules that may meet one call. Each is counted once a call, when the call first reaches what it names."""

    def __init__(self, rules: list[Rule], lock: threading.Lock) -> None:
        self._rules = rules
        self._lock = lock
        self._taken: dict[int, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._rules)

    def of_call(self, *kinds: str) -> list[Rule]:
        """The rules of these kinds that fail the call as a whole."""
        return [rule for rule in self._rules if rule.kind in kinds and rule.vm == "*" and self._fails(rule)]

    def of_machine(self, vm: VirtualMachine, *kinds: str) -> list[Rule]:
        """The rules of these kinds that fail this virtual machine within the call."""
        return [
            rule
            for rule in self._rules
            if rule.kind in kinds and rule.vm != "*" and rule.meets(vm) and self._fails(rule)
        ]

    def _fails(self, rule: Rule) -> bool:
        if id(rule) not in self._taken:
            with self._lock:
                self._taken[id(rule)] = rule.take()
        return self._taken[id(rule)]


class Faults:
    """All rules of a running fleet."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, data: Any, commands: Collection[str] | None = None) -> None:
        """Adds a rule, of which `command` matches one of these; null: not checked. Raises FaultError."""
        rule = parse(data)
        if commands is not None and not any(matches(rule.command, command) for command in commands):
            names = {name.lower(): name for name in commands}
            near = difflib.get_close_matches(rule.command.lower(), names, n=1)
            hint = f"did you mean {names[near[0]]!r}?" if near else f"simulated are {', '.join(commands)}"
            raise FaultError(f"command: {rule.command!r} matches no simulated cmdlet: {hint}")
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def listed(self) -> list[dict[str, Any]]:
        """The rules as JSON, each with `seen`: how many calls have met it."""
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def for_call(self, host: str, command: str) -> CallFaults:
        with self._lock:
            rules = [
                rule
                for rule in self._rules
                if rule.kind in CALL_KINDS and matches(rule.host, host) and matches(rule.command, command)
            ]
        return CallFaults(rules, self._lock)

    def endpoint(self, host: str, operation: str) -> str | None:
        """The kind of fault that this request of a WSMan client meets; the rule is counted."""
        with self._lock:
            for rule in self._rules:
                fits = rule.kind in ENDPOINT_KINDS and matches(rule.host, host) and rule.operation in ("*", operation)
                if fits and rule.take():
                    return rule.kind
        return None
