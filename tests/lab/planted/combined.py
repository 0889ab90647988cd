# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several defects on one VM, made by a seed out of single ones, and guests that lie.

What must be found follows from what is planted: each defect, on its side. A defect is left out of the truth only where
a documented supersession covers it; the places that rest on one say so.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, NamedTuple

from planted import guests as inside
from planted.fleet import CONSEQUENCES, HEARTBEAT, SHUTDOWN, TIME, Combination, Defect, Place, Planter, silent
from planted.guests import COPY, KVP, VSS, Guest

PAIRS, TRIPLES = 8, 10
TWO, MORE = "two defects on one VM", "more defects on one VM"
REPLICATED, WAIVED, LYING = "defects of a replicated VM", "a defect beneath a waiver", "a guest that lies"

ALL = (HEARTBEAT, SHUTDOWN, TIME, KVP, VSS)
# The rules on replication cover these rules for the same service (documented: "goes before").
REPLICA_RULES = {KVP: "bpa_replica_ip", VSS: "bpa_replica_vss"}
COVERED_BY_REPLICA = (
    *("own_switch_off", "own_silent", "own_guest_stopped", "own_guest_missing", "own_guest_blocked", "own_guest_lost"),
    *("own_guest_incompatible", "own_serving_unheard", "own_error"),
)


@dataclass
class Wrong:
    """A defect of a VM that does not exist yet. at_guest: it is about the guest, not about the VM."""

    kind: str
    side: str
    rules: tuple[str, ...]
    service: str | None = None
    also: tuple[str, ...] = ()
    at_guest: bool = False


@dataclass
class Draft:
    """A VM that is still to be planted.

    services, more: as in a fleet file. unseen: services of which the guest sees no device. changes: of the guest.
    twin: where another VM has its name: "here" on its host, "elsewhere" on another. answers: the guest was reached.
    """

    chance: random.Random
    services: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    changes: list[Guest] = field(default_factory=list)
    wrongs: list[Wrong] = field(default_factory=list)
    twin: str | None = None
    answers: bool = True

    def wrong(self, kind: str, side: str, *rules: str, **more: Any) -> None:
        self.wrongs.append(Wrong(kind, side, rules, **more))


class Ingredient(NamedTuple):
    """One defect of a VM.

    plant: is given the draft and a service. services: it takes one of these. inspected: whether the guest must be
    inspected, or must not be; null for either. whole: it concerns all that the guest should serve.
    takes: what only one ingredient can have. needs, spoils: what one ingredient needs and another one spoils.
    """

    plant: Callable[[Draft, str], None]
    services: tuple[str, ...] = ("",)
    inspected: bool | None = None
    whole: bool = False
    takes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    spoils: frozenset[str] = frozenset()

    @property
    def of_host(self) -> bool:
        return self.inspected is None


def _only(plant: Callable[[Draft, str], None], key: str, inspected: bool | None = None) -> Ingredient:
    """An ingredient for this service alone."""
    return Ingredient(plant, (key,), inspected)


def _set(*names: str) -> frozenset[str]:
    return frozenset(names)


# --- on the host


def _off(draft: Draft, key: str) -> None:
    draft.services[key] = False
    draft.unseen.append(key)
    draft.wrong("switched off on the host", "host", "own_switch_off", service=key)


def _protected_off(draft: Draft, key: str) -> None:
    draft.services[key] = False
    draft.unseen.append(key)
    draft.wrong("protected service off", "host", "own_protected_off", service=key)


def _door_open(draft: Draft, key: str) -> None:
    """With or without a daemon: that nobody serves what must be off is covered by own_gsi_open."""
    served = draft.chance.random() < 0.5
    draft.services[key] = True if served else {"enabled": True, "guest": "missing"}
    draft.changes.insert(0, inside.copy_daemon_runs() if served else inside.copy_daemon_missing())
    draft.wrong("file copy open", "host", "own_gsi_open", service=key)


def _override_missing(draft: Draft, key: str) -> None:
    off = draft.chance.random() < 0.5
    draft.more["groups"] = [f"reckless {key}"]
    draft.services[key] = not off
    draft.unseen += [key] if off else []
    draft.wrong("override missing", "policy", "own_override_missing", service=key)


def _override_expired(draft: Draft, key: str) -> None:
    draft.more["groups"] = ["lapsed"]
    draft.services |= {SHUTDOWN: False, TIME: False}
    draft.unseen += [SHUTDOWN, TIME]
    draft.wrong("override expired", "policy", "own_override_expired", service=key)


def _not_offered(draft: Draft, key: str) -> None:
    draft.services[key] = {"offered": False}
    draft.unseen.append(key)
    draft.wrong("policy on what is not offered", "policy", "own_policy_not_offered")


def _twin(draft: Draft, _key: str) -> None:
    draft.twin = "here"
    draft.wrong("name twice on a host", "host", "own_duplicate_name_here")


def _namesake(draft: Draft, _key: str) -> None:
    draft.twin = "elsewhere"
    draft.wrong("name twice in the fleet", "host", "own_duplicate_name")


# --- in a guest that was inspected


def _stopped(draft: Draft, key: str) -> None:
    draft.services[key] = {"guest": "stopped"}
    draft.changes.append(inside.stopped(key))
    draft.wrong("daemon stopped", "guest", "own_guest_stopped", "own_guest_lost", service=key)


def _missing(draft: Draft, key: str) -> None:
    draft.services[key] = {"guest": "missing"}
    draft.changes.append(inside.missing(key))
    draft.wrong("daemon missing", "guest", "own_guest_missing", service=key)


def _masked(draft: Draft, key: str) -> None:
    draft.services[key] = {"guest": "missing"}
    draft.changes.append(inside.masked(key))
    draft.wrong("daemon masked", "guest", "own_guest_blocked", service=key)


def _stale(draft: Draft, key: str) -> None:
    draft.changes.append(inside.stopped(key))
    draft.wrong("daemon gone, status stale", "guest", "own_next_boot", service=key)


def _unheard(draft: Draft, key: str) -> None:
    draft.services[key] = {"guest": "missing"}
    draft.wrong("served and not heard", "both", "own_serving_unheard", service=key)


def _contradiction(draft: Draft, key: str) -> None:
    draft.unseen.append(key)
    draft.wrong("on, and no device in the guest", "both", "own_contradiction", service=key)


def _unfreezable(draft: Draft, key: str) -> None:
    draft.changes.append(inside.unfreezable(draft.chance.choice(("exfat", "ntfs3", "fuseblk"))))
    draft.wrong("freeze fails", "guest", "own_freeze_fails", service=key)


def _stopped_and_unfreezable(draft: Draft, key: str) -> None:
    _stopped(draft, key)
    _unfreezable(draft, key)


def _driver(kind: str, rule: str, guest: Callable[[], Guest]) -> Callable[[Draft, str], None]:
    def plant(draft: Draft, _key: str) -> None:
        draft.changes.append(guest())
        for key, state in silent().items():
            draft.services.setdefault(key, state)
        if draft.services.get(COPY):
            draft.services[COPY] = {"enabled": True, "guest": "missing"}
        draft.wrong(kind, "guest", rule, also=CONSEQUENCES)

    return plant


def _driver_next_time(draft: Draft, _key: str) -> None:
    draft.changes.append(inside.driver_kept_out_next_time())
    draft.wrong("driver gone at the next boot", "guest", "own_hv_utils_next_boot")


def _no_clock(draft: Draft, _key: str) -> None:
    draft.changes.append(inside.no_clock())
    draft.wrong("nothing keeps the clock", "guest", "own_clock_unkept")


def _controller_time(draft: Draft, _key: str) -> None:
    draft.more["groups"] = ["controllers"]
    draft.wrong("controller with the host's time", "guest", "ms_dc_timesync")


def _host_facts(draft: Draft, _key: str) -> None:
    draft.more["groups"] = ["hardened"]
    draft.wrong("hardened, and told of its host", "host", "own_host_facts_shown")


# --- of a guest that nobody inspected


def _silent(draft: Draft, key: str) -> None:
    draft.services[key] = {"guest": "missing"}
    draft.wrong("silent, nobody looked", "unknown", "own_silent", service=key)


def _lost(draft: Draft, key: str) -> None:
    draft.services[key] = {"guest": "stopped"}
    draft.wrong("contact lost", "guest", "own_guest_lost", service=key)


def _no_shutdown(draft: Draft, key: str) -> None:
    guest, side = draft.chance.choice((("missing", "unknown"), ("stopped", "guest")))
    draft.services[key] = {"guest": guest}
    draft.wrong("cannot be shut down", side, "own_shutdown_impossible", service=key)


def _incompatible(draft: Draft, key: str) -> None:
    draft.services[key] = {"primary": "NonRecoverableError"}
    draft.wrong("protocol incompatible", "guest", "own_guest_incompatible", service=key)


def _error(draft: Draft, key: str) -> None:
    draft.services[key] = {"primary": draft.chance.choice(("Error", 4711))}
    draft.wrong("error of Hyper-V", "unknown", "own_error", service=key)


def _critical(draft: Draft, key: str) -> None:
    draft.services[key] = {"secondary": "ApplicationCritical"}
    draft.wrong("application critical", "guest", "own_application_critical", service=key)


def _never(draft: Draft, _key: str) -> None:
    draft.more["guest"] = "none"
    if draft.services.get(COPY):
        draft.services[COPY] = True
    draft.wrong("never in contact", "unknown", "own_never_in_contact")


def _guest_away(draft: Draft, _key: str) -> None:
    draft.answers = False
    draft.wrong("guest does not answer", "unknown", "own_guest_unreachable", at_guest=True)


ON_HOST = (
    Ingredient(_off, (HEARTBEAT, KVP, VSS), needs=_set("wish")),
    Ingredient(_protected_off, (SHUTDOWN, TIME)),
    Ingredient(_door_open, (COPY,)),
    # A rule that decides on one service leaves the others alone.
    Ingredient(_override_missing, (SHUTDOWN, TIME), takes=_set("group"), spoils=_set("wish")),
    Ingredient(_override_expired, (SHUTDOWN,), takes=_set("group", TIME), spoils=_set("wish")),
    Ingredient(_not_offered, (KVP,), needs=_set("wish")),
    Ingredient(_twin, takes=_set("name")),
    Ingredient(_namesake, takes=_set("name")),
)
WHOLE_GUEST = (
    # Without a heartbeat the silence of the others does not speak for the whole guest (documented).
    Ingredient(_never, inspected=False, whole=True, takes=_set(HEARTBEAT)),
    Ingredient(
        _driver("driver blocked", "own_hv_utils_blocked", inside.driver_blocked),
        inspected=True,
        whole=True,
        takes=_set("driver"),
    ),
    Ingredient(
        _driver("driver missing", "own_hv_utils_missing", inside.driver_missing),
        inspected=True,
        whole=True,
        takes=_set("driver"),
    ),
)
IN_GUEST = (
    Ingredient(_stopped, (KVP, VSS), True),
    Ingredient(_missing, (KVP, VSS), True),
    Ingredient(_masked, (KVP, VSS), True, takes=_set("mask")),
    Ingredient(_stale, (KVP, VSS), True),
    Ingredient(_unheard, (KVP, VSS), True),
    Ingredient(_contradiction, (KVP, VSS), True),
    Ingredient(_unfreezable, (VSS,), True),
    Ingredient(_stopped_and_unfreezable, (VSS,), True),
    Ingredient(_driver_next_time, inspected=True, takes=_set("driver")),
    Ingredient(_no_clock, inspected=True, takes=_set("clock")),
    Ingredient(_controller_time, (TIME,), True, takes=_set("group", "clock")),
    # The profile leaves data exchange alone.
    Ingredient(_host_facts, (KVP,), True, takes=_set("group")),
    Ingredient(_silent, (HEARTBEAT, KVP, VSS, TIME), False),
    Ingredient(_lost, (HEARTBEAT, KVP, VSS), False),
    Ingredient(_no_shutdown, (SHUTDOWN,), False),
    Ingredient(_incompatible, (HEARTBEAT, KVP, VSS), False),
    Ingredient(_error, (HEARTBEAT, KVP, VSS), False),
    Ingredient(_critical, (HEARTBEAT,), False),
    Ingredient(_guest_away, inspected=False, takes=_set("name")),
)


def ingredient(plant: Callable[[Draft, str], None]) -> Ingredient:
    return next(one for one in (*ON_HOST, *WHOLE_GUEST, *IN_GUEST) if one.plant is plant)


# Combinations of any seed: later audits need them.
ALWAYS = (
    (ingredient(_off), ingredient(_silent)),
    (ingredient(_off), ingredient(_lost)),
    (ingredient(_off), ingredient(_error)),
    (ingredient(_protected_off), _only(_silent, KVP, False)),
    (ingredient(_protected_off), ingredient(_lost)),
    (ingredient(_door_open), ingredient(_no_clock)),
    (ingredient(_protected_off), ingredient(_unfreezable)),
    (ingredient(_off), ingredient(_driver_next_time)),
    (ingredient(_door_open), ingredient(_stale)),
)


def assigned(ingredients: Sequence[Ingredient]) -> tuple[str, ...] | None:
    """Return a service for each ingredient so that they can be on one VM, null where they cannot."""
    if {True, False} <= {ingredient.inspected for ingredient in ingredients}:
        return None
    wholes = sum(ingredient.whole for ingredient in ingredients)
    halves = sum(not one.of_host and not one.whole and one.services != ("",) for one in ingredients)
    if wholes > 1 or (wholes and halves):
        return None
    for keys in product(*(ingredient.services for ingredient in ingredients)):
        taken = [key for key in keys if key] + [name for one in ingredients for name in one.takes]
        spoiled = {name for one in ingredients for name in one.spoils}
        if len(taken) == len(set(taken)) and not spoiled & {name for one in ingredients for name in one.needs}:
            return keys
    return None


class Combiner:
    """Plants combinations into the fleet of a planter."""

    def __init__(self, planter: Planter) -> None:
        self.planter = planter
        self.chance = planter.chance

    def add(self, group: str, *defects: Defect, kind: str | None = None) -> None:
        kinds = kind or " + ".join(defect.kind for defect in defects)
        self.planter.fleet.combinations.append(Combination(group, kinds, defects))

    # --- made of ingredients

    def plant(self) -> None:
        """Plant all of them."""
        for host, whole in product(ON_HOST, WHOLE_GUEST):
            self.several(host, whole)
        for ingredients in ALWAYS:
            self.several(*ingredients)
        for _number in range(PAIRS):
            self.several(*self._some(2))
        for _number in range(TRIPLES):
            self.several(*self._some(3))
        for name in sorted(name for name in dir(self) if name.startswith(("replicated_", "beneath_", "lie_"))):
            getattr(self, name)()

    def several(self, *ingredients: Ingredient) -> None:
        defects = self.mixed(*ingredients)
        self.add(TWO if len(defects) == 2 else MORE, *defects)

    def _some(self, number: int) -> Sequence[Ingredient]:
        """Ingredients by chance that can be on one VM, of the host and of the guest."""
        while True:
            of_host = self.chance.sample(ON_HOST, self.chance.randint(1, number - 1))
            chosen = [*of_host, *self.chance.sample((*IN_GUEST, *WHOLE_GUEST), number - len(of_host))]
            if assigned(chosen):
                return chosen

    def mixed(self, *ingredients: Ingredient, replicated: bool = False, covered: bool = True) -> list[Defect]:
        """Plant these on one VM. Returns the defects.

        replicated: the VM is replicated. covered: the rules on replication speak for those that they cover.
        """
        shuffled = [
            one._replace(services=tuple(self.chance.sample(one.services, len(one.services)))) for one in ingredients
        ]
        keys = assigned(shuffled)
        if keys is None:
            raise ValueError("these cannot be on one VM")
        draft = Draft(self.chance)
        for ingredient, key in zip(shuffled, keys, strict=True):
            ingredient.plant(draft, key)
        inspected = any(ingredient.inspected for ingredient in ingredients)
        if replicated:
            _replicate(draft, inspected, covered)
        given = any(ingredient.whole for ingredient in ingredients) or draft.twin is not None
        host, vm, guest = self._build(draft, inspected, given)
        places = [Place(host, vm)]
        if draft.twin:
            places.append(self._name_twice(draft.twin, host, vm))
        defects = []
        for wrong in draft.wrongs:
            of_names = wrong.rules[0].startswith("own_duplicate_name")
            # The VM with the lowest id speaks for all of a name (documented).
            first = min(places, key=lambda place: str(place.vm)) if of_names else places[0]
            about = Place(guest=guest) if wrong.at_guest else first
            defects.append(Defect(wrong.kind, wrong.side, wrong.rules, (about,), wrong.service, wrong.also))
        return defects

    def _build(self, draft: Draft, inspected: bool, given: bool) -> tuple[str, str, str | None]:
        machine = {"services": draft.services, **draft.more}
        if inspected:
            guest = inside.altogether(*draft.changes, inside.not_offered(*draft.unseen))
            return self.planter.looked(guest, given, **machine)
        host, vm, name = self.planter.machine(**machine)
        return host, vm, None if draft.answers else self.planter.guest(name, None, vm_id=vm)

    def _name_twice(self, where: str, host: str, vm: str) -> Place:
        """Add a healthy VM of the same name."""
        hosts = self.planter.fleet.hosts[:3]
        here = next(number for number, one in enumerate(hosts) if one["name"] == host)
        name = next(machine["name"] for machine in hosts[here]["virtual_machines"] if machine["id"] == vm)
        other = here if where == "here" else (here + 1) % len(hosts)
        return Place(*self.planter.machine(other, name=name)[:2])

    # --- of a replicated VM: a finding about the guest covers what the guest does not do, and never the host's switch

    def replicated_vms(self) -> None:
        for ingredients in (
            (_only(_off, KVP), _only(_silent, VSS, False)),
            (_only(_off, VSS), self.chance.choice(WHOLE_GUEST[1:])),
            (_only(_off, KVP), ingredient(_never)),
            (_only(_door_open, COPY), _only(_stopped, VSS, True)),
            (_only(_protected_off, SHUTDOWN), _only(_lost, VSS, False)),
        ):
            self.add(REPLICATED, *self.mixed(*ingredients, replicated=True))

    # --- beneath a waiver: a finding that is accepted does not hide another defect

    def beneath_open_door(self) -> None:
        """Without a policy for it: where one wants it off, nothing in the guest needs to serve it."""
        copy = {"enabled": True, "guest": "missing"}
        host, vm, _guest = self.planter.looked(inside.copy_daemon_missing(), groups=["not ours"], services={COPY: copy})
        self._waive(vm, "own_gsi_open", COPY)
        self.add(WAIVED, _at(host, vm, "daemon missing", "guest", "own_guest_missing", service=COPY))

    def beneath_replication(self) -> None:
        for plant, key, inspected in ((_stopped, VSS, True), (_off, VSS, None), (_silent, KVP, False)):
            defects = self.mixed(_only(plant, key, inspected), replicated=True, covered=False)
            self._waive(_vm_of(defects), REPLICA_RULES[key], key)
            self.add(WAIVED, *defects)

    def beneath_other_service(self) -> None:
        off, waived = self.mixed(_only(_off, KVP), _only(_off, VSS))
        self._waive(_vm_of([waived]), "own_switch_off", VSS)
        self.add(WAIVED, off)

    def beneath_next_boot(self) -> None:
        waived, missing = self.mixed(ingredient(_driver_next_time), ingredient(_missing))
        self._waive(_vm_of([waived]), "own_hv_utils_next_boot")
        self.add(WAIVED, missing)

    def beneath_never(self) -> None:
        off, waived = self.mixed(_only(_off, VSS), ingredient(_never))
        self._waive(_vm_of([waived]), "own_never_in_contact")
        # Whether the silence of each service speaks then is left open.
        self.add(WAIVED, replace(off, also=("own_silent", "own_shutdown_impossible")))

    def _waive(self, vm: str, rule: str, service: str | None = None) -> None:
        of_service = {"service": service} if service else {}
        self.planter.waive(f"{rule}-{vm[:8]}", rule, {"id": vm, **of_service})

    # --- lies

    def _lie(self, verdicts: Mapping[str, str], driver: str | None = None, **more: Any) -> str:
        """Add a guest that says this. Returns its name."""
        name = self.planter.guest(self.planter.name("liar"), Guest(), **more)
        facts = self.planter.fleet.guests[-1]["facts"]
        for key, verdict in verdicts.items():
            facts["services"][key] |= {"verdict": verdict, "explanation": f"the guest says {verdict}", "remedy": None}
        if driver:
            facts["hv_utils"] |= {"state": driver, "blocked_by": []}
        return name

    def lie_unsupported_by_claim(self) -> None:
        """What a guest only claims to be does not silence what the host sees."""
        host, vm, _name = self.planter.machine(guest="none")
        self._lie(dict.fromkeys(ALL, "not_supported_isolated"), claimed_vm_id=vm)
        never = _at(host, vm, "never in contact", "unknown", "own_never_in_contact", also=("own_contradiction",))
        self.add(LYING, never, kind="never in contact + another guest claims it, unsupported")

    def lie_driver_by_claim(self) -> None:
        host, vm, _name = self.planter.machine(guest="linux", services={SHUTDOWN: {"guest": "stopped"}})
        driver = self.chance.choice(("blocked", "missing"))
        self._lie({}, driver, claimed_vm_id=vm.upper())
        # The host's contact contradicts the liar; whether its word is told, marked as untrusted, is left open.
        also = (f"own_hv_utils_{driver}", "own_contradiction")
        kind = "cannot be shut down"
        lost = _at(host, vm, kind, "guest", "own_shutdown_impossible", service=SHUTDOWN, also=also)
        self.add(LYING, lost, kind=f"{kind} + another guest claims it, driver {driver}")

    def lie_taken(self) -> None:
        """A claim on a VM that the operator has given another guest."""
        truth = self.mixed(_only(_off, VSS), _only(_missing, KVP, True))
        vm = _vm_of(truth)
        # It claims nothing itself, else two would claim the same.
        self.planter.fleet.guests[-1] |= {"vm_id": vm, "vm": None, "host": None, "claimed_vm_id": None}
        liar = self._lie(dict.fromkeys(ALL, "ok"), claimed_vm_id=vm)
        taken = Defect("claims the VM of another", "policy", ("own_guest_shared",), (Place(guest=liar),))
        self.add(LYING, taken, *truth)

    def lie_twice(self) -> None:
        host, vm, _name = self.planter.machine(services={VSS: False})
        liars = [self._lie(dict.fromkeys(ALL, "ok"), claimed_vm_id=vm) for _number in range(2)]
        places = tuple(Place(guest=liar) for liar in liars)
        shared = Defect("two claim one id", "guest", ("own_guest_claim_shared",), places)
        self.add(LYING, shared, _at(host, vm, "switched off on the host", "host", "own_switch_off", service=VSS))

    def lie_about_itself(self) -> None:
        """It was mapped to one VM and claims another: neither is judged by its word."""
        first_host, first, _name = self.planter.machine(guest="linux", services={KVP: False})
        second_host, second, _name = self.planter.machine(guest="linux", services={VSS: {"guest": "missing"}})
        liar = self._lie(dict.fromkeys(ALL, "ok"), vm_id=first, claimed_vm_id=second)
        self.add(
            LYING,
            Defect("mapped to another", "policy", ("own_guest_contradicts_claim",), (Place(guest=liar),)),
            _at(first_host, first, "switched off on the host", "host", "own_switch_off", service=KVP),
            _at(second_host, second, "silent, nobody looked", "unknown", "own_silent", service=VSS),
        )

    def lie_unsupported(self) -> None:
        """Refusing a service is for confidential VMs, and the host says that this is none."""
        key = self.chance.choice((KVP, VSS))
        host, vm, _name = self.planter.machine(guest="linux", isolation="none", services={key: {"guest": "missing"}})
        self._lie({key: "not_supported_isolated"}, vm_id=vm)
        self.add(
            LYING,
            _at(host, vm, "unsupported, and not confidential", "both", "own_contradiction", service=key),
            kind="silent + the guest says unsupported in a VM that is not confidential",
        )

    def lie_unsupported_heartbeat(self) -> None:
        """Linux never refuses heartbeat, shutdown and time synchronization (allowed_in_isolated)."""
        key = self.chance.choice((HEARTBEAT, TIME))
        host, vm, _name = self.planter.machine(guest="linux", isolation="SNP", services={key: {"guest": "missing"}})
        self._lie({key: "not_supported_isolated"}, vm_id=vm)
        self.add(
            LYING,
            _at(host, vm, "unsupported, which Linux never refuses", "both", "own_contradiction", service=key),
            kind="silent + the guest says unsupported of what Linux never refuses",
        )
        for other in (KVP, VSS):  # the facts are those of a guest that serves them, which no confidential one does
            self.planter.fleet.guests[-1]["facts"]["services"][other]["verdict"] = "not_supported_isolated"

    def lie_about_the_door(self) -> None:
        host, vm, _name = self.planter.machine(guest="linux", services={COPY: {"enabled": True, "guest": "missing"}})
        self._lie({COPY: "not_supported_isolated"}, claimed_vm_id=vm)
        door = _at(host, vm, "file copy open", "host", "own_gsi_open", service=COPY)
        self.add(LYING, door, kind="file copy open + the guest says that it refuses that")

    def lie_serving(self) -> None:
        """The host has it off, and the guest says that it serves it: the host knows its own switch."""
        key = self.chance.choice((KVP, VSS))
        host, vm, _name = self.planter.machine(guest="linux", services={key: False})
        self._lie({}, vm_id=vm)
        off = _at(host, vm, "switched off on the host", "host", "own_switch_off", service=key)
        self.add(LYING, off, kind="switched off on the host + the guest says that it serves it")

    def lie_serving_left_alone(self) -> None:
        key = self.chance.choice((KVP, VSS))
        host, vm, _name = self.planter.machine(guest="linux", groups=["not ours"], services={key: False})
        self._lie({}, vm_id=vm)
        contradiction = _at(host, vm, "off, and served", "both", "own_contradiction", service=key)
        self.add(LYING, contradiction, kind="off and left alone + the guest says that it serves it")


def _replicate(draft: Draft, inspected: bool, covered: bool) -> None:
    draft.more |= {"groups": ["replicas"], "replication": "Primary"}
    for wrong in draft.wrongs:
        if covered and wrong.service in REPLICA_RULES and set(wrong.rules) & set(COVERED_BY_REPLICA):
            wrong.rules = (REPLICA_RULES[wrong.service],)
    if inspected:  # the guests here are Debian, which ships no such scripts
        draft.wrong("no scripts for another address", "guest", "bpa_replica_ip_scripts")


def _vm_of(defects: Sequence[Defect]) -> str:
    (id,) = {place.vm for defect in defects for place in defect.places if place.vm}
    return id


def _at(
    host: str, vm: str, kind: str, side: str, *rules: str, service: str | None = None, also: tuple[str, ...] = ()
) -> Defect:
    return Defect(kind, side, rules, (Place(host, vm),), service, also)
