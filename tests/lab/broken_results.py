# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hosts and guests return that the modules never would: as results, and as texts that a machine prints."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

# Makes a virtual machine by its name; makes a guest, whose facts are under "facts".
Make = Callable[..., dict[str, Any]]


def deep(levels: int) -> Any:
    value: Any = "x"
    for _level in range(levels):
        value = [value]
    return value


class BrokenMapping(dict[str, Any]):
    def items(self) -> Any:
        raise ValueError("templating failed")


INFINITE, NAN = float("inf"), float("nan")


def machine(vm: Make, **change: Any) -> dict[str, Any]:
    return {**vm("broken01"), **change}


def with_service(vm: Make, **change: Any) -> dict[str, Any]:
    broken = copy.deepcopy(vm("broken01"))
    broken["services"]["vss"].update(change)
    return broken


# What a host returned: its whole result, or a list of virtual machines.
BROKEN_HOSTS: dict[str, Callable[[Make], Any]] = {
    "nothing": lambda vm: None,
    "a text": lambda vm: "all is well",
    "a list": lambda vm: [1, 2],
    "no virtual machines": lambda vm: {"changed": False},
    "virtual machines by name": lambda vm: {"virtual_machines": {"web01": {}}},
    "a text for a machine": lambda vm: {"virtual_machines": ["web01"]},
    "null for a machine": lambda vm: {"virtual_machines": [None]},
    "an id twice": lambda vm: {"virtual_machines": [vm("broken01"), vm("broken01")]},
    "an id twice, in two cases": lambda vm: {
        "virtual_machines": [vm("broken01"), machine(vm, id=vm("broken01")["id"].upper())]
    },
    "an id that is none": lambda vm: {"virtual_machines": [machine(vm, id="web01")]},
    "an empty id": lambda vm: {"virtual_machines": [machine(vm, id="")]},
    "an id that is a number": lambda vm: {"virtual_machines": [machine(vm, id=7)]},
    "no name": lambda vm: {"virtual_machines": [machine(vm, name=None)]},
    "a state that is a number": lambda vm: {"virtual_machines": [machine(vm, state=2)]},
    "a generation that is a list": lambda vm: {"virtual_machines": [machine(vm, generation=[2])]},
    "a generation that is a mapping": lambda vm: {"virtual_machines": [machine(vm, generation={"a": 1})]},
    "an uptime that is a text": lambda vm: {"virtual_machines": [machine(vm, uptime_seconds="long")]},
    "an infinite uptime": lambda vm: {"virtual_machines": [machine(vm, uptime_seconds=INFINITE)]},
    "an uptime that is no number": lambda vm: {"virtual_machines": [machine(vm, uptime_seconds=NAN)]},
    "an uptime of 5,000 digits": lambda vm: {"virtual_machines": [machine(vm, uptime_seconds=10**5000)]},
    "an isolation that is a list": lambda vm: {"virtual_machines": [machine(vm, isolation=["SNP"])]},
    "a checkpoint that is a text": lambda vm: {"virtual_machines": [machine(vm, checkpoint="x")]},
    "a parent that is a mapping": lambda vm: {"virtual_machines": [machine(vm, checkpoint={"parent_id": {}})]},
    "a replication that is a text": lambda vm: {"virtual_machines": [machine(vm, replication="Primary")]},
    "a mode that is a list": lambda vm: {"virtual_machines": [machine(vm, replication={"mode": ["Primary"]})]},
    "groups that are no list": lambda vm: {"virtual_machines": [machine(vm, groups="web")]},
    "a group that is null": lambda vm: {"virtual_machines": [machine(vm, groups=[None])]},
    "notes that are a list": lambda vm: {"virtual_machines": [machine(vm, notes=[1])]},
    "an error that is a mapping": lambda vm: {"virtual_machines": [machine(vm, error={"a": 1})]},
    "services that are a list": lambda vm: {"virtual_machines": [machine(vm, services=["vss"])]},
    "a service that is a text": lambda vm: {"virtual_machines": [machine(vm, services={"vss": "on"})]},
    "a service without a verdict": lambda vm: {
        "virtual_machines": [machine(vm, services={"vss": {"offered": True, "enabled": True}})]
    },
    "a switch that is a text": lambda vm: {"virtual_machines": [with_service(vm, enabled="yes")]},
    "a verdict that is a list": lambda vm: {"virtual_machines": [with_service(vm, verdict=[])]},
    "a reason that is a number": lambda vm: {"virtual_machines": [with_service(vm, reason=3)]},
    "a status that is a mapping": lambda vm: {"virtual_machines": [with_service(vm, primary_status_code={})]},
    "nested 60 deep": lambda vm: {"virtual_machines": [machine(vm, extra=deep(60))]},
    "nested 300 deep": lambda vm: {"virtual_machines": [machine(vm, extra=deep(300))]},
    "nested 1,500 deep": lambda vm: {"virtual_machines": [machine(vm, extra=deep(1500))]},
    "nested 20,000 deep": lambda vm: {"virtual_machines": [machine(vm, extra=deep(20000))]},
    "half a character": lambda vm: {"virtual_machines": [machine(vm, name="web\ud800")]},
    "half a character as a key": lambda vm: {"virtual_machines": [machine(vm, extra={"\udfff": 1})]},
    "a set": lambda vm: {"virtual_machines": [machine(vm, extra={1, 2})]},
    "a key that is a number": lambda vm: {"virtual_machines": [machine(vm, extra={1: 2})]},
    "a message that is nested": lambda vm: {"failed": True, "msg": deep(300)},
    "a variable that cannot be templated": lambda vm: BrokenMapping(virtual_machines=[]),
}


def facts(guest: Make, **change: Any) -> dict[str, Any]:
    return {"linux_guest": {**guest()["facts"], **change}}


def guest_service(guest: Make, value: Any) -> dict[str, Any]:
    services = {**guest()["facts"]["services"], "vss": value}
    return facts(guest, services=services)


# What a guest returned for which there is nothing of it.
BROKEN_GUESTS: dict[str, Callable[[Make], Any]] = {
    "nothing": lambda guest: None,
    "a text": lambda guest: "x",
    "a list": lambda guest: [facts(guest)],
    "no facts": lambda guest: {"changed": False},
    "facts that are a list": lambda guest: {"linux_guest": []},
    "no services": lambda guest: {"linux_guest": {"freeze": {}, "time": {}}},
    "services that are a list": lambda guest: facts(guest, services=[]),
    "a service that is a text": lambda guest: guest_service(guest, "ok"),
    "a verdict that is a mapping": lambda guest: guest_service(guest, {"verdict": {}}),
    "an explanation that is a list": lambda guest: guest_service(
        guest, {"verdict": "ok", "explanation": [], "remedy": None}
    ),
    "time that is a text": lambda guest: facts(guest, time="12:00"),
    "freeze that is null": lambda guest: facts(guest, freeze=None),
    "an infinite number": lambda guest: facts(guest, load=INFINITE),
    "no number": lambda guest: facts(guest, load=[NAN]),
    "a number of 5,000 digits": lambda guest: facts(guest, load=10**5000),
    "nested 60 deep": lambda guest: facts(guest, extra=deep(60)),
    "nested 300 deep": lambda guest: facts(guest, extra=deep(300)),
    "nested 1,500 deep": lambda guest: facts(guest, extra=deep(1500)),
    "nested 20,000 deep": lambda guest: facts(guest, extra=deep(20000)),
    "half a character": lambda guest: facts(guest, hostname="\udc80"),
    "a set": lambda guest: facts(guest, extra={1}),
    "a variable that cannot be templated": lambda guest: BrokenMapping(linux_guest={}),
}
# What a guest may say of itself although no guest does: it is read as far as it has the types that it should have.
ODD_GUESTS: dict[str, dict[str, Any]] = {
    "an unknown verdict": {"services": {"vss": {"verdict": "brilliant", "explanation": None, "remedy": None}}},
    "a driver that is a list": {"hv_utils": ["loaded"]},
    "a driver state that is a mapping": {"hv_utils": {"state": {}, "blocked_by": {}}},
    "isolation that is a number": {"isolation": 3},
    "hyperv that is a text": {"hyperv": "yes"},
    "a clock source that is a list": {"time": {"clock_source": [], "uses_ptp": "no"}},
    "mounts that are mappings of mappings": {"freeze": {"failing": [{"a": {"b": {"c": 1}}}]}},
    "scripts that are a number": {"ip_injection": {"ready": 1, "problems": 2}},
    "a kernel that is a number, which a rule cannot read": {"kernel": 5},
    "markup": {"kernel": "<script>{{ x }}</script>{vm.name}"},
}


def _holding(text: str, honest: Mapping[str, Any]) -> str:
    """An honest answer in which this JSON stands, which Python itself would not write."""
    changed = copy.deepcopy(dict(honest))
    (changed.get("linux_guest") or changed["virtual_machines"][0])["extra"] = "HERE"
    return json.dumps(changed).replace('"HERE"', text)


# Keys of results that Ansible itself reads, with types that it does not expect.
_ODD_KEYS: dict[str, Any] = {
    "warnings": 5,
    "deprecations": "x",
    "diff": 5,
    "results": 5,
    "invocation": [],
    "ansible_facts": [1],
}
# What a machine prints in place of an honest answer; with variables as `(text, variables)`.
BROKEN_TEXTS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "nothing is printed": lambda honest: "",
    "no JSON": lambda honest: "Segmentation fault",
    "no JSON, and a code": lambda honest: ("Traceback (most recent call last):", {"scripted_code": 1}),
    "nobody is there": lambda honest: ("", {"scripted_answer": ""}),
    "half an answer": lambda honest: json.dumps(honest)[:-20],
    "a number alone": lambda honest: "5",
    "a list of answers": lambda honest: json.dumps([honest]),
    "a text with an answer": lambda honest: json.dumps(json.dumps(honest)),
    "UTF-16": lambda honest: json.dumps(honest).encode("utf-16"),
    "no UTF-8": lambda honest: _holding('"HERE"', honest).encode().replace(b"HERE", b"\xff\xfe\xc0\x80"),
    "2 million letters": lambda honest: "x" * 2_000_000,
    "an error of 2 million letters": lambda honest: json.dumps({"failed": True, "msg": "x" * 2_000_000}),
    "300 brackets": lambda honest: _holding("[" * 300 + "]" * 300, honest),
    "20,000 brackets": lambda honest: _holding("[" * 20_000 + "]" * 20_000, honest),
    "brackets that never end": lambda honest: "[" * 100_000,
    "braces that never end": lambda honest: '{"a":' * 100_000,
    "1e400": lambda honest: _holding("1e400", honest),
    "NaN": lambda honest: _holding("NaN", honest),
    "5,000 digits": lambda honest: _holding("9" * 5000, honest),
    "a type of Ansible that is none": lambda honest: _holding('{"__ansible_type": "none"}', honest),
    "failed that is a mapping": lambda honest: json.dumps({**honest, "failed": {"a": 1}}),
    "an exception that is a list": lambda honest: json.dumps({**honest, "failed": True, "exception": [1]}),
    "results of another type": lambda honest: json.dumps({**_ODD_KEYS, "failed": True, "msg": {"a": [1]}}),
    "output of another type": lambda honest: json.dumps({**honest, "rc": "x", "stdout": 5, "stderr": {}}),
    "skipped": lambda honest: json.dumps({**honest, "skipped": True}),
    "unreachable": lambda honest: json.dumps({**honest, "unreachable": True}),
}


def printed(results: Mapping[str, Callable[[Make], Any]], make: Make) -> dict[str, str]:
    """The broken results that a machine can print as JSON. The others only Python can make."""
    texts = {}
    for case, result in results.items():
        try:
            text = json.dumps(result(make))
            if json.loads(text) == result(make):
                texts[case] = text
        except (TypeError, ValueError, RecursionError):
            continue
    return texts
