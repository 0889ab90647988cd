# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit: from all that was collected to what is wrong, on which side, against which rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit import findings as finding_out
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.documents import missing_libraries, schema_texts
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.drift import (
    Seen,
    baseline_problems,
    before,
    compare,
    moves,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.findings import RuleBook
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.join import Joined, join, same_id
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.parts import CLOCKS_DIFFER, moment, part_problems
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import Rule, parse_rules
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import (
    SEVERITIES,
    SIDES,
    Audit,
    Collection,
    Drift,
    Finding,
    NotSeen,
    RuleText,
    ServiceFacts,
    Summary,
    VirtualMachine,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.subjects import (
    Facts,
    Subject,
    guest_facts,
    host_facts,
    virtual_machines,
    was_read,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.waivers import (
    Waiver,
    parse_waivers,
    waiver_facts,
    waiver_of,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.names import fold

GRACE_SECONDS = 300
_SERVICE_FIELDS = (
    *("wanted", "offered", "enabled", "verdict", "reason", "primary_status_code", "secondary_status_code"),
    *("guest", "side", "explanation", "remedy", "override", "override_until", "case"),
)


@dataclass(frozen=True, eq=False)
class _Options:
    """The options of an audit, read. rules: all, disabled ones too. limited: a part of the fleet was left out."""

    title: str
    evaluated_at: str
    rules: Sequence[Rule]
    disabled: frozenset[str]
    waivers: Sequence[Waiver]
    baseline: dict[str, Any] | None
    grace: float
    limited: bool

    @property
    def today(self) -> str:
        return self.evaluated_at[:10]


def audit_problems(options: Mapping[str, Any]) -> list[str]:
    """Return everything that is wrong with the options of an audit (see evaluate), before anything is collected."""
    return _read(options)[1]


def evaluate(collection: Mapping[str, Any], options: Mapping[str, Any]) -> Audit:
    """Return what is wrong with what was collected. Depends on nothing but its arguments.

    collection: see Collection. options: a mapping of title, evaluated_at (required), rules (list of {path, text}),
    waivers ({path, text}), baseline (an earlier Audit), grace_seconds, disabled_rules (ids) and limited (whether hosts
    or guests were left out on purpose, as by --limit).
    Raises AuditError with all problems of options and collection. A rule that cannot be evaluated for one subject is a
    finding about that.
    """
    read, problems = _read(options)
    if read is not None:
        found = _collection_problems(collection)
        problems += found or _order_problems(collection["collected_at"], read.evaluated_at)
    if read is None or problems:
        raise AuditError(*problems)
    return _evaluate(collection, read)  # type: ignore[arg-type]


def _read(options: Mapping[str, Any]) -> tuple[_Options | None, list[str]]:
    """Return the options, null when they cannot be used, and what is wrong with them."""
    missing = missing_libraries()
    if missing:
        return None, missing
    problems = schema_texts("options", options, "options")
    if problems:
        return None, problems
    waivers_file = options.get("waivers")
    grace = options.get("grace_seconds")
    rules, rule_problems = parse_rules(options.get("rules") or ())
    waivers, waiver_problems = parse_waivers(waivers_file)
    baseline = options.get("baseline")
    problems = [*rule_problems, *waiver_problems, *baseline_problems(baseline, options["evaluated_at"])]
    if moment(options["evaluated_at"]) is None:
        problems.append(f"options: evaluated_at: there is no time {options['evaluated_at']}")
    disabled = frozenset(options.get("disabled_rules") or ())
    known = {rule.id for rule in rules}
    if not rule_problems:
        problems += [f"options: disabled_rules: there is no rule {id}" for id in sorted(disabled - known)]
    return _Options(
        options.get("title") or "Hyper-V integration services",
        options["evaluated_at"],
        rules,
        disabled,
        waivers,
        baseline,
        GRACE_SECONDS if grace is None else grace,
        bool(options.get("limited")),
    ), problems


def _collection_problems(collection: object) -> list[str]:
    if not isinstance(collection, Mapping) or collection.get("version") != 1:
        version = collection.get("version") if isinstance(collection, Mapping) else None
        return [
            f"collection: its version is {version!r}, and this audit reads version 1: give what audit_collection made"
        ]
    problems = schema_texts("collection", collection, "collection")
    if problems:
        return problems
    for kind in ("hosts", "guests"):
        names = Counter(item["name"] for item in collection[kind])
        problems += [f"collection: {kind}: {name} is there {n} times" for name, n in names.items() if n > 1]
    if moment(collection["collected_at"]) is None:
        problems.append("collection: collected_at is not a time as in 2026-11-27T09:30:00Z")
    return problems + [f"collection: {text}" for text in part_problems(collection)]


def _order_problems(collected_at: str, evaluated_at: str) -> list[str]:
    """What is evaluated has to be there; the clocks of two control nodes may differ a little."""
    collected, evaluated = moment(collected_at), moment(evaluated_at)
    if collected and evaluated and evaluated < collected - CLOCKS_DIFFER:
        return [f"options: evaluated_at is {evaluated_at}, before anything was collected ({collected_at})"]
    return []


def _evaluate(collection: Collection, options: _Options) -> Audit:
    book = RuleBook(options.rules, options.disabled)
    joined = join(collection["hosts"], collection["guests"])
    now = [(host["name"], same_id(vm["id"])) for host in collection["hosts"] for vm in host["virtual_machines"]]
    moved = moves(options.baseline, now)
    machines = list(
        virtual_machines(collection["hosts"], joined, before(options.baseline, moved), options.today, options.grace)
    )
    seen = _seen(collection, joined, machines, book, options)
    gathered: dict[tuple[str | None, str], dict[str, Any]] = {
        (host["name"], vm["id"]): vm for host in collection["hosts"] for vm in host["virtual_machines"]
    }
    waiver = waiver_of(options.waivers, gathered, options.today)
    found: list[Finding] = []
    for host in collection["hosts"]:
        found += finding_out.host_findings(book, host_facts(host), waiver)
    for item in joined:
        found += finding_out.guest_findings(book, guest_facts(item), waiver)
    for machine in machines:
        found += finding_out.machine_findings(book, machine, waiver)
    known = frozenset(rule.id for rule in options.rules)
    for one in options.waivers:
        facts = waiver_facts(one, known, options.today, seen.all_of(one))
        found += finding_out.waiver_findings(book, facts)
    found.sort(key=finding_out.order)
    drift = compare(found, options.baseline, seen, moved)
    shown = sorted((_shown(machine) for machine in machines), key=lambda vm: (vm["host"], fold(vm["name"]), vm["id"]))
    return Audit(
        version=1,
        title=options.title,
        collected_at=collection["collected_at"],
        evaluated_at=options.evaluated_at,
        summary=_summary(collection, found, shown, book, drift),
        findings=found,
        virtual_machines=shown,
        not_seen=_not_seen(collection, joined, machines),
        rules={rule.id: _rule_text(rule) for rule in book.rules},
        drift=drift,
    )


def _seen(
    collection: Collection, joined: Iterable[Joined], machines: Iterable[Subject], book: RuleBook, options: _Options
) -> Seen:
    hosts = collection["hosts"]
    answered = {host["name"] for host in hosts if host["reachable"] and not host["error"]}
    of_baseline = {vm["host"] for vm in (options.baseline or {}).get("virtual_machines", [])}
    # To an account without rights Hyper-V shows no virtual machine, and no error.
    emptied = {host["name"] for host in hosts if not host["virtual_machines"]} & of_baseline
    complete = {host["name"] for host in hosts if not host.get("selected")} & answered - emptied
    inspected = {item.guest["name"]: item.mapping for item in joined if item.guest["facts"] is not None}
    return Seen(
        rules={rule.id: rule for rule in book.rules},
        hosts=answered,
        complete=complete,
        guests=inspected.keys(),
        mapped={name for name, mapping in inspected.items() if mapping != "host_not_seen"},
        machines={(vm.facts["host"], same_id(vm.facts["id"])): vm for vm in machines},
        whole=len(complete) == len(hosts) and of_baseline <= complete and not options.limited,
    )


def _shown(machine: Subject) -> VirtualMachine:
    facts = machine.facts
    services = {key: {field: service[field] for field in _SERVICE_FIELDS} for key, service in machine.services.items()}
    shown = VirtualMachine(
        id=facts["id"],
        name=facts["name"],
        host=facts["host"],
        state=facts["state"],
        isolation=facts["isolation"],
        guest=facts["guest"],
        profiles=facts["profiles"],
        policy_rules=machine.policy_rules,
        policy_reason=machine.policy_reason,
        error=facts["error"],
        services=cast(dict[str, ServiceFacts], services),
    )
    if facts["checkpoint"] is not None:
        shown["checkpoint"] = facts["checkpoint"].get("parent_id")
    return shown


def _rule_text(rule: Rule) -> RuleText:
    data = rule.data
    return RuleText(
        title=data["title"],
        finding=data.get("finding", data["title"]),
        severity=data["severity"],
        description=data["description"].strip(),
        references=list(data.get("references", [])),
    )


def _summary(
    collection: Collection,
    found: Sequence[Finding],
    shown: Sequence[VirtualMachine],
    book: RuleBook,
    drift: Drift | None,
) -> Summary:
    is_open = [finding for finding in found if finding["waived_by"] is None]
    severities = Counter(finding["severity"] for finding in is_open)
    sides = Counter(finding["side"] for finding in is_open)
    new = Counter(finding["severity"] for finding in is_open if finding["drift"] == "new")
    rules = Counter(finding["rule"] for finding in found)
    verdicts = Counter(service["verdict"] for vm in shown for service in vm["services"].values())
    return Summary(
        hosts=len(collection["hosts"]),
        hosts_read=sum(was_read(host) for host in collection["hosts"]),
        virtual_machines=len(shown),
        guests_seen=sum(vm["guest"] is not None for vm in shown),
        findings=len(found),
        waived=len(found) - len(is_open),
        severities={severity: severities[severity] for severity in SEVERITIES},
        sides={side: sides[side] for side in SIDES},
        rules={rule.id: rules[rule.id] for rule in book.rules},
        verdicts=dict(sorted(verdicts.items())),
        worst=next((severity for severity in SEVERITIES if severities[severity]), None),
        new={severity: new[severity] for severity in SEVERITIES} if drift else None,
        fixed=len(drift["fixed"]) if drift else None,
    )


_WHY_NOT = {
    "unmapped": "it is not known which virtual machine it is",
    "no_match": "no virtual machine fits what it was mapped to",
    "host_not_seen": "the host that may have its virtual machine did not tell all",
    "several_matches": "several virtual machines fit what it was mapped to",
    "contradicts_name": "the id and the name that it was mapped to are of different virtual machines",
    "contradicts_claim": "it says that it is another virtual machine than the one it was mapped to",
    "shared": "another guest was mapped to the same virtual machine",
    "claim_shared": "another guest says, too, that it is this virtual machine",
    "claim_taken": "it says that it is a virtual machine that another guest was mapped to",
    "not_hyperv": "it says that it is no guest of Hyper-V",
    "not_running": "the virtual machine that it was mapped to does not run",
}


def _not_seen(collection: Collection, joined: Iterable[Joined], machines: Iterable[Subject]) -> list[NotSeen]:
    """What the audit says nothing about. Guests that nobody was to look into are not listed: see guest of a machine."""
    seen = []
    for host in collection["hosts"]:
        if not host["reachable"] or host["error"]:
            seen.append(NotSeen(kind="host", name=host["name"], host=None, why=host["error"] or "it did not answer"))
    for item in joined:
        guest = item.guest
        if guest["facts"] is None:
            seen.append(
                NotSeen(kind="guest", name=guest["name"], host=guest["host"], why=guest["error"] or "it did not answer")
            )
        elif item.mapping != "joined":
            seen.append(NotSeen(kind="guest", name=guest["name"], host=guest["host"], why=_WHY_NOT[item.mapping]))
    for machine in machines:
        seen += _unseen_of(machine.facts)
    order = ("host", "guest", "virtual_machine", "service")
    return sorted(seen, key=lambda item: (order.index(item["kind"]), item["host"] or "", item["name"], item["why"]))


def _unseen_of(vm: Facts) -> list[NotSeen]:
    seen = []
    if vm["error"] or not vm["services"]:
        why = vm["error"] or "its services were not gathered"
        seen.append(NotSeen(kind="virtual_machine", name=vm["name"], host=vm["host"], why=why))
    if vm["has_policy"] is None:
        why = "the policy could not be evaluated for it"
        seen.append(NotSeen(kind="virtual_machine", name=vm["name"], host=vm["host"], why=why))
    for key, service in vm["services"].items():
        if why := _why_not_seen(key, service, vm):
            seen.append(NotSeen(kind="service", name=f"{vm['name']}: {key}", host=vm["host"], why=why))
    return seen


def _why_not_seen(key: str, service: Facts, vm: Facts) -> str | None:
    """Why nothing is said of a service, or less than one might think; null when all is said."""
    if service["case"] == "isolated" and service["wanted"]:
        return (
            "whether its guest refuses it, as Linux does in a confidential VM, or lacks it is known only in the guest"
        )
    if service["case"] == "isolated_guest" and not vm["isolation"]:
        return "only its guest says that the VM is confidential and refuses it; the host does not tell"
    is_clock = key == "time_synchronization" and service["enabled"] and vm["clock"] is None
    if is_clock and "domain_controller" in vm["profiles"]:
        return "whether this domain controller takes its time from the host is known only in the guest"
    return None
