# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo`: starts the simulated fleet of fleet.yml, runs demo.yml and again.yml on it, and tells what happened."""

from __future__ import annotations

import sys
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path[:0] = [str(CHECKOUT / "tests" / "lab"), str(CHECKOUT / "extensions" / "simulator")]

import yaml  # noqa: E402

from playbook_runner import Run, run_playbook  # noqa: E402
from simulator_runner import Simulator  # noqa: E402

WIDTH = 80
COLUMNS = {
    "heartbeat": "heartbeat",
    "shutdown": "shutdown",
    "time_synchronization": "timesync",
    "key_value_pair_exchange": "kvp",
    "vss": "vss",
    "guest_service_interface": "gsi",
}
COLOURS = {"on": "32", "off": "31", "silent": "33", "head": "1"}
SILENT = ("no_contact", "lost_communication", "error")


def paint(text: str, colour: str) -> str:
    """The text in colour on a terminal, as it is elsewhere."""
    return f"\033[{COLOURS[colour]}m{text}\033[0m" if sys.stdout.isatty() else text


def padded(text: str, width: int) -> str:
    """The text cut and filled to a number of columns; an East Asian character takes two."""
    cut, used = "", 0
    for character in text:
        wide = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used + wide > width:
            break
        cut, used = cut + character, used + wide
    return cut + " " * (width - used)


def say(text: str, indent: str = "  ") -> None:
    """A paragraph within the width."""
    hang = indent + " " * (len(text) - len(text.lstrip()) + 2)
    print(textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=hang, break_on_hyphens=False))


def matrix(machines: Iterable[dict[str, Any]], old: Iterable[dict[str, Any]] = ()) -> None:
    """Virtual machines x services. A star marks what differs from old."""
    before = {vm["id"]: vm["services"] for vm in old}
    print("  " + paint(padded("", 14) + "".join(padded(name, 10) for name in COLUMNS.values()).rstrip(), "head"))
    for vm in sorted(machines, key=lambda vm: str(vm["name"])):
        line = ""
        for key in COLUMNS:
            service = vm["services"][key]
            word = "on" if service["enabled"] else "off"
            if service["enabled"] and service["verdict"] in SILENT:
                word = "silent"
            star = "*" if vm["id"] in before and before[vm["id"]][key]["enabled"] != service["enabled"] else ""
            line += paint(word, word) + star + " " * (10 - len(word + star))
        print("  " + padded(vm["name"], 14) + line.rstrip())


def show_host(simulator: Simulator, run: Run, host: str, calls: Counter[str]) -> None:
    before = run.one("Look before", host)["virtual_machines"]
    after = run.one("Look after", host)["virtual_machines"]
    print("\nThe fleet before (silent: on, but the guest does not answer)")
    matrix(before)
    print("\nRefused: shutdown off on every virtual machine, without a reason")
    say(run.one("Disable shutdown everywhere, without a reason", host).msg)
    print("\nWhat the policy wants, and why")
    for line in run.one("hyperv.integration.host_policy : Tell what the policy wants and why", host)["msg"]:
        say(line)
    acted = run.one("hyperv.integration.host_policy : Act", host)
    print("\nWhat Ansible changed")
    for vm in acted["virtual_machines"]:
        moved = [f"{key} {'on' if s['after'] else 'off'}" for key, s in sorted(vm["services"].items()) if s["changed"]]
        say(f"{vm['name']}: {', '.join(moved)}")
    for warning in acted.data.get("warnings", []):
        say(f"warning: {warning}")
    print("\nThe fleet after (* changed)")
    matrix(after, before)
    counted = ", ".join(f"{name} {count}" for name, count in sorted(calls.items()))
    print(f"\nCalls to Hyper-V, for {len(after)} virtual machines and all tasks above")
    say(f"{sum(calls.values())}: {counted}")


def main() -> int:
    fleet = yaml.safe_load((HERE / "fleet.yml").read_text(encoding="utf-8"))
    print(f"Starting {len(fleet['hosts'])} simulated Hyper-V hosts.", flush=True)
    with Simulator(fleet) as simulator:
        inventory = simulator.inventory("winrm")
        print("Running docs/demo/demo.yml over WinRM: look, try, apply the policy, look.", flush=True)
        first = run_playbook(inventory, HERE / "demo.yml")
        if first.code != 0:
            print(first.output)
            return 1
        calls = {host["name"]: simulator.calls(host["name"]) for host in fleet["hosts"]}
        print("Running docs/demo/again.yml: the policy once more.", flush=True)
        second = run_playbook(inventory, HERE / "again.yml")
    for host in fleet["hosts"]:
        print("\n" + paint(f"== {host['name']}, in {host['culture']} ".ljust(WIDTH, "="), "head"))
        show_host(simulator, first, host["name"], calls[host["name"]])
    print("\n" + paint("== Second run ".ljust(WIDTH, "="), "head"))
    changed = 0
    for host in fleet["hosts"]:
        recap = second.recap(host["name"])
        changed += recap["changed"]
        print(
            f"  {padded(host['name'], 14)}" + " ".join(f"{name}={recap[name]}" for name in ("ok", "changed", "failed"))
        )
    return 0 if second.code == 0 and changed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
