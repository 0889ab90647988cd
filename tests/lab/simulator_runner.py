# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated fleet for tests and benchmarks, started and stopped through the simulator's command line."""

from __future__ import annotations

import io
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import TracebackType
from typing import Any

from hyperv_simulator import cli
from hyperv_simulator.control import Control
from workspace import CHECKOUT

HVSIM = CHECKOUT / "extensions" / "simulator" / "hvsim"
# Of hosts that tests serve by themselves; behind it is a PowerShell of whoever runs the tests.
CREDENTIALS = ("vagrant", secrets.token_urlsafe(24))
CULTURES = ("en", "de", "fr", "ja", "ru", "zh", "es", "it", "ko", "pt")
CHANGING = ("Enable-VMIntegrationService", "Disable-VMIntegrationService")


class Simulator:
    """A running fleet. It ends with the block, and with this process even if that is killed."""

    def __init__(self, fleet: dict[str, Any]) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="hvis-fleet-")
        self.directory = Path(self._directory.name)
        self.fleet_file = self.directory / "fleet.yml"
        self.fleet_file.write_text(json.dumps({"fleet": 1, **fleet}), encoding="utf-8")

    def hvsim(self, *arguments: str) -> str:
        """Runs a command of the simulator's command line and returns what it prints."""
        words = [*arguments, "--run-dir", str(self.directory / "run")]
        if arguments[0] == "up":  # the daemon is to be no child of the tests
            env = {**os.environ, "HVSIM_PYTHON": sys.executable}
            command = [str(HVSIM), *words]
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout
        output = io.StringIO()
        with redirect_stdout(output), redirect_stderr(output):
            code = cli.main(words)
        assert code == 0, output.getvalue()
        return output.getvalue()

    def __enter__(self) -> Simulator:
        self.hvsim("up", "--fleet", str(self.fleet_file), "--watch", str(os.getpid()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hvsim("down")
        self._directory.cleanup()

    def ask(self, op: str, **values: Any) -> dict[str, Any]:
        """One request to the control server."""
        with Control(self.directory / "run") as control:
            reply: dict[str, Any] = control.ask(op, **values)
        return reply

    def inventory(self, connection: str) -> Path:
        """A ready inventory for winrm, psrp or local."""
        path = self.directory / f"inventory-{connection}.yml"
        self.hvsim("inventory", "--connection", connection, "--output", str(path))
        return path

    def vm(self, host: str, name: str) -> dict[str, Any]:
        """The present data of a virtual machine, as in a fleet file."""
        fleet = self.ask("fleet")["fleet"]
        machines = next(h for h in fleet["hosts"] if h["name"] == host)["virtual_machines"]
        found: dict[str, Any] = next(vm for vm in machines if vm["name"] == name)
        return found

    def calls(self, host: str) -> Counter[str]:
        """How often each command was called on a host since the ledger was reset."""
        return Counter(line["command"] for line in self.ask("ledger", host=host)["lines"])

    def changes(self) -> int:
        """How many calls that change anything any host has seen since the ledger was reset."""
        return sum(line["command"] in CHANGING for line in self.ask("ledger")["lines"])
