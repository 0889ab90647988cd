# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo`: starts the simulated fleet of fleet.yml, runs demo.yml and again.yml on it, audits it, and tells it all.

Where there is no PowerShell, it tells the policy's plan and the audit of what was collected of that fleet, which is in
collection.json. `make demo ARGS=--record` collects that anew.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path[:0] = [str(CHECKOUT / "tests" / "lab"), str(CHECKOUT / "extensions" / "simulator")]

import workspace  # noqa: E402

if __name__ == "__main__":
    workspace.link_imports()
    sys.path.insert(0, str(workspace.IMPORTS))

import yaml  # noqa: E402

from planted import guests as inside  # noqa: E402
from playbook_runner import Run, run_playbook  # noqa: E402
from simulator_runner import Simulator  # noqa: E402

WIDTH = 80
COLLECTION = HERE / "collection.json"
REPORTS = workspace.BUILD / "demo"
# Of the simulated guests only the status is there; these are files that linux_guest_info would find in them.
GUESTS = {
    "sql02": inside.missing(inside.VSS),
    "secret01": inside.confidential(),
    "lab-debian": inside.copy_daemon_missing(),
}
GUESTS_HOST = "hv-tokyo"
BETWEEN = "An administrator enables guest_service_interface on web02."
NOT_RUN = "The host half was not run: PowerShell is missing. Install 7.4 or newer, or set HVIS_PWSH, then: make demo"
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
    for line in run.one("hyperv.integration.host_policy : Show the plan", host)["msg"]:
        say(line)
    acted = run.one("hyperv.integration.host_policy : Apply the plan", host)
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


def look_into_guests(folder: Path) -> Path:
    """What linux_guest_info says in the guests, as a collection of its own. Returns its file."""
    guests = [
        {
            "name": f"{name}.example",
            "reachable": True,
            "error": None,
            "system": "linux",
            "vm_id": None,
            "vm": name,
            "host": GUESTS_HOST,
            "claimed_vm_id": None,
            "facts": guest.facts(folder / name),
        }
        for name, guest in GUESTS.items()
    ]
    path = folder / "guests.json"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    part = {"version": 1, "collected_at": now, "hosts": [], "guests": guests}
    path.write_text(json.dumps(part), encoding="utf-8")
    return path


def audit(simulator: Simulator, inventory: Path, reports: Path) -> Run:
    """Enable a service that the policy disables, as BETWEEN says, and audit the fleet."""
    simulator.hvsim("fleet", "set", "hv-berlin", "web02", "{services: {guest_service_interface: true}}")
    with tempfile.TemporaryDirectory(prefix="hvis-demo-") as folder:
        variables = {"audit_merge_files": [str(look_into_guests(Path(folder)))], "audit_report_dir": str(reports)}
        return run_playbook(inventory, HERE / "audit.yml", "-e", json.dumps(variables))


def show_audit() -> None:
    print("\n" + paint("== Audit ".ljust(WIDTH, "="), "head"))
    print((REPORTS / "audit.txt").read_text(encoding="utf-8"))
    print(f"The page: {REPORTS / 'audit.html'}")


def recorded() -> int:
    """Without PowerShell: the plan and the audit of what was collected of the fleet."""
    print(NOT_RUN)
    collection = json.loads(COLLECTION.read_text(encoding="utf-8"))
    for host in collection["hosts"]:
        print("\n" + paint(f"== {host['name']}: what the policy wants, and why ".ljust(WIDTH, "="), "head"))
        for line in host["plan"]["explanation"]:
            say(line)
    run = run_playbook(Path("localhost,"), HERE / "recorded.yml", "-e", json.dumps({"audit_report_dir": str(REPORTS)}))
    if run.code != 0:
        print(run.output)
    else:
        show_audit()
    print(NOT_RUN)
    return run.code


def main() -> int:
    parser = argparse.ArgumentParser(description="Bring a simulated fleet under a policy, watch, and audit it.")
    parser.add_argument(
        "--record", action="store_true", help="keep what the audit collects in docs/demo/collection.json"
    )
    options = parser.parse_args()
    if not os.environ.get("HVIS_PWSH"):
        return recorded()
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
        print("Running docs/demo/audit.yml: what is wrong now, on the hosts and in the guests.", flush=True)
        audited = audit(simulator, inventory, REPORTS)
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
    print()
    say(BETWEEN)
    if audited.code != 0:
        print(audited.output)
        return 1
    if options.record:
        COLLECTION.write_bytes((REPORTS / "collection.json").read_bytes())
    show_audit()
    return 0 if second.code == 0 and changed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
