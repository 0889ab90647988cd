# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import random as randomness
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.documents import read_schema
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.evaluate import audit_problems, evaluate
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import parse_rules
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import SEVERITIES, Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.side import REASONS
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.profiles import PROFILES

Make = Callable[..., dict[str, Any]]
Judge = Callable[..., Audit]
Told = Callable[[Audit], list[tuple[Any, ...]]]
NOW = "2026-11-27T09:30:00Z"


def test_evidence_says_where_each_fact_was_seen(vm: Make, host: Make, guest: Make, audit: Judge) -> None:
    machine = vm(services={"vss": "guest_silent"})
    stopped = guest(services={"vss": "daemon_stopped"}, claimed_vm_id=machine["id"].upper())
    (finding,) = audit(host(machine, policy={}), stopped)["findings"]
    assert finding["evidence"] == [
        {"source": "host", "fact": "enabled", "value": True},
        {"source": "host", "fact": "verdict", "value": "no_contact"},
        {"source": "host", "fact": "reason", "value": "guest_silent"},
        {"source": "host", "fact": "primary_status_code", "value": 2},
        {"source": "guest", "fact": "guest", "value": "stopped"},
        {"source": "policy", "fact": "wanted", "value": True},
        {
            "source": "guest",
            "fact": "the guest was found by the id that it claims: untrusted",
            "value": machine["id"].upper(),
        },
    ]
    assert (finding["guest"], finding["remedy"]) == ("guest01", "mend daemon_stopped")
    mapped = audit(host(machine, policy={}), {**stopped, "vm": "web01"})["findings"][0]
    assert [item for item in mapped["evidence"] if "untrusted" in item["fact"]] == [], "the operator said so himself"


def test_state_without_a_remedy_gets_one(vm: Make, host: Make, guest: Make, audit: Judge) -> None:
    services = {"vss": {"verdict": "not_packaged", "remedy": None, "explanation": "this distribution has none"}}
    (finding,) = audit(host(vm(services={"vss": "guest_silent"})), guest(services=services, vm="web01"))["findings"]
    assert finding["remedy"].startswith("Nothing in the guest can mend it: switch vss off on the host")
    assert "this distribution has none" in finding["explanation"]


def test_findings_are_ordered_by_severity_rule_host_name_and_service(vm: Make, host: Make, audit: Judge) -> None:
    services = {"vss": False, "heartbeat": False, "shutdown": False}
    hosts = [
        host(vm("b", services=services), vm("A", services=services), policy={}, name="hv2"),
        host(vm("c", services={"vss": False}), policy={}, name="hv1"),
    ]
    result = audit(hosts)
    told = [(f["rule"], f["host"], f["vm"] and f["vm"]["name"], f["service"]) for f in result["findings"]]
    assert told == [
        ("own_protected_off", "hv2", "A", "shutdown"),
        ("own_protected_off", "hv2", "b", "shutdown"),
        ("own_switch_off", "hv1", "c", "vss"),
        ("own_switch_off", "hv2", "A", "heartbeat"),
        ("own_switch_off", "hv2", "A", "vss"),
        ("own_switch_off", "hv2", "b", "heartbeat"),
        ("own_switch_off", "hv2", "b", "vss"),
    ]
    assert [vm["name"] for vm in result["virtual_machines"]] == ["c", "A", "b"]


def test_matrix_has_the_conclusion_of_every_service(vm: Make, host: Make, guest: Make, audit: Judge) -> None:
    machine = vm(services={"vss": "guest_silent", "heartbeat": False}, isolation="TrustedLaunch")
    result = audit(host(machine, policy={}), guest(services={"vss": "no_daemon"}, vm="web01"))
    (shown,) = result["virtual_machines"]
    assert (shown["guest"], shown["profiles"], shown["isolation"]) == ("guest01", ["default_safe"], "TrustedLaunch")
    assert list(shown["services"]) == list(KEYS)
    assert shown["services"]["vss"]["side"] == "guest"
    assert shown["services"]["vss"]["guest"] == "missing"
    assert shown["services"]["vss"]["case"] == "guest_missing", "for a cell that says more than the side"
    assert shown["services"]["heartbeat"]["side"] == "host"
    assert shown["services"]["shutdown"]["side"] is None
    assert shown.get("checkpoint", "absent") is None
    assert "checkpoint" not in audit(host(vm(checkpoint=None)))["virtual_machines"][0]


def test_virtual_machine_says_which_rules_of_the_policy_decided_and_why(vm: Make, host: Make, audit: Judge) -> None:
    reason = "Databases are backed up by the host"
    rule = {"name": "databases", "match": {"pattern": "sql*"}, "profile": "backup", "reason": reason}
    policy = {"default": "none", "rules": [rule]}
    shown = audit([host(vm("sql01"), vm("web01"), policy=policy), host(vm("lone"), name="hv2")])["virtual_machines"]
    told = {machine["name"]: (machine["policy_rules"], machine["policy_reason"]) for machine in shown}
    assert told["sql01"] == (["rule 1 (databases)"], reason)
    assert told["lone"] == ([], "")


def test_summary_counts_the_hosts_whose_machines_could_be_listed(vm: Make, host: Make, audit: Judge) -> None:
    hosts = [
        host(vm("a"), name="read"),
        host(vm("b"), name="partial", error="the second page was lost"),
        host(name="refused", error="access denied"),
        host(name="gone", reachable=False, error="timed out"),
        host(name="empty"),
    ]
    summary = audit(hosts)["summary"]
    assert (summary["hosts"], summary["hosts_read"]) == (5, 3)


def test_summary_counts_what_is_new_and_what_is_fixed(vm: Make, host: Make, audit: Judge) -> None:
    off = {"vss": False}
    first = audit(host(vm("a", services=off), vm("b", services=off), policy={}))
    assert (first["summary"]["new"], first["summary"]["fixed"]) == (None, None), "there is nothing to compare with"
    waiver = "  - {id: W-1, rule: own_switch_off, match: {name: d}, reason: for a reason, owner: me, until: 2099-01-01}"
    fleet = host(vm("b", services=off), *(vm(name, services=off) for name in "cd"), vm("a"), policy={})
    summary = audit(fleet, baseline=json.loads(json.dumps(first)), waivers=f"version: 1\nwaivers:\n{waiver}\n")[
        "summary"
    ]
    assert summary["new"] == {"high": 0, "medium": 1, "low": 0, "info": 0}, "c; that of d is waived"
    assert summary["fixed"] == 1


def test_what_was_not_seen_is_told(vm: Make, host: Make, guest: Make, audit: Judge) -> None:
    gone = vm("gone", services={}, error="it was removed meanwhile")
    gone["services"] = {}
    controller = vm("dc01")
    dead = {**guest("dead", vm="x", error="no route"), "facts": None}
    result = audit(
        [
            host(gone, controller, policy={"default": "domain_controller"}),
            host(name="hv2", reachable=False, error="timed out"),
            host(vm("x"), name="hv3", error="the second page was lost"),
        ],
        [guest("lonely"), guest("lost", vm="app01", host="hv2"), dead],
    )
    assert [(item["kind"], item["name"], item["why"]) for item in result["not_seen"]] == [
        ("host", "hv2", "timed out"),
        ("host", "hv3", "the second page was lost"),
        ("guest", "dead", "no route"),
        ("guest", "lonely", "it is not known which virtual machine it is"),
        ("guest", "lost", "the host that may have its virtual machine did not tell all"),
        ("virtual_machine", "gone", "it was removed meanwhile"),
        (
            "service",
            "dc01: time_synchronization",
            "whether this domain controller takes its time from the host is known only in the guest",
        ),
    ]
    assert result["summary"]["guests_seen"] == 0


def test_services_that_were_not_gathered_were_not_seen(vm: Make, host: Make, audit: Judge) -> None:
    machine = vm()
    del machine["services"]
    result = audit(host(machine))
    assert (result["findings"], result["virtual_machines"][0]["services"]) == ([], {})
    assert [item["why"] for item in result["not_seen"]] == ["its services were not gathered"]
    assert "services" not in machine, "what was collected is left as it is"


def test_grace_time_is_a_choice(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    young = host(vm(services={"vss": "guest_silent"}, uptime_seconds=200))
    assert told(audit(young)) == []
    assert told(audit(young, grace_seconds=200)) == [("own_silent", "unknown", "web01", "vss")]
    assert told(audit(young, grace_seconds=0)) != []


def test_plan_is_judged_again_by_the_day_of_the_evaluation(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    """A collection may be evaluated again long after its plan was made."""
    override = {"reason": "an appliance", "until": "2026-12-31"}
    rule = {"match": {"pattern": "*"}, "services": {"shutdown": False}, "overrides": {"shutdown": override}}
    fleet = host(vm(services={"shutdown": False}), policy={"default": "none", "rules": [rule]})
    result = audit(fleet)
    assert told(result) == []
    assert result["virtual_machines"][0]["services"]["shutdown"]["override_until"] == "2026-12-31"
    assert told(audit(fleet, evaluated_at="2027-01-01T00:00:00Z")) == [
        ("own_override_expired", "policy", "web01", "shutdown")
    ]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "options: evaluated_at is missing"),
        ({"evaluated_at": None}, "options: evaluated_at: None is not of type 'string'"),
        ({"evaluated_at": "2026-11-27 09:30"}, "options: evaluated_at: '2026-11-27 09:30' does not match"),
        ({"evaluated_at": "2026-99-99T99:99:99Z"}, "options: evaluated_at: there is no time 2026-99-99T99:99:99Z"),
        ({"evaluated_at": NOW, "grace": 3}, "options: grace: there is no such field; there are title, evaluated_at,"),
        ({"evaluated_at": NOW, "grace_seconds": -1}, "options: grace_seconds: -1 is less than the minimum of 0"),
        ({"evaluated_at": NOW, "grace_seconds": True}, "options: grace_seconds: True is not of type 'number'"),
        ({"evaluated_at": NOW, "rules": ["a.yml"]}, "options: rules[0]: 'a.yml' is not of type 'object'"),
        ({"evaluated_at": NOW, "rules": [{"path": "a", "text": None}]}, "options: rules[0].text: None is not of type"),
        ({"evaluated_at": NOW, "waivers": "w.yml"}, "options: waivers: give a file as a mapping of path and text"),
        ({"evaluated_at": NOW, "disabled_rules": "x"}, "options: disabled_rules: 'x' is not of type 'array', 'null'"),
        ({"evaluated_at": NOW, "disabled_rules": ["x"]}, "options: disabled_rules: there is no rule x"),
        ("x", "options: 'x' is not of type 'object'"),
    ],
)
def test_bad_options_are_named(options: Any, problem: str) -> None:
    (found,) = audit_problems(options)
    assert found.startswith(problem)
    with pytest.raises(AuditError):
        evaluate({"version": 1, "collected_at": NOW, "hosts": [], "guests": []}, options)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda c: {**c, "collected_at": "2026-11-27T10:31:00Z"},
            "options: evaluated_at is 2026-11-27T09:30:00Z, before anything was collected (2026-11-27T10:31:00Z)",
        ),
        (lambda c: [], "collection: its version is None"),
        (lambda c: {**c, "version": 2}, "collection: its version is 2, and this audit reads version 1"),
        (lambda c: {**c, "hosts": {}}, "collection: hosts: {} is not of type 'array'"),
        (lambda c: {**c, "host": []}, "collection: host: there is no such field"),
        (lambda c: {**c, "hosts": c["hosts"] * 2}, "collection: hosts: hv1 is there 2 times"),
        (lambda c: c["hosts"][0].pop("plan") or c, "collection: hosts[0]: plan is missing"),
        (
            lambda c: c["hosts"][0]["virtual_machines"].append({"id": 1}) or c,
            "collection: host hv1: virtual_machines[1]",
        ),
        (lambda c: c["hosts"][0].update(plan={}) or c, "collection: host hv1: plan has no decisions"),
        (
            lambda c: c["hosts"][0].update(plan={"decisions": [{}]}) or c,
            "collection: host hv1: plan.decisions[0] has no id",
        ),
        (lambda c: c["hosts"][0]["virtual_machines"][0].update(services=[]) or c, "collection: host hv1: virtual"),
        (
            lambda c: c["hosts"][0]["virtual_machines"].append(c["hosts"][0]["virtual_machines"][0]) or c,
            "collection: host hv1: virtual_machines[0].id",
        ),
    ],
)
def test_bad_collection_is_named(vm: Make, host: Make, change: Callable[[Any], Any], problem: str) -> None:
    collection = change({"version": 1, "collected_at": NOW, "hosts": [host(vm())], "guests": []})
    with pytest.raises(AuditError) as caught:
        evaluate(collection, {"evaluated_at": NOW})
    assert caught.value.problems[0].startswith(problem), caught.value.problems


# -- whatever was collected --------------------------------------------------------------------------------------------

switches = st.sampled_from((True, True, True, False, None))
statuses = st.sampled_from(REASONS)
linux_verdicts = st.sampled_from(("ok", "host_disabled", "not_supported_isolated", "no_driver", "no_daemon", "unknown"))


@st.composite
def services(draw: st.DrawFn) -> dict[str, Any]:
    found = {}
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True)):
        enabled, reason = draw(switches), draw(statuses)
        found[key] = {"offered": enabled is not None, "enabled": enabled, "verdict": "x", "reason": reason}
    return found


@st.composite
def machines(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "id": str(draw(st.sampled_from([uuid.UUID(int=number) for number in range(6)]))),
        "name": draw(st.sampled_from(("web01", "WEB01", "sql", "{vm.name}", "<b>"))),
        "state": draw(st.sampled_from(("Running", "Off", "Saved"))),
        "uptime_seconds": draw(st.sampled_from((0, 100, 9999, None))),
        "isolation": draw(st.sampled_from((None, "SNP"))),
        "replication": draw(st.sampled_from(({"mode": "None"}, {"mode": "Primary"}, None))),
        "checkpoint": draw(st.sampled_from(({"parent_id": None}, {"parent_id": "a"}, None))),
        "services": draw(services()),
        **({"error": "gone"} if draw(st.integers(0, 9)) == 0 else {}),
    }


@st.composite
def collections(draw: st.DrawFn) -> dict[str, Any]:
    hosts = []
    for name in draw(st.lists(st.sampled_from(("hv1", "hv2")), unique=True)):
        found = draw(st.lists(machines(), max_size=4, unique_by=lambda machine: machine["id"]))
        policy = draw(st.sampled_from((None, *({"default": profile} for profile in PROFILES))))
        hosts.append(
            {
                "name": name,
                "reachable": draw(st.booleans()),
                "error": draw(st.sampled_from((None, "timed out"))),
                "virtual_machines": found,
                "plan": None if policy is None else dict(make_plan(found, policy)),
            }
        )
    ids = [None, *(str(uuid.UUID(int=number)) for number in range(6))]
    guests = [
        {
            "name": f"guest{number}",
            "reachable": True,
            "error": None,
            "system": draw(st.sampled_from(("linux", "windows"))),
            "vm_id": draw(st.sampled_from(ids)),
            "vm": draw(st.sampled_from((None, "web01"))),
            "host": None,
            "claimed_vm_id": draw(st.sampled_from(ids)),
            "facts": draw(
                st.none() | st.builds(lambda v: {"services": {key: {"verdict": v} for key in KEYS}}, linux_verdicts)
            ),
        }
        for number in range(draw(st.integers(0, 3)))
    ]
    return {"version": 1, "collected_at": NOW, "hosts": hosts, "guests": guests}


AUDIT = Draft202012Validator(read_schema("audit"))
few = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@few
@given(collections(), st.integers())
def test_every_audit_is_in_the_published_form_and_the_same_again(collection: dict[str, Any], seed: int) -> None:
    untouched = copy.deepcopy(collection)
    result = evaluate(collection, {"evaluated_at": NOW})
    assert collection == untouched
    AUDIT.validate(result)
    text = json.dumps(result)
    assert json.loads(text) == result
    order = randomness.Random(seed)
    for host in collection["hosts"]:
        order.shuffle(host["virtual_machines"])
    order.shuffle(collection["hosts"])
    order.shuffle(collection["guests"])
    assert json.dumps(evaluate(collection, {"evaluated_at": NOW})) == text, "the order of what was collected shows"


@few
@given(collections())
def test_every_audit_is_consistent(collection: dict[str, Any]) -> None:
    result = evaluate(collection, {"evaluated_at": NOW})
    summary, found = result["summary"], result["findings"]
    assert len({finding["id"] for finding in found}) == len(found)
    assert sum(summary["severities"].values()) + summary["waived"] == summary["findings"] == len(found)
    assert sum(summary["sides"].values()) == sum(summary["rules"].values()) == len(found)
    assert summary["worst"] == next((s for s in SEVERITIES if any(f["severity"] == s for f in found)), None)
    assert set(summary["rules"]) == set(result["rules"])
    buried = {rule.id: rule.buried for rule in parse_rules([])[0]}
    for one in found:
        for other in found:
            same = one["vm"] is not None and (one["vm"], one["host"]) == (other["vm"], other["host"])
            if same and one["service"] == other["service"]:
                assert other["rule"] not in buried[one["rule"]], "one fact is told once"
    of = {(vm["host"], vm["id"]): vm for vm in result["virtual_machines"]}
    speaking = {(f["host"], f["vm"]["id"], f["service"]) for f in found if f["vm"]}
    for (host, id), vm in of.items():
        for key, service in vm["services"].items():
            wrong = service["side"] not in (None, "policy")
            told = (host, id, key) in speaking or (host, id, None) in speaking
            assert told or not wrong, f"the table says {service['side']}, and no rule speaks"


@few
@given(collections())
def test_an_audit_beside_itself_has_not_changed(collection: dict[str, Any]) -> None:
    first = evaluate(collection, {"evaluated_at": NOW})
    again = evaluate(collection, {"evaluated_at": NOW, "baseline": json.loads(json.dumps(first))})
    drift = again["drift"]
    assert drift is not None
    assert (drift["new"], drift["fixed"]) == ([], [])
    assert drift["unchanged"] == [finding["id"] for finding in first["findings"]]


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.text(max_size=4),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(st.text(max_size=4), children, max_size=2),
    max_leaves=4,
)
FIELDS = ("services", "time", "hv_utils", "freeze", "ip_injection", "isolation")
WITHIN = (*KEYS, "uses_ptp", "clock_source", "state", "blocked_by", "failing", "ready")
OF_SERVICE = ("verdict", "explanation", "remedy", "unit_masked")
service_facts = st.dictionaries(st.sampled_from(OF_SERVICE), anything | st.just("no_daemon"), max_size=4) | anything
hostile = st.dictionaries(
    st.sampled_from(FIELDS), st.dictionaries(st.sampled_from(WITHIN), service_facts, max_size=6) | anything, max_size=6
)


@few
@given(hostile)
def test_whatever_a_guest_says_ends_no_audit(facts: dict[str, Any]) -> None:
    services = {key: {"offered": True, "enabled": True, "verdict": "x", "reason": "guest_silent"} for key in KEYS}
    id = str(uuid.UUID(int=1))
    vm = {"id": id, "name": "web01", "state": "Running", "uptime_seconds": 9999, "services": services}
    guest = {"name": "g", "reachable": True, "error": None, "system": "linux", "vm_id": id, "vm": None, "host": None}
    host = {"name": "hv1", "reachable": True, "error": None, "virtual_machines": [vm], "plan": None}
    guests = [{**guest, "claimed_vm_id": None, "facts": facts}]
    collection = {"version": 1, "collected_at": NOW, "hosts": [host], "guests": guests}
    AUDIT.validate(evaluate(collection, {"evaluated_at": NOW}))


def test_thousands_of_virtual_machines_take_seconds(vm: Make, host: Make) -> None:
    """A tenth of the largest fleet, so that the test is short; by the processor's time: other work does not count."""
    plain, wrong = vm("a"), vm("b", services={"vss": "guest_silent", "guest_service_interface": True})
    fleet = [{**(plain if number % 9 else wrong), "id": str(uuid.UUID(int=number))} for number in range(1000)]
    fleet = [{**machine, "name": f"vm{number}"} for number, machine in enumerate(fleet)]
    collection = {"version": 1, "collected_at": NOW, "hosts": [host(*fleet, policy={})], "guests": []}
    evaluate({**collection, "hosts": []}, {"evaluated_at": NOW})  # reads the rules
    started = time.process_time()
    result = evaluate(collection, {"evaluated_at": NOW})
    assert time.process_time() - started < 3
    assert result["summary"]["findings"] == 224
