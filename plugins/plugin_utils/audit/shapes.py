# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes into an audit and what comes out. Everything can be written as JSON; times are UTC: 2026-11-27T09:30:00Z.

Names, notes and everything that a guest says are untrusted text: they are carried as they are and made harmless by
whoever shows them.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

# A field that an earlier version did not write is NotRequired: what that version wrote can still be a baseline.
Severity = Literal["high", "medium", "low", "info"]
Side = Literal["host", "guest", "both", "policy", "unknown"]
# What the guest's own half of a service is like, whatever the system in the guest.
GuestState = Literal[
    "serving",  # driver and daemon or service run, and hold the device
    "stopped",  # installed, not running
    "missing",  # driver, daemon or service is not installed, or this system has none
    "blocked",  # there, and kept from running: blacklisted, masked, start type disabled
    "not_offered",  # the guest sees no device: the host's switch is off as the guest sees it
    "unsupported",  # the system refuses the service, as Linux does in confidential virtual machines
    "unknown",  # looked at, and not seen
    "not_looked",  # nobody looked into the guest
]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low", "info")
SIDES: tuple[Side, ...] = ("host", "guest", "both", "policy", "unknown")


class CollectedHost(TypedDict):
    """One Hyper-V host as it was asked.

    name: its name in the inventory. reachable: whether it answered. error: why there is nothing, or less than asked.
    virtual_machines: RV(virtual_machines) of vm_integration_service_info, as returned.
    plan: what the filter host_policy_plan made of them, null when no policy was evaluated. For one on which it does not
    decide the policy could not be evaluated.
    selected: whether only a selection of its virtual machines was asked for.
    """

    name: str
    reachable: bool
    error: str | None
    virtual_machines: list[dict[str, Any]]
    plan: dict[str, Any] | None
    selected: NotRequired[bool]


class CollectedGuest(TypedDict):
    """One guest as it was asked.

    name: its name in the inventory. system: what kind of facts these are.
    vm_id: id of its virtual machine as the operator gave it; vm: name of it as the operator gave it, host: on which
    host (null: whichever has it). claimed_vm_id: what the guest says, untrusted: from the pool that the host writes.
    facts: RV(linux_guest) of linux_guest_info, as returned; null when there are none.
    """

    name: str
    reachable: bool
    error: str | None
    system: Literal["linux", "windows", "unknown"]
    vm_id: str | None
    vm: str | None
    host: str | None
    claimed_vm_id: str | None
    facts: dict[str, Any] | None


class Collection(TypedDict):
    """All that was collected in one run, before anything is concluded. It can be kept and evaluated again."""

    version: Literal[1]
    collected_at: str
    hosts: list[CollectedHost]
    guests: list[CollectedGuest]


class GuestService(TypedDict):
    """state: see GuestState. explanation, remedy: of the guest's side, as the guest's module words them.
    masked: the unit of its daemon is masked, so that what serves now does not start again.
    """

    state: GuestState
    explanation: str | None
    remedy: str | None
    masked: NotRequired[bool]


class ServiceFacts(TypedDict):
    """One service of one virtual machine, both sides of it.

    wanted: the policy's wish, null to leave it alone or without a policy. enabled: the host's switch, null when it is
    not offered or could not be read. verdict, reason: what the host sees. guest: the guest's half.
    side, explanation, remedy: the conclusion of the truth table; side is null when nothing is wrong.
    override: why a protected service may be off, override_until: until which day (null: for good).
    case: row of the truth table.
    """

    wanted: bool | None
    offered: bool | None
    enabled: bool | None
    verdict: str
    reason: str | None
    primary_status_code: int | None
    secondary_status_code: int | None
    guest: GuestState
    side: Side | None
    explanation: str
    remedy: str | None
    override: NotRequired[str | None]
    override_until: NotRequired[str | None]
    case: NotRequired[str]


class VirtualMachine(TypedDict):
    """One virtual machine in the result. host: name of the host in the inventory.

    guest: name in the inventory of the guest whose facts were joined, null when nobody looked into it.
    profiles: of the policy. policy_rules: labels of its rules that decided, policy_reason: their reasons; both empty
    without a policy. error: why its services could not be read. checkpoint: id of the one that its disks descend from,
    to see in the next audit whether one was restored.
    """

    id: str
    name: str
    host: str
    state: str
    isolation: str | None
    guest: str | None
    profiles: list[str]
    policy_rules: NotRequired[list[str]]
    policy_reason: NotRequired[str]
    error: str | None
    checkpoint: NotRequired[str | None]
    services: dict[str, ServiceFacts]


class Reference(TypedDict):
    """title: of the rule or page, as an auditor cites it. url: null where the source has none in public."""

    title: str
    url: str | None


class Subject(TypedDict):
    id: str
    name: str


class Evidence(TypedDict):
    """One fact that the finding rests on. source: where it was seen (host, guest, policy, waiver, baseline)."""

    source: str
    fact: str
    value: Any


class WaivedBy(TypedDict):
    """id: of the waiver. until: last day on which it holds."""

    id: str
    owner: str
    reason: str
    until: str


class Finding(TypedDict):
    """One thing that is wrong.

    id: the same for the same rule, virtual machine, host, guest and service in every audit (hexadecimal).
    vm: null for findings about a host, a guest, or the audit's own files. service: key of the service or null.
    waived_by: null unless a waiver holds. drift: against the baseline; null without one.
    """

    id: str
    rule: str
    severity: Severity
    vm: Subject | None
    host: str | None
    guest: str | None
    service: str | None
    side: Side
    evidence: list[Evidence]
    explanation: str
    remedy: str
    references: list[Reference]
    waived_by: WaivedBy | None
    drift: Literal["new", "unchanged"] | None


class RuleText(TypedDict):
    """What reports say about a rule. title: what it requires. finding: what is wrong where it is broken."""

    title: str
    finding: NotRequired[str]
    severity: Severity
    description: str
    references: list[Reference]


class Drift(TypedDict):
    """baseline: time of the earlier audit. fixed: its findings that are no more; new, unchanged: ids of findings.

    unseen: its findings of which nothing is known now: the host, the guest or the virtual machine was not seen, or the
    rule was not applied.
    """

    baseline: str
    new: list[str]
    fixed: list[Finding]
    unchanged: list[str]
    unseen: NotRequired[list[Finding]]


class NotSeen(TypedDict):
    """Something that the audit says nothing about, and why. kind: host, guest, virtual_machine or service."""

    kind: str
    name: str
    host: str | None
    why: str


class Summary(TypedDict):
    """Counts. hosts: of the audit; hosts_read: those of them whose virtual machines could be listed.
    severities, sides: open findings, every key there. waived: findings with a waiver.
    rules: all findings by rule, those without a finding as well. verdicts: services of all virtual machines by verdict.
    worst: highest severity of an open finding.
    new: open findings that are not in the baseline, by severity; fixed: findings of the baseline that are no more. Both
    are null without a baseline.
    """

    hosts: int
    hosts_read: NotRequired[int]
    virtual_machines: int
    guests_seen: int
    findings: int
    waived: int
    severities: dict[str, int]
    sides: dict[str, int]
    rules: dict[str, int]
    verdicts: dict[str, int]
    worst: Severity | None
    new: NotRequired[dict[str, int] | None]
    fixed: NotRequired[int | None]


class Audit(TypedDict):
    """The result. findings: ordered by severity, rule, host, name and id of the virtual machine, service.

    rules: the rules that were applied, by id, those without a finding as well.
    """

    version: Literal[1]
    title: str
    collected_at: str
    evaluated_at: str
    summary: Summary
    findings: list[Finding]
    virtual_machines: list[VirtualMachine]
    not_seen: list[NotSeen]
    rules: dict[str, RuleText]
    drift: Drift | None
