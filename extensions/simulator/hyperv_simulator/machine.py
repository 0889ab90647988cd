# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and virtual machines in memory, made from and written back as the data of a fleet file.

A change is a *patch*: a part of a virtual machine's fleet-file data. The same `apply` serves the fleet file, the
cmdlets, the control server and the journal, so there is one vocabulary and one way to change anything.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final

from hyperv_simulator.components import COMPONENTS, full_culture
from hyperv_simulator.facts import enumeration, to_name, to_number

Data = dict[str, Any]

NAMESPACE: Final = uuid.UUID("6d0d7a1c-4c0e-5f52-9f0b-6f2b8f4f9b1e")  # of the ids that a fleet file leaves out
DERIVED: Final = -1  # a status that nobody pinned: it follows from switch, state, guest and clock

STATE = enumeration("VMState")
RUNNING, OFF, SAVED, PAUSED = STATE["Running"], STATE["Off"], STATE["Saved"], STATE["Paused"]
# States without a running worker process: no memory, no devices, no guest.
WITHOUT_GUEST = {STATE[name + critical] for name in ("Off", "Saved", "FastSaved") for critical in ("", "Critical")} | {
    STATE["Hibernated"]
}
# Operational statuses from here on name an operation in progress: a migration, a checkpoint, a backup…
FIRST_OPERATION: Final = enumeration("VMOperationalStatus")["ApplyingSnapshot"]  # the smallest of them

# Build -> configuration versions; the last is the default. Source: Microsoft, "Upgrade virtual machine version in
# Hyper-V", table of the LTSC hosts; 25398 is inferred from its neighbours.
CONFIGURATION_VERSIONS = {
    14393: "5.0 6.2 7.0 7.1 8.0",
    17763: "5.0 6.2 7.0 7.1 8.0 8.1 8.2 8.3 9.0",
    20348: "8.0 8.1 8.2 8.3 9.0 9.1 9.2 9.3 10.0",
    25398: "8.0 8.1 8.2 8.3 9.0 9.1 9.2 9.3 10.0 11.0",
    26100: "8.0 8.1 8.2 8.3 9.0 9.1 9.2 9.3 10.0 11.0 12.0",
}
HOUR, DAY = 3600, 86400  # seconds


@dataclass(slots=True)
class Service:
    """The two halves of an integration service of one virtual machine."""

    enabled: bool
    offered: bool = True
    guest: str = "running"  # running | stopped | missing | old
    refuses: str = "nothing"  # nothing | enable | disable | both: the change silently does not take
    primary: int | None = DERIVED
    secondary: int | None = DERIVED
    enabled_at: float = 0.0  # the guest's half has to find the device again after this moment

    def apply(self, data: bool | Mapping[str, Any], at: float) -> None:
        patch = {"enabled": data} if isinstance(data, bool) else data
        if patch.get("enabled", False) and not self.enabled:
            self.enabled_at = at
        for name in ("enabled", "offered", "guest", "refuses"):
            if name in patch:
                setattr(self, name, patch[name])
        for name in ("primary", "secondary"):
            if name in patch:
                setattr(self, name, _pinned(patch[name]))
        if "primary" in patch and "secondary" not in patch:
            self.secondary = DERIVED if self.primary == DERIVED else None

    def to_data(self) -> bool | Data:
        data: Data = {"enabled": self.enabled}
        if not self.offered:
            data["offered"] = False
        if self.guest != "running":
            data["guest"] = self.guest
        if self.refuses != "nothing":
            data["refuses"] = self.refuses
        for name, status in (("primary", self.primary), ("secondary", self.secondary)):
            if status != DERIVED:
                data[name] = None if status is None else _status_name(status)
        return self.enabled if len(data) == 1 else data

    def refuses_to(self, enable: bool) -> bool:
        return self.refuses in ("both", "enable" if enable else "disable")


def _pinned(value: str | int | None) -> int | None:
    if value is None:
        return None
    return DERIVED if value == "derived" else to_number("VMIntegrationComponentOperationalStatus", value)


def _status_name(status: int) -> str | int:
    return to_name("VMIntegrationComponentOperationalStatus", status)


REPLICATION_ENUMS = {
    "mode": "VMReplicationMode",
    "state": "VMReplicationState",
    "health": "VMReplicationHealthState",
    "relationship": "VMReplicationRelationshipType",
}


@dataclass(slots=True)
class Replication:
    mode: int = 0
    state: int = 0
    health: int = 0
    relationship: int = 0
    primary_server: str = ""
    replica_server: str = ""
    frequency: int = 300  # seconds
    host_kvp: bool = True
    vss_hours: int = 0

    def apply(self, data: str | int | Mapping[str, Any]) -> None:
        patch = data if isinstance(data, Mapping) else {"mode": data}
        if "mode" in patch:
            self.mode = to_number("VMReplicationMode", patch["mode"])
            replicates = self.mode != 0
            self.state = enumeration("VMReplicationState")["Replicating"] if replicates else 0
            self.health = enumeration("VMReplicationHealthState")["Normal"] if replicates else 0
        for name, value in patch.items():
            if name != "mode":
                setattr(self, name, to_number(REPLICATION_ENUMS[name], value) if name in REPLICATION_ENUMS else value)

    def to_data(self) -> str | int | Data:
        plain = Replication()
        plain.apply(self.mode)
        data: Data = {"mode": to_name("VMReplicationMode", self.mode)}
        for name in (item.name for item in fields(self) if item.name != "mode"):
            value = getattr(self, name)
            if value != getattr(plain, name):
                data[name] = to_name(REPLICATION_ENUMS[name], value) if name in REPLICATION_ENUMS else value
        mode: str | int = data["mode"]
        return mode if len(data) == 1 else data


@dataclass(slots=True)
class Checkpoint:
    id: str
    name: str
    type: int
    created: float
    services: dict[str, bool]

    def to_data(self) -> Data:
        return {
            "name": self.name,
            "id": self.id,
            "type": to_name("SnapshotType", self.type),
            "created": timestamp(self.created),
            "services": dict(self.services),
        }


# Properties that are the same in the file and in memory, with their defaults.
PLAIN: dict[str, Any] = {
    "generation": 2,
    "notes": "",
    "isolation": "none",
    "guest": "windows",
    "boots_in": 20.0,
    "reconnects_in": 0.0,
    "memory_startup": 1 << 30,
    "clustered": True,
}


@dataclass(slots=True)
class VirtualMachine:
    """A virtual machine and the system in it. Times in seconds, moments in simulated seconds since the epoch."""

    id: str
    name: str
    version: str
    state: int = OFF
    operational_status: tuple[int, ...] = (2,)
    generation: int = 2
    notes: str = ""
    isolation: str = "none"
    guest: str = "windows"
    boots_in: float = 20.0
    reconnects_in: float = 0.0
    memory_startup: int = 1 << 30  # bytes
    clustered: bool = True  # counts only on a host that is in a cluster
    groups: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    replication: Replication = field(default_factory=Replication)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    services: dict[str, Service] = field(
        default_factory=lambda: {key: Service(component.on_by_default) for key, component in COMPONENTS.items()}
    )
    created: float = 0.0
    ran: float = 0.0  # the uptime at the moment `since`; it grows from there while the machine has a guest
    since: float = 0.0

    def has_guest(self) -> bool:
        return self.state not in WITHOUT_GUEST

    def uptime(self, now: float) -> float:
        return self.ran + (now - self.since) if self.has_guest() else self.ran

    def busy(self) -> bool:
        """Whether an operation is in progress."""
        return any(status >= FIRST_OPERATION for status in self.operational_status)

    def apply(self, patch: Mapping[str, Any], at: float) -> None:
        """Changes what the patch names, at that moment. The patch is valid (fleet.schema.json)."""
        if "state" in patch:
            self._enter(to_number("VMState", patch["state"]), at)
        if "uptime" in patch:
            self.ran, self.since = float(patch["uptime"]), at
        if "created" in patch:
            self.created = _moment(patch["created"])
        for name in PLAIN.keys() & patch.keys():
            setattr(self, name, patch[name])
        if "name" in patch:
            self.name = patch["name"]
        if "version" in patch:
            self.version = str(patch["version"])
        if "operational_status" in patch:
            self.operational_status = _operational_status(patch["operational_status"])
        for name in ("groups", "ip_addresses"):
            if name in patch:
                setattr(self, name, tuple(patch[name]))
        if "replication" in patch:
            self.replication.apply(patch["replication"])
        if "checkpoints" in patch:
            count = len(patch["checkpoints"])
            self.checkpoints = [
                self._checkpoint(item, index, at - HOUR * (count - index))
                for index, item in enumerate(patch["checkpoints"])
            ]
        for key, service in patch.get("services", {}).items():
            self.services[key].apply(service, at)

    def _enter(self, state: int, at: float) -> None:
        """Uptime goes on over Saved (unverified: would be verified by saving and starting a machine), Off ends it."""
        self.ran, self.since, self.state = self.uptime(at), at, state
        if state in (OFF, STATE["OffCritical"]):
            self.ran = 0.0

    def _checkpoint(self, data: Mapping[str, Any], index: int, created: float) -> Checkpoint:
        """A checkpoint from its fleet-file data; `created` counts if they do not tell."""
        return Checkpoint(
            id=data.get("id", str(uuid.uuid5(NAMESPACE, f"{self.id}/{index}/{data['name']}"))).lower(),
            name=data["name"],
            type=to_number("SnapshotType", data.get("type", "Standard")),
            created=_moment(data["created"]) if "created" in data else created,
            services={key: component.on_by_default for key, component in COMPONENTS.items()} | data.get("services", {}),
        )

    def to_data(self, at: float) -> Data:
        """The fleet-file data of this machine; defaults are left out, but not its state and its switches."""
        data: Data = {"name": self.name, "id": self.id, "state": to_name("VMState", self.state)}
        if self.operational_status != (2,):
            names = [to_name("VMOperationalStatus", status) for status in self.operational_status]
            data["operational_status"] = names if len(names) > 1 else names[0]
        data |= {"version": self.version, "created": timestamp(self.created)}
        data |= {name: value for name, default in PLAIN.items() if (value := getattr(self, name)) != default}
        for name, items in (("groups", self.groups), ("ip_addresses", self.ip_addresses)):
            if items:
                data[name] = list(items)
        if self.replication != Replication():
            data["replication"] = self.replication.to_data()
        data["uptime"] = round(self.uptime(at), 3)
        if self.checkpoints:
            data["checkpoints"] = [checkpoint.to_data() for checkpoint in self.checkpoints]
        data["services"] = {key: service.to_data() for key, service in self.services.items()}
        return data


def timestamp(moment: float) -> str:
    """A moment in ISO 8601."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _operational_status(value: str | int | list[str | int]) -> tuple[int, ...]:
    if isinstance(value, list):
        return tuple(to_number("VMOperationalStatus", item) for item in value)
    return (to_number("VMOperationalStatus", value),)


@dataclass(slots=True)
class Host:
    """A Hyper-V host and its virtual machines by id, in the order of the fleet file."""

    name: str
    culture: str = "en-US"
    os_build: int = 20348
    cluster: str = ""
    latency: float = 0.0
    port: int = 0
    virtual_machines: dict[str, VirtualMachine] = field(default_factory=dict)

    @classmethod
    def from_data(cls, data: Mapping[str, Any], at: float) -> Host:
        """A host from valid fleet-file data; `at` is the moment at which its machines are as described."""
        host = cls(
            name=data["name"],
            culture=full_culture(data.get("culture", "en-US")),
            os_build=data.get("os_build", 20348),
            cluster=data.get("cluster", ""),
            latency=data.get("latency", 0.0),
            port=data.get("port", 0),
        )
        host.fill(data, at)
        return host

    def fill(self, data: Mapping[str, Any], at: float) -> None:
        """Puts the machines of a host's fleet-file data in the place of those that are there."""
        self.virtual_machines = {}
        for position, item in enumerate(data.get("virtual_machines", ())):
            self.add({"name": item} if isinstance(item, str) else item, at, position)

    def add(self, data: Mapping[str, Any], at: float, position: int = 0) -> VirtualMachine:
        """Makes a machine from fleet-file data. Without other word it is a month old and has been running for a day."""
        given = data.get("id") or str(uuid.uuid5(NAMESPACE, f"{self.name}/{data['name']}/{position}"))
        vm = VirtualMachine(id=given.lower(), name=data["name"], version=self.configuration_version)
        state = data.get("state", "Running")
        uptime = 0 if to_number("VMState", state) == OFF else DAY
        vm.apply({"state": state, "uptime": uptime, "created": timestamp(at - 30 * DAY)} | dict(data), at)
        self.virtual_machines[vm.id] = vm
        return vm

    @property
    def configuration_versions(self) -> list[str]:
        """The versions that this host can run, oldest first; a build between two known ones has those of the older."""
        return CONFIGURATION_VERSIONS[max(build for build in CONFIGURATION_VERSIONS if build <= self.os_build)].split()

    @property
    def configuration_version(self) -> str:
        """The version of a machine for which no other is asked."""
        return self.configuration_versions[-1]

    def find(self, name_or_id: str) -> list[VirtualMachine]:
        """The machines of that id or of exactly that name, whatever its case."""
        wanted = name_or_id.lower()
        by_id = self.virtual_machines.get(wanted)
        return [by_id] if by_id else [vm for vm in self.virtual_machines.values() if vm.name.lower() == wanted]

    def to_data(self, at: float) -> Data:
        data: Data = {"name": self.name, "culture": self.culture, "os_build": self.os_build}
        for name in ("cluster", "latency", "port"):
            if getattr(self, name):
                data[name] = getattr(self, name)
        data["virtual_machines"] = [vm.to_data(at) for vm in self.virtual_machines.values()]
        return data


def merged(patches: Iterable[Mapping[str, Any]]) -> Data:
    """One patch that does what several do one after the other."""
    result: Data = {}
    for patch in patches:
        for name, value in patch.items():
            held = result.get(name)
            result[name] = merged((held, value)) if isinstance(held, dict) and isinstance(value, dict) else value
    return result
