# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet as one process holds it: look-ups, and the only way to change anything."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hyperv_simulator import fleet, journal
from hyperv_simulator.clock import Clock
from hyperv_simulator.errors import UnknownError
from hyperv_simulator.machine import Data, Host, VirtualMachine

_USER = "vagrant"


class State:
    """Hosts by name (lower case), the clock, and the journal. `lock` is held by whoever reads or changes them.

    `credentials`: user and password of each host, the password a random one unless the fleet file has one.
    """

    def __init__(self, data: Data, journal_path: Path, clock: Clock | None = None, at: float | None = None) -> None:
        """A fleet from checked data (`fleet.load`, `fleet.check`) as it is at that moment (default: now)."""
        self.lock = threading.RLock()
        self.clock = clock or Clock()
        self._given = data.get("credentials")
        own = self._given or {"user": _USER, "password": secrets.token_urlsafe(24)}
        self.credentials: tuple[str, str] = (own["user"], own["password"])
        moment = self.clock.now() if at is None else at
        self.hosts = {item["name"].lower(): Host.from_data(item, moment) for item in data["hosts"]}
        self._origin = data
        self._journal_path = journal_path
        self._journal: journal.Journal | None = None

    @classmethod
    def restore(cls, journal_path: Path) -> State:
        """The fleet as it was when the last change was acknowledged. Raises JournalError, OSError."""
        snapshot, changes = journal.read(journal_path)
        state = cls(snapshot["fleet"], journal_path, Clock(snapshot["offset"]), snapshot["at"])
        state._origin = snapshot["origin"]
        state.credentials = tuple(snapshot["credentials"])
        for change in changes:
            state._apply(change)
        return state

    def open_journal(self) -> None:
        """From here on changes are kept. The journal starts anew with the present fleet."""
        now = self.clock.now()
        parts = {"fleet": self.to_data(now), "origin": self._origin, "credentials": self.credentials}
        self._journal = journal.Journal(self._journal_path, {"at": now, "offset": self.clock.offset, **parts})

    def close(self) -> None:
        if self._journal:
            self._journal.close()

    def host(self, name: str) -> Host:
        """Raises UnknownError."""
        try:
            return self.hosts[name.lower()]
        except KeyError:
            known = ", ".join(host.name for host in self.hosts.values())
            raise UnknownError(f"no host {name!r} in this fleet (hosts: {known})") from None

    def virtual_machine(self, host: Host, name_or_id: str) -> VirtualMachine:
        """Raises UnknownError when none or more than one machine has that name or id."""
        found = host.find(name_or_id)
        if len(found) == 1:
            return found[0]
        ids = f": name the id, one of {', '.join(vm.id for vm in found)}" if found else ""
        raise UnknownError(f"{len(found) or 'no'} virtual machine(s) {name_or_id!r} on {host.name}{ids}")

    def nodes(self, host: Host) -> list[Host]:
        """The hosts of the same cluster, none for a host without one."""
        return [other for other in self.hosts.values() if host.cluster and other.cluster == host.cluster]

    def change(
        self,
        host: Host,
        patches: Mapping[str, Mapping[str, Any]] | None = None,
        add: Iterable[Data] = (),
        remove: Iterable[str] = (),
    ) -> None:
        """Patches, adds and removes machines of a host in one journalled step; patches by machine id."""
        parts = {"patch": patches, "add": list(add), "remove": list(remove)}
        named = {name: part for name, part in parts.items() if part}
        if named:
            self._commit({"host": host.name, **named})

    def reset(self) -> None:
        """Makes every host's machines as the fleet file has them, from this moment on. The clock stays."""
        self._commit({"reset": True})

    def advance(self, seconds: float) -> None:
        """Moves the clock. Raises SimulatorError for a step back."""
        if not seconds:
            return
        with self.lock:
            self.clock.advance(seconds)
            self._record({"at": self.clock.now(), "offset": self.clock.offset})

    def _commit(self, entry: Data) -> None:
        with self.lock:
            stamped = {"at": self.clock.now(), **entry}
            self._record(stamped)
            self._apply(stamped)

    def _record(self, entry: Data) -> None:
        if self._journal:
            self._journal.write(entry)

    def _apply(self, entry: Data) -> None:
        at = entry["at"]
        if "offset" in entry:
            self.clock.offset = entry["offset"]
            return
        if "reset" in entry:
            for data in self._origin["hosts"]:
                self.hosts[data["name"].lower()].fill(data, at)
            return
        host = self.hosts[entry["host"].lower()]
        for vm_id, patch in entry.get("patch", {}).items():
            host.virtual_machines[vm_id].apply(patch, at)
        for data in entry.get("add", ()):
            host.add(data, at)
        for vm_id in entry.get("remove", ()):
            del host.virtual_machines[vm_id]

    def to_data(self, at: float | None = None) -> Data:
        """The fleet as fleet-file data; with credentials if its own file has them."""
        moment = self.clock.now() if at is None else at
        hosts = [host.to_data(moment) for host in self.hosts.values()]
        return {"fleet": 1, **({"credentials": self._given} if self._given else {}), "hosts": hosts}


def new_state(data: Any, journal_path: Path) -> State:
    """A fleet from unchecked data, for tests and programs. Raises FleetError."""
    return State(fleet.check(data), journal_path)
