# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Molecule scenarios on guests, release by release."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

import needs
from guests.guest import ENGINES, MORE_COMMANDS
from guests.root_file_systems import directory
from molecule_recap import recaps
from workspace import BUILD, LAB

ACTIONS = {"nspawn": 7, "podman": 6}


@pytest.mark.parametrize("scenario", ENGINES)
def test_scenario(suite: str, scenario: str) -> None:
    needs.linux_guests(MORE_COMMANDS[scenario])
    suffix = f"-test{os.getpid()}"
    own = {"HVIS_GUESTS": suite, "HVIS_GUEST_SUFFIX": suffix, "HVIS_GUEST_WATCH": str(os.getpid()), "NO_COLOR": "1"}
    command = [sys.executable, str(LAB / "guest.py"), "molecule", "test", "-s", scenario]
    done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    shutil.rmtree(BUILD / "molecule" / f"{scenario}{suffix}", ignore_errors=True)
    assert done.returncode == 0, done.stdout + done.stderr
    actions = ACTIONS[scenario]
    assert recaps(done.stdout + done.stderr) == [(scenario, actions, actions)], done.stdout + done.stderr
    assert not (directory() / "run" / f"{suite}{suffix}").exists()
