# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audits for tests of reports: any number of virtual machines, the same for the same seed, counts that add up.

They look like audits; whether an engine would conclude the same from any fleet is of no matter here.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import (
    SEVERITIES,
    SIDES,
    Audit,
    Drift,
    Evidence,
    Finding,
    GuestState,
    NotSeen,
    Reference,
    RuleText,
    ServiceFacts,
    Severity,
    Side,
    Subject,
    Summary,
    VirtualMachine,
    WaivedBy,
)

MICROSOFT = Reference(
    title="Microsoft, Manage Hyper-V Integration Services",
    url="https://learn.microsoft.com/en-us/windows-server/virtualization/hyper-v/manage/manage-hyper-v-integration-services",
)
CM_7 = Reference(title="NIST SP 800-53 CM-7, Least Functionality", url=None)


def _rules(severity: Severity, **findings: str) -> list[tuple[Severity, str, str, list[Reference]]]:
    """Return a line for each rule; every other one cites something that is on the web."""
    cited = ([MICROSOFT, CM_7], [CM_7])
    return [(severity, rule, text, cited[number % 2]) for number, (rule, text) in enumerate(findings.items())]


RULES: dict[str, RuleText] = {
    rule: RuleText(
        title=f"Requirement {rule}",
        finding=text,
        severity=severity,
        description=f"What {rule} is good for.",
        references=references,
    )
    for severity, rule, text, references in (
        *_rules("high", guest_silent="The guest does not answer", host_not_reached="A host could not be read"),
        *_rules("high", protected_off="A protected service is off without a reason"),
        *_rules("medium", contact_lost="The guest no longer answers", drifted="A switch is not as the policy wants it"),
        *_rules("low", file_copy_on="The host may copy files into the guest", waiver_expired="A waiver has expired"),
        *_rules("info", old_protocol="The guest speaks an older protocol"),
    )
}
# rule -> verdict of the service, state of the guest's half, side at fault
_DEFECTS: dict[str, tuple[str, GuestState, Side]] = {
    "guest_silent": ("no_contact", "stopped", "guest"),
    "protected_off": ("disabled", "not_offered", "host"),
    "contact_lost": ("lost_communication", "unknown", "unknown"),
    "drifted": ("disabled", "blocked", "both"),
    "file_copy_on": ("ok", "serving", "policy"),
    "old_protocol": ("protocol_mismatch", "serving", "guest"),
}
_ROLES = ("web", "sql", "dc", "file", "build", "mail", "app", "jump")


def make_audit(machines: int = 40, seed: int = 1, defects: float = 0.25, baseline: bool = True) -> Audit:
    """Return an audit of that many virtual machines on a host for each 40 of them, and one host that was not reached.

    defects: share of the virtual machines that have one or two findings.
    """
    chance = random.Random(seed)
    hosts = [f"hv{number:03}.example.com" for number in range(1, 2 + machines // 40)]
    vms = [_machine(chance, number, hosts[number % len(hosts)]) for number in range(machines)]
    findings: list[Finding] = []
    for vm in vms:
        if chance.random() < defects:
            for rule in chance.sample(sorted(_DEFECTS), chance.choice((1, 1, 2))):
                findings.append(_defect(chance, vm, rule))
    findings.append(finding("host_not_reached", "unknown", host="hv999.example.com", explanation="It does not answer."))
    findings.append(finding("waiver_expired", "policy", explanation="Waiver build-farm ended on 2026-10-31."))
    findings.sort(key=lambda found: (SEVERITIES.index(found["severity"]), found["rule"], found["host"] or ""))
    for found in findings:
        if baseline:
            found["drift"] = "new" if chance.random() < 0.2 else "unchanged"
        if found["vm"] and chance.random() < 0.1:
            found["waived_by"] = WaivedBy(
                id="legacy-appliances", owner="Ada Example", reason="replaced in spring", until="2027-03-31"
            )
    not_seen = [NotSeen(kind="host", name="hv999.example.com", host=None, why="connection refused")]
    not_seen += [
        NotSeen(kind="guest", name=vm["name"], host=vm["host"], why="nobody looked into it")
        for vm in vms
        if vm["guest"] is None
    ]
    return assemble(vms, findings, not_seen, baseline)


def assemble(
    vms: list[VirtualMachine],
    findings: list[Finding],
    not_seen: list[NotSeen],
    baseline: bool,
    title: str = "Integration services of the datacentre",
) -> Audit:
    """Return an audit of these parts, with the counts that go with them."""
    still_open = [found for found in findings if not found["waived_by"]]
    severities = Counter(found["severity"] for found in still_open)
    sides = Counter(found["side"] for found in still_open)
    verdicts = Counter(service["verdict"] for vm in vms for service in vm["services"].values())
    worst: Severity | None = next((severity for severity in SEVERITIES if severities[severity]), None)
    fixed = finding("guest_silent", "guest", vm=Subject(id=str(uuid.UUID(int=7)), name="web-retired"), service="vss")
    drift = Drift(
        baseline="2026-11-20T06:00:00Z",
        new=[found["id"] for found in findings if found["drift"] == "new"],
        fixed=[fixed],
        unchanged=[found["id"] for found in findings if found["drift"] == "unchanged"],
    )
    return Audit(
        version=1,
        title=title,
        collected_at="2026-11-27T09:30:00Z",
        evaluated_at="2026-11-27T09:31:12Z",
        summary=Summary(
            # One more was not reached.
            hosts=len({vm["host"] for vm in vms}) + 1,
            hosts_read=len({vm["host"] for vm in vms}),
            virtual_machines=len(vms),
            guests_seen=sum(vm["guest"] is not None for vm in vms),
            findings=len(findings),
            waived=len(findings) - len(still_open),
            severities={severity: severities[severity] for severity in SEVERITIES},
            sides={side: sides[side] for side in SIDES},
            rules={rule: sum(found["rule"] == rule for found in findings) for rule in RULES},
            verdicts=dict(verdicts),
            worst=worst,
        ),
        findings=findings,
        virtual_machines=vms,
        not_seen=not_seen,
        rules=RULES,
        drift=drift if baseline else None,
    )


def finding(
    rule: str,
    side: Side,
    vm: Subject | None = None,
    host: str | None = None,
    guest: str | None = None,
    service: str | None = None,
    explanation: str = "The service answers no more.",
    remedy: str = "See why it stopped, then start it.",
    evidence: list[Evidence] | None = None,
) -> Finding:
    """Return an open finding of one of RULES."""
    key = "\0".join((rule, vm["id"] if vm else "", host or "", guest or "", service or ""))
    return Finding(
        id=hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        rule=rule,
        severity=RULES[rule]["severity"],
        vm=vm,
        host=host,
        guest=guest,
        service=service,
        side=side,
        evidence=evidence if evidence is not None else [Evidence(source="host", fact="primary_status_code", value=12)],
        explanation=explanation,
        remedy=remedy,
        references=RULES[rule]["references"],
        waived_by=None,
        drift=None,
    )


def with_texts(audit: Audit, change: Callable[[str, str], str]) -> Audit:
    """Return a copy in which every text that may come from a stranger is what `change` makes of its kind and it."""

    def changed(kind: str, text: str | None) -> str | None:
        return None if text is None else change(kind, text)

    def replaced(item: Any, **texts: Any) -> Any:
        return {**item, **texts}

    findings = [
        replaced(
            found,
            vm=Subject(id=found["vm"]["id"], name=change("vm", found["vm"]["name"])) if found["vm"] else None,
            host=changed("host", found["host"]),
            guest=changed("guest", found["guest"]),
            explanation=change("explanation", found["explanation"]),
            remedy=change("remedy", found["remedy"]),
            evidence=[
                replaced(item, fact=change("fact", item["fact"]), value=change("value", str(item["value"])))
                for item in found["evidence"]
            ],
        )
        for found in audit["findings"]
    ]
    vms = [
        replaced(
            vm,
            name=change("vm", vm["name"]),
            host=change("host", vm["host"]),
            guest=changed("guest", vm["guest"]),
            policy_rules=[change("policy_rule", rule) for rule in vm["policy_rules"]],
            policy_reason=change("policy_reason", vm["policy_reason"]),
        )
        for vm in audit["virtual_machines"]
    ]
    not_seen = [
        replaced(
            item,
            name=change("vm", item["name"]),
            host=changed("host", item["host"]),
            why=change("why", item["why"]),
        )
        for item in audit["not_seen"]
    ]
    return assemble(vms, findings, not_seen, audit["drift"] is not None, title=change("title", audit["title"]))


def _machine(chance: random.Random, number: int, host: str) -> VirtualMachine:
    running = chance.random() < 0.92
    seen = running and chance.random() < 0.8
    name = f"{_ROLES[number % len(_ROLES)]}{number:05}"
    facts = ServiceFacts(
        wanted=True,
        offered=True,
        enabled=True,
        verdict="ok" if running else "not_applicable",
        reason="in_contact" if running else "vm_off",
        primary_status_code=2 if running else None,
        secondary_status_code=None,
        guest="serving" if seen else "not_looked",
        side=None,
        explanation="Switched on, and the guest answers." if running else "The virtual machine is not running (Off).",
        remedy=None,
        override=None,
        override_until=None,
    )
    services = dict.fromkeys(KEYS, facts)
    services["guest_service_interface"] = ServiceFacts(
        **{
            **facts,
            "wanted": False,
            "enabled": False,
            "verdict": "disabled",
            "reason": "host_switch",
            "guest": "not_offered" if seen else "not_looked",
            "explanation": "Switched off on the host; the guest was not asked.",
        }
    )
    return VirtualMachine(
        id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        name=name,
        host=host,
        state="Running" if running else "Off",
        isolation=None,
        guest=f"{name}.guests.example.com" if seen else None,
        profiles=["default_safe"],
        policy_rules=["rule 1 (all)"],
        policy_reason="what every server needs",
        error=None,
        checkpoint=None,
        services=services,
    )


def _defect(chance: random.Random, vm: VirtualMachine, rule: str) -> Finding:
    service = chance.choice(KEYS[:5])
    verdict, guest, side = _DEFECTS[rule]
    explanation = f"{service} of {vm['name']}: the host sees {verdict}, the guest's half is {guest}."
    remedy = f"Look into {vm['name']} on {vm['host']}, set {service} right, and run the audit again."
    vm["services"][service] = ServiceFacts(
        **{
            **vm["services"][service],
            "enabled": verdict != "disabled",
            "verdict": verdict,
            "reason": None,
            "guest": guest if vm["guest"] else "not_looked",
            "side": side,
            "explanation": explanation,
            "remedy": remedy,
        }
    )
    return finding(
        rule,
        side,
        vm=Subject(id=vm["id"], name=vm["name"]),
        host=vm["host"],
        guest=vm["guest"],
        service=service,
        explanation=explanation,
        remedy=remedy,
        evidence=[
            Evidence(source="host", fact="verdict", value=verdict),
            Evidence(source="host", fact="primary_status_code", value=chance.choice((2, 12, 13))),
            Evidence(source="guest", fact="state", value=guest),
        ],
    )
