# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one host or guest returns is that one's error: the audit of all others is the same as without it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.filter.audit_collection import audit_collection
from ansible_collections.hyperv.integration.plugins.filter.audit_evaluate import audit_evaluate
from ansible_collections.hyperv.integration.plugins.filter.audit_report import audit_report
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.collection import CollectionError, collect
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.drift import baseline_problems
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.evaluate import evaluate
from broken_results import BROKEN_GUESTS, BROKEN_HOSTS, ODD_GUESTS, deep, facts, machine

Make = Callable[..., dict[str, Any]]
NOW = "2026-11-27T09:30:00Z"
FORMATS = ("html", "json", "junit", "sarif", "csv", "markdown", "terminal")
RULES = """\
version: 1
rules:
  - id: my_generation
    title: Virtual machines must have generation 2
    severity: low
    scope: virtual_machine
    match: {generation: 1}
    where: "starts_with(notes || '', 'x') || length(groups) > `5`"
    side: host
    description: Generation 1 has no secure boot.
    explanation: "Generation {generation}."
    remedy: Migrate it.
  - id: my_guest
    title: Guests must have a kernel
    severity: low
    scope: guest
    where: length(guest_facts.kernel || 'x') > `99`
    side: guest
    description: A guest must have a kernel.
    explanation: "Kernel {guest_facts.kernel}."
    remedy: Install one.
"""
WAIVERS = f"""\
version: 1
waivers:
  - id: W-1
    rule: [own_silent, own_switch_off]
    match: {{id: {uuid.uuid5(uuid.NAMESPACE_DNS, "web02")}, where: "length(notes) < `99`"}}
    reason: for a good reason
    owner: me
    until: 2099-12-31
"""
POLICY = {"rules": [{"match": {"where": "contains(notes, 'gps')"}, "profile": "lab"}]}


class Raising(Mapping[str, Any]):
    """Variables of a host that cannot be read, as those in which ansible-core finds what it cannot handle."""

    def __init__(self, whole: bool = True, **variables: Any) -> None:
        self._whole, self._variables = whole, variables

    def __getitem__(self, key: str) -> Any:
        if self._whole or key.endswith("_result"):
            raise RuntimeError("Encountered a broken\n variable of <secret>")
        return self._variables[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


@pytest.fixture
def fleet(vm: Make, guest: Make) -> dict[str, Any]:
    """Variables of two hosts and two guests, with faults of their own."""
    off, silent = {"vss": False}, {"vss": "guest_silent"}
    machines = {
        "hv1": [vm("web01", services=silent), vm("web02", services=off)],
        "hv2": [vm("app01"), vm("app02", services={"shutdown": False})],
    }
    inside = {"web01": {"vss": "daemon_stopped"}, "app01": {}}
    return {
        **{
            name: {
                "__audit_host_result": {"virtual_machines": found},
                "__audit_said": {"policy": POLICY, "vm_id": None},
            }
            for name, found in machines.items()
        },
        **{
            f"{name}.example": {
                "__audit_guest_result": {"linux_guest": guest(services=services)["facts"]},
                "__audit_guest_kvp": {"host": {"virtual_machine_id": vm(name)["id"]}},
                "__audit_said": {"policy": None, "vm": name},
            }
            for name, services in inside.items()
        },
    }


def judged(variables: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """As the role does it: what was collected goes from filter to filter as a text."""
    hosts = [name for name in variables if not name.endswith(".example")]
    guests = [name for name in variables if name.endswith(".example")]
    collection = audit_collection(variables, hosts, guests, NOW)
    files = {"rules": [{"path": "my.yml", "text": RULES}], "waivers": {"path": "w.yml", "text": WAIVERS}}
    return audit_evaluate(collection, {"evaluated_at": NOW, **files, **options})


def of_others(audit: dict[str, Any], host: str | None = None, guest: str | None = None) -> str:
    """All that an audit says of everybody but one, as it is written."""

    def is_other(item: dict[str, Any]) -> bool:
        return (host is None or item.get("host") != host) and (guest is None or item.get("guest") != guest)

    def is_seen(item: dict[str, Any]) -> bool:
        return item["name"] not in (host, guest) and item["host"] != (host or "")

    kept = {
        "findings": [finding for finding in audit["findings"] if is_other(finding)],
        "virtual_machines": [machine for machine in audit["virtual_machines"] if is_other(machine)],
        "not_seen": [item for item in audit["not_seen"] if is_seen(item)],
    }
    return json.dumps(kept)


def assert_reported(audit: dict[str, Any]) -> None:
    for format in FORMATS:
        text = audit_report(audit, format)
        assert text.encode()
    kept = json.loads(audit_report(audit, "json"))
    assert baseline_problems(kept, NOW) == [], "it can be the next baseline"


def test_there_are_enough_kinds() -> None:
    assert len(BROKEN_HOSTS) + len(BROKEN_GUESTS) + len(ODD_GUESTS) >= 70


@pytest.mark.parametrize("case", BROKEN_HOSTS)
def test_broken_host_is_its_own_error(fleet: dict[str, Any], vm: Make, case: str) -> None:
    result = BROKEN_HOSTS[case](vm)
    broken = {"__audit_host_result": result, "__audit_said": {"policy": POLICY}}
    audit = judged({**fleet, "broken": broken})
    assert of_others(audit, host="broken") == of_others(judged(fleet), host="broken")
    told = [finding for finding in audit["findings"] if finding["host"] == "broken"]
    assert [(finding["rule"], finding["severity"]) for finding in told] == [
        ("own_host_unreachable" if case == "nothing" else "own_host_refused", "high")
    ]
    assert [item["name"] for item in audit["not_seen"] if item["kind"] == "host"] == ["broken"]
    assert audit["summary"]["hosts_read"] == 2
    assert_reported(audit)


@pytest.mark.parametrize("case", BROKEN_GUESTS)
def test_broken_guest_is_its_own_error(fleet: dict[str, Any], guest: Make, case: str) -> None:
    result = BROKEN_GUESTS[case](guest)
    broken = {"__audit_guest_result": result, "__audit_said": {"vm": "app02"}}
    audit = judged({**fleet, "broken.example": broken})
    assert of_others(audit, guest="broken.example") == of_others(judged(fleet), guest="broken.example")
    told = [finding["rule"] for finding in audit["findings"] if finding["guest"] == "broken.example"]
    assert told == ["own_guest_unreachable"]
    assert_reported(audit)


@pytest.mark.parametrize("case", ODD_GUESTS)
def test_odd_guest_is_read_as_far_as_it_can_be(fleet: dict[str, Any], guest: Make, case: str) -> None:
    """Nothing that the host sees of its machine is gone by it."""
    odd = {"__audit_guest_result": facts(guest, **ODD_GUESTS[case]), "__audit_said": {"vm": "app02"}}
    audit = judged({**fleet, "odd.example": odd})
    assert of_others(audit, guest="odd.example") == of_others_of_machine(judged(fleet), "app02")
    told = {(f["rule"], f["service"]) for f in audit["findings"] if f["guest"] == "odd.example"}
    assert ("own_protected_off", "shutdown") in told
    assert (("my_guest", None) in told) == ("a rule cannot read" in case), "such a rule is a finding"
    assert_reported(audit)


def of_others_of_machine(audit: dict[str, Any], name: str) -> str:
    audit["findings"] = [finding for finding in audit["findings"] if (finding["vm"] or {}).get("name") != name]
    audit["virtual_machines"] = [machine for machine in audit["virtual_machines"] if machine["name"] != name]
    return of_others(audit)


@pytest.mark.parametrize("whole", [True, False], ids=["all variables", "the result"])
@pytest.mark.parametrize("name", ["broken", "broken.example"])
def test_variables_that_cannot_be_read_are_the_error_of_their_host(
    fleet: dict[str, Any], name: str, whole: bool
) -> None:
    broken = Raising(whole, __audit_said={"policy": POLICY, "vm": "app02"})
    audit = judged({**fleet, name: broken})
    kind = {"guest": name} if name.endswith(".example") else {"host": name}
    assert of_others(audit, **kind) == of_others(judged(fleet), **kind)
    (finding,) = [f for f in audit["findings"] if name in (f["host"], f["guest"])]
    assert "What it returned cannot be read: Encountered a broken variable of <secret>" in finding["explanation"]
    assert_reported(audit)


def test_broken_machine_costs_only_itself(fleet: dict[str, Any], vm: Make) -> None:
    """The others of its host are read, and the host is said to have told not all, with the place."""
    listed = [*fleet["hv2"]["__audit_host_result"]["virtual_machines"], machine(vm, generation=[2])]
    broken = {**fleet["hv2"], "__audit_host_result": {"virtual_machines": listed}}
    audit = judged({**fleet, "hv2": broken})
    assert [machine["name"] for machine in audit["virtual_machines"]] == ["web01", "web02", "app01", "app02"]
    (finding,) = [finding for finding in audit["findings"] if finding["rule"] == "own_host_partial"]
    assert "virtual_machines[2].generation is [2], not a number" in finding["explanation"]
    assert audit["summary"]["hosts_read"] == 2


# -- a policy that cannot be evaluated ---------------------------------------------------------------------------------


def test_policy_that_fails_for_one_machine_is_evaluated_for_the_others(vm: Make) -> None:
    """Nobody says that a reason is missing, or a policy, where nobody knows what the policy says."""
    gps = {
        "rules": [
            {
                "match": {"where": "contains(notes, 'gps')"},
                "services": {"time_synchronization": False},
                "overrides": {"time_synchronization": "Has a GPS clock of its own"},
            }
        ]
    }
    off = {"time_synchronization": False, "vss": False, "guest_service_interface": True}
    machines = [
        vm("gps01", services={"time_synchronization": False}, notes="gps"),
        vm("odd01", services=off, notes=None),
        vm("web01", services={"vss": False}, notes="web"),
    ]
    host = {"__audit_host_result": {"virtual_machines": machines}, "__audit_said": {"policy": gps}}
    audit = judged({"hv1": host})
    told = [(f["rule"], (f["vm"] or {"name": None})["name"], f["service"]) for f in audit["findings"]]
    assert told == [("own_host_partial", None, None), ("own_switch_off", "web01", "vss")]
    assert "for 1 of 3 VMs" in audit["findings"][0]["explanation"]
    unknown = [item["name"] for item in audit["not_seen"] if item["kind"] == "virtual_machine"]
    assert unknown == ["odd01"]
    assert_reported(audit)


# -- files -------------------------------------------------------------------------------------------------------------

FORGED: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "protected": (lambda plan: plan.update(protected=5), "plan.protected is 5, not a list"),
    "refused": (lambda plan: plan["decisions"][0].update(refused=None), r"plan.decisions\[0\].refused is None"),
    "refusals": (lambda plan: plan["decisions"][0].update(refused=[3]), r"refused\[0\] is 3, not a mapping"),
    "overrides": (lambda plan: plan["decisions"][0].update(overrides=["a"]), r"overrides is \['a'\], not a mapping"),
    "a last day": (
        lambda plan: plan["decisions"][0].update(overrides_until={"vss": 5}),
        r"overrides_until.vss is 5, not a text",
    ),
    "a day that never comes": (
        lambda plan: plan["decisions"][0].update(overrides_until={"vss": "zzzz"}),
        r"overrides_until.vss is 'zzzz', not a date",
    ),
    "rules": (lambda plan: plan["decisions"][0].update(rules="x"), r"rules is 'x', not a list"),
    "decisions": (lambda plan: plan.update(decisions={}), r"plan.decisions is \{\}, not a list"),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged_plan_is_refused_with_file_and_host(fleet: dict[str, Any], case: str) -> None:
    forge, problem = FORGED[case]
    collection = json.loads(audit_collection(fleet, ["hv1"], [], NOW))
    forge(collection["hosts"][0]["plan"])
    file: Any = {"path": "site.json", "text": json.dumps(collection)}
    with pytest.raises(CollectionError, match=rf"^site\.json: host hv1: .*{problem}"):
        collect({}, [], [], NOW, [file])
    with pytest.raises(AuditError, match=f"^collection: host hv1: .*{problem}"):
        evaluate(collection, {"evaluated_at": NOW})


@pytest.mark.parametrize("levels", [60, 300, 900])
@pytest.mark.parametrize("kind", ["hosts", "guests"])
def test_deep_file_is_refused_with_file_and_name(fleet: dict[str, Any], kind: str, levels: int) -> None:
    collection = json.loads(audit_collection(fleet, ["hv1"], ["web01.example"], NOW))
    part = collection[kind][0]
    (part["facts"] if kind == "guests" else part["virtual_machines"][0])["extra"] = deep(levels)
    name = {"hosts": "host hv1", "guests": "guest web01.example"}[kind]
    file: Any = {"path": "site.json", "text": json.dumps(collection)}
    with pytest.raises(CollectionError, match=rf"^site\.json: {name}: it is nested more than 50 levels deep$"):
        collect({}, [], [], NOW, [file])
    with pytest.raises(AuditError, match=f"^collection: {name}: it is nested more than 50 levels deep$"):
        evaluate(collection, {"evaluated_at": NOW})


@pytest.mark.parametrize("time", ["yesterday", "2026-99-99T99:99:99Z", "2026-11-27T09:30:00+01:00", ""])
def test_time_that_is_none_is_refused(fleet: dict[str, Any], time: str) -> None:
    collection = {**json.loads(audit_collection(fleet, ["hv1"], [], NOW)), "collected_at": time}
    file: Any = {"path": "site.json", "text": json.dumps(collection)}
    with pytest.raises(CollectionError, match=r"^site\.json: collected_at is "):
        collect({}, [], [], NOW, [file])
    with pytest.raises(AuditError, match=r"^collection: collected_at is not a time"):
        evaluate(collection, {"evaluated_at": NOW})
