# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bench`: calls to Hyper-V and seconds a task, on simulated hosts.

The module beside the naive way (one task for each virtual machine and service) and a module that does nothing. Over a
local connection, where each task compiles Ansible.Basic as on Windows: for WinRM the simulator keeps it compiled.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path[:0] = [str(CHECKOUT / "tests" / "lab"), str(CHECKOUT / "extensions" / "simulator")]

from needs import runs_powershell_locally  # noqa: E402
from playbook_runner import MODULE, run_tasks  # noqa: E402
from simulator_runner import Simulator  # noqa: E402

KEYS = ("heartbeat", "shutdown", "time_synchronization", "key_value_pair_exchange", "vss", "guest_service_interface")
NAMES = ("Heartbeat", "Shutdown", "Time Synchronization", "Key-Value Pair Exchange", "VSS", "Guest Service Interface")
SIZES = (20, 2000)
ROUNDS = 4
LIMIT = 2.0


def run(simulator: Simulator, inventory: Path, size: int, tasks: list[dict[str, Any]]) -> tuple[list[float], int]:
    """Runs tasks on the host of that size: the seconds of each, and the calls of all."""
    simulator.ask("ledger_reset")
    ran = run_tasks(
        inventory,
        [{"name": "measured", **task} for task in tasks],
        hosts=f"hv-{size}",
        stop=True,
        env={"ANSIBLE_LIBRARY": str(HERE / "library")},
    )
    if ran.code != 0:
        sys.exit(ran.output)
    return [result.seconds for result in ran.results], sum(simulator.calls(f"hv-{size}").values())


def bulk(value: bool) -> dict[str, Any]:
    """All services on, but the last one as told."""
    services = {**dict.fromkeys(KEYS, True), KEYS[-1]: value}
    return {MODULE: {"all": True, "services": services, "result": "summary"}}


def naive(value: bool) -> list[dict[str, Any]]:
    """One virtual machine, task by task."""
    return [
        {"one_service": {"vm_name": "vm0", "service_name": name, "enabled": value if name == NAMES[-1] else True}}
        for name in NAMES
    ]


def row(text: str, calls: float, seconds: float, nothing: float) -> None:
    print(f"{text:44} {calls:>9,.0f} {seconds:>10,.2f} {seconds / nothing:>9,.1f}")


def main() -> int:
    if not runs_powershell_locally():
        sys.exit("make bench needs ansible-core 2.21, which set-up installs on Python 3.12 or newer.")
    hosts = [{"name": f"hv-{size}", "virtual_machines": [{"name": f"vm{n}"} for n in range(size)]} for size in SIZES]
    kinds = {
        "a module that does nothing": [{"do_nothing": {}}] * 2,
        "this module, nothing to change": [bulk(False)] * 2,
        "this module, a change on each": [bulk(True), bulk(False)],
    }
    per_task: dict[int, float] = {}
    ratio = 0.0
    with Simulator({"hosts": hosts}) as simulator:
        inventory = simulator.inventory("local")
        for size in SIZES:
            print(f"\n{size} virtual machines x {len(KEYS)} services".ljust(45) + "    calls    seconds  x nothing")
            # Once unmeasured: the first task of a host also starts its processes.
            run(simulator, inventory, size, kinds["a module that does nothing"])
            seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
            calls: dict[str, int] = dict.fromkeys(kinds, 0)
            # In turns, so that what else the machine does meets all alike.
            for _turn in range(ROUNDS):
                for kind, tasks in kinds.items():
                    took, called = run(simulator, inventory, size, tasks)
                    seconds[kind] += took
                    calls[kind] += called
            nothing, same, changed = (median(seconds[kind]) for kind in kinds)
            for kind in kinds:
                per_task[size] = calls[kind] / len(seconds[kind])
                row(kind, per_task[size], median(seconds[kind]), nothing)
            took, called = run(simulator, inventory, size, naive(False))
            row(f"the naive way, sample of {len(took)} tasks", called, sum(took), nothing)
            scale = size * len(KEYS)
            factor = scale / len(took)
            row(f"the naive way, extrapolated to {scale:,} tasks", called * factor, sum(took) * factor, nothing)
            ratio = max(same, changed) / nothing
    verdict = "within" if ratio <= LIMIT else "ABOVE"
    print(
        f"\nAt {SIZES[-1]} virtual machines: {ratio:.2f} x a module that does nothing, {verdict} the limit of {LIMIT}."
    )
    grown = len(set(per_task.values())) > 1
    print(f"Calls {'GROW' if grown else 'do not grow'} with the number of virtual machines.")
    return int(grown or ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
