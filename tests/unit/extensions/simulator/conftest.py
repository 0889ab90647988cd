# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet in memory, called as the stand-in cmdlets call it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "extensions" / "simulator"))

from hyperv_simulator import fleet
from hyperv_simulator.clock import Clock
from hyperv_simulator.faults import Faults
from hyperv_simulator.ledger import Ledger
from hyperv_simulator.machine import VirtualMachine
from hyperv_simulator.operations import Operations
from hyperv_simulator.state import State

Data = dict[str, Any]


class StandingClock(Clock):
    """Moves only when it is told to."""

    def now(self) -> float:
        return 1_800_000_000.0 + self.offset


class Lab:
    """One host `hv` (or those of the data) with its ledger and faults; no process, no socket."""

    def __init__(self, directory: Path, data: Data) -> None:
        self.directory = directory
        self.clock = StandingClock()
        self.state = State(fleet.check(data), directory / "journal.jsonl", self.clock)
        self.ledger = Ledger(directory / "ledger.jsonl")
        self.faults = Faults()
        self.ask = Operations(self.state, self.ledger, self.faults, lambda: None, {"ports": {}})
        self._invocations = 0

    def vm(self, name: str, host: str = "hv") -> VirtualMachine:
        return self.state.virtual_machine(self.state.host(host), name)

    def request(self, command: str, phase: str, host: str = "hv", **more: Any) -> Data:
        request = {"op": "cmdlet", "host": host, "command": command, "phase": phase, "record": 0, "parameters": {}}
        return self.ask({**request, "invocation": str(self._invocations), **more})

    def read(self, command: str, host: str = "hv", **parameters: Any) -> Data:
        """A reading cmdlet's reply."""
        self._invocations += 1
        return self.request(command, "run", host, parameters=parameters)

    def change(self, command: str, host: str = "hv", keys: list[Data] | None = None, **parameters: Any) -> Data:
        """A changing cmdlet: its targets, or the keys, all confirmed; errors of both phases are in the reply."""
        self._invocations += 1
        errors: list[Data] = []
        if keys is None:
            reply = self.request(command, "targets", host, parameters=parameters)
            errors = reply["errors"]
            keys = [target["key"] for target in reply["targets"]]
        if not keys:
            return {"objects": [], "errors": errors}
        reply = self.request(command, "apply", host, parameters=parameters, confirmed=keys)
        return {**reply, "errors": errors + reply.get("errors", [])}

    def service_keys(self, key: str, *names: str, host: str = "hv") -> list[Data]:
        """Keys as the set-cmdlets send them for components that were handed in."""
        found = self.read("Get-VMIntegrationService", host, VMName=list(names))["objects"]
        from hyperv_simulator.components import COMPONENTS

        guid = COMPONENTS[key].guid
        return [{"VMId": item["VMId"], "Id": item["Id"]} for item in found if item["Id"].endswith(guid)]


@pytest.fixture
def lab(tmp_path: Path) -> Callable[..., Lab]:
    """Makes a lab: `lab("a", {"name": "b", "state": "Off"}, culture="de")`, or `lab(hosts=[…])`."""

    def make(*machines: str | Data, hosts: list[Data] | None = None, **host: Any) -> Lab:
        one = {"name": "hv", **host, "virtual_machines": list(machines)}
        return Lab(tmp_path, {"fleet": 1, "hosts": hosts or [one]})

    return make
