# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules over Ansible's connection `ssh`, as far as it goes without an SSH server of Windows."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import yaml

from playbook_runner import INFO_MODULE, MODULE, run_tasks
from simulator_runner import Simulator
from workspace import CHECKOUT

HOST = "hv-ja"
# In the place of the program `ssh`: runs what the remote shell would get, where PowerShell sees the simulated host.
SSH = """#!{python}
import os, sys
sys.path.insert(0, {simulator!r})
from hyperv_simulator.endpoints.winrs import script_of
if sys.argv[-1] == "ControlPersist":  # Ansible asks whether ssh knows it
    sys.exit()
os.environ.update({environment!r})
os.execv({pwsh!r}, ["pwsh", "-NoLogo", "-NoProfile", "-NonInteractive", "-Command", script_of(sys.argv[-1])])
"""


def test_modules_over_ssh(fresh: Simulator, pwsh: str, tmp_path: Path) -> None:
    local = yaml.safe_load(fresh.inventory("local").read_text(encoding="utf-8"))
    environment = local["hyperv_hosts"]["hosts"][HOST]["hvsim_environment"]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "powershell").symlink_to(pwsh)  # Ansible's wrapper looks for it on PATH
    environment["PATH"] = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    ssh = tmp_path / "ssh"
    ssh.write_text(
        SSH.format(
            python=sys.executable, simulator=str(CHECKOUT / "extensions/simulator"), environment=environment, pwsh=pwsh
        ),
        encoding="utf-8",
    )
    ssh.chmod(0o755)
    host = {"ansible_connection": "ssh", "ansible_shell_type": "powershell", "ansible_ssh_executable": str(ssh)}
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"hyperv_hosts": {"hosts": {HOST: host}}}), encoding="utf-8")

    made, seen = run_tasks(
        inventory,
        [{MODULE: {"name": ["db01"], "services": {"vss": True}}}, {INFO_MODULE: {"name": ["db01"]}}],
    ).results
    assert (made.status, made["changed"]) == ("ok", True), made.data
    assert fresh.vm(HOST, "db01")["services"]["vss"] is True
    assert [machine["name"] for machine in seen["virtual_machines"]] == ["db01"]
