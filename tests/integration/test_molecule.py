# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`molecule test --all` in the checkout: the scenarios of extensions/molecule, with guests where they boot."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

import needs
from guests.root_file_systems import directory
from molecule_recap import recaps
from thinning import thinned
from workspace import CHECKOUT, LAB

EVERY_SCENARIO = sorted(path.parent.name for path in CHECKOUT.glob("extensions/molecule/*/molecule.yml"))
# Only who asks for guests gets those in podman. Without them its six playbooks have no hosts.
SCENARIOS = thinned(
    "scenarios of Molecule",
    full=EVERY_SCENARIO,
    sample=[name for name in EVERY_SCENARIO if name != "podman" or os.environ.get("HVIS_GUESTS")],
)
LEFT_OUT = [f"--exclude={name}" for name in EVERY_SCENARIO if name not in SCENARIOS]
SUFFIX = f"-all{os.getpid()}"


@pytest.fixture(scope="module")
def output(pwsh: str) -> str:
    """What Molecule prints."""
    env = {"HVIS_PWSH": pwsh, "HVIS_GUEST_SUFFIX": SUFFIX, "HVIS_GUEST_WATCH": str(os.getpid()), "NO_COLOR": "1"}
    command = [sys.executable, str(LAB / "guest.py"), "molecule", "test", "--all", "--report", *LEFT_OUT]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_every_scenario_succeeds(output: str) -> None:
    found = recaps(output)
    assert {name for name, _actions, _successful in found} == set(SCENARIOS), output
    assert [name for name, actions, successful in found if actions != successful] == []


def test_hosts_were_tried(output: str) -> None:
    assert re.search(r"(?m)^hv-berlin +: ok=[1-9]", output), output


def test_guests_were_tried(output: str) -> None:
    needs.linux_guests()
    assert re.search(rf"(?m)^bookworm{SUFFIX} +: ok=[1-9]", output), output
    assert list((directory() / "run").glob(f"*{SUFFIX}")) == []
