# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linux guests by hand, and for Molecule: `python tests/lab/guest.py --help`.

A guest that is up has a keeper, a process in the background that ends it when it is told to (`down`), or when the
process given with --watch has ended.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import workspace  # isort: skip - it lets hyperv_simulator be found
from guests import SUITES, Guest, LabError, connections, machine
from guests.guest import ENGINES, MORE_COMMANDS
from guests.root_file_systems import chosen_suites, directory

SECONDS = 600  # for a first start, which makes the root file system


def run_directory(name: str) -> Path:
    return directory() / "run" / name


def keep(suite: str, name: str, watch: int, engine: str) -> int:
    """Boot a guest and keep it until SIGTERM, or until the watched process has ended."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    home = run_directory(name)
    with Guest(suite, home, name, engine=engine) as guest:
        facts = {"pid": guest.pid, "keeper": os.getpid(), "suite": suite, "variables": guest.variables()}
        ready = home / "guest.json"
        ready.with_suffix(".new").write_text(json.dumps(facts), encoding="utf-8")
        ready.with_suffix(".new").rename(ready)
        while not signal.sigtimedwait(signals, 0.5) and (not watch or Path(f"/proc/{watch}").exists()):
            pass
    shutil.rmtree(home, ignore_errors=True)
    return 0


def up(suite: str, name: str, watch: int, engine: str) -> int:
    """Start a keeper and return when its guest is up."""
    if facts(name):
        sys.exit(f"{name} is up already; end it with: guest.py down {name}")
    home = run_directory(name)
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, "keep", suite, name, f"--watch={watch}", f"--engine={engine}"]
    with open(home / "keeper.log", "wb") as log:
        keeper = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    deadline = time.monotonic() + SECONDS
    while not facts(name):
        if keeper.poll() is not None or time.monotonic() > deadline:
            sys.exit((home / "keeper.log").read_text(encoding="utf-8", errors="replace"))
        time.sleep(0.1)
    print(json.dumps(facts(name), indent=2))
    return 0


def facts(name: str) -> dict[str, object]:
    """Return what the keeper of a guest that is up has written; nothing when there is none."""
    try:
        known: dict[str, object] = json.loads((run_directory(name) / "guest.json").read_text(encoding="utf-8"))
        os.kill(int(str(known["keeper"])), 0)
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return known


def down(name: str) -> int:
    """End a guest, if it is up."""
    if known := facts(name):
        keeper = int(str(known["keeper"]))
        os.kill(keeper, signal.SIGTERM)
        deadline = time.monotonic() + 30
        while Path(f"/proc/{keeper}").exists() and is_running(keeper):
            if time.monotonic() > deadline:
                sys.exit(f"{name}: its keeper, process {keeper}, does not end")
            time.sleep(0.1)
    return 0


def is_running(pid: int) -> bool:
    """Tell whether a process is more than a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def shell(suite: str) -> int:
    """Open a shell in a guest of its own, which ends with it."""
    with Guest(suite) as guest:
        print(f"The fake host answers at {guest.host.control}", file=sys.stderr)
        return subprocess.run([*guest.enter("TERM=" + os.environ.get("TERM", "linux"), "bash")], check=False).returncode


def play(suite: str, playbook: Path, arguments: list[str]) -> int:
    """Run a playbook on a guest of its own, which ends with it."""
    with tempfile.TemporaryDirectory(prefix="hvis-ansible-") as temporary, Guest(suite) as guest:
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(guest.inventory()), *arguments]
        env = {**workspace.tool_environment(), **connections.environment(), "ANSIBLE_LOCAL_TEMP": temporary}
        return subprocess.run([*command, str(playbook)], env=env, check=False).returncode


def molecule(arguments: list[str]) -> int:
    """Run Molecule on the scenarios in extensions/molecule, on Linux guests where this machine boots them."""
    scenario = arguments[arguments.index("-s") + 1] if "-s" in arguments[:-1] else ""
    suffix = os.environ.get("HVIS_GUEST_SUFFIX", "")
    env = workspace.tool_environment()
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    if scenario:  # in a directory of its own, so that it can run several times at once
        env["MOLECULE_EPHEMERAL_DIRECTORY"] = str(workspace.BUILD / "molecule" / f"{scenario}{suffix}")
    for engine in engines(scenario):
        try:
            machine.require({**machine.FOR_ROOT_FILE_SYSTEMS, **machine.FOR_GUESTS, **MORE_COMMANDS[engine]})
        except LabError as exc:
            if scenario:
                raise
            print(f"{engine}: no guests. {exc}", file=sys.stderr)
            continue
        platforms = [{"name": f"{suite}{suffix}", "suite": suite} for suite in chosen_suites()]
        env |= {**connections.environment(), f"HVIS_PLATFORMS_{engine.upper()}": json.dumps(platforms)}
    command = [str(Path(sys.executable).parent / "molecule"), *arguments]
    return subprocess.run(command, cwd=workspace.CHECKOUT, env=env, check=False).returncode


def engines(scenario: str) -> list[str]:
    """Return what is to boot guests for a scenario, or for all of them; podman only where guests are asked for."""
    if scenario in ENGINES:
        os.environ.setdefault("HVIS_GUESTS", "bookworm")  # who names it asks for guests
        return [scenario]
    if scenario:
        return []
    return list(ENGINES) if os.environ.get("HVIS_GUESTS") else ["nspawn"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="guest.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("up", "boot a guest and leave it running"), ("keep", "boot a guest and stay with it")):
        command = commands.add_parser(name, help=text)
        command.add_argument("suite", choices=SUITES)
        command.add_argument("name")
        command.add_argument("--watch", type=int, default=0, metavar="PID", help="end when this process has ended")
        command.add_argument(
            "--engine", choices=list(ENGINES), default="nspawn", help="what boots it (default: nspawn)"
        )
    commands.add_parser("down", help="end a guest").add_argument("name")
    commands.add_parser("shell", help="a shell in a guest of its own").add_argument("suite", choices=SUITES)
    playing = commands.add_parser("play", help="run a playbook on a guest of its own")
    playing.add_argument("suite", choices=SUITES)
    playing.add_argument("playbook", type=Path)
    playing.add_argument("arguments", nargs="*", help="more arguments for ansible-playbook, after --")
    scenarios = commands.add_parser("molecule", help="run Molecule, as in: molecule test -s nspawn")
    scenarios.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    try:
        if options.command == "molecule":
            return molecule(options.arguments)
        os.environ.setdefault("HVIS_GUESTS", "bookworm")  # who comes here asks for guests
        if options.command == "up":
            return up(options.suite, options.name, options.watch, options.engine)
        if options.command == "keep":
            return keep(options.suite, options.name, options.watch, options.engine)
        if options.command == "down":
            return down(options.name)
        if options.command == "shell":
            return shell(options.suite)
        return play(options.suite, options.playbook, options.arguments)
    except LabError as exc:
        sys.exit(str(exc))


if __name__ == "__main__":
    sys.exit(main())
