# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules are about: the facts of hosts, guests, virtual machines and services, from all that was collected.

The fields are listed in schemas/rules.schema.json; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS, PROTECTED
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.verdict import (
    CONFIDENTIAL,
    REFUSED_IN_ISOLATION,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.guest import GuestFacts, read_guest
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.join import Joined, Key, same_id
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import CollectedHost, GuestState
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.side import (
    Row,
    Switch,
    Wish,
    conclude,
    filled,
    view_of,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.names import fold

Facts = dict[str, Any]

# Replica and primary of a virtual machine have one name rightly.
_REPLICAS = ("Replica", "TestReplica", "ExtendedReplica")
_NO_REMEDY = "Nothing in the guest can mend it: switch {service} off on the host if it is not needed, or waive this."
_OF_GUEST = ("hv_utils", "hv_utils_hindered", "clock", "clock_source", "ip_injection_ready")
# What a guest that refuses a service as confidential is taken for by the host, which has not heard of it either.
_UNANSWERED = ("silent", "booting", "incompatible", "error")


@dataclass(frozen=True, eq=False)
class Subject:
    """One virtual machine. services: the facts of its services by key; each has those of the virtual machine as vm.

    policy_rules: labels of the rules of the policy that decided; policy_reason: what these give as their reason.
    """

    facts: Facts
    services: Mapping[str, Facts]
    policy_rules: list[str]
    policy_reason: str


@dataclass(frozen=True, eq=False)
class Before:
    """A virtual machine in the baseline. switches: by service. checkpoint: id, null for none or when not known."""

    switches: Mapping[str, bool | None]
    checkpoint: str | None
    has_checkpoint: bool


def was_read(host: CollectedHost) -> bool:
    """Tell whether the virtual machines of a host could be listed."""
    return host["reachable"] and (not host["error"] or bool(host["virtual_machines"]))


def host_facts(host: CollectedHost) -> Facts:
    return {
        "name": host["name"],
        "reachable": host["reachable"],
        "error": host["error"],
        "virtual_machines": len(host["virtual_machines"]),
        "has_policy": host["plan"] is not None,
    }


def guest_facts(joined: Joined) -> Facts:
    guest = joined.guest
    return {
        **{field: guest[field] for field in ("name", "reachable", "error", "system", "vm_id", "vm", "host")},
        "claimed_vm_id": guest["claimed_vm_id"],
        "looked": guest["facts"] is not None,
        "mapping": joined.mapping,
        "joined_by": joined.by,
        "candidates": joined.candidates,
        "found_id": joined.key[1] if joined.key else None,
        "running": joined.running,
        "guest_facts": guest["facts"],
    }


def virtual_machines(
    hosts: Sequence[CollectedHost],
    joined: Sequence[Joined],
    baseline: Mapping[Key, Before],
    today: str,
    grace: float,
) -> Iterator[Subject]:
    """Yield the virtual machines of all hosts. Raises AuditError for facts that cannot be those of one."""
    guests = {item.key: item for item in joined if item.mapping == "joined" and item.guest["facts"] is not None}
    names = _Names(hosts)
    for host in hosts:
        decisions = {decision["id"]: decision for decision in (host["plan"] or {}).get("decisions", [])}
        protected = frozenset((host["plan"] or {}).get("protected", PROTECTED))
        for vm in host["virtual_machines"]:
            key = (host["name"], same_id(vm["id"]))
            item = guests.get(key)
            guest = read_guest(item.guest) if item else None
            decision = decisions.get(vm["id"])
            facts = _machine(vm, host, item, guest, decision)
            facts |= names.facts(facts)
            judged = _Machine(facts, guest, decision, protected, baseline.get(key), today, grace)
            seen = vm.get("services") or {}
            services = {key: judged.service(key, seen[key]) for key in KEYS if seen.get(key)}
            facts["services"] = services
            facts["contact"] = _contact(services)
            yield Subject(
                facts,
                {key: {**service, "vm": facts} for key, service in services.items()},
                list(decision["rules"]) if decision else [],
                decision["reason"] if decision else "",
            )


class _Names:
    """Which names and ids several virtual machines have. During a migration two hosts show the same one."""

    def __init__(self, hosts: Sequence[CollectedHost]) -> None:
        self._ids: dict[str, set[str]] = {}
        self._here: dict[tuple[str, str], list[str]] = {}
        self._running: dict[str, list[str]] = {}
        for host in hosts:
            for vm in host["virtual_machines"]:
                name, id = fold(vm["name"]), same_id(vm["id"])
                if _mode(vm) not in _REPLICAS:
                    self._ids.setdefault(name, set()).add(id)
                self._here.setdefault((host["name"], name), []).append(id)
                if vm["state"] == "Running":
                    self._running.setdefault(id, []).append(host["name"])

    def facts(self, vm: Facts) -> Facts:
        """Return the facts of a virtual machine that are about the others, too."""
        name, id, host = fold(vm["name"]), same_id(vm["id"]), vm["host"]
        ids, here = self._ids.get(name, set()), self._here[host, name]
        running = sorted(self._running.get(id, ()))
        return {
            "same_name": 0 if vm["replication"] in _REPLICAS else len(ids) - 1,
            "same_name_here": len(here) - 1,
            # One of them speaks for all.
            "first_of_name": id == min(ids, default=id),
            "first_of_name_here": id == min(here),
            "runs_also_on": running[1:] if vm["running"] and running[0] == host else [],
        }


def _mode(vm: Mapping[str, Any]) -> str | None:
    mode: str | None = (vm.get("replication") or {}).get("mode")
    return mode


def _machine(
    vm: Mapping[str, Any],
    host: CollectedHost,
    joined: Joined | None,
    guest: GuestFacts | None,
    decision: Mapping[str, Any] | None,
) -> Facts:
    return {
        **{field: vm.get(field) for field in ("id", "name", "state", "generation", "clustered", "isolation", "error")},
        **{
            field: vm.get(field)
            for field in ("groups", "notes", "checkpoint", "uptime_seconds", "heartbeat", "version")
        },
        "host": host["name"],
        "running": vm["state"] == "Running",
        "replication": _mode(vm),
        # A plan that does not decide on a virtual machine could not be made for it: what the policy says is not known.
        "has_policy": decision is not None or (None if host["plan"] is not None else False),
        "profiles": list(decision["profiles"]) if decision else [],
        "not_offered": list(decision["not_offered"]) if decision else [],
        "guest": joined.guest["name"] if joined else None,
        "joined_by": joined.by if joined else None,
        "claimed_vm_id": joined.guest["claimed_vm_id"] if joined else None,
        "guest_system": guest.system if guest else None,
        "guest_facts": guest.facts if guest else None,
        **{field: getattr(guest, field) if guest else None for field in _OF_GUEST},
    }


def _contact(services: Mapping[str, Facts]) -> str:
    views = {key: service["view"] for key, service in services.items() if service["enabled"]}
    heard = set(views.values())
    if heard & {"works", "critical"}:
        return "answers"
    # Without a heartbeat one silent service does not speak for the guest. Of a confidential guest only those count that
    # it does not refuse.
    if views.get("heartbeat") == "lost" and heard <= {"lost", "silent", "isolated"}:
        return "lost"
    if views.get("heartbeat") == "silent" and heard <= {"silent", "isolated"}:
        return "silent"
    return "answers" if "lost" in heard else "unknown"


class _Machine:
    """Judges the services of one virtual machine."""

    def __init__(
        self,
        facts: Facts,
        guest: GuestFacts | None,
        decision: Mapping[str, Any] | None,
        protected: frozenset[str],
        before: Before | None,
        today: str,
        grace: float,
    ) -> None:
        self._vm = facts
        self._guest = guest
        self._decision = decision or {}
        self._refused = {refusal["service"]: refusal for refusal in self._decision.get("refused", [])}
        self._protected = protected
        self._before = before
        self._today = today
        self._grace = grace
        checkpoint = (facts["checkpoint"] or {}).get("parent_id")
        comparable = before is not None and before.has_checkpoint and facts["checkpoint"] is not None
        self._checkpoint_changed = before.checkpoint != checkpoint if before and comparable else None

    def service(self, key: str, seen: Mapping[str, Any]) -> Facts:
        """Return the facts of one service, with what the truth table concludes."""
        vm = self._vm
        enabled, offered = seen.get("enabled"), seen.get("offered")
        verdict, reason = seen.get("verdict") or "unknown", seen.get("reason")
        wanted = self._decision.get("services", {}).get(key)
        override, until, override_state = self._override(key)
        guest = self._guest.services[key] if self._guest else None
        protected = key in self._protected
        view = view_of(verdict, reason, vm["uptime_seconds"], self._grace)
        state: GuestState = guest["state"] if guest else "not_looked"
        if state == "unsupported" and view in _UNANSWERED and self._refusal_holds(key):
            view = "isolated"
        if state == "serving" and view == "works" and guest and guest.get("masked"):
            state = "blocked"  # from the next boot on
        facts = {
            "service": key,
            "protected": protected,
            "has_policy": vm["has_policy"],
            "wanted": wanted,
            "offered": offered,
            "enabled": enabled,
            "verdict": verdict,
            "reason": reason,
            "primary_status_code": seen.get("primary_status_code"),
            "secondary_status_code": seen.get("secondary_status_code"),
            "view": view,
            "guest": state,
            "guest_system": vm["guest_system"],
            "guest_name": vm["guest"],
            "guest_explanation": guest["explanation"] if guest else None,
            "guest_remedy": (guest["remedy"] or filled(_NO_REMEDY, {"service": key})) if guest else None,
            "joined_by": vm["joined_by"],
            "isolation": vm["isolation"],
            "running": vm["running"],
            "replication": vm["replication"],
            "profiles": vm["profiles"],
            "override": override,
            "override_until": until,
            "override_state": override_state,
            "refused_by": self._refused.get(key, {}).get("rule"),
            "baseline_enabled": self._before.switches.get(key) if self._before else None,
            "checkpoint_changed": self._checkpoint_changed,
            "freeze_failing": self._guest.freeze_failing if self._guest else None,
        }
        row = conclude(_switch(offered, enabled), _wish(wanted, protected, override_state), view, state)
        return {**facts, **_conclusion(row, facts)}

    def _refusal_holds(self, key: str) -> bool:
        """Tell whether the guest's word that it refuses a service as confidential is confirmed.

        The host's word decides. Where it has none, the guest has to say which isolation it is, and the operator which
        virtual machine the guest is.
        """
        if key not in REFUSED_IN_ISOLATION or not self._guest or self._vm["joined_by"] == "claim":
            return False
        return (self._vm["isolation"] or self._guest.isolation) in CONFIDENTIAL

    def _override(self, key: str) -> tuple[str | None, str | None, str]:
        """(reason, last day, state) of the override of a service."""
        if self._vm["has_policy"] is None:
            return None, None, "unknown"
        refusal = self._refused.get(key)
        if refusal:
            return None, refusal.get("expired"), "expired" if refusal.get("expired") else "missing"
        reason = self._decision.get("overrides", {}).get(key)
        until = self._decision.get("overrides_until", {}).get(key)
        # A collection may be evaluated long after it was made, and its plan with it.
        state = "none" if reason is None else "expired" if until and until < self._today else "valid"
        return reason, until, state


def _switch(offered: bool | None, enabled: bool | None) -> Switch:
    if enabled is None:
        return "absent" if offered is False else "unread"
    return "on" if enabled else "off"


def _wish(wanted: bool | None, protected: bool, override_state: str) -> Wish:
    if wanted is False and override_state != "expired":
        return "off"
    if wanted or (protected and override_state not in ("valid", "unknown")):
        return "on"
    return "none"


def _conclusion(row: Row, facts: Facts) -> Facts:
    return {
        "case": row.case,
        "side": row.side,
        "explanation": filled(row.explanation, facts),
        "remedy": filled(row.remedy, facts) if row.remedy else None,
    }
