# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that the workflow runs against a real Hyper-V host passes against a simulated one."""

from __future__ import annotations

from pathlib import Path

import pytest

from playbook_runner import run_playbook
from simulator_runner import Simulator

PLAYBOOK = Path(__file__).parent / "real_host" / "verify.yml"


@pytest.mark.usefixtures("pwsh")
def test_verify() -> None:
    machines = [{"name": "ci", "state": "Off", "guest": "none"}, {"name": "other"}]
    with Simulator({"hosts": [{"name": "real", "virtual_machines": machines}]}) as simulator:
        run = run_playbook(simulator.inventory("winrm"), PLAYBOOK, "-e", "vm=ci")
    assert run.code == 0, run.output
