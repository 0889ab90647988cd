# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet with planted defects and healthy look-alikes, made by a seed, and the truth about it.

What is planted is known from the planting: nothing here asks the audit's engine. Ids of rules are words of the truth:
they say which rules may speak of a defect. A look-alike must not be spoken of at all.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from planted import guests as inside
from planted.guests import COPY, KVP, VSS, Guest

DEFECTS = LOOK_ALIKES = 40
HEARTBEAT, SHUTDOWN, TIME = "heartbeat", "shutdown", "time_synchronization"
CULTURES = ("de", "ja", "en", "fr", "ru", "zh", "es", "it", "ko", "pt")
LATER, LONG_AGO = "2099-12-31", "2020-01-01"
COLLECTED = "2026-01-01T00:00:00Z"

# What a defect of the whole guest means for its services.
# Where only a claim says which virtual machine a guest is, the host's word stands beside that of the guest.
CONSEQUENCES = (
    *("own_shutdown_impossible", "own_guest_blocked", "own_guest_missing", "own_guest_stopped"),
    "own_never_in_contact",
)


class Place(NamedTuple):
    """What something is about: a virtual machine (its host, and its id), else a host, a guest, or a waiver."""

    host: str | None = None
    vm: str | None = None
    guest: str | None = None
    waiver: str | None = None


@dataclass(frozen=True)
class Defect:
    """One thing that is wrong. places: all that it shows at, such as each of two that have one name.

    service: null when it is about the whole. side: the one that is wrong. rules: those that may say so.
    also: rules that may tell consequences of it at the same place. severity: the one that it must have, null for any.
    """

    kind: str
    side: str
    rules: tuple[str, ...]
    places: tuple[Place, ...]
    service: str | None = None
    also: tuple[str, ...] = ()
    severity: str | None = None


@dataclass(frozen=True)
class Combination:
    """Several defects that must all be found, each on its side. group: which sort it is of. kind: what is in it."""

    group: str
    kind: str
    defects: tuple[Defect, ...]


@dataclass(frozen=True)
class LookAlike:
    """Something healthy that a careless audit complains about. places: the virtual machine, and the guest in it."""

    kind: str
    places: tuple[Place, ...]


@dataclass
class Planted:
    """hosts: of a fleet file of the simulator. unreachable, denied: hosts that do not answer, or tell nothing.

    guests: what was collected in guests elsewhere, as in a collection. rules: of the policy. waivers: of the file.
    defects: one on a VM. combinations: several on a VM, on VMs of their own.
    """

    hosts: list[dict[str, Any]]
    unreachable: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    guests: list[dict[str, Any]] = field(default_factory=list)
    waivers: list[dict[str, Any]] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    combinations: list[Combination] = field(default_factory=list)
    look_alikes: list[LookAlike] = field(default_factory=list)

    @property
    def policy(self) -> list[dict[str, Any]]:
        return POLICY

    @property
    def collection(self) -> dict[str, Any]:
        """The guests as a part of an audit that was collected elsewhere."""
        return {"version": 1, "collected_at": COLLECTED, "hosts": [], "guests": self.guests}


def place_of(finding: Mapping[str, Any]) -> Place:
    """What a finding is about."""
    if finding["vm"]:
        return Place(finding["host"], finding["vm"]["id"].lower())
    if finding["guest"]:
        return Place(guest=finding["guest"])
    if finding["host"]:
        return Place(finding["host"])
    return Place(waiver=next((item["value"] for item in finding["evidence"] if item["fact"] == "id"), None))


def speaks(finding: Mapping[str, Any], defect: Defect) -> bool:
    """Tell whether a finding at the place of a defect is about that."""
    severity = defect.severity in (None, finding["severity"])
    return severity and finding["rule"] in defect.rules and finding["service"] == defect.service


POLICY: list[dict[str, Any]] = [
    {"name": "confidential", "match": {"isolation": ["SNP", "TDX", "VBS"]}, "profile": "isolated"},
    {"name": "controllers", "match": {"group": "controllers"}, "profile": "domain_controller"},
    {"name": "replicas", "match": {"group": "replicas"}, "profile": "replica"},
    {"name": "laboratory", "match": {"group": "laboratory"}, "profile": "lab"},
    {"name": "hardened", "match": {"group": "hardened"}, "profile": "hardened"},
    {"name": "not ours", "match": {"group": "not ours"}, "profile": "none"},
    {
        "name": "appliances",
        "match": {"group": "appliances"},
        "services": {TIME: False, SHUTDOWN: False},
        "overrides": {TIME: "Has a GPS clock of its own", SHUTDOWN: "Is stopped from its own console"},
    },
    {
        "name": "appliances for a while",
        "match": {"group": "appliances for a while"},
        "services": {TIME: False},
        "overrides": {TIME: {"reason": "Until the new firmware", "until": LATER}},
    },
    {
        "name": "lapsed",
        "match": {"group": "lapsed"},
        "services": {SHUTDOWN: False, TIME: False},
        "overrides": {
            SHUTDOWN: {"reason": "Until the new firmware", "until": LONG_AGO},
            TIME: "Has a GPS clock of its own",
        },
    },
    {"name": "reckless shutdown", "match": {"group": f"reckless {SHUTDOWN}"}, "services": {SHUTDOWN: False}},
    {"name": "reckless time", "match": {"group": f"reckless {TIME}"}, "services": {TIME: False}},
]


class Planter:
    """Plants one thing after the other."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.chance = random.Random(seed)
        self._folder = folder
        self._names: set[str] = set()
        cultures = self.chance.sample(CULTURES, 3)
        names = [f"hv-{place}" for place in self.chance.sample(("berlin", "oslo", "lima", "delhi", "porto"), 3)]
        hosts = [
            {"name": name, "culture": culture, "virtual_machines": []}
            for name, culture in zip(names, cultures, strict=True)
        ]
        self.fleet = Planted(hosts)

    # --- what there is

    def name(self, stem: str | None = None) -> str:
        """A name that no other virtual machine has."""
        while True:
            name = f"{stem or self.chance.choice(('web', 'app', 'sql', 'file', 'job'))}{self.chance.randrange(1000):03}"
            if name not in self._names:
                self._names.add(name)
                return name

    def machine(self, host: int | None = None, **more: Any) -> tuple[str, str, str]:
        """Add a virtual machine, on that of the three hosts, else on any. Returns host, id and name."""
        chosen = self.chance.choice(self.fleet.hosts[:3]) if host is None else self.fleet.hosts[host]
        data = {"name": self.name(), "id": str(uuid.UUID(int=self.chance.getrandbits(128), version=4)), **more}
        chosen["virtual_machines"].append(data)
        return str(chosen["name"]), str(data["id"]), str(data["name"])

    def guest(self, name: str, guest: Guest | None, **more: Any) -> str:
        """Add what was collected in a guest, null for one that did not answer. Returns its name in the inventory."""
        name = f"{name}.example"
        number = len(self.fleet.guests)
        facts = guest.facts(self._folder / str(number)) if guest else None
        self.fleet.guests.append(
            {
                "name": name,
                "reachable": guest is not None,
                "error": None if guest else "Failed to connect to the host via ssh",
                "system": "linux" if guest else "unknown",
                "vm_id": None,
                "vm": None,
                "host": None,
                "claimed_vm_id": None,
                "facts": facts,
                **more,
            }
        )
        return name

    def looked(self, guest: Guest, given: bool = False, **more: Any) -> tuple[str, str, str]:
        """Add a Linux virtual machine that was looked into. Returns host, id and name of the guest.

        given: the operator gives its id; else that, its name, or nothing.
        """
        host, vm, name = self.machine(**{"guest": "linux", **more})
        ways: list[dict[str, Any]] = [{"vm_id": vm}, {"vm_id": vm.upper()}, {"vm": name.upper(), "host": host}, {}]
        how = self.chance.choice(ways[:2] if given else ways)
        return host, vm, self.guest(name, guest, claimed_vm_id=vm.upper(), **how)

    def waive(self, id: str, rule: str, match: dict[str, Any], expires: str = LATER) -> None:
        self.fleet.waivers.append(
            {
                "id": id,
                "rule": rule,
                "match": match,
                "reason": "Accepted until the move",
                "owner": "the platform team",
                "expires": expires,
            }
        )

    # --- what is wrong

    def wrong(
        self,
        kind: str,
        side: str,
        *rules: str,
        places: Sequence[Place] = (),
        service: str | None = None,
        also: tuple[str, ...] = (),
        **place: str,
    ) -> None:
        self.fleet.defects.append(Defect(kind, side, rules, tuple(places) or (Place(**place),), service, also))

    def defects(self) -> Iterator[Callable[[], None]]:
        """Each kind once, then kinds by chance for ever."""
        kinds: list[Callable[[], None]] = [getattr(self, name) for name in dir(self) if name.startswith("plant_")]
        # One of a kind: hosts that do not answer, and what is two defects at once.
        again = [kind for kind in kinds if kind.__name__.removeprefix("plant_") not in ONCE]
        yield from kinds
        while True:
            yield self.chance.choice(again)

    def plant_switch_off(self) -> None:
        key = self.chance.choice((HEARTBEAT, KVP, VSS))
        if key != HEARTBEAT and self.chance.random() < 0.5:
            host, vm, _guest = self.looked(inside.not_offered(key), services={key: False})
        else:
            host, vm, _name = self.machine(services={key: False})
        self.wrong("switched off on the host", "host", "own_switch_off", host=host, vm=vm, service=key)

    def plant_protected_off(self) -> None:
        key = self.chance.choice((SHUTDOWN, TIME))
        kind: dict[str, Any] = self.chance.choice(({}, {"guest": "linux", "isolation": "SNP"}, {"state": "Off"}))
        host, vm, _name = self.machine(services={key: False}, **kind)
        self.wrong("protected service off", "host", "own_protected_off", host=host, vm=vm, service=key)

    def plant_door_open(self) -> None:
        host, vm, _name = self.machine(services={COPY: True})
        self.wrong("file copy open", "host", "own_gsi_open", host=host, vm=vm, service=COPY)

    def plant_no_reason(self) -> None:
        key = self.chance.choice((SHUTDOWN, TIME))
        host, vm, _name = self.machine(groups=[f"reckless {key}"], services={key: self.chance.random() < 0.5})
        self.wrong("override missing", "policy", "own_override_missing", host=host, vm=vm, service=key)

    def plant_reason_expired(self) -> None:
        host, vm, _name = self.machine(groups=["lapsed"], services={SHUTDOWN: False, TIME: False})
        self.wrong("override expired", "policy", "own_override_expired", host=host, vm=vm, service=SHUTDOWN)

    def plant_replica(self) -> None:
        key, rule = self.chance.choice(((KVP, "bpa_replica_ip"), (VSS, "bpa_replica_vss")))
        state, side = self.chance.choice(((False, "host"), ({"guest": "missing"}, "unknown")))
        host, vm, _name = self.machine(groups=["replicas"], replication="Primary", services={key: state})
        self.wrong("replica without a service that it needs", side, rule, host=host, vm=vm, service=key)

    def plant_not_offered(self) -> None:
        host, vm, _name = self.machine(services={KVP: {"offered": False}})
        self.wrong("policy on what is not offered", "policy", "own_policy_not_offered", host=host, vm=vm)

    def plant_twins(self) -> None:
        name, host = self.name("twin"), self.chance.randrange(3)
        twins = [self.machine(host, name=same) for same in (name, name.upper())]
        places = [min((Place(place, vm) for place, vm, _name in twins), key=lambda place: str(place.vm))]
        self.wrong("name twice on a host", "host", "own_duplicate_name_here", places=places)

    def plant_namesakes(self) -> None:
        name = self.name("same")
        namesakes = [self.machine(host, name=name) for host in self.chance.sample(range(3), 2)]
        places = [min((Place(place, vm) for place, vm, _name in namesakes), key=lambda place: str(place.vm))]
        self.wrong("name twice in the fleet", "host", "own_duplicate_name", places=places)

    def plant_guest_stopped(self) -> None:
        key = self.chance.choice((KVP, VSS))
        host, vm, _guest = self.looked(inside.stopped(key), services={key: {"guest": "stopped"}})
        self.wrong("daemon stopped", "guest", "own_guest_stopped", "own_guest_lost", host=host, vm=vm, service=key)

    def plant_guest_missing(self) -> None:
        key = self.chance.choice((KVP, VSS))
        host, vm, _guest = self.looked(inside.missing(key), services={key: {"guest": "missing"}})
        self.wrong("daemon missing", "guest", "own_guest_missing", host=host, vm=vm, service=key)

    def plant_guest_masked(self) -> None:
        key = self.chance.choice((KVP, VSS))
        host, vm, _guest = self.looked(inside.masked(key), services={key: {"guest": "missing"}})
        self.wrong("daemon masked", "guest", "own_guest_blocked", host=host, vm=vm, service=key)

    def plant_driver(self) -> None:
        kind, guest, rule = self.chance.choice(
            (
                ("driver blocked", inside.driver_blocked(), "own_hv_utils_blocked"),
                ("driver missing", inside.driver_missing(), "own_hv_utils_missing"),
            )
        )
        host, vm, _guest = self.looked(guest, services=silent())
        self.wrong(kind, "guest", rule, host=host, vm=vm, also=CONSEQUENCES)

    def plant_driver_next_time(self) -> None:
        host, vm, _guest = self.looked(inside.driver_kept_out_next_time())
        self.wrong("driver gone at the next boot", "guest", "own_hv_utils_next_boot", host=host, vm=vm)

    def plant_daemon_next_time(self) -> None:
        key = self.chance.choice((KVP, VSS))
        host, vm, _guest = self.looked(inside.stopped(key))
        self.wrong("daemon gone, status stale", "guest", "own_next_boot", host=host, vm=vm, service=key)

    def plant_silent(self) -> None:
        key = self.chance.choice((HEARTBEAT, KVP, VSS, TIME))
        host, vm, _name = self.machine(services={key: {"guest": "missing"}})
        self.wrong("silent, nobody looked", "unknown", "own_silent", host=host, vm=vm, service=key)

    def plant_lost(self) -> None:
        key = self.chance.choice((HEARTBEAT, KVP, VSS))
        host, vm, _name = self.machine(services={key: {"guest": "stopped"}})
        self.wrong("contact lost", "guest", "own_guest_lost", host=host, vm=vm, service=key)

    def plant_never(self) -> None:
        host, vm, _name = self.machine(guest="none")
        self.wrong("never in contact", "unknown", "own_never_in_contact", host=host, vm=vm)

    def plant_shutdown(self) -> None:
        guest, side = self.chance.choice((("missing", "unknown"), ("stopped", "guest")))
        host, vm, _name = self.machine(services={SHUTDOWN: {"guest": guest}})
        self.wrong("cannot be shut down", side, "own_shutdown_impossible", host=host, vm=vm, service=SHUTDOWN)

    def plant_incompatible(self) -> None:
        key = self.chance.choice((HEARTBEAT, KVP, VSS))
        host, vm, _name = self.machine(services={key: {"primary": "NonRecoverableError"}})
        self.wrong("protocol incompatible", "guest", "own_guest_incompatible", host=host, vm=vm, service=key)

    def plant_error(self) -> None:
        key = self.chance.choice((HEARTBEAT, KVP, VSS))
        host, vm, _name = self.machine(services={key: {"primary": self.chance.choice(("Error", 4711))}})
        self.wrong("error of Hyper-V", "unknown", "own_error", host=host, vm=vm, service=key)

    def plant_critical(self) -> None:
        host, vm, _name = self.machine(services={HEARTBEAT: {"secondary": "ApplicationCritical"}})
        self.wrong("application critical", "guest", "own_application_critical", host=host, vm=vm, service=HEARTBEAT)

    def plant_unheard(self) -> None:
        key = self.chance.choice((KVP, VSS))
        host, vm, _guest = self.looked(Guest(), services={key: {"guest": "missing"}})
        self.wrong("served and not heard", "both", "own_serving_unheard", host=host, vm=vm, service=key)

    def plant_contradiction(self) -> None:
        key = self.chance.choice((KVP, VSS))
        host, vm, _guest = self.looked(inside.not_offered(key))
        self.wrong("on, and no device in the guest", "both", "own_contradiction", host=host, vm=vm, service=key)

    def plant_freeze(self) -> None:
        host, vm, _guest = self.looked(inside.unfreezable(self.chance.choice(("exfat", "ntfs3", "fuseblk"))))
        self.wrong("freeze fails", "guest", "own_freeze_fails", host=host, vm=vm, service=VSS)

    def plant_no_clock(self) -> None:
        host, vm, _guest = self.looked(inside.no_clock())
        self.wrong("nothing keeps the clock", "guest", "own_clock_unkept", host=host, vm=vm)

    def plant_controller_time(self) -> None:
        host, vm, _guest = self.looked(Guest(), groups=["controllers"])
        self.wrong("controller with the host's time", "guest", "ms_dc_timesync", host=host, vm=vm)

    def plant_host_facts(self) -> None:
        host, vm, _guest = self.looked(Guest(), groups=["hardened"])
        self.wrong("hardened, and told of its host", "host", "own_host_facts_shown", host=host, vm=vm)

    def plant_guest_away(self) -> None:
        _host, vm, name = self.machine(guest="linux")
        guest = self.guest(name, None, vm_id=vm)
        self.wrong("guest does not answer", "unknown", "own_guest_unreachable", guest=guest)

    def plant_no_such_machine(self) -> None:
        host, _vm, name = self.machine(guest="linux")
        # By a name on a host that has told all: elsewhere, or by an id, it may be on one that was not seen.
        guest = self.guest(name, Guest(), vm=self.name("gone"), host=host)
        self.wrong("mapped to nothing", "policy", "own_guest_no_match", guest=guest)

    def plant_wrong_machine(self) -> None:
        _host, right, name = self.machine(guest="linux")
        _host, wrong, _name = self.machine(guest="linux")
        guest = self.guest(name, Guest(), vm_id=wrong, claimed_vm_id=right)
        self.wrong("mapped to another", "policy", "own_guest_contradicts_claim", guest=guest)

    def plant_two_guests(self) -> None:
        _host, vm, name = self.machine(guest="linux")
        places = [Place(guest=self.guest(guest, Guest(), vm_id=vm)) for guest in (name, f"{name}-old")]
        self.wrong("two guests for one", "policy", "own_guest_shared", places=places)

    def plant_clones(self) -> None:
        id = str(uuid.UUID(int=self.chance.getrandbits(128)))
        names = [self.machine(guest="linux")[2] for _clone in range(2)]
        places = [Place(guest=self.guest(name, Guest(), claimed_vm_id=id)) for name in names]
        self.wrong("clones with one id", "guest", "own_guest_claim_shared", places=places)

    def plant_unreachable(self) -> None:
        self.fleet.unreachable.append("hv-away")
        self.wrong("host does not answer", "unknown", "own_host_unreachable", host="hv-away")

    def plant_denied(self) -> None:
        self.fleet.hosts.append({"name": "hv-denied", "virtual_machines": ["unseen01"]})
        self.fleet.denied.append("hv-denied")
        self.wrong("host tells nothing", "unknown", "own_host_refused", host="hv-denied")

    def plant_empty(self) -> None:
        self.fleet.hosts.append({"name": "hv-empty", "virtual_machines": []})
        self.wrong("host shows nothing", "unknown", "own_host_empty", host="hv-empty")

    def plant_waiver_expired(self) -> None:
        host, vm, name = self.machine(services={COPY: True})
        self.wrong("file copy open, waiver expired", "host", "own_gsi_open", host=host, vm=vm, service=COPY)
        self.waive("expired", "own_gsi_open", {"name": name}, LONG_AGO)
        self.wrong("waiver expired", "policy", "own_waiver_expired", waiver="expired")

    def plant_waiver_unknown(self) -> None:
        self.waive("unknown", "own_gsi_opne", {"pattern": "*"})
        self.wrong("waiver for no rule", "policy", "own_waiver_unknown_rule", waiver="unknown")

    def plant_waiver_unused(self) -> None:
        # On a host that was read: elsewhere the waiver may be for what was not seen.
        self.waive("unused", "own_gsi_open", {"name": "gone01", "host": self.fleet.hosts[0]["name"]})
        self.wrong("waiver for nothing", "policy", "own_waiver_unused", waiver="unused")

    # --- what only looks wrong

    def fine(self, kind: str, host: str, vm: str, guest: str | None = None) -> None:
        looked_into = [Place(guest=guest)] if guest else []
        self.fleet.look_alikes.append(LookAlike(kind, (Place(host, vm), *looked_into)))

    def alike(self, kind: str, **more: Any) -> None:
        host, vm, _name = self.machine(**more)
        self.fine(kind, host, vm)

    def alike_inside(self, kind: str, guest: Guest, **more: Any) -> None:
        self.fine(kind, *self.looked(guest, **more))

    def look_alikes(self) -> Iterator[Callable[[], None]]:
        """Each kind once, then kinds by chance for ever."""
        kinds: list[Callable[[], None]] = [getattr(self, name) for name in dir(self) if name.startswith("seem_")]
        yield from kinds
        while True:
            yield self.chance.choice(kinds)

    def seem_off(self) -> None:
        self.alike("off", state="Off")

    def seem_saved(self) -> None:
        self.alike("saved", state="Saved", guest="linux")

    def seem_paused(self) -> None:
        self.alike("paused", state="Paused")

    def seem_starting(self) -> None:
        self.alike("starting", state="Starting")

    def seem_booting(self) -> None:
        self.alike("booting", uptime=5, boots_in=100_000)

    def seem_booting_inside(self) -> None:
        self.alike_inside("booting, daemon not yet up", inside.stopped(KVP), uptime=5, boots_in=100_000)

    def seem_old_protocol(self) -> None:
        key = self.chance.choice((KVP, VSS, HEARTBEAT))
        self.alike("older protocol", guest="linux", services={key: {"guest": "old"}})

    def seem_degraded(self) -> None:
        self.alike("older protocol, degraded", services={VSS: {"primary": "Degraded", "secondary": "ProtocolMismatch"}})

    def seem_confidential(self) -> None:
        self.alike("confidential", guest="linux", isolation=self.chance.choice(("SNP", "TDX", "VBS")))

    def seem_confidential_inside(self) -> None:
        self.alike_inside("confidential, looked into", inside.confidential(), isolation="SNP")

    def seem_confidential_door(self) -> None:
        self.alike("confidential, file copy on", guest="linux", isolation="SNP", services={COPY: True})

    def seem_door_shut(self) -> None:
        self.alike_inside("file copy off, no daemon", inside.no_copy_daemon())

    def seem_laboratory(self) -> None:
        self.alike("file copy on, wanted", groups=["laboratory"], services={COPY: True})

    def seem_appliance(self) -> None:
        self.alike("off with a reason", groups=["appliances"], services={TIME: False, SHUTDOWN: False})

    def seem_appliance_for_a_while(self) -> None:
        self.alike("off with a reason until a day", groups=["appliances for a while"], services={TIME: False})

    def seem_not_ours(self) -> None:
        self.alike("off, and left alone", groups=["not ours"], services={KVP: False, HEARTBEAT: False, VSS: False})

    def seem_not_ours_inside(self) -> None:
        self.alike_inside(
            "off and left alone, seen from both sides",
            inside.not_offered(KVP),
            groups=["not ours"],
            services={KVP: False},
        )

    def seem_waived(self) -> None:
        host, vm, name = self.machine(services={COPY: True})
        self.waive(f"copy-{name}", "own_gsi_open", {"id": vm, "service": "gsi"})
        self.fine("waived", host, vm)

    def seem_waived_silence(self) -> None:
        host, vm, name = self.machine(services={VSS: {"guest": "missing"}})
        self.waive(f"vss-{name}", "own_silent", {"name": name, "host": host})
        self.fine("waived silence", host, vm)

    def seem_replica(self) -> None:
        name = self.name("repl")
        first, second = self.chance.sample(range(3), 2)
        host, vm, _name = self.machine(first, name=name, groups=["replicas"], replication="Primary")
        self.fine("replicated", host, vm)
        self.machine(second, name=name, id=vm, groups=["replicas"], replication="Replica", state="Off")

    def seem_controller(self) -> None:
        self.alike("controller, guest not seen", groups=["controllers"])

    def seem_controller_inside(self) -> None:
        self.alike_inside("controller with the domain's time", inside.time_from_the_domain(), groups=["controllers"])

    def seem_said_controller(self) -> None:
        self.alike("controller by its notes only", notes="domain controller, not offered, error: no_contact")

    def seem_wildcard(self) -> None:
        self.alike("a name that is a pattern", name=self.name("we[b]*"))

    def seem_hostile(self) -> None:
        self.alike("a name that is code", name=self.name("{{ 7*7 }}<script>\u202e"), notes="{% raw %}\x1b[31m")

    def seem_clustered_name(self) -> None:
        name = self.name("node")
        self._names.add(f"{name}-old")
        self.alike("a name within a name", name=f"{name}-old")

    def seem_mounts(self) -> None:
        self.alike_inside("mounts that nobody freezes", inside.skipped_mounts())

    def seem_by_hand(self) -> None:
        self.alike_inside("daemon without a unit", inside.by_hand())

    def seem_built_in(self) -> None:
        self.alike_inside("driver built in", inside.driver_built_in())

    def seem_healthy_inside(self) -> None:
        self.alike_inside("all well on both sides", Guest())

    def seem_checkpointed(self) -> None:
        self.alike("with a checkpoint of other switches", checkpoints=[{"name": "before", "services": {VSS: False}}])


ONCE = {"unreachable", "denied", "empty", "waiver_expired", "waiver_unknown", "waiver_unused"}


def silent() -> dict[str, Any]:
    """Every service of a guest whose driver does not run."""
    return {key: {"guest": "missing"} for key in (HEARTBEAT, SHUTDOWN, TIME, KVP, VSS)}
