# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of a stand-in cmdlet: what it was given, whom it reaches, what it changes and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hyperv_simulator.faults import CallFaults
from hyperv_simulator.machine import Data, Host, VirtualMachine, merged
from hyperv_simulator.state import State
from hyperv_simulator.texts import text

T = TypeVar("T")

# Reason -> ErrorCategory. Source: recorded errors; InvalidState (unverified category).
CATEGORIES = {
    "InvalidParameter": "InvalidArgument",
    "ObjectNotFound": "ObjectNotFound",
    "AccessDenied": "PermissionDenied",
    "InvalidOperation": "InvalidOperation",
    "InvalidState": "InvalidOperation",
    "OperationFailed": "NotSpecified",
    "Unspecified": "NotSpecified",
}
DENIALS = ("access_denied", "wmi_transient", "vmms_stopped")


class Disconnected(Exception):
    """The transport breaks here; what was changed so far stays."""


@dataclass
class Wait:
    """The cmdlet returns only when this moment has come; None: it never comes."""

    vm: VirtualMachine
    moment: float | None


@dataclass
class Call:
    """Lives for one request, under the state's lock."""

    state: State
    host: Host
    command: str
    parameter_set: str
    parameters: Mapping[str, Any]
    faults: CallFaults
    now: float
    errors: list[Data] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    changed: int = 0
    names: dict[str, list[VirtualMachine]] | None = None  # the host's machines by name, made when first needed
    _patches: dict[str, list[Data]] = field(default_factory=dict)
    _removed: list[str] = field(default_factory=list)

    def given(self, name: str, default: Any = None) -> Any:
        """A parameter's value, the default when it was not bound."""
        return self.parameters.get(name, default)

    def fail(
        self,
        reason: str,
        message: str,
        target: Any = None,
        exception: str = "VirtualizationException",
        **values: str,
    ) -> None:
        """An error record in the host's language; the call goes on."""
        self.errors.append(
            {
                "reason": reason,
                "category": CATEGORIES[reason],
                "exception": exception,
                "message": text(message, self.host.culture, host=self.host.name, **values),
                "target": target,
                "terminating": False,
            }
        )

    def warn(self, message: str) -> None:
        """A warning in the host's language."""
        self.warnings.append(text(message, self.host.culture))

    def deny(self, kind: str, target: Any = None) -> None:
        """The error of a fault. Ids: Get-VM and Start-VM without rights are recorded, the others inferred from them."""
        if kind == "access_denied":
            reads = self.command.startswith("Get-")
            self.fail("Unspecified" if reads else "AccessDenied", "access_denied", target)
        elif kind == "wmi_transient":
            self.fail("Unspecified", "rpc_unavailable", target)  # unverified id
        else:
            self.fail("ObjectNotFound", "object_not_found", target)  # unverified id

    def reach(self, items: Iterable[tuple[VirtualMachine, T]], about: Callable[[T], Any] | None = None) -> Iterator[T]:
        """The items whose virtual machine the call reaches; a fault of a machine ends it for that one, or breaks off.

        `about` makes the error's target from an item (default: the machine's name). Raises Disconnected.
        """
        for vm, item in items:
            if not self.faults:
                yield item
                continue
            breaks = self.faults.of_machine(vm, "disconnect")
            if any(rule.where == "before" for rule in breaks):
                raise Disconnected
            denials = self.faults.of_machine(vm, *DENIALS)
            if denials:
                self.deny(denials[0].kind, about(item) if about else vm.name)
            else:
                yield item
            if breaks:
                raise Disconnected

    def patch(self, vm: VirtualMachine, patch: Data) -> None:
        """Changes a machine with the rest of the call; a fault may make that silently not happen."""
        if self.faults and (self.faults.of_call("refuse") or self.faults.of_machine(vm, "refuse")):
            return
        self._patches.setdefault(vm.id, []).append(patch)
        self.changed += 1

    def add(self, data: Data) -> None:
        self.state.change(self.host, add=[data])
        self.changed += 1

    def remove(self, vm: VirtualMachine) -> None:
        self._removed.append(vm.id)
        self.changed += 1

    def commit(self) -> None:
        """Makes the changes so far, journalled as one step."""
        patches = {vm_id: merged(patches) for vm_id, patches in self._patches.items()}
        self.state.change(self.host, patches, remove=self._removed)
        self._patches, self._removed = {}, []
