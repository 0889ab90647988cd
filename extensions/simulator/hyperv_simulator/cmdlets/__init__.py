# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cmdlets of the Hyper-V module do: one request is one phase of one pipeline record of a cmdlet."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import asdict
from typing import Any

from hyperv_simulator.cmdlets import checkpoint, host, integration, machine, power
from hyperv_simulator.cmdlets.call import DENIALS, Call, Disconnected, Wait
from hyperv_simulator.cmdlets.registry import CMDLETS, Cmdlet
from hyperv_simulator.errors import UnknownError
from hyperv_simulator.faults import CallFaults, Faults
from hyperv_simulator.ledger import Ledger, Line
from hyperv_simulator.machine import Data, Host
from hyperv_simulator.state import State

__all__ = ["Cmdlets", "checkpoint", "host", "integration", "machine", "power"]

MOST_OPEN = 1000  # calls between `targets` and `apply`; what -WhatIf leaves open is forgotten in time


class Cmdlets:
    """Runs calls against the state, with their faults, and keeps the ledger."""

    def __init__(self, state: State, ledger: Ledger, faults: Faults) -> None:
        self._state = state
        self._ledger = ledger
        self._faults = faults
        self._open: OrderedDict[tuple[str, str, int], tuple[Line, CallFaults]] = OrderedDict()

    def __call__(self, request: Data) -> Data:
        """The reply to a request of the operation `cmdlet`. Raises UnknownError for an unknown host or command."""
        on = self._state.host(request["host"])
        command = request["command"]
        cmdlet = CMDLETS.get(command)
        if cmdlet is None:
            raise UnknownError(f"no stand-in for the cmdlet {command!r} (there are: {', '.join(sorted(CMDLETS))})")
        phase = request.get("phase", "run")
        line, faults, first = self._line(request, on, phase)
        if first:
            time.sleep(on.latency + sum(rule.seconds for rule in faults.of_call("slow")))
        with self._state.lock:
            call = Call(
                self._state,
                on,
                command,
                request.get("parameter_set", ""),
                request.get("parameters", {}),
                faults,
                self._state.clock.now(),
            )
            reply = _run(call, cmdlet, phase, request, first)
        self._await(call)
        line.changed += call.changed
        line.errors += [*request.get("errors", ()), *(error["reason"] for error in call.errors)]
        if "fault" in reply:
            line.errors.append(reply["fault"])
        self._ledger.close_line(line)
        return reply

    def _line(self, request: Data, on: Host, phase: str) -> tuple[Line, CallFaults, bool]:
        """The call's line in the ledger, its faults, and whether this is its first phase."""
        key = (on.name, request.get("invocation", ""), request.get("record", 0))
        with self._state.lock:
            held = self._open.pop(key, None) if phase == "apply" else None
            if held:
                return *held, False
            faults = self._faults.for_call(on.name, request["command"])
            line = self._ledger.open({**request, "host": on.name}, self._state.clock.now())
            if phase == "targets":
                self._open[key] = line, faults
                while len(self._open) > MOST_OPEN:
                    self._open.popitem(last=False)
            return line, faults, True

    def _await(self, call: Call) -> None:
        """Restart-VM -Wait: outside of the lock, so that the others go on."""
        timeout = call.given("Timeout")
        end = call.now + timeout if timeout is not None else None
        for wait in call.waits:
            moment = _earlier(wait, end)
            if moment is None:
                moment = float("inf")
            self._state.clock.wait_until(moment)
            if wait.moment is None or moment < wait.moment:
                call.fail("OperationFailed", "wait_timed_out", wait.vm.name, name=wait.vm.name)  # unverified id


def _earlier(wait: Wait, end: float | None) -> float | None:
    moments = [moment for moment in (wait.moment, end) if moment is not None]
    return min(moments, default=None)


def _run(call: Call, cmdlet: Cmdlet, phase: str, request: Data, first: bool) -> Data:
    """One phase of a call, with the faults that meet the call as a whole."""
    denials = call.faults.of_call(*DENIALS) if first else []
    if denials:
        call.deny(denials[0].kind)
        return {"type": cmdlet.type, "objects": [], "targets": [], "errors": call.errors}
    function = _phase(cmdlet, phase)
    if phase == "targets":
        return {"targets": [_target(target) for target in function(call)], "errors": call.errors}
    if phase == "apply" and not request.get("confirmed"):  # the stand-in only reports its own errors
        return {"type": cmdlet.type, "objects": [], "errors": []}
    _vanish(call)
    breaks = call.faults.of_call("disconnect")
    if any(rule.where == "before" for rule in breaks):
        return {"fault": "disconnect"}
    try:
        found = function(call, request["confirmed"]) if phase == "apply" else function(call)
    except Disconnected:
        call.commit()
        return {"fault": "disconnect"}
    if breaks:
        return {"fault": "disconnect"}
    return {"type": cmdlet.type, "objects": found, "errors": call.errors, "warnings": call.warnings}


def _phase(cmdlet: Cmdlet, phase: str) -> Any:
    function = getattr(cmdlet, phase, None) if phase in ("run", "targets", "apply") else None
    if function is None:
        raise UnknownError(f"phase {phase!r}: this cmdlet has no such phase (run reads; targets and apply change)")
    return function


def _target(target: Any) -> Data:
    return {name: value for name, value in asdict(target).items() if value is not None}


def _vanish(call: Call) -> None:
    if not call.faults:
        return
    gone = [vm.id for vm in call.host.virtual_machines.values() if call.faults.of_machine(vm, "vanish")]
    call.state.change(call.host, remove=gone)
