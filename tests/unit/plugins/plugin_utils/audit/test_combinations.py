# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two and three things at once: what one of them says must not hide another that is on another side."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import parse_rules
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit

Make = Callable[..., dict[str, Any]]
Judge = Callable[..., Audit]
Told = Callable[[Audit], list[tuple[Any, ...]]]

ON = tuple(key for key in KEYS if key != "guest_service_interface")
SILENT = dict.fromkeys(ON, "guest_silent")
LOST = dict.fromkeys(ON, "guest_lost")
HINDERED = [{"path": "/etc/modprobe.d/x.conf", "line": "blacklist hv_utils"}]

# A finding about the whole virtual machine -> what the host sees of each service that is on, and what the guest says.
WHOLE: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "own_never_in_contact": (SILENT, None),
    "own_contact_lost": (LOST, None),
    "own_hv_utils_blocked": (
        SILENT,
        {
            "services": dict.fromkeys(KEYS, "driver_blocked"),
            "facts": {"hv_utils": {"state": "blocked", "blocked_by": HINDERED}},
        },
    ),
    "own_hv_utils_missing": (
        SILENT,
        {
            "services": dict.fromkeys(KEYS, "driver_missing"),
            "facts": {"hv_utils": {"state": "missing", "blocked_by": []}},
        },
    ),
    "own_hv_utils_not_loaded": (
        SILENT,
        {
            "services": dict.fromkeys(KEYS, "no_driver"),
            "facts": {"hv_utils": {"state": "available", "blocked_by": []}},
        },
    ),
}
POLICIES: dict[str, Any] = {
    "default_safe": {},
    "replica": {"default": "replica"},
    "azure_migrate": {"default": "azure_migrate"},
    "none": None,
}


def told_by_rule(result: Audit) -> dict[tuple[str, str | None], str]:
    return {(finding["rule"], finding["service"]): finding["side"] for finding in result["findings"]}


def build(
    vm: Make, host: Make, guest: Make, rule: str, policy: Any, switches: dict[str, Any], **fields: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    seen, inside = WHOLE[rule]
    machine = vm("web01", services={**seen, **switches}, **fields)
    services = {key: "host_disabled" for key, value in switches.items() if value is False}
    guests = []
    if inside:
        said = {**inside["services"], **services}
        guests = [guest(services=said, facts=inside["facts"], vm_id=machine["id"])]
    return host(machine, policy=policy), guests


@pytest.mark.parametrize("mode", ["None", "Primary"])
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("rule", WHOLE)
def test_disabled_service_is_told_beside_what_is_wrong_with_the_whole_guest(
    vm: Make, host: Make, guest: Make, audit: Judge, rule: str, policy: str, mode: str
) -> None:
    """A dead guest does not enable what is disabled on the host: both must be fixed."""
    off = {"vss": False, "key_value_pair_exchange": False, "shutdown": False}
    hosts, guests = build(vm, host, guest, rule, POLICIES[policy], off, replication={"mode": mode})
    result = audit(hosts, guests)
    told = told_by_rule(result)
    assert (rule, None) in told
    for service in off:
        sides = {side for (_rule, key), side in told.items() if key == service}
        assert sides, f"the switch of {service} is told"
        assert sides <= {"host", "both"}
    silent = [key for key in ON if key not in off]
    assert [key for _rule, key in told if key in silent] == [], "what the whole guest explains is told once"


@pytest.mark.parametrize("rule", WHOLE)
def test_changed_switch_is_told_beside_what_is_wrong_with_the_whole_guest(
    vm: Make, host: Make, guest: Make, audit: Judge, rule: str
) -> None:
    nothing_decided = {"default": "none"}
    baseline = json.loads(json.dumps(audit(host(vm("web01"), policy=nothing_decided))))
    off = {"vss": False, "guest_service_interface": True}
    hosts, guests = build(vm, host, guest, rule, nothing_decided, off)
    told = told_by_rule(audit(hosts, guests, baseline=baseline))
    assert told[("own_drift", "vss")] == "host"
    assert told[("own_gsi_open", "guest_service_interface")] == "host"
    # On again since the baseline, in which it was off: also where the guest is silent.
    was_off = json.loads(json.dumps(audit(host(vm("web01", services={"vss": False}), policy=nothing_decided))))
    hosts, guests = build(vm, host, guest, rule, nothing_decided, {})
    assert told_by_rule(audit(hosts, guests, baseline=was_off))[("own_drift", "vss")] == "host"


@pytest.mark.parametrize("rule", WHOLE)
def test_policy_is_told_beside_what_is_wrong_with_the_whole_guest(
    vm: Make, host: Make, guest: Make, audit: Judge, rule: str
) -> None:
    decided = {"match": {"pattern": "*"}, "services": {"shutdown": False, "heartbeat": False}}
    hosts, guests = build(vm, host, guest, rule, {"default": "none", "rules": [decided]}, {})
    told = told_by_rule(audit(hosts, guests))
    assert told[("own_override_missing", "shutdown")] == "policy"
    assert told[("own_switch_on", "heartbeat")] == "host"


def test_rule_about_the_whole_reaches_only_what_it_names() -> None:
    """What the rules of services supersede in their turn is not meant by a rule about the whole virtual machine."""
    rules = {rule.id: rule for rule in parse_rules([])[0]}
    for rule in rules.values():
        if rule.data["scope"] == "virtual_machine":
            of_services = {id for id in rule.buried if rules[id].data["scope"] == "service"}
            assert not of_services & {"own_switch_off", "own_switch_on", "own_drift", "bpa_offer_all", "own_gsi_open"}


# -- the guest's word --------------------------------------------------------------------------------------------------

REFUSED = ("key_value_pair_exchange", "vss")
SAYS_IT_REFUSES = dict.fromkeys(ON, "not_supported_isolated")


@pytest.mark.parametrize("isolation", [None, "SNP"])
def test_guest_that_only_claims_to_be_a_machine_silences_nothing(
    vm: Make, host: Make, guest: Make, audit: Judge, told: Told, isolation: str | None
) -> None:
    machine = vm("web01", services=SILENT, isolation=isolation)
    liar = guest(services=SAYS_IT_REFUSES, facts={"isolation": "SNP"}, claimed_vm_id=machine["id"])
    result = audit(host(machine), liar)
    assert told(result) == [("own_never_in_contact", "unknown", "web01", None)]


@pytest.mark.parametrize(
    ("isolation", "says", "confirmed"),
    [
        ("SNP", None, True),
        ("TDX", "TDX", True),
        ("VBS", "none", True),
        ("TrustedLaunch", "SNP", False),
        (None, "SNP", True),
        (None, None, False),
        (None, "none", False),
        (None, "pretty please", False),
    ],
)
def test_refusal_of_a_confidential_guest_needs_the_hosts_word(
    vm: Make, host: Make, guest: Make, audit: Judge, isolation: str | None, says: str | None, confirmed: bool
) -> None:
    """Where the host has no word for it, the mapped guest has to say which isolation; that is listed as not seen."""
    machine = vm("web01", services=dict.fromkeys(REFUSED, "guest_silent"), isolation=isolation)
    inside = guest(services=dict.fromkeys(REFUSED, "not_supported_isolated"), facts={"isolation": says}, vm="web01")
    result = audit(host(machine), inside)
    rules = [finding["rule"] for finding in result["findings"]]
    assert rules == ([] if confirmed else ["own_contradiction"] * 2)
    assert len(result["not_seen"]) == (2 if confirmed and isolation is None else 0)


@pytest.mark.parametrize("service", ["heartbeat", "shutdown", "time_synchronization"])
def test_service_that_no_kernel_refuses_is_never_taken_for_refused(
    vm: Make, host: Make, guest: Make, audit: Judge, told: Told, service: str
) -> None:
    machine = vm("web01", services={service: "guest_silent"}, isolation="SNP")
    inside = guest(services={service: "not_supported_isolated"}, vm="web01")
    rule = "own_shutdown_impossible" if service == "shutdown" else "own_contradiction"
    assert told(audit(host(machine), inside)) == [(rule, "both", "web01", service)]


def test_open_file_copy_is_told_whatever_a_guest_claims(
    vm: Make, host: Make, guest: Make, audit: Judge, told: Told
) -> None:
    machine = vm("web01", services={"guest_service_interface": "guest_silent"})
    liar = guest(services={"guest_service_interface": "not_supported_isolated"}, claimed_vm_id=machine["id"])
    assert told(audit(host(machine), liar)) == [("own_gsi_open", "host", "web01", "guest_service_interface")]


def test_driver_of_a_guest_by_mere_claim_hides_nothing_that_the_host_saw(
    vm: Make, host: Make, guest: Make, audit: Judge
) -> None:
    inside = WHOLE["own_hv_utils_blocked"][1]
    assert inside is not None
    for seen, of_host in ((SILENT, "own_never_in_contact"), (LOST, "own_contact_lost")):
        machine = vm("web01", services=seen)
        told = told_by_rule(audit(host(machine), guest(**inside, claimed_vm_id=machine["id"])))
        assert set(told) == {("own_hv_utils_blocked", None), (of_host, None)}
        mapped = told_by_rule(audit(host(machine), guest(**inside, vm_id=machine["id"])))
        assert set(mapped) == {("own_hv_utils_blocked", None)}
    one = vm("web01", services={"shutdown": "guest_silent"})
    told = told_by_rule(audit(host(one), guest(**inside, claimed_vm_id=one["id"])))
    assert ("own_shutdown_impossible", "shutdown") in told


@pytest.mark.parametrize("verdict", ["host_disabled", "not_hyperv", "not_supported_isolated", "unknown", "ok"])
@pytest.mark.parametrize("seen", ["guest_silent", "guest_lost", "error", "incompatible_protocol"])
def test_host_that_cannot_shut_down_a_guest_is_told_whatever_the_guest_says(
    vm: Make, host: Make, guest: Make, audit: Judge, verdict: str, seen: str
) -> None:
    result = audit(host(vm("web01", services={"shutdown": seen})), guest(services={"shutdown": verdict}, vm="web01"))
    (finding,) = result["findings"]
    assert (finding["rule"], finding["severity"]) == ("own_shutdown_impossible", "high")


def test_guest_that_is_none_of_hyperv_is_one_finding_about_the_mapping(
    vm: Make, host: Make, guest: Make, audit: Judge, told: Told
) -> None:
    other = guest(facts={"hyperv": False}, services=dict.fromkeys(KEYS, "not_hyperv"), vm="web01")
    assert told(audit(host(vm("web01")), other)) == [("own_guest_not_hyperv", "policy", "guest01", None)]
    dead = told(audit(host(vm("web01", services=SILENT)), other))
    assert ("own_never_in_contact", "unknown", "web01", None) in dead, "what the host sees is told as without it"


# -- waivers -----------------------------------------------------------------------------------------------------------


def waived(rule: str) -> str:
    return (
        f"version: 1\nwaivers:\n  - {{id: W-1, rule: {rule}, match: {{name: web01}}, reason: for a good reason, "
        "owner: me, until: 2099-12-31}\n"
    )


def still_open(result: Audit) -> list[tuple[str, str | None, str]]:
    return [(f["rule"], f["service"], f["side"]) for f in result["findings"] if not f["waived_by"]]


def test_waived_rule_lets_the_next_one_speak(vm: Make, host: Make, guest: Make, audit: Judge) -> None:
    """Who does without application-consistent points has not accepted a daemon that does not run, or a switch."""
    primary: dict[str, Any] = {"replication": {"mode": "Primary"}}
    stopped = host(vm("web01", services={"vss": "guest_silent"}, **primary), policy={})
    inside = guest(services={"vss": "daemon_stopped"}, vm="web01")
    assert still_open(audit(stopped, inside)) == [("bpa_replica_vss", "vss", "guest")]
    result = audit(stopped, inside, waivers=waived("bpa_replica_vss"))
    assert still_open(result) == [("own_guest_stopped", "vss", "guest")]
    assert result["summary"]["waived"] == 1
    (speaks,) = [finding for finding in result["findings"] if finding["rule"] == "own_guest_stopped"]
    assert any(reference["title"].startswith("bpa_enable_all: ") for reference in speaks["references"])
    off = host(vm("web01", services={"vss": False}, **primary), policy={})
    assert still_open(audit(off, waivers=waived("bpa_replica_vss"))) == [("own_switch_off", "vss", "host")]
    both = waived("[bpa_replica_vss, own_switch_off]")
    assert still_open(audit(off, waivers=both)) == []


def test_open_file_copy_that_is_waived_lets_the_missing_daemon_speak(
    vm: Make, host: Make, guest: Make, audit: Judge
) -> None:
    fleet = host(vm("web01", services={"guest_service_interface": "guest_silent"}))
    inside = guest(services={"guest_service_interface": "not_packaged"}, vm="web01")
    assert still_open(audit(fleet, inside, waivers=waived("own_gsi_open"))) == [
        ("own_guest_missing", "guest_service_interface", "guest")
    ]


def test_waived_rule_keeps_what_only_cites_a_catalogue(vm: Make, host: Make, audit: Judge) -> None:
    """They ask for the same thing in the words of others: nobody has to waive one fact five times."""
    for services, rule in (
        ({"vss": "guest_silent"}, "own_silent"),
        ({"shutdown": False}, "own_protected_off"),
        ({"guest_service_interface": True}, "own_gsi_open"),
        (SILENT, "own_never_in_contact"),
        ({"time_synchronization": "guest_silent"}, "own_silent"),
    ):
        fleet = host(vm("web01", services=services))
        assert [rule for rule, _service, _side in still_open(audit(fleet))] == [rule]
        assert still_open(audit(fleet, waivers=waived(rule))) == [], rule
    against = host(vm("web01", services={"guest_service_interface": True}), policy={})
    assert still_open(audit(against, waivers=waived("own_gsi_open"))) == []


def test_waived_host_setting_is_not_told_again_as_one_that_the_policy_forbids(
    vm: Make, host: Make, audit: Judge
) -> None:
    """It is one setting: nobody has to waive it once as open and once as against the policy."""
    for services, rule in (
        ({"guest_service_interface": True}, "own_gsi_open"),
        ({"shutdown": False}, "own_protected_off"),
    ):
        fleet = host(vm("web01", services=services), policy={})
        assert [rule for rule, _service, _side in still_open(audit(fleet))] == [rule]
        assert still_open(audit(fleet, waivers=waived(rule))) == [], rule


# -- what is noise, or no finding at all -------------------------------------------------------------------------------


def test_machine_that_two_hosts_show_during_a_migration_is_no_duplicate(
    vm: Make, host: Make, audit: Judge, told: Told
) -> None:
    here, there = vm("web01"), vm("web01", state="Off")
    assert told(audit([host(here, name="hv1"), host(there, name="hv2")])) == []


def test_machine_that_runs_on_two_hosts_at_once_is_told_once(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    primary, replica = vm("web01", replication={"mode": "Primary"}), vm("web01", replication={"mode": "Replica"})
    result = audit([host(primary, name="hv1"), host(replica, name="hv2")])
    assert told(result) == [("own_running_twice", "host", "web01", None)]
    (finding,) = result["findings"]
    assert (finding["host"], finding["severity"]) == ("hv1", "high")
    assert "hv2" in finding["explanation"]


def test_name_of_many_machines_is_one_finding(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    hosts = [host(vm(f"vm{number}", name="web01"), name=f"hv{number}") for number in range(9)]
    result = audit(hosts)
    assert told(result) == [("own_duplicate_name", "host", "web01", None)]
    lowest = min(machine["id"] for one in hosts for machine in one["virtual_machines"])
    (finding,) = result["findings"]
    assert finding["vm"] is not None
    assert finding["vm"]["id"] == lowest
    assert finding["explanation"].startswith("8 other virtual machines")


def test_confidential_machine_whose_guest_was_not_inspected_is_listed(vm: Make, host: Make, audit: Judge) -> None:
    """A Windows guest does not refuse VSS: what the host takes for Linux's refusal may be a fault."""
    machine = vm("web01", services={"vss": "isolated"}, isolation="VBS")
    result = audit(host(machine, policy={"default": "backup"}))
    assert result["findings"] == []
    assert [(item["kind"], item["name"]) for item in result["not_seen"]] == [("service", "web01: vss")]


def test_time_source_of_a_guest_whose_time_synchronization_is_disabled(
    vm: Make, host: Make, guest: Make, audit: Judge
) -> None:
    """The host clock is no time source where the host does not offer it."""
    reason = {"time_synchronization": "Has a GPS clock of its own"}
    rule = {"match": {"pattern": "*"}, "services": {"time_synchronization": False}, "overrides": reason}
    machine = vm("web01", services={"time_synchronization": False})
    services = {"time_synchronization": "host_disabled"}
    inside = guest(services=services, facts={"time": {"clock_source": "none", "uses_ptp": False}}, vm="web01")
    (finding,) = audit(host(machine, policy={"default": "none", "rules": [rule]}), inside)["findings"]
    assert finding["rule"] == "own_clock_unkept"
    assert "Where it is disabled, use time servers" in finding["remedy"]
