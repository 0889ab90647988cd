# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Molecule scenarios of extensions/molecule, whole: create, converge, idempotence, verify, destroy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

import needs
from guests.guest import ENGINES, MORE_COMMANDS
from guests.root_file_systems import directory
from workspace import BUILD, LAB

# podman is more than `make test` asks of a machine.
SCENARIOS = list(ENGINES) if os.environ.get("HVIS_GUESTS") else ["nspawn"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(suite: str, scenario: str) -> None:
    needs.linux_guests(MORE_COMMANDS[scenario])
    suffix = f"-test{os.getpid()}"
    env = {**os.environ, "HVIS_GUEST_SUFFIX": suffix, "HVIS_GUEST_WATCH": str(os.getpid()), "NO_COLOR": "1"}
    command = [sys.executable, str(LAB / "guest.py"), "molecule", "test", "-s", scenario]
    command += ["--platform-name", f"{suite}{suffix}"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    shutil.rmtree(BUILD / "molecule" / f"{scenario}{suffix}", ignore_errors=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "actions=8  successful=8" in done.stdout + done.stderr
    assert not (directory() / "run" / f"{suite}{suffix}").exists()
