# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.collection import (
    CollectionError,
    collect,
    read_collection,
)

NOW, EARLIER = "2026-11-27T09:30:00Z", "2026-10-01T00:00:00Z"
ID = "0f7e1a52-3c5d-4f0e-9a53-0d5a2b9c7e11"
VSS: dict[str, Any] = {
    "offered": True,
    "enabled": False,
    "verdict": "disabled",
    "reason": "host_disabled",
    "explanation": "Switched off on the host.",
    "primary_status_code": 2,
    "secondary_status_code": None,
}
WEB01: dict[str, Any] = {
    "id": ID,
    "name": "web01",
    "state": "Running",
    "state_code": 2,
    "uptime_seconds": 86400,
    "isolation": None,
    "clustered": False,
    "services": {"vss": VSS},
}
FACTS: dict[str, Any] = {
    "services": {"vss": {"verdict": "ok", "explanation": "it is served", "remedy": None}},
    "freeze": {},
    "time": {},
}
HOST = {
    "__audit_host_result": {"changed": False, "virtual_machines": [WEB01]},
    "__audit_said": {"policy": {}},
}
GUEST = {
    "__audit_guest_result": {"changed": False, "linux_guest": FACTS},
    "__audit_guest_kvp": {"host": {"virtual_machine_id": ID.upper(), "untrusted": True}},
    "__audit_said": {"vm_id": None, "vm": 42, "host": "hv01"},
}


def file(collection: Any, path: str = "site.json") -> Any:
    return {"path": path, "text": collection if isinstance(collection, str) else json.dumps(collection)}


def collected(hosts: list[str], guests: list[str]) -> dict[str, Any]:
    return dict(collect({**dict.fromkeys(hosts, HOST), **dict.fromkeys(guests, GUEST)}, hosts, guests, EARLIER))


def test_what_was_returned_is_carried_as_it_is() -> None:
    collection = collect({"hv01": HOST, "web01": GUEST, "else": {}}, ["hv01"], ["web01"], NOW)
    assert (collection["version"], collection["collected_at"]) == (1, NOW)
    (host,), (guest,) = collection["hosts"], collection["guests"]
    assert (host["name"], host["reachable"], host["error"]) == ("hv01", True, None)
    assert host["virtual_machines"] == [WEB01]
    assert host["plan"] is not None
    assert host["plan"]["decisions"][0]["changes"] == {"vss": {"before": False, "after": True}}
    assert guest == {
        "name": "web01",
        "reachable": True,
        "error": None,
        "system": "linux",
        "vm_id": None,
        "vm": "42",
        "host": "hv01",
        "claimed_vm_id": ID.upper(),
        "facts": FACTS,
    }


def test_hosts_and_guests_are_ordered_by_name() -> None:
    collection = collected(["hv2", "hv1"], ["b", "a"])
    assert [host["name"] for host in collection["hosts"]] == ["hv1", "hv2"]
    assert [guest["name"] for guest in collection["guests"]] == ["a", "b"]


def test_without_a_policy_there_is_no_plan() -> None:
    host = {**HOST, "__audit_said": {"policy": None}}
    assert collect({"hv01": host}, ["hv01"], [], NOW)["hosts"][0]["plan"] is None


OUTCOMES: dict[str, tuple[Any, bool, str]] = {
    "unreachable": ({"unreachable": True, "msg": "timed out\n  after 5"}, False, "timed out after 5"),
    "failed": ({"failed": True, "msg": "access denied"}, True, "access denied"),
    "failed in silence": ({"failed": True}, True, "It did not say why."),
    "skipped": ({"skipped": True}, False, "It was not asked: something before the audit failed on it."),
    "never asked": (None, False, "It was not asked: something before the audit failed on it."),
    "talkative": ({"failed": True, "msg": "x" * 5000}, True, "x" * 1000),
}


@pytest.mark.parametrize("case", OUTCOMES)
def test_who_does_not_answer_is_part_of_it_with_the_reason(case: str) -> None:
    result, reachable, error = OUTCOMES[case]
    variables = {"hv01": {"__audit_host_result": result}, "g": {"__audit_guest_result": result}}
    collection = collect(variables, ["hv01"], ["g"], NOW)
    (host,), (guest,) = collection["hosts"], collection["guests"]
    assert (host["reachable"], host["error"], host["virtual_machines"], host["plan"]) == (reachable, error, [], None)
    assert (guest["reachable"], guest["error"], guest["facts"], guest["system"]) == (reachable, error, None, "unknown")


def test_options_among_the_facts_of_one_that_was_not_asked_are_named() -> None:
    """Ansible drops those on which an option has a wrong type before the role has read any."""
    facts = {"audit_mode": 5, "kernel": "6.1", "audit_\x1b[2J": 1, "host_policy_rules": "x"}
    found = collect({name: {"ansible_facts": facts} for name in ("hv01", "g")}, ["hv01"], ["g"], NOW)
    for part in (*found["hosts"], *found["guests"]):
        assert (part["reachable"], part["error"]) == (
            False,
            "It was not asked: something before the audit failed on it. Its ansible_facts, which it sets itself, hold "
            "options of the audit or of the policy: audit_mode, host_policy_rules",
        )


def test_a_host_of_which_no_variable_is_known_is_part_of_it() -> None:
    assert collect({}, ["hv01"], [], NOW)["hosts"][0]["error"] is not None


def test_a_policy_that_fails_on_the_facts_leaves_the_facts() -> None:
    policy = {"rules": [{"match": {"where": "length(generation) == `1`"}, "profile": "lab"}]}
    host = collect({"hv01": {**HOST, "__audit_said": {"policy": policy}}}, ["hv01"], [], NOW)["hosts"][0]
    assert host["plan"] is not None
    assert host["plan"]["decisions"] == []
    assert host["error"] is not None
    assert host["error"].startswith("The policy could not be evaluated for 1 of 1 VMs: ")
    assert host["virtual_machines"] == [WEB01]


def test_last_day_that_yaml_reads_as_a_date_is_part_of_the_policy() -> None:
    override = {"reason": "appliance without agent", "until": date(2099, 12, 31)}
    rule = {"match": {"name": "web01"}, "services": {"shutdown": False}, "overrides": {"shutdown": override}}
    host = collect({"hv01": {**HOST, "__audit_said": {"policy": {"rules": [rule]}}}}, ["hv01"], [], NOW)["hosts"][0]
    assert host["error"] is None
    assert host["plan"] is not None
    assert [vm["rules"] for vm in host["plan"]["decisions"]] == [["rule 1"]]
    json.dumps(host)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ("all is well", "linux_guest is 'all is well', not a mapping"),
        ({**FACTS, "services": {"vss": {"verdict": 1}}}, "linux_guest.services.vss.verdict is 1, not a text"),
        (None, "linux_guest is None, not a mapping"),
    ],
)
def test_a_guest_that_makes_up_results_is_no_guest_seen(facts: Any, told: str) -> None:
    guest = collect({"g": {"__audit_guest_result": {"linux_guest": facts}}}, [], ["g"], NOW)["guests"][0]
    assert guest["facts"] is None
    assert guest["error"] is not None
    assert told in guest["error"]


@pytest.mark.parametrize("told", [None, {"host": "x"}, {"failed": True, "msg": "no pool"}, {"host": {}}])
def test_without_a_claim_the_operators_word_is_left(told: Any) -> None:
    guest = collect({"g": {**GUEST, "__audit_guest_kvp": told}}, [], ["g"], NOW)["guests"][0]
    assert (guest["claimed_vm_id"], guest["error"], guest["vm"]) == (None, None, "42")


def test_a_collection_survives_its_file() -> None:
    before = collected(["hv01"], ["web01"])
    assert collect({}, [], [], NOW, [file(before)]) == before


def test_parts_become_one_that_is_as_old_as_the_oldest() -> None:
    files = [file(collected(["hv02"], []), "a.json"), file(collected([], ["web02"]), "b.json")]
    collection = collect({"hv01": HOST}, ["hv01"], [], NOW, files)
    assert collection["collected_at"] == EARLIER
    assert [host["name"] for host in collection["hosts"]] == ["hv01", "hv02"]
    assert [guest["name"] for guest in collection["guests"]] == ["web02"]


@pytest.mark.parametrize(
    ("hosts", "files", "told"),
    [
        (["hv01"], ["a.json"], "host hv01 is in this run and in a.json: "),
        ([], ["a.json", "b.json"], "host hv01 is in a.json and in b.json: "),
    ],
)
def test_a_host_in_two_parts_is_refused(hosts: list[str], files: list[str], told: str) -> None:
    with pytest.raises(CollectionError, match=told):
        collect({}, hosts, [], NOW, [file(collected(["hv01"], []), path) for path in files])


def test_a_guest_in_two_parts_is_refused() -> None:
    with pytest.raises(CollectionError, match=r"guest web01 is in this run and in site\.json"):
        collect({}, [], ["web01"], NOW, [file(collected([], ["web01"]))])


def set_in(*path: Any, value: Any) -> Callable[[Any], None]:
    def change(collection: Any) -> None:
        for key in path[:-1]:
            collection = collection[key]
        collection[path[-1]] = value

    return change


DAMAGES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no time": (lambda c: c.pop("collected_at"), "collection has no collected_at"),
    "hosts by name": (set_in("hosts", value={"hv01": {}}), "collection.hosts is {'hv01': {}}, not a list"),
    "no reason": (lambda c: c["hosts"][0].pop("error"), r"collection.hosts\[0\] has no error"),
    "a yes": (set_in("hosts", 0, "reachable", value="yes"), r"hosts\[0\].reachable is 'yes', not a true or false"),
    "another system": (set_in("guests", 0, "system", value="plan9"), "system is 'plan9', not one of linux, windows"),
    "a number for an id": (
        set_in("hosts", 0, "virtual_machines", 0, "id", value=7),
        r"host hv01: virtual_machines\[0\].id is 7, not a text",
    ),
    "no verdict": (
        lambda c: c["hosts"][0]["virtual_machines"][0]["services"]["vss"].pop("verdict"),
        r"host hv01: virtual_machines\[0\].services.vss has no verdict",
    ),
    "true for a number": (
        set_in("hosts", 0, "virtual_machines", 0, "state_code", value=True),
        "state_code is True, not a number",
    ),
    "facts without services": (lambda c: c["guests"][0]["facts"].pop("services"), "guest web01: facts has no services"),
    "a later version": (set_in("version", value=2), "is no collection of version 1"),
    "an audit": (lambda c: c.pop("hosts"), "is no collection of version 1"),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_damage_is_named_with_its_place(case: str) -> None:
    damage, told = DAMAGES[case]
    collection = copy.deepcopy(collected(["hv01"], ["web01"]))
    damage(collection)
    with pytest.raises(CollectionError, match=told) as caught:
        read_collection(file(collection))
    assert "site.json" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[1, NaN]", "[" * 100_000, '"text"', "[]", "null"])
def test_what_is_no_collection_at_all_is_refused(text: str) -> None:
    with pytest.raises(CollectionError, match=r"site\.json is no (JSON|collection)"):
        read_collection(file(text))


def test_many_problems_are_counted_and_not_all_told() -> None:
    collection = collected([f"hv{number:02}" for number in range(30)], [])
    for host in collection["hosts"]:
        host["error"] = 1
    with pytest.raises(CollectionError, match=r"hosts\[9\].*and 20 more") as caught:
        read_collection(file(collection))
    assert "hosts[10]" not in str(caught.value)
