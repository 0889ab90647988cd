# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the simulator."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from hyperv_simulator import daemon as daemons
from hyperv_simulator import fleet, inventory
from hyperv_simulator.components import CULTURES
from hyperv_simulator.control import Control
from hyperv_simulator.errors import ControlError, SimulatorError
from hyperv_simulator.faults import CALL_KINDS, ENDPOINT_KINDS, OPERATIONS
from hyperv_simulator.generate import generate
from hyperv_simulator.journal import private_file
from hyperv_simulator.machine import Data
from hyperv_simulator.paths import RunDir, default_run_dir

PACKAGES = Path(__file__).resolve().parents[1]  # where this package lies
PATIENCE = 15  # seconds for a daemon to end before it is killed


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code is 0, or 1 with a message on standard error."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except (SimulatorError, OSError) as error:
        print(f"hvsim: {error}", file=sys.stderr)
        return 1
    return 0


def up(options: argparse.Namespace) -> None:
    """Starts a fleet: here with --foreground, else as a process of its own that is left when it is ready."""
    if not options.foreground:
        _print_status(_start_in_background(options), options.json)
        return
    data = fleet.load(options.fleet) if options.fleet else None
    running = daemons.Daemon(options.run_dir, data, options.endpoints)
    daemons.end_on_signals(running)
    if options.watch:
        daemons.end_with_process(running, options.watch)
    with running:
        with Control(options.run_dir) as control:
            _print_status(control.ask("status"), options.json)
        sys.stdout.flush()
        running.wait()


def _start_in_background(options: argparse.Namespace) -> Data:
    files = RunDir(options.run_dir).create()
    pid = daemons.running_pid(files)
    if pid is not None:
        raise SimulatorError(
            f"a simulator (process {pid}) runs in {options.run_dir}: end it with 'hvsim down', "
            "or name another --run-dir"
        )
    command = [sys.executable, "-m", "hyperv_simulator", "up", "--foreground", "--json"]
    command += ["--run-dir", str(options.run_dir)]
    command += ["--fleet", str(options.fleet.resolve())] if options.fleet else []
    command += [] if options.endpoints else ["--no-endpoints"]
    command += ["--watch", str(options.watch)] if options.watch else []
    path = os.pathsep.join([str(PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])])
    with files.log.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            text=True,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
    except BaseException:
        process.kill()
        raise
    if not line:
        process.wait()
        said = files.log.read_text(encoding="utf-8").strip().removeprefix("hvsim: ")
        raise SimulatorError(said or f"the simulator ended with exit status {process.returncode}")
    status: Data = json.loads(line)
    return status


def down(options: argparse.Namespace) -> None:
    """Ends the fleet of a run directory and all it started; its journal stays, so `up` can go on, or nothing does."""
    files = RunDir(options.run_dir)
    pid = daemons.running_pid(files)
    if pid is not None:
        _end(files, pid)
    files.remove_socket()
    if options.remove:
        files.remove()
    _say(f"ended (process {pid})" if pid else "no simulator was running", options, {"ended": pid})


def _end(files: RunDir, pid: int) -> None:
    with contextlib.suppress(ControlError), Control(files.path) as control:
        control.ask("stop")
    for number in (signal.SIGTERM, signal.SIGKILL):
        if daemons.wait_for_exit(pid, PATIENCE):
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def status(options: argparse.Namespace) -> None:
    with Control(options.run_dir) as control:
        _print_status(control.ask("status"), options.json)


def _print_status(found: Data, as_json: bool) -> None:
    if as_json:
        shown = {name: value for name, value in found.items() if name not in ("ok", "credentials")}
        print(json.dumps(shown, ensure_ascii=False))
        return
    print(f"process {found['pid']}, run directory {found['run_dir']}, {_count(found['ledger'], 'call')} in the ledger")
    for host in found["hosts"]:
        endpoint = f"http://127.0.0.1:{host['port']}/wsman" if host["port"] else "no endpoint"
        machines = f"{host['running']} of {host['virtual_machines']} running"
        cluster = f"  cluster {host['cluster']}" if host["cluster"] else ""
        print(f"  {host['name']:<16} {host['culture']}  {machines:<24} {endpoint}{cluster}")


def fleet_print(options: argparse.Namespace) -> None:
    with Control(options.run_dir) as control:
        _print_fleet(control.ask("fleet")["fleet"], options.json)


def fleet_generate(options: argparse.Namespace) -> None:
    cultures = options.cultures.split(",")
    unknown = [culture for culture in cultures if culture not in CULTURES]
    if unknown:
        raise SimulatorError(f"--cultures {options.cultures}: {unknown[0]!r} is none of: {', '.join(CULTURES)}")
    _print_fleet(generate(options.hosts, options.vms, options.seed, cultures), options.json)


def fleet_check(options: argparse.Namespace) -> None:
    data = fleet.load(options.file)
    machines = sum(len(host.get("virtual_machines", ())) for host in data["hosts"])
    counts = {"hosts": len(data["hosts"]), "virtual_machines": machines}
    text = f"{_count(counts['hosts'], 'host')}, {_count(machines, 'virtual machine')}"
    _say(f"{options.file}: {text}", options, counts)


def fleet_reset(options: argparse.Namespace) -> None:
    with Control(options.run_dir) as control:
        control.ask("reset")
    _say("every virtual machine is as in the fleet file", options, {})


def fleet_set(options: argparse.Namespace) -> None:
    try:
        patch = yaml.load(options.patch, Loader=fleet.Loader)
    except yaml.YAMLError as error:
        raise SimulatorError(f"{options.patch!r} is not YAML: {error}") from error
    with Control(options.run_dir) as control:
        vm = control.ask("vm_set", host=options.host, vm=options.vm, patch=patch)["vm"]
    _say(fleet.dump(vm).rstrip(), options, vm)


def _print_fleet(data: Data, as_json: bool) -> None:
    print(json.dumps(data, ensure_ascii=False) if as_json else f"---\n{fleet.dump(data)}", end="")


def ledger(options: argparse.Namespace) -> None:
    filters = {name: value for name in ("host", "command", "caller", "since") if (value := getattr(options, name))}
    with Control(options.run_dir) as control:
        if options.reset:
            control.ask("ledger_reset")
            _say("the ledger is empty", options, {})
        elif options.summary:
            _print_summary(control.ask("ledger", summary=True, **filters)["summary"], options.json)
        else:
            _print_lines(control.ask("ledger", **filters)["lines"], options.json)


def _print_summary(found: Data, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    print(f"{'command':<36} {'invocations':>11} {'records':>8} {'changed':>8} {'errors':>7}")
    for command, counts in found.items():
        numbers = f"{counts['invocations']:>11} {counts['records']:>8} {counts['changed']:>8} {counts['errors']:>7}"
        print(f"{command:<36} {numbers}")


def _print_lines(lines: list[Data], as_json: bool) -> None:
    if as_json:
        print(json.dumps(lines, ensure_ascii=False))
        return
    for line in lines:
        bound = line["parameters"].items()
        parameters = " ".join(f"-{name} {json.dumps(value, ensure_ascii=False)}" for name, value in bound)
        outcome = f"changed {line['changed']}" if line["changed"] else ""
        errors = ", ".join(line["errors"])
        tail = "; ".join(part for part in (outcome, errors) if part)
        print(f"{line['n']:>5} {line['time'][11:23]} {line['host']} {line['command']} {parameters}".rstrip(), end="")
        print(f"  [{tail}]" if tail else "")


def fault_add(options: argparse.Namespace) -> None:
    names = ("kind", "host", "command", "vm", "operation", "after", "times", "seconds", "where")
    rule = {name: value for name in names if (value := getattr(options, name)) is not None}
    with Control(options.run_dir) as control:
        control.ask("fault_add", rule=rule)
    _say("added", options, {"rule": rule})


def fault_list(options: argparse.Namespace) -> None:
    with Control(options.run_dir) as control:
        found = control.ask("fault_list")["faults"]
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for rule in found:
        matched, after = rule["seen"], rule["after"]
        left = max(matched - after, 0)
        struck = str(left) if rule["times"] is None else f"{min(left, rule['times'])} of {rule['times']}"
        where = rule["operation"] if rule["kind"] in ENDPOINT_KINDS else f"{rule['command']} vm={rule['vm']}"
        outcome = f"struck {struck}, {_count(matched, 'call')} matched"
        print(f"{rule['kind']:<18} host={rule['host']} {where}, after {after}: {outcome}")


def fault_clear(options: argparse.Namespace) -> None:
    with Control(options.run_dir) as control:
        control.ask("fault_clear")
    _say("no faults", options, {})


def clock(options: argparse.Namespace) -> None:
    with Control(options.run_dir) as control:
        found = control.ask("clock", advance=getattr(options, "seconds", 0))
    _say(f"{found['offset']:+.3f} s from real time", options, {name: found[name] for name in ("now", "offset")})


def print_inventory(options: argparse.Namespace) -> None:
    with Control(options.run_dir) as control:
        found = control.ask("status")
    local = _local_tools() if options.connection == "local" else None
    text = inventory.inventory(found, options.connection, options.auth, local)
    if not options.output:
        print(text, end="")
        return
    with open(options.output, "w", encoding="utf-8", opener=private_file) as file:
        file.write(text)
    _say(f"wrote {options.output}", options, {"written": str(options.output)})


def _local_tools() -> Data:
    """The PowerShell of this machine; its own modules come behind the stand-in ones."""
    pwsh, modules = daemons.stand_in()
    own = Path(pwsh).resolve().parent / "Modules"
    return {"pwsh": pwsh, "module_path": os.pathsep.join((str(modules), str(own)))}


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _say(text: str, options: argparse.Namespace, data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False) if options.json else text)


def parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--run-dir", type=Path, default=default_run_dir(), help="directory of the running fleet")
    common.add_argument("--json", action="store_true", help="JSON for programs instead of text for people")
    parser = argparse.ArgumentParser(
        prog="hvsim", description="A Hyper-V host without Windows: start simulated hosts, look into them, break them."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(where: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = where.add_parser(name, parents=[common], help=text, description=text)
        added.set_defaults(run=run)
        return added

    def family(name: str, text: str) -> Any:
        return commands.add_parser(name, help=text, description=text).add_subparsers(required=True, metavar="COMMAND")

    start = command(commands, "up", up, "start a fleet; returns when every host answers")
    start.add_argument("--fleet", type=Path, metavar="FILE", help="start anew from this file; without it: go on")
    start.add_argument("--no-endpoints", dest="endpoints", action="store_false", help="no WinRM, PSRP, PowerShell")
    start.add_argument("--foreground", action="store_true", help="stay, and end with Ctrl-C")
    start.add_argument("--watch", type=int, metavar="PID", help="end when this process is gone")
    end = command(commands, "down", down, "end the fleet and all that belongs to it")
    end.add_argument("--remove", action="store_true", help="and remove its run directory")
    command(commands, "status", status, "hosts, ports, counts")

    fleets = family("fleet", "print, generate, check, change or reset a fleet")
    command(fleets, "print", fleet_print, "the running fleet as it is now, as a fleet file")
    make = command(fleets, "generate", fleet_generate, "a fleet by seed, as a fleet file")
    make.add_argument("--hosts", type=int, default=2, metavar="N")
    make.add_argument("--vms", type=int, default=10, metavar="M", help="virtual machines on each host")
    make.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed makes the same fleet")
    make.add_argument("--cultures", default="en", metavar="LIST", help="UI languages that take turns, such as de,ja")
    command(fleets, "check", fleet_check, "whether a fleet file is valid").add_argument("file", type=Path)
    command(fleets, "reset", fleet_reset, "every virtual machine as in the fleet file again")
    change = command(fleets, "set", fleet_set, "change a virtual machine behind its host's back")
    change.add_argument("host")
    change.add_argument("vm", help="name or id")
    change.add_argument("patch", help="part of its fleet-file data, such as '{state: Off, services: {vss: false}}'")

    book = command(commands, "ledger", ledger, "every cmdlet call of every host")
    for name in ("host", "command", "caller"):
        book.add_argument(f"--{name}", metavar="PATTERN", help="only these (wildcards)")
    book.add_argument("--since", type=int, metavar="N", help="only lines after this number")
    book.add_argument("--summary", action="store_true", help="counts per command")
    book.add_argument("--reset", action="store_true", help="forget all lines")

    faults = family("fault", "let something go wrong, by rule")
    kinds = "\n".join(f"  {kind:<18} {text}" for kind, text in (CALL_KINDS | ENDPOINT_KINDS).items())
    add = command(faults, "add", fault_add, "add a rule")
    add.formatter_class = argparse.RawDescriptionHelpFormatter
    add.epilog = f"kinds:\n{kinds}"
    add.add_argument("kind", choices=[*CALL_KINDS, *ENDPOINT_KINDS], metavar="KIND")
    for name in ("host", "command", "vm"):
        add.add_argument(f"--{name}", metavar="PATTERN", help="what it meets (wildcards; default: all)")
    add.add_argument("--operation", choices=OPERATIONS, help="of the protocol, for faults of the endpoint")
    add.add_argument("--after", type=int, metavar="N", help="let N calls pass first")
    add.add_argument("--times", type=int, metavar="N", help="for N calls; default: for all")
    add.add_argument("--seconds", type=float, help="of slow")
    add.add_argument("--where", choices=("before", "after"), help="of disconnect: the change took effect or not")
    command(faults, "list", fault_list, "the rules, and how many calls have met them")
    command(faults, "clear", fault_clear, "remove all rules")

    clocks = family("clock", "the simulated time")
    command(clocks, "show", clock, "how far it is from real time")
    command(clocks, "advance", clock, "move it forward").add_argument("seconds", type=float)

    book = command(commands, "inventory", print_inventory, "an Ansible inventory of the running fleet")
    book.add_argument("--connection", choices=inventory.CONNECTIONS, default="winrm")
    book.add_argument("--auth", choices=inventory.AUTHENTICATIONS, default="basic", help="of winrm and psrp")
    book.add_argument(
        "--output", type=Path, metavar="FILE", help="write it there, readable for you alone, since it has the password"
    )
    return parser
