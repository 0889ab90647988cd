# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bench`: calls to Hyper-V and seconds a task, over WinRM to a simulated host, all in one run of Ansible.

The module beside the naive way (one task for each virtual machine and service) and a module that does nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path[:0] = [str(CHECKOUT / "tests" / "lab"), str(CHECKOUT / "extensions" / "simulator")]

from playbook_runner import MODULE, Run, run_tasks  # noqa: E402
from simulator_runner import Simulator  # noqa: E402

KEYS = ("heartbeat", "shutdown", "time_synchronization", "key_value_pair_exchange", "vss", "guest_service_interface")
NAMES = ("Heartbeat", "Shutdown", "Time Synchronization", "Key-Value Pair Exchange", "VSS", "Guest Service Interface")
SIZES = (20, 2000)
REPEAT = 5
LIMIT = 2.0


def measure(
    simulator: Simulator, inventory: Path, size: int, label: str, tasks: list[dict[str, Any]]
) -> tuple[Run, float]:
    """Runs tasks on the host of that size; the result and the median of their seconds."""
    simulator.ask("ledger_reset")
    run = run_tasks(
        inventory,
        [{"name": label, **task} for task in tasks],
        hosts=f"hv-{size}",
        stop=True,
        env={"ANSIBLE_LIBRARY": str(HERE / "library")},
    )
    if run.code != 0:
        sys.exit(run.output)
    return run, median(result.seconds for result in run.results)


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
    hosts = [{"name": f"hv-{size}", "virtual_machines": [{"name": f"vm{n}"} for n in range(size)]} for size in SIZES]
    calls: dict[int, int] = {}
    ratio = 0.0
    with Simulator({"hosts": hosts}) as simulator:
        inventory = simulator.inventory("winrm")
        for size in SIZES:
            print(f"\n{size} virtual machines x {len(KEYS)} services".ljust(45) + "    calls    seconds  x nothing")
            # Once unmeasured: the first task of a host also starts its processes.
            measure(simulator, inventory, size, "warm up", [{"do_nothing": {}}] * 2)
            nothing = measure(simulator, inventory, size, "nothing", [{"do_nothing": {}}] * REPEAT)[1]
            row("a module that does nothing", 0, nothing, nothing)
            same = measure(simulator, inventory, size, "bulk, nothing to change", [bulk(False)] * REPEAT)[1]
            row("this module, nothing to change", sum(simulator.calls(f"hv-{size}").values()) / REPEAT, same, nothing)
            tasks = [bulk(bool(n % 2 == 0)) for n in range(REPEAT)]
            changed = measure(simulator, inventory, size, "bulk, a change on each", tasks)[1]
            calls[size] = sum(simulator.calls(f"hv-{size}").values())
            row("this module, a change on each", calls[size] / REPEAT, changed, nothing)
            run, one = measure(simulator, inventory, size, "naive", naive(True))
            sample = len(run.results)
            scale = size * len(KEYS)
            counted = sum(simulator.calls(f"hv-{size}").values())
            row(f"the naive way, sample of {sample} tasks", counted, one * sample, nothing)
            row(f"the naive way, extrapolated to {scale:,} tasks", counted / sample * scale, one * scale, nothing)
            ratio = max(same, changed) / nothing
    verdict = "within" if ratio <= LIMIT else "ABOVE"
    print(
        f"\nAt {SIZES[-1]} virtual machines: {ratio:.2f} x a module that does nothing, {verdict} the limit of {LIMIT}."
    )
    grown = len(set(calls.values())) > 1
    print(f"Calls {'GROW' if grown else 'do not grow'} with the number of virtual machines.")
    return int(grown or ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
