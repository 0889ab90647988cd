# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of cmdlets, filled by the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hyperv_simulator.cmdlets.call import Call
from hyperv_simulator.machine import Data


@dataclass(frozen=True)
class Target:
    """What a change would touch: the key that comes back with `apply`, the text for ShouldProcess, and the question
    that the cmdlet asks beyond it unless -Force is given. Nobody can answer in a host that is not interactive: there
    the question ends in an InvalidOperation error, and -Confirm:$false does not help (recorded for Stop-VM).
    """

    key: Any
    name: str
    question: str | None = None


@dataclass(frozen=True)
class Cmdlet:
    """`run` for cmdlets that read; `targets` and `apply` for those that change."""

    type: str
    run: Callable[[Call], Iterable[Data]] | None = None
    targets: Callable[[Call], list[Target]] | None = None
    apply: Callable[[Call, list[Any]], list[Data]] | None = None


CMDLETS: dict[str, Cmdlet] = {}

Run = Callable[[Call], list[Data]]
Apply = Callable[[Call, list[Any]], list[Data]]


def reading(command: str, type_: str) -> Callable[[Run], Run]:
    """Registers a function as what a reading cmdlet does."""

    def register(run: Run) -> Run:
        CMDLETS[command] = Cmdlet(type_, run=run)
        return run

    return register


def changing(command: str, type_: str, targets: Callable[[Call], list[Target]]) -> Callable[[Apply], Apply]:
    """Registers a function as what a changing cmdlet does to the targets that were confirmed."""

    def register(apply: Apply) -> Apply:
        CMDLETS[command] = Cmdlet(type_, targets=targets, apply=apply)
        return apply

    return register
