# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Ansible with its own `winrm` and `psrp` plugins, and a module of a stranger, against simulated hosts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import playbook_runner
from hyperv_simulator.endpoints import Endpoint, WorkerPool
from simulator_runner import CREDENTIALS

USER, PASSWORD = CREDENTIALS

MODULE = """#!powershell
#AnsibleRequires -CSharpUtil Ansible.Basic
$spec = @{ options = @{ text = @{ type = 'str' } }; supports_check_mode = $true }
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.text = $module.Params.text
$module.Result.check = $module.CheckMode
$module.Result.host = $env:HVSIM_HOST
$module.Result.number = (1.5).ToString()
$module.ExitJson()
"""
WINRM = {"ansible_connection": "winrm", "ansible_winrm_scheme": "http"}
PSRP = {"ansible_connection": "psrp", "ansible_psrp_protocol": "http"}
CONNECTIONS: dict[str, dict[str, Any]] = {
    "winrm-basic": {**WINRM, "ansible_winrm_transport": "basic"},
    "winrm-ntlm": {**WINRM, "ansible_winrm_transport": "ntlm", "ansible_winrm_message_encryption": "always"},
    "psrp-basic": {**PSRP, "ansible_psrp_auth": "basic", "ansible_psrp_message_encryption": "never"},
    "psrp-ntlm": {**PSRP, "ansible_psrp_auth": "ntlm", "ansible_psrp_message_encryption": "always"},
    "psrp-negotiate": {**PSRP, "ansible_psrp_auth": "negotiate"},
}
ECHO: dict[str, Any] = {"name": "echo", "some.one.echo": {"text": "grüße <&>"}}
Run = Callable[..., playbook_runner.Run]


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("collections")
    modules = root / "ansible_collections" / "some" / "one" / "plugins" / "modules"
    modules.mkdir(parents=True)
    (modules / "echo.ps1").write_text(MODULE, encoding="utf-8")
    return root


@pytest.fixture
def run(pool: WorkerPool, serve: Callable[..., Endpoint], collections: Path, tmp_path: Path) -> Run:
    """Run tasks on German hosts: run(tasks, *options, names=[of CONNECTIONS], copies=1)."""
    port = serve(pool, culture="de-DE").port
    common = {
        "ansible_host": "127.0.0.1",
        "ansible_port": port,
        "ansible_user": USER,
        "ansible_password": PASSWORD,
    }

    def run(
        tasks: list[dict[str, Any]], *options: str, names: list[str], copies: int = 1, forks: int = 2
    ) -> playbook_runner.Run:
        hosts = {f"{name}-{copy}": {**common, **CONNECTIONS[name]} for name in names for copy in range(copies)}
        inventory = tmp_path / "inventory.json"
        inventory.write_text(json.dumps({"all": {"children": {"hyperv_hosts": {"hosts": hosts}}}}), encoding="utf-8")
        env = {"ANSIBLE_COLLECTIONS_PATH": str(collections)}
        return playbook_runner.run_tasks(inventory, tasks, *options, forks=forks, env=env)

    return run


def test_a_module_over_every_connection(run: Run) -> None:
    done = run([ECHO], "--check", names=list(CONNECTIONS))
    assert {result.host: result.status for result in done.results} == {f"{name}-0": "ok" for name in CONNECTIONS}
    for result in done.results:
        values = {key: result[key] for key in ("text", "check", "host", "number")}
        assert values == {"text": "grüße <&>", "check": True, "host": "hv-test", "number": "1,5"}


@pytest.mark.parametrize("name", CONNECTIONS)
def test_a_wrong_password_is_unreachable(run: Run, name: str) -> None:
    done = run([ECHO], "-e", "ansible_password=wrong", names=[name])
    assert done.one().status == "unreachable"


@pytest.mark.parametrize("name", ["winrm-ntlm", "psrp-ntlm"])
def test_limits_are_refused_clearly(run: Run, name: str) -> None:
    tasks = [
        {**ECHO, "name": "async", "async": 60, "poll": 1},
        {**ECHO, "name": "become", "become": True, "become_method": "runas", "become_user": "SYSTEM"},
        {"name": "script", "ansible.builtin.script": "/dev/null"},
    ]
    done = run(tasks, names=[name])
    for task, feature in (("async", "async"), ("become", "become"), ("script", "copying a file to the host")):
        result = done.one(task)
        assert result.status == "failed"
        assert f"hyperv_simulator: {feature} is not simulated (see README)" in result.msg


def test_raw_commands(run: Run) -> None:
    tasks = [
        {"name": "fine", "ansible.builtin.raw": "$env:HVSIM_HOST"},
        {"name": "bad", "ansible.builtin.raw": "'out'; exit 3"},
        {"name": "compiler", "ansible.builtin.raw": "(Get-Command -Name Add-CSharpType).Definition"},
    ]
    done = run(tasks, names=["winrm-basic", "psrp-basic"])
    for name in ("winrm-basic-0", "psrp-basic-0"):
        assert done.one("fine", name)["stdout"].strip() == "hv-test"
        assert done.one("bad", name)["rc"] == 3
        assert done.one("compiler", name)["stdout"].strip() == "Add-CompiledCSharpType"


def test_eight_forks(run: Run) -> None:
    done = run([ECHO], names=["winrm-ntlm", "psrp-ntlm"], copies=4, forks=8)
    assert [result.status for result in done.results] == ["ok"] * 8


@pytest.mark.parametrize("name", ["winrm-basic", "psrp-basic"])
def test_a_connection_reset_in_the_middle(run: Run, faults: Any, name: str) -> None:
    faults.planned.append(("Receive", "drop"))
    result = run([ECHO], names=[name]).one()
    assert result.status in ("failed", "unreachable")
    assert "Connection aborted" in result.msg
