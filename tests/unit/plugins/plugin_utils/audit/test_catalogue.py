# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that are built in: each has something planted for it, and a healthy twin in which it keeps silent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import parse_rules
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit

Make = Callable[..., dict[str, Any]]
Judge = Callable[..., Audit]
Told = Callable[[Audit], list[tuple[Any, ...]]]
Planted = tuple[str, dict[str, Any], list[tuple[Any, ...]]]

REASON = "Vendor appliance, is stopped from its own console"
ALL_SILENT = dict.fromkeys((key for key in KEYS if key != "guest_service_interface"), "guest_silent")
HINDERED = [{"path": "/etc/modprobe.d/x.conf", "line": "blacklist hv_utils"}]


def off_by_policy(until: str | None = None, reason: str | None = REASON) -> dict[str, Any]:
    override = {"reason": reason, "until": until} if until else reason
    rule = {"match": {"pattern": "*"}, "services": {"shutdown": False}}
    return {"default": "none", "rules": [{**rule, "overrides": {"shutdown": override}} if reason else rule]}


def profile(name: str) -> dict[str, Any]:
    return {"default": name}


# What is planted: (name, {vm, guest, policy}, findings). A guest is mapped to the virtual machine by its id.
SERVICES: list[Planted] = [
    ("off without a policy", {"vm": {"vss": False}}, [("bpa_offer_all", "host", "vss")]),
    ("file copy off without a policy", {"vm": {"guest_service_interface": False}}, []),
    (
        "shutdown off without a policy",
        {"vm": {"shutdown": False}},
        [("own_protected_off", "host", "shutdown")],
    ),
    ("off against the policy", {"vm": {"vss": False}, "policy": {}}, [("own_switch_off", "host", "vss")]),
    ("left alone by the policy", {"vm": {"key_value_pair_exchange": False}, "policy": profile("hardened")}, []),
    (
        "protected and left alone by the policy",
        {"vm": {"time_synchronization": False}, "policy": profile("none")},
        [("own_protected_off", "host", "time_synchronization")],
    ),
    ("off with a reason", {"vm": {"shutdown": False}, "policy": off_by_policy()}, []),
    ("off with a reason until a day to come", {"vm": {"shutdown": False}, "policy": off_by_policy("2026-11-27")}, []),
    (
        "off with a reason that has ended",
        {"vm": {"shutdown": False}, "policy": off_by_policy("2026-11-26")},
        [("own_override_expired", "policy", "shutdown")],
    ),
    (
        "wanted off without a reason, and on",
        {"vm": {}, "policy": off_by_policy(reason=None)},
        [("own_override_missing", "policy", "shutdown")],
    ),
    (
        "wanted off without a reason, and off",
        {"vm": {"shutdown": False}, "policy": off_by_policy(reason=None)},
        [("own_override_missing", "policy", "shutdown")],
    ),
    (
        "on with a reason to be off",
        {"vm": {}, "policy": off_by_policy()},
        [("own_switch_on", "host", "shutdown")],
    ),
    (
        "file copy on without a policy",
        {"vm": {"guest_service_interface": True}},
        [("own_gsi_open", "host", "guest_service_interface")],
    ),
    (
        "file copy on against the policy",
        {"vm": {"guest_service_interface": True}, "policy": {}},
        [("own_gsi_open", "host", "guest_service_interface")],
    ),
    ("file copy on by the policy", {"vm": {"guest_service_interface": True}, "policy": profile("lab")}, []),
    (
        "file copy on against the policy, and nothing in the guest",
        {
            "vm": {"guest_service_interface": "guest_silent"},
            "guest": {"guest_service_interface": "not_packaged"},
            "policy": {},
        },
        [("own_gsi_open", "host", "guest_service_interface")],
    ),
    ("silent, and nobody looked", {"vm": {"vss": "guest_silent"}}, [("own_silent", "unknown", "vss")]),
    (
        "silent, and not seen in the guest",
        {"vm": {"vss": "guest_silent"}, "guest": {"vss": "unknown"}},
        [("own_silent", "unknown", "vss")],
    ),
    (
        "daemon stopped",
        {"vm": {"vss": "guest_silent"}, "guest": {"vss": "daemon_stopped"}},
        [("own_guest_stopped", "guest", "vss")],
    ),
    (
        "daemon not installed",
        {"vm": {"key_value_pair_exchange": "guest_silent"}, "guest": {"key_value_pair_exchange": "no_daemon"}},
        [("own_guest_missing", "guest", "key_value_pair_exchange")],
    ),
    (
        "daemon masked",
        {"vm": {"vss": "guest_silent"}, "guest": {"vss": {"verdict": "daemon_stopped", "unit_masked": True}}},
        [("own_guest_blocked", "guest", "vss")],
    ),
    (
        "switch off, and the daemon would be missing",
        {"vm": {"vss": False}, "guest": {"vss": "no_daemon"}, "policy": {}},
        [("own_switch_off", "both", "vss")],
    ),
    ("lost", {"vm": {"heartbeat": "guest_lost"}}, [("own_guest_lost", "guest", "heartbeat")]),
    (
        "incompatible",
        {"vm": {"heartbeat": "incompatible_protocol"}},
        [("own_guest_incompatible", "guest", "heartbeat")],
    ),
    (
        "serving, and not heard",
        {"vm": {"vss": "guest_silent"}, "guest": {}},
        [("own_serving_unheard", "both", "vss")],
    ),
    (
        "application critical",
        {"vm": {"heartbeat": "application_critical"}},
        [("own_application_critical", "guest", "heartbeat")],
    ),
    ("works for now", {"vm": {}, "guest": {"vss": "daemon_stopped"}}, [("own_next_boot", "guest", "vss")]),
    (
        "host on, guest sees no device",
        {"vm": {}, "guest": {"vss": "host_disabled"}},
        [("own_contradiction", "both", "vss")],
    ),
    (
        "host off, guest serves",
        {"vm": {}, "guest": {"guest_service_interface": "ok"}},
        [("own_contradiction", "both", "guest_service_interface")],
    ),
    ("disabled status", {"vm": {"vss": "status_disabled"}}, [("own_status_disabled", "host", "vss")]),
    (
        "running daemon whose unit is masked",
        {"vm": {}, "guest": {"vss": {"verdict": "ok", "unit_masked": True}}},
        [("own_next_boot", "guest", "vss")],
    ),
    (
        "shutdown not offered, and no policy",
        {"vm": {"shutdown": None}},
        [("own_protected_not_offered", "host", "shutdown")],
    ),
    (
        "switch that could not be read",
        {"vm": {"vss": {"offered": True, "enabled": None, "verdict": "unknown", "reason": None}}},
        [("own_switch_unread", "unknown", "vss")],
    ),
    ("error", {"vm": {"vss": "unknown_status"}}, [("own_error", "unknown", "vss")]),
    (
        "shutdown silent",
        {"vm": {"shutdown": "guest_silent"}},
        [("own_shutdown_impossible", "unknown", "shutdown")],
    ),
    (
        "shutdown without a driver",
        {"vm": {"shutdown": "guest_silent"}, "guest": {"shutdown": "no_driver"}},
        [("own_shutdown_impossible", "guest", "shutdown")],
    ),
    (
        "time silent",
        {"vm": {"time_synchronization": "guest_silent"}},
        [("own_silent", "unknown", "time_synchronization")],
    ),
    (
        "time not served",
        {"vm": {"time_synchronization": "guest_silent"}, "guest": {"time_synchronization": "no_driver"}},
        [("own_guest_stopped", "guest", "time_synchronization")],
    ),
    (
        "replicated without VSS",
        {"vm": {"vss": False}, "fields": {"replication": {"mode": "Primary"}}, "policy": {}},
        [("bpa_replica_vss", "host", "vss")],
    ),
    (
        "replicated, VSS silent",
        {"vm": {"vss": "guest_silent"}, "guest": {"vss": "no_daemon"}, "policy": profile("replica")},
        [("bpa_replica_vss", "guest", "vss")],
    ),
    (
        "replicated without data exchange, without a policy",
        {"vm": {"key_value_pair_exchange": False}, "fields": {"replication": {"mode": "Primary"}}},
        [("bpa_replica_ip", "host", "key_value_pair_exchange")],
    ),
    ("a replica at rest", {"vm": {}, "fields": {"replication": {"mode": "Replica"}, "state": "Off"}}, []),
    (
        "unseen by Azure Migrate",
        {"vm": {"key_value_pair_exchange": "guest_silent"}, "policy": profile("azure_migrate")},
        [("ms_azure_migrate", "unknown", "key_value_pair_exchange")],
    ),
    (
        "not freezable",
        {"vm": {}, "guest": {}, "facts": {"freeze": {"failing": [{"mount": "/srv", "reason": "exFAT"}]}}},
        [("own_freeze_fails", "guest", "vss")],
    ),
]
MACHINES: list[Planted] = [
    ("all silent", {"vm": ALL_SILENT}, [("own_never_in_contact", "unknown", None)]),
    (
        "all silent, and replicated",
        {"vm": ALL_SILENT, "fields": {"replication": {"mode": "Primary"}}},
        [("own_never_in_contact", "unknown", None)],
    ),
    (
        "all silent that are on, and no heartbeat among them",
        {
            "vm": {**dict.fromkeys(ALL_SILENT, False), "shutdown": "vm_paused", "vss": "guest_silent"},
            "policy": profile("none"),
        },
        [("own_protected_off", "host", "time_synchronization"), ("own_silent", "unknown", "vss")],
    ),
    ("all silent, and booting", {"vm": ALL_SILENT, "fields": {"uptime_seconds": 60}}, []),
    ("all silent, and off", {"vm": {}, "fields": {"state": "Off"}}, []),
    (
        "driver kept out",
        {
            "vm": ALL_SILENT,
            "guest": dict.fromkeys(ALL_SILENT, "driver_blocked"),
            "facts": {"hv_utils": {"state": "blocked", "blocked_by": HINDERED}},
        },
        [("own_hv_utils_blocked", "guest", None)],
    ),
    (
        "kernel without the driver",
        {
            "vm": ALL_SILENT,
            "guest": dict.fromkeys(ALL_SILENT, "driver_missing"),
            "facts": {"hv_utils": {"state": "missing", "blocked_by": []}},
        },
        [("own_hv_utils_missing", "guest", None)],
    ),
    (
        "driver kept out at the next boot",
        {"vm": {}, "guest": {}, "facts": {"hv_utils": {"state": "loaded", "blocked_by": HINDERED}}},
        [("own_hv_utils_next_boot", "guest", None)],
    ),
    (
        "driver not loaded",
        {
            "vm": ALL_SILENT,
            "guest": dict.fromkeys(ALL_SILENT, "no_driver"),
            "facts": {"hv_utils": {"state": "available", "blocked_by": []}},
        },
        [("own_hv_utils_not_loaded", "guest", None)],
    ),
    (
        "hangs",
        {"vm": dict.fromkeys(ALL_SILENT, "guest_lost")},
        [("own_contact_lost", "guest", None)],
    ),
    (
        "clock that nobody keeps",
        {"vm": {}, "guest": {}, "facts": {"time": {"clock_source": "none", "uses_ptp": False}}},
        [("own_clock_unkept", "guest", None)],
    ),
    (
        "domain controller by the clock of its host",
        {"vm": {}, "guest": {}, "policy": profile("domain_controller")},
        [("ms_dc_timesync", "guest", None)],
    ),
    (
        "domain controller by the clock of its domain",
        {
            "vm": {},
            "guest": {},
            "facts": {"time": {"clock_source": "chrony", "uses_ptp": False}},
            "policy": profile("domain_controller"),
        },
        [],
    ),
    ("domain controller that nobody saw", {"vm": {}, "policy": profile("domain_controller")}, []),
    (
        "replicated, and no script that sets addresses",
        {
            "vm": {},
            "guest": {},
            "facts": {"ip_injection": {"ready": False, "problems": ["no hv_set_ifconfig"]}},
            "policy": profile("replica"),
        },
        [("bpa_replica_ip_scripts", "guest", None)],
    ),
    (
        "no script that sets addresses, and not replicated",
        {"vm": {}, "guest": {}, "facts": {"ip_injection": {"ready": False, "problems": ["no hv_set_ifconfig"]}}},
        [],
    ),
    (
        "hardened, and told about its host",
        {"vm": {}, "guest": {}, "policy": profile("hardened"), "claims": True},
        [("own_host_facts_shown", "host", None)],
    ),
    (
        "services not read",
        {"vm": {}, "fields": {"services": {}, "error": "it was removed or moved meanwhile"}},
        [("own_services_unread", "unknown", None)],
    ),
    (
        "decided on and not offered",
        {"vm": {"guest_service_interface": None}, "policy": {}},
        [("own_policy_not_offered", "policy", None)],
    ),
    (
        "confidential",
        {
            "vm": {"vss": "isolated", "key_value_pair_exchange": "isolated", "guest_service_interface": "isolated"},
            "guest": {
                "vss": "not_supported_isolated",
                "key_value_pair_exchange": "not_supported_isolated",
                "guest_service_interface": "not_supported_isolated",
            },
            "fields": {"isolation": "SNP"},
            "policy": profile("isolated"),
        },
        [],
    ),
    (
        "confidential, and the host does not tell",
        {
            "vm": {"vss": "guest_silent", "key_value_pair_exchange": "guest_silent"},
            "guest": {"vss": "not_supported_isolated", "key_value_pair_exchange": "not_supported_isolated"},
            "facts": {"isolation": "SNP"},
        },
        [],
    ),
    ("older protocols", {"vm": {"vss": "older_protocol", "heartbeat": "degraded"}, "guest": {}, "policy": {}}, []),
    ("all well on both sides", {"vm": {}, "guest": {}, "policy": {}}, []),
    ("all well as far as the host sees", {"vm": {}, "policy": {}}, []),
]
PLANTED = [*SERVICES, *MACHINES]


def build(vm: Make, host: Make, guest: Make, planted: dict[str, Any]) -> dict[str, Any]:
    machine = vm("web01", **{"services": planted["vm"], **planted.get("fields", {})})
    hosts = [host(machine, policy=planted.get("policy"))]
    if planted.get("policy") == off_by_policy("2026-11-26"):  # as the filter of the policy has it on the day after
        hosts = [{**hosts[0], "plan": late_plan(machine, planted["policy"])}]
    guests = []
    if "guest" in planted:
        claimed = machine["id"].upper() if planted.get("claims") else None
        facts = planted.get("facts")
        guests = [guest(services=planted["guest"], facts=facts, vm_id=machine["id"], claimed_vm_id=claimed)]
    return {"hosts": hosts, "guests": guests}


def late_plan(machine: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    from datetime import date

    from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan

    return dict(make_plan([machine], policy, date(2026, 11, 27)))


@pytest.mark.parametrize(("planted", "expected"), [case[1:] for case in PLANTED], ids=[case[0] for case in PLANTED])
def test_planted(
    vm: Make,
    host: Make,
    guest: Make,
    audit: Judge,
    told: Told,
    planted: dict[str, Any],
    expected: list[tuple[Any, ...]],
) -> None:
    result = audit(**build(vm, host, guest, planted))
    assert told(result) == [(rule, side, "web01", service) for rule, side, service in expected]
    for finding in result["findings"]:
        assert finding["evidence"]
        assert "{" not in finding["explanation"] + finding["remedy"]


HOSTS: list[Planted] = [
    (
        "unreachable",
        {"reachable": False, "error": "timed out"},
        [("own_host_unreachable", "unknown", "hv1", None)],
    ),
    ("no rights, or empty", {}, [("own_host_empty", "unknown", "hv1", None)]),
    ("refused", {"error": "access denied"}, [("own_host_refused", "unknown", "hv1", None)]),
]


@pytest.mark.parametrize(("fields", "expected"), [case[1:] for case in HOSTS], ids=[case[0] for case in HOSTS])
def test_host(host: Make, audit: Judge, told: Told, fields: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    assert told(audit(host(**fields))) == expected


GUESTS: list[Planted] = [
    ("unreachable", {"vm": "web01", "facts": None, "error": "timed out"}, [("own_guest_unreachable", "unknown")]),
    ("unreachable and unmapped", {"facts": None}, [("own_guest_unreachable", "unknown")]),
    ("unmapped", {}, [("own_guest_unmapped", "policy")]),
    ("no match", {"vm": "web99"}, [("own_guest_no_match", "policy")]),
    ("several", {"vm": "twin"}, [("own_guest_several_matches", "policy")]),
    ("name of another", {"vm_id": "web01", "vm": "twin"}, [("own_guest_contradicts_name", "policy")]),
    ("claim of another", {"vm": "web01", "claimed_vm_id": "0"}, [("own_guest_contradicts_claim", "policy")]),
    ("off", {"vm": "off01"}, [("own_guest_not_running", "unknown")]),
    ("of no Hyper-V", {"vm": "web01", "facts": {"hyperv": False}}, [("own_guest_not_hyperv", "policy")]),
    ("unreachable, and off as its host says", {"vm": "off01", "facts": None, "error": "timed out"}, []),
]


@pytest.mark.parametrize(("fields", "expected"), [case[1:] for case in GUESTS], ids=[case[0] for case in GUESTS])
def test_guest(
    vm: Make,
    host: Make,
    guest: Make,
    audit: Judge,
    told: Told,
    fields: dict[str, Any],
    expected: list[tuple[Any, ...]],
) -> None:
    machine = vm("web01")
    if fields.get("vm_id"):
        fields = {**fields, "vm_id": machine["id"]}
    given = {**guest("guest01"), **fields}
    twins = [vm("twin", id="11111111-0000-0000-0000-000000000000"), vm("twin2", name="TWIN")]
    result = audit(host(machine, vm("off01", state="Off"), *twins), given)
    of_guests = [finding for finding in told(result) if finding[0].startswith("own_guest")]
    assert of_guests == [(*item, "guest01", None) for item in expected]
    assert [item["name"] for item in result["not_seen"]] == ["guest01"], "what is not joined was not seen"


def test_two_guests_of_one_machine(vm: Make, host: Make, guest: Make, audit: Judge, told: Told) -> None:
    one = vm("web01")
    assert told(audit(host(one), [guest("a", vm="web01"), guest("b", vm_id=one["id"])])) == [
        ("own_guest_shared", "policy", "a", None),
        ("own_guest_shared", "policy", "b", None),
    ]
    claims = {"claimed_vm_id": one["id"]}
    assert told(audit(host(one), [guest("a", **claims), guest("b", **claims)])) == [
        ("own_guest_claim_shared", "guest", "a", None),
        ("own_guest_claim_shared", "guest", "b", None),
    ]
    assert told(audit(host(one), [guest("a", vm="web01"), guest("b", **claims)])) == [
        ("own_guest_shared", "policy", "b", None)
    ]


def test_host_that_listed_a_part(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    assert told(audit(host(vm(), error="the second page was lost"))) == [("own_host_partial", "unknown", "hv1", None)]


def test_names(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    twins = [vm("a"), vm("b", name="A"), vm("c")]
    result = audit([host(*twins, name="hv1"), host(vm("d", name="c"), name="hv2")])
    assert sorted(told(result)) == [
        ("own_duplicate_name", "host", "c", None),
        ("own_duplicate_name_here", "host", min(twins[:2], key=lambda twin: twin["id"])["name"], None),
    ], "one finding for each name"
    primary, replica = vm("e", replication={"mode": "Primary"}), vm("e", state="Off", replication={"mode": "Replica"})
    assert told(audit([host(primary, name="hv1"), host(replica, name="hv2")])) == []


def test_services_of_windows_guests_that_are_disabled(
    vm: Make, host: Make, guest: Make, audit: Judge, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit import guest as readers

    linux = readers._READERS["linux"]
    monkeypatch.setattr(
        readers,
        "_READERS",
        {"windows": lambda facts: readers.GuestFacts(**{**vars(linux(facts)), "system": "windows"})},
    )
    machine = vm("web01", services={"vss": "guest_silent"})
    services = {"vss": {"verdict": "daemon_stopped", "unit_masked": True}}
    result = audit(host(machine), guest(system="windows", services=services, vm="web01"))
    assert told(result) == [("ms_guest_services_default", "guest", "web01", "vss")]


def test_every_rule_speaks_or_is_a_reference(vm: Make, host: Make, guest: Make, audit: Judge) -> None:
    """What the other tests of this file do not plant would be a rule that never was seen at work."""
    heard = {rule for case in PLANTED for rule, *_rest in case[2]}
    heard |= {rule for case in (*HOSTS, *GUESTS) for rule, *_rest in case[2]}
    heard |= {"own_guest_shared", "own_guest_claim_shared", "own_duplicate_name", "own_duplicate_name_here"}
    heard |= {"ms_guest_services_default"}
    heard |= {
        "own_host_partial",
        "own_running_twice",
        "own_waiver_failed",
    }  # below, test_combinations.py, test_waivers.py
    heard |= {"own_drift", "own_drift_after_restore"}  # test_drift.py
    heard |= {"own_waiver_unknown_rule", "own_waiver_expired", "own_waiver_unused"}  # test_waivers.py
    for _name, planted, _expected in PLANTED:
        for finding in audit(**build(vm, host, guest, planted))["findings"]:
            heard |= {reference["title"].partition(":")[0] for reference in finding["references"]}
    rules, problems = parse_rules([])
    assert problems == []
    assert sorted({rule.id for rule in rules} - heard) == []
