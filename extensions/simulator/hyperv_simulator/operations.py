# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control socket can be asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hyperv_simulator import fleet
from hyperv_simulator.cmdlets import Cmdlets
from hyperv_simulator.cmdlets.registry import CMDLETS
from hyperv_simulator.errors import SimulatorError, UnknownError
from hyperv_simulator.faults import Faults
from hyperv_simulator.ledger import Ledger, summary
from hyperv_simulator.machine import RUNNING
from hyperv_simulator.state import State

Data = dict[str, Any]


class Operations:
    """The operations of a running fleet: a request `{"op": name, …}` goes in, the reply's content comes out."""

    def __init__(self, state: State, ledger: Ledger, faults: Faults, stop: Callable[[], None], about: Data) -> None:
        """`stop` asks the daemon to end; `about` is what `status` says besides (changed by the daemon at will)."""
        self._state = state
        self._ledger = ledger
        self._faults = faults
        self._stop = stop
        self._about = about
        self._cmdlets = Cmdlets(state, ledger, faults)
        self._operations: dict[str, Callable[[Data], Data]] = {
            "ping": lambda request: {},
            "status": self._status,
            "cmdlet": self._cmdlets,
            "property": self._property,
            "cluster_groups": self._cluster_groups,
            "ledger": self._list_ledger,
            "ledger_reset": self._reset_ledger,
            "fault_add": self._add_fault,
            "fault_list": lambda request: {"faults": faults.listed()},
            "fault_clear": self._clear_faults,
            "clock": self._advance,
            "fleet": self._fleet,
            "reset": self._reset,
            "vm_set": self._set_machine,
            "stop": self._end,
        }

    def __call__(self, request: Data) -> Data:
        """Raises SimulatorError; KeyError when the request lacks a key."""
        operation = self._operations.get(request["op"])
        if operation is None:
            raise UnknownError(f"op: {request['op']!r} is none of: {', '.join(self._operations)}")
        return operation(request)

    def _status(self, _request: Data) -> Data:
        with self._state.lock:
            hosts = [
                {
                    "name": host.name,
                    "culture": host.culture,
                    "cluster": host.cluster,
                    "port": self._about["ports"].get(host.name),
                    "virtual_machines": len(host.virtual_machines),
                    "running": sum(vm.state == RUNNING for vm in host.virtual_machines.values()),
                }
                for host in self._state.hosts.values()
            ]
        user, password = self._state.credentials
        return {
            "pid": os.getpid(),
            **self._about,
            "hosts": hosts,
            "credentials": {"user": user, "password": password},
            "clock": {"now": self._state.clock.now(), "offset": self._state.clock.offset},
            "ledger": len(self._ledger),
        }

    def _property(self, request: Data) -> Data:
        """A property that the cmdlets' objects fill when it is first read; in the ledger as `<type>.<property>`."""
        kind = request["type"]
        reference = {"Id": request["id"]}
        parameters = {"VMSnapshot": reference} if kind == "VMSnapshot" else {"VM": [reference]}
        command = f"{kind}.{request['property']}"
        return self._cmdlets({**request, "command": command, "parameters": parameters})

    def _cluster_groups(self, request: Data) -> Data:
        """The groups of the host's cluster; refused on a host without one."""
        reply = self._cmdlets({**request, "command": "Get-ClusterGroup", "parameters": {}})
        problems = reply.get("errors") or ([{"message": "the connection broke"}] if "fault" in reply else [])
        if problems:
            raise UnknownError(problems[0]["message"])
        return {"groups": reply["objects"]}

    def _list_ledger(self, request: Data) -> Data:
        lines = self._ledger.lines(request)
        return {"summary": summary(lines)} if request.get("summary") else {"lines": lines}

    def _reset_ledger(self, _request: Data) -> Data:
        self._ledger.reset()
        return {}

    def _add_fault(self, request: Data) -> Data:
        self._faults.add(request["rule"], CMDLETS)
        return {}

    def _clear_faults(self, _request: Data) -> Data:
        self._faults.clear()
        return {}

    def _advance(self, request: Data) -> Data:
        seconds = request.get("advance", 0)
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise SimulatorError(f"advance: {seconds!r} is not a number of seconds")
        self._state.advance(seconds)
        return {"now": self._state.clock.now(), "offset": self._state.clock.offset}

    def _fleet(self, _request: Data) -> Data:
        with self._state.lock:
            return {"fleet": self._state.to_data()}

    def _reset(self, _request: Data) -> Data:
        """All machines as in the fleet file again; ledger, faults and clock stay."""
        self._state.reset()
        return {}

    def _set_machine(self, request: Data) -> Data:
        """Changes a machine behind the host's back: the patch is a part of its fleet-file data."""
        patch = fleet.check_patch(request["patch"])
        with self._state.lock:
            host = self._state.host(request["host"])
            vm = self._state.virtual_machine(host, request["vm"])
            self._state.change(host, {vm.id: patch})
            return {"vm": vm.to_data(self._state.clock.now())}

    def _end(self, _request: Data) -> Data:
        self._stop()
        return {}
