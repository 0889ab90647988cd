# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Later audits of the planted fleet: VMs that moved, less that was seen, hosts and guests that are broken.

The audit of the real role is the baseline. What that role collected is changed as reality would change it, and goes
through the filters of the role again. What must be told is known from the change: a defect that stayed is unchanged,
wherever its VM is; what was not looked at is unseen, and never fixed; nothing else is new.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ansible_collections.hyperv.integration.plugins.filter.audit_collection import audit_collection
from ansible_collections.hyperv.integration.plugins.filter.audit_evaluate import audit_evaluate
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.collection import (
    GUEST_KVP,
    GUEST_RESULT,
    HOST_RESULT,
    SAID,
)
from planted.fleet import HEARTBEAT, Combination, Defect, Place, Planted, place_of, speaks
from planted.guests import COPY, KVP, VSS

MOVED, PARTIAL = "a VM that moved", "a partial view"
BROKEN_HOST, BROKEN_GUEST = "a host that lies or is broken", "a guest that is broken"

# told: new or unchanged.
Drift = Literal["new", "unchanged", "told", "fixed", "unseen"]
Finding = Mapping[str, Any]
Predicate = Callable[[Finding], bool]

# Rules that rest on what was seen in the guest alone.
OF_GUEST = frozenset(
    (
        *("own_next_boot", "own_hv_utils_next_boot", "own_freeze_fails", "own_clock_unkept", "ms_dc_timesync"),
        *("own_host_facts_shown", "bpa_replica_ip_scripts"),
    )
)
# Rules that may speak once nobody sees the guest's half.
WITHOUT_GUEST = frozenset(
    (
        *("own_silent", "own_guest_lost", "own_shutdown_impossible", "own_never_in_contact", "own_error"),
        *("bpa_replica_ip", "bpa_replica_vss"),
    )
)
# Rules that only a policy lets speak, and those that may speak without one.
OF_POLICY = frozenset(
    (
        *("own_switch_off", "own_override_missing", "own_override_expired", "own_policy_not_offered"),
        *("ms_dc_timesync", "own_host_facts_shown"),
    )
)
WITHOUT_POLICY = frozenset(("own_protected_off", "bpa_offer_all", "own_gsi_open", "own_contradiction"))
# Rules that name a host which told nothing, or nonsense.
OF_HOST = ("own_host_partial", "own_host_refused", "own_host_unreachable")


@dataclass
class Later:
    """What a later audit is given, and what it must tell.

    defects: that are planted, and that the baseline tells. results: of hosts and guests, as the role registers them.
    hosts, guests: those that were to be asked.
    changes: what has changed, each with what must be told. may_be_new and the like: what may be told besides.
    touched: ids of VMs that a change concerns; another change takes another VM.
    """

    planted: Planted
    defects: list[Defect]
    chance: random.Random
    results: dict[str, dict[str, Any]]
    hosts: list[str]
    guests: list[str]
    options: dict[str, Any]
    changes: list[tuple[str, list[tuple[Drift, Defect]]]] = field(default_factory=list)
    may_be_new: list[Predicate] = field(default_factory=list)
    may_be_unseen: list[Predicate] = field(default_factory=list)
    may_be_fixed: list[Predicate] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)

    @property
    def told_all(self) -> list[str]:
        """The hosts that told all when the baseline was made."""
        return [str(host["name"]) for host in self.planted.hosts[:3]]

    def any_host(self, but: str | None = None) -> str:
        return self.chance.choice([name for name in self.told_all if name != but])

    def machines(self, host: str | None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.results[host or ""][HOST_RESULT]["virtual_machines"]
        return found

    def machine(self, place: Place) -> dict[str, Any]:
        return next(vm for vm in self.machines(place.host) if vm["id"].lower() == place.vm)

    def guest_of(self, place: Place) -> str | None:
        """The guest that is this VM, null where nobody inspected it."""
        name = self.machine(place)["name"]
        return next((guest for guest in self.guests if guest == f"{name}.example"), None)

    @property
    def disputed(self) -> set[str]:
        """The ids that guests have whose mapping or word is wrong."""
        wrong = {place.guest for defect in self.defects for place in defect.places}
        guests = [one for one in self.planted.guests if one["name"] in wrong or one["name"].startswith("liar")]
        return {str(guest[name]).lower() for guest in guests for name in ("vm_id", "claimed_vm_id")}

    def healthy(self, host: str) -> dict[str, Any]:
        """A VM of a host with which nothing is wrong."""
        wrong = {place.vm for defect in self.defects for place in defect.places}
        return next(vm for vm in self.machines(host) if vm["id"].lower() not in wrong)

    def pick(
        self, *rules: str, service: str | None = None, inspected: bool | None = None, without: Iterable[str] = ()
    ) -> tuple[Place, list[Defect]]:
        """Return a VM by chance with such a defect, and all its defects. No other VM or guest has a part in them.

        service: of the defect. inspected: whether its guest was. without: it has no defect of these rules.
        """
        at: dict[Place, list[Defect]] = {}
        for defect in self.defects:
            for place in defect.places:
                at.setdefault(place, []).append(defect)
        names: dict[str, set[str]] = {}
        for vm in (vm for host in self.told_all for vm in self.machines(host)):
            names.setdefault(vm["name"].casefold(), set()).add(vm["id"].lower())
        apart: set[str | None] = {id for ids in names.values() if len(ids) > 1 for id in ids}
        apart |= {waiver["match"].get("id") for waiver in self.planted.waivers} | self.disputed
        fit = [
            (place, defects)
            for place, defects in at.items()
            if place.vm
            and place.vm not in apart | self.touched
            and any(set(rules) & set(one.rules) and service in (None, one.service) for one in defects)
            and not any(set(without) & set(one.rules) for one in defects)
            and inspected in (None, self.guest_of(place) is not None)
        ]
        place, defects = self.chance.choice(fit)
        self.touched.add(place.vm or "")
        return place, defects

    # --- what must be told

    def expect(self, drift: Drift, *defects: Defect) -> None:
        self.changes[-1][1].extend((drift, defect) for defect in defects)

    def allow_new(self, about: Predicate, rules: Iterable[str]) -> None:
        self.may_be_new.append(lambda finding: finding["rule"] in rules and about(finding))

    # --- what has changed

    def move(self, place: Place) -> str:
        """Move a VM to another host, and what the operator says of its guest. Returns the host."""
        vm, to = self.machine(place), self.any_host(but=place.host)
        guest = self.guest_of(place)
        if guest and self.results[guest][SAID]["host"]:
            self.results[guest][SAID]["host"] = to
        self.machines(place.host).remove(vm)
        self.machines(to).append(vm)
        return to

    def lose_guest(self, guest: str) -> None:
        self.results[guest] |= {GUEST_RESULT: {"unreachable": True, "msg": "timed out"}, GUEST_KVP: {"skipped": True}}

    def fail(self, host: str, **result: Any) -> None:
        """The host returns this instead of VMs."""
        self.results[host][HOST_RESULT] = result


def rebuilt(planted: Planted, collected: Mapping[str, Any], waivers: str, baseline: Mapping[str, Any]) -> Later:
    """Return a later audit in which nothing has changed. collected: what the role collected. waivers: the text."""
    results: dict[str, dict[str, Any]] = {}
    for host in copy.deepcopy(collected["hosts"]):
        answer: dict[str, Any] = {"virtual_machines": host["virtual_machines"]}
        if host["error"]:
            answer = {"failed": host["reachable"], "unreachable": not host["reachable"], "msg": host["error"]}
        results[host["name"]] = {HOST_RESULT: answer, SAID: {"policy": {"rules": planted.policy}}}
    for guest in copy.deepcopy(collected["guests"]):
        facts = guest["facts"]
        results[guest["name"]] = {
            SAID: {name: guest[name] for name in ("vm_id", "vm", "host")},
            GUEST_RESULT: {"linux_guest": facts} if facts else {"unreachable": True, "msg": guest["error"]},
            GUEST_KVP: {"host": {"virtual_machine_id": guest["claimed_vm_id"]}} if facts else {"skipped": True},
        }
    at: dict[Place, list[Finding]] = {}
    for finding in baseline["findings"]:
        at.setdefault(place_of(finding), []).append(finding)
    planted_defects = [*planted.defects, *(one for combined in planted.combinations for one in combined.defects)]
    return Later(
        planted,
        [one for one in planted_defects if all(_is_told(one, at.get(place, ())) for place in one.places)],
        random.Random(0),
        results,
        hosts=[host["name"] for host in collected["hosts"]],
        guests=[guest["name"] for guest in collected["guests"]],
        options={
            "evaluated_at": baseline["evaluated_at"],
            "waivers": {"path": "waivers.yml", "text": waivers},
            "baseline": baseline,
            "grace_seconds": 3600,
        },
    )


def _is_told(defect: Defect, findings: Iterable[Finding]) -> bool:
    return any(speaks(finding, defect) for finding in findings)


def collection_of(later: Later) -> str:
    """Return the collection as the role would write it."""
    return audit_collection(later.results, later.hosts, later.guests, later.options["evaluated_at"])


def _of_vm(place: Place) -> Predicate:
    """A finding about this VM, on whatever host."""
    return lambda finding: bool(finding["vm"] and finding["vm"]["id"].lower() == place.vm)


def _of_host(host: str) -> Predicate:
    return lambda finding: finding["host"] == host


def _of_others(finding: Finding) -> bool:
    """A finding that takes more than one VM to tell: a name twice, a guest that may be any VM, a waiver."""
    return finding["rule"].startswith("own_duplicate_name") or not finding["vm"]


def _anything(_finding: Finding) -> bool:
    return True


def _there(defects: Iterable[Defect], host: str, to: str) -> list[Defect]:
    """The same defects once what was on the host is on another one."""
    return [
        replace(one, places=tuple(place._replace(host=to) if place.host == host else place for place in one.places))
        for one in defects
    ]


def _only_on(later: Later, host: str) -> list[Defect]:
    """The defects of VMs of this host alone."""
    on = [one for one in later.defects if all(place.vm and place.host == host for place in one.places)]
    return [one for one in on if not _of_names(one)]


def _of_names(defect: Defect) -> bool:
    return any(rule.startswith("own_duplicate_name") for rule in defect.rules)


def _switch(vm: Mapping[str, Any], key: str, on: bool) -> None:
    """As the module for hosts returns a service that was switched; the guest answers at once."""
    vm["services"][key] |= (
        {"enabled": True, "verdict": "ok", "reason": "in_contact", "explanation": None, "primary_status_code": 2}
        if on
        else {"enabled": False, "verdict": "disabled", "reason": "host_switch", "explanation": None}
    )


# --- VMs that moved


def moved_with_a_fault_of_the_host(later: Later) -> None:
    place, defects = later.pick("own_switch_off")
    later.expect("unchanged", *_there(defects, str(place.host), later.move(place)))


def moved_with_a_fault_of_the_guest(later: Later) -> None:
    place, defects = later.pick("own_hv_utils_blocked", "own_hv_utils_missing")
    later.expect("unchanged", *_there(defects, str(place.host), later.move(place)))


def moved_from_the_host_that_its_guest_names(later: Later) -> None:
    """The operator gave the id of the VM, and the host that it was on."""
    place, defects = later.pick("own_clock_unkept", "own_freeze_fails", inspected=True)
    to = later.move(place)
    later.results[str(_guest_at(later, place, to))][SAID] = {"vm_id": place.vm, "vm": None, "host": place.host}
    later.expect("unchanged", *_there(defects, str(place.host), to))


def _guest_at(later: Later, place: Place, to: str) -> str | None:
    return later.guest_of(place._replace(host=to))


def moved_and_fixed(later: Later) -> None:
    place, defects = later.pick("own_switch_off", inspected=False, without=["own_never_in_contact"])
    fixed = next(one for one in defects if "own_switch_off" in one.rules)
    _switch(later.machine(place), str(fixed.service), True)
    later.expect("fixed", fixed)
    later.expect("unchanged", *_there((one for one in defects if one is not fixed), str(place.host), later.move(place)))


def moved_and_broken(later: Later) -> None:
    """What it had is unchanged, and what came on the way is new."""
    spoiled = ("own_never_in_contact", "own_override_missing", "own_override_expired", "own_application_critical")
    place, defects = later.pick("own_protected_off", inspected=False, without=spoiled)
    key = next(key for key in (HEARTBEAT, KVP, VSS) if all(one.service != key for one in defects))
    _switch(later.machine(place), key, False)
    to = later.move(place)
    later.expect("unchanged", *_there(defects, str(place.host), to))
    later.expect("new", Defect("switched off on the way", "host", ("own_switch_off",), (Place(to, place.vm),), key))


def moved_and_switched(later: Later) -> None:
    """No policy wants anything of it: that it was switched is known from the baseline alone."""
    place = next(alike.places[0] for alike in later.planted.look_alikes if alike.kind == "off, and left alone")
    _switch(later.machine(place), KVP, True)
    rules = ("own_drift", "own_drift_after_restore")
    to = later.move(place)
    later.expect("new", Defect("switched on the way", "host", rules, (Place(to, place.vm),), KVP))


def moved_out_of_sight(later: Later) -> None:
    """It is on no host that told all, and one did not answer."""
    place, defects = later.pick("own_switch_off", "own_protected_off", inspected=False)
    later.machines(place.host).remove(later.machine(place))
    later.expect("unseen", *defects)
    later.may_be_unseen.append(_of_vm(place))


def listed_by_two_hosts(later: Later) -> None:
    """While it moves: that is no second VM of this name."""
    place, defects = later.pick("own_gsi_open")
    to = later.any_host(but=place.host)
    there = {**copy.deepcopy(later.machine(place)), "state": "Off", "state_code": 3, "uptime_seconds": 0}
    later.machines(to).append(there)
    later.expect("unchanged", *defects)
    # Whether the settings that both list are told twice is left open.
    later.allow_new(_of_vm(place), {rule for defect in defects for rule in defect.rules})


def host_renamed(later: Later) -> None:
    """In the inventory, and wherever the operator names it."""
    host, to = later.any_host(), "hv-renamed"
    later.results[to] = later.results.pop(host)
    later.hosts = [to if name == host else name for name in later.hosts]
    for guest in later.guests:
        said = later.results[guest][SAID]
        said["host"] = to if said["host"] == host else said["host"]
    later.options["waivers"]["text"] = later.options["waivers"]["text"].replace(host, to)
    # A mapping that names the host is another one now, and so is a finding about it.
    named = [guest["name"] for guest in later.planted.guests if guest["host"] == host]
    kept = [one for one in later.defects if not {place.guest for place in one.places} & set(named)]
    later.expect("unchanged", *_there(kept, host, to))
    later.allow_new(lambda finding: finding["guest"] in named and not finding["vm"], ("own_guest_no_match",))
    later.may_be_fixed.append(lambda finding: finding["guest"] in named and not finding["vm"])


# --- partial views


def nothing_changed(later: Later) -> None:
    later.expect("unchanged", *later.defects)


def guest_away(later: Later) -> None:
    place, defects = later.pick("own_freeze_fails", "own_clock_unkept", "own_hv_utils_next_boot", inspected=True)
    guest = str(later.guest_of(place))
    later.lose_guest(guest)
    later.expect("unseen", *(one for one in defects if set(one.rules) <= OF_GUEST))
    later.expect("new", Defect("guest away", "unknown", ("own_guest_unreachable",), (Place(guest=guest),)))
    later.may_be_unseen.append(_of_vm(place))
    later.allow_new(_of_vm(place), WITHOUT_GUEST)


def vm_off(later: Later) -> None:
    """The host's settings are still seen; contact and guest are not, and nobody has to restore the connection."""
    place, defects = later.pick("own_freeze_fails", "own_next_boot", inspected=True)
    _turn_off(later, place, defects)


def vm_off_that_was_silent(later: Later) -> None:
    place, defects = later.pick("own_silent", "own_guest_lost", "own_never_in_contact", inspected=False)
    _turn_off(later, place, defects)


def _turn_off(later: Later, place: Place, defects: Iterable[Defect]) -> None:
    vm, guest = later.machine(place), later.guest_of(place)
    vm |= {"state": "Off", "state_code": 3, "uptime_seconds": 0}
    for service in vm["services"].values():
        service |= {"verdict": "not_applicable", "reason": "vm_off"} if service["enabled"] else {}
    if guest:  # without the operator's word nobody would know that it is this VM
        later.results[guest][SAID] = {"vm_id": place.vm, "vm": None, "host": None}
        later.lose_guest(guest)
    for defect in defects:
        of_host = defect.side in ("host", "policy") and not set(defect.rules) <= OF_GUEST
        later.expect("unchanged" if of_host else "unseen", defect)
    later.may_be_unseen.append(_of_vm(place))


def inspected_at_last(later: Later) -> None:
    """That somebody inspects the guest fixes nothing."""
    place, _defects = later.pick("own_silent", service=KVP, inspected=False)
    facts = copy.deepcopy(later.results[later.chance.choice(_healthy_guests(later))][GUEST_RESULT])
    facts["linux_guest"]["services"][KVP] |= {"verdict": "daemon_stopped", "explanation": "nobody holds its device"}
    later.results["inspected.example"] = {
        SAID: {"vm_id": place.vm, "vm": None, "host": None},
        GUEST_RESULT: facts,
        GUEST_KVP: {"host": {"virtual_machine_id": place.vm}},
    }
    later.guests = [*later.guests, "inspected.example"]
    found = Defect("stopped, as is seen now", "guest", ("own_guest_stopped",), (place,), KVP)
    later.expect("told", found)
    # The guest shows no device of what the host has off.
    later.may_be_unseen.append(_of_vm(place))
    later.allow_new(_of_vm(place), ("own_contradiction", "own_serving_unheard", "own_guest_missing"))


def _healthy_guests(later: Later) -> list[str]:
    alikes = [alike for alike in later.planted.look_alikes if alike.kind == "all well on both sides"]
    return [str(place.guest) for alike in alikes for place in alike.places if place.guest]


def guests_left_out(later: Later) -> None:
    """As with --limit hyperv_hosts."""
    later.guests, later.options["limited"] = [], True
    later.expect("unseen", *(one for one in later.defects if set(one.rules) <= OF_GUEST))
    # The host was in contact all the while: nobody says any more that a driver is missing.
    later.may_be_fixed.append(lambda finding: bool(finding["vm"] and finding["vm"]["id"].lower() in later.disputed))
    # What was told with a guest's word, or about guests.
    later.may_be_unseen += [lambda finding: finding["guest"] is not None]
    later.allow_new(_anything, WITHOUT_GUEST)


def host_limited(later: Later) -> None:
    """--limit to one host and its guests."""
    host = later.any_host()
    later.options["limited"] = True
    later.hosts, disputed = [host], later.disputed
    ids = {vm["id"].lower() for vm in later.machines(host)} - disputed
    guests = later.planted.guests
    later.guests = [one["name"] for one in guests if str(one["claimed_vm_id"] or one["vm_id"]).lower() in ids]
    others = [name for name in later.told_all if name != host]
    later.expect("unseen", *(one for other in others for one in _only_on(later, other)))
    later.expect("unchanged", *(one for one in _only_on(later, host) if one.places[0].vm not in disputed))

    def of_disputed(finding: Finding) -> bool:
        return bool(finding["vm"] and finding["vm"]["id"].lower() in disputed)

    later.may_be_unseen += [lambda finding: finding["host"] != host, _of_others, of_disputed]
    later.may_be_fixed.append(of_disputed)  # as with guests_left_out
    later.allow_new(of_disputed, WITHOUT_GUEST)


def host_away(later: Later) -> None:
    host = later.any_host()
    later.fail(host, unreachable=True, msg="timed out")
    later.expect("new", Defect("host away", "unknown", ("own_host_unreachable",), (Place(host),), severity="high"))
    _unseen(later, host)


def _unseen(later: Later, host: str) -> None:
    later.expect("unseen", *_only_on(later, host))
    for other in later.told_all:
        if other != host:
            later.expect("unchanged", *_only_on(later, other))
    later.may_be_unseen += [_of_host(host), _of_others]


def without_policy(later: Later) -> None:
    """audit_policy is false now."""
    for host in later.hosts:
        later.results[host][SAID]["policy"] = None
    later.expect("unseen", *(one for one in later.defects if set(one.rules) <= OF_POLICY))
    later.may_be_unseen.append(lambda finding: finding["rule"] in OF_POLICY)
    later.allow_new(_anything, WITHOUT_POLICY)


def policy_not_evaluable(later: Later) -> None:
    """Not with the facts of one VM. From there being no plan nothing follows for its host."""
    host = later.any_host()
    later.machines(host)[0]["notes"] = None
    by_notes = {"name": "by notes", "match": {"where": "contains(notes, 'gps')"}, "profile": "lab"}
    later.results[host][SAID]["policy"] = {"rules": [by_notes, *later.planted.policy]}
    later.expect("new", Defect("policy not evaluable", "unknown", ("own_host_partial",), (Place(host),)))
    later.may_be_unseen += [_of_host(host), _of_others]
    # Where file copy may be wanted, that the guest does not serve it is what is known.
    later.allow_new(_of_host(host), ("own_guest_missing", "own_silent"))


def rule_disabled(later: Later) -> None:
    later.options["disabled_rules"] = ["own_clock_unkept"]
    later.expect("unseen", *(one for one in later.defects if "own_clock_unkept" in one.rules))
    later.may_be_unseen.append(lambda finding: finding["rule"] == "own_clock_unkept")


def hosts_answer_again(later: Later) -> None:
    healthy = later.healthy(later.any_host())
    for number, host in enumerate(name for name in later.hosts if name not in later.told_all):
        vm = {**copy.deepcopy(healthy), "name": f"back{number}", "id": f"{number:08}-1111-4111-8111-000000000000"}
        later.fail(host, virtual_machines=[vm])
        later.expect("fixed", *(one for one in later.defects if one.places == (Place(host),)))


def vanished(later: Later) -> None:
    """Every host tells all, and none has it."""
    place, defects = later.pick("own_switch_off", inspected=False)
    later.machines(place.host).remove(later.machine(place))
    later.expect("fixed", *defects)


# --- hosts that lie or are broken


def shows_nothing(later: Later) -> None:
    """To an account without rights Hyper-V shows no VM, and no error: that is no proof of an empty host."""
    host = later.any_host()
    later.fail(host, virtual_machines=[])
    later.expect("new", Defect("host shows nothing", "unknown", ("own_host_empty",), (Place(host),)))
    _unseen(later, host)


def denies(later: Later) -> None:
    """It answered and told nothing: that is as bad as no answer."""
    host = later.any_host()
    later.fail(host, failed=True, msg="access denied")
    later.expect("new", Defect("host told nothing", "unknown", OF_HOST, (Place(host),), severity="high"))
    _unseen(later, host)


def returns_no_list(later: Later) -> None:
    host = later.any_host()
    later.fail(host, virtual_machines="none")
    later.expect("new", Defect("host told nothing", "unknown", OF_HOST, (Place(host),), severity="high"))
    _unseen(later, host)


def lists_one_twice(later: Later) -> None:
    host = later.any_host()
    twice = later.healthy(host)
    later.machines(host).append({**copy.deepcopy(twice), "id": twice["id"].upper()})
    _named(later, host)


def mixes_types(later: Later) -> None:
    host = later.any_host()
    odd: tuple[dict[str, Any], ...] = ({"state": 2}, {"services": []}, {"uptime_seconds": "long"}, {"id": None})
    later.healthy(host).update(later.chance.choice(odd))
    _named(later, host)


def _named(later: Later, host: str) -> None:
    """The host is named, whatever is made of the rest of it; the others are judged as before."""
    later.expect("new", Defect("host told nonsense", "unknown", OF_HOST, (Place(host),)))
    _others_unchanged(later, host)


def _others_unchanged(later: Later, host: str) -> None:
    for other in later.told_all:
        if other != host:
            later.expect("unchanged", *_only_on(later, other))
    later.may_be_unseen += [_of_host(host), _of_others]


def has_odd_ids(later: Later) -> None:
    """One that is no GUID, of a VM with a finding for which waivers name ids."""
    host = later.any_host()
    odd = {**copy.deepcopy(later.healthy(host)), "id": "no guid", "name": "odd01"}
    _switch(odd, COPY, True)
    later.machines(host).append(odd)
    _others_unchanged(later, host)
    later.allow_new(_of_host(host), (*OF_HOST, "own_gsi_open"))


def nests(later: Later) -> None:
    host = later.any_host()
    later.healthy(host)["replication"] = {"mode": None, "more": _nested()}
    _others_unchanged(later, host)
    later.allow_new(_of_host(host), OF_HOST)


def _nested() -> list[Any]:
    nested: list[Any] = []
    for _depth in range(2000):
        nested = [nested]
    return nested


def services_unread(later: Later) -> None:
    """Of one VM only part could be read."""
    place, defects = later.pick("own_switch_off", inspected=False)
    later.machine(place).update({"services": {}, "error": "The VM was moved meanwhile"})
    later.expect("new", Defect("services unread", "unknown", ("own_services_unread",), (place,)))
    later.expect("unseen", *(one for one in defects if one.service))
    later.may_be_unseen.append(_of_vm(place))


def setting_unread(later: Later) -> None:
    """A service is offered, and whether it is on could not be read."""
    place, defects = later.pick("own_switch_off", inspected=False)
    off = next(one for one in defects if "own_switch_off" in one.rules)
    unread = {"enabled": None, "verdict": "error", "reason": "unknown_status"}
    later.machine(place)["services"][str(off.service)] |= unread
    later.expect("unseen", off)
    later.expect("unchanged", *(one for one in defects if one.service and one is not off))
    later.may_be_new.append(lambda finding: _of_vm(place)(finding) and finding["side"] == "unknown")
    later.may_be_unseen.append(_of_vm(place))


# --- guests that are broken: each counts as not reached, and all others are judged as before


def _broken(later: Later, spoil: Callable[[dict[str, Any]], object]) -> None:
    rules = ("own_freeze_fails", "own_clock_unkept", "own_hv_utils_next_boot", "own_next_boot")
    place, defects = later.pick(*rules, inspected=True)
    guest = str(later.guest_of(place))
    spoil(later.results[guest][GUEST_RESULT]["linux_guest"])
    later.expect("new", Defect("guest broken", "unknown", ("own_guest_unreachable",), (Place(guest=guest),)))
    later.expect("unseen", *(one for one in defects if set(one.rules) <= OF_GUEST))
    later.may_be_unseen.append(_of_vm(place))
    later.allow_new(_of_vm(place), WITHOUT_GUEST)


def says_infinity(later: Later) -> None:
    _broken(later, lambda facts: facts.update(load=float("inf")))


def nests_facts(later: Later) -> None:
    _broken(later, lambda facts: facts.update(more=_nested()))


def says_a_text(later: Later) -> None:
    _broken(later, lambda facts: facts.update(services="all fine"))


def leaves_facts_out(later: Later) -> None:
    _broken(later, lambda facts: facts.pop("freeze"))


Change = Callable[[Later], None]
# The changes of one audit are about different VMs.
AUDITS: tuple[tuple[str, tuple[Change, ...]], ...] = (
    (
        MOVED,
        (
            moved_with_a_fault_of_the_host,
            moved_with_a_fault_of_the_guest,
            moved_from_the_host_that_its_guest_names,
            moved_and_fixed,
            moved_and_broken,
            moved_and_switched,
            moved_out_of_sight,
            listed_by_two_hosts,
        ),
    ),
    (MOVED, (host_renamed,)),
    (PARTIAL, (nothing_changed,)),
    (PARTIAL, (guest_away, vm_off, vm_off_that_was_silent, inspected_at_last)),
    (PARTIAL, (guests_left_out,)),
    (PARTIAL, (host_limited,)),
    (PARTIAL, (host_away,)),
    (PARTIAL, (without_policy,)),
    (PARTIAL, (policy_not_evaluable,)),
    (PARTIAL, (rule_disabled,)),
    (PARTIAL, (hosts_answer_again, vanished)),
    (BROKEN_HOST, (shows_nothing,)),
    (BROKEN_HOST, (denies,)),
    (BROKEN_HOST, (returns_no_list,)),
    (BROKEN_HOST, (lists_one_twice,)),
    (BROKEN_HOST, (mixes_types,)),
    (BROKEN_HOST, (has_odd_ids,)),
    (BROKEN_HOST, (nests,)),
    (BROKEN_HOST, (services_unread, setting_unread)),
    (BROKEN_GUEST, (says_infinity, nests_facts, says_a_text, leaves_facts_out)),
)


@dataclass
class Told:
    """What a later audit told of a change.

    sides: whether each place tells the right side, null where it does not tell what it must. missing: what that is.
    """

    combination: Combination
    sides: list[bool | None]
    missing: list[str]


def later_audits(seed: int, rebuild: Callable[[], Later]) -> Iterator[tuple[list[Told], list[tuple[str, Finding]]]]:
    """Yield for each later audit what it told of its changes, and what it told wrongly besides, with drift and change.

    rebuild: makes an audit in which nothing has changed.
    """
    for group, changes in AUDITS:
        later = rebuild()
        later.chance = random.Random(f"{seed} {changes[0].__name__}")
        for change in changes:
            later.changes.append((change.__name__.replace("_", " "), []))
            change(later)
        told, wrongly = judge(group, later)
        yield told, [(f"{drift} ({later.changes[0][0]})", finding) for drift, finding in wrongly]


def judge(group: str, later: Later) -> tuple[list[Told], list[tuple[str, Finding]]]:
    """Audit, and compare with what must be told."""
    try:
        audit = audit_evaluate(collection_of(later), later.options)
    except Exception as error:  # whatever it is: one host or guest must not end the audit of the others
        why = f"no audit at all: {type(error).__name__}: {error}"
        return [Told(_combination(group, *change), [None], [why]) for change in later.changes], []
    rest: dict[str, list[Finding]] = {
        "new": [one for one in audit["findings"] if one["drift"] == "new" and not one["waived_by"]],
        "unchanged": [one for one in audit["findings"] if one["drift"] == "unchanged"],
        "fixed": list(audit["drift"]["fixed"]),
        "unseen": list(audit["drift"]["unseen"]),
    }
    at: dict[tuple[str, Place], list[Finding]] = {}
    for drift, findings in rest.items():
        for one in findings:
            at.setdefault((drift, place_of(one)), []).append(one)
    told = []
    for change in later.changes:
        item = Told(_combination(group, *change), [], [])
        for drift, defect in change[1]:
            for place in defect.places:
                drifts = ("new", "unchanged") if drift == "told" else (drift,)
                speak = [one for each in drifts for one in at.get((each, place), ()) if speaks(one, defect)]
                item.sides.append(speak[0]["side"] == defect.side if speak else None)
                item.missing += [] if speak else [f"{drift}: {defect.kind}, {defect.service}: {place}"]
                for each in drifts:
                    rest[each] = [one for one in rest[each] if one not in speak]
        told.append(item)
    wrongly = [("new", one) for one in rest["new"] if not any(may(one) for may in later.may_be_new)]
    wrongly += [("fixed", one) for one in rest["fixed"] if not any(may(one) for may in later.may_be_fixed)]
    wrongly += [("unseen", one) for one in rest["unseen"] if not any(may(one) for may in later.may_be_unseen)]
    return told, wrongly


def _combination(group: str, kind: str, expected: list[tuple[Drift, Defect]]) -> Combination:
    return Combination(group, kind, tuple(defect for _drift, defect in expected))
