# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
import yaml

from hyperv_simulator.errors import SimulatorError
from hyperv_simulator.inventory import inventory

STATUS = {
    "control": "/run/control.sock",
    "credentials": {"user": "u", "password": "p"},
    "hosts": [{"name": "hv1", "port": 5001}, {"name": "hv2", "port": 5002}],
}


def group(*arguments: Any) -> Any:
    return yaml.safe_load(inventory(STATUS, *arguments))["hyperv_hosts"]


@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_remote_connections_name_port_user_and_password(connection: str) -> None:
    found = group(connection)
    assert found["hosts"] == {"hv1": {"ansible_port": 5001}, "hv2": {"ansible_port": 5002}}
    variables = found["vars"]
    assert (variables["ansible_connection"], variables["ansible_host"]) == (connection, "127.0.0.1")
    assert (variables["ansible_user"], variables["ansible_password"]) == ("u", "p")


def test_ntlm_encrypts_messages() -> None:
    assert group("winrm", "ntlm")["vars"]["ansible_winrm_transport"] == "ntlm"
    assert group("psrp", "basic")["vars"]["ansible_psrp_message_encryption"] == "never"
    assert group("psrp", "ntlm")["vars"]["ansible_psrp_message_encryption"] == "auto"


def test_local_hosts_differ_by_environment() -> None:
    found = group("local", "basic", {"pwsh": "/bin/pwsh", "module_path": "/modules"})
    assert found["vars"] == {"ansible_connection": "local", "ansible_pwsh_interpreter": "/bin/pwsh"}
    assert found["hosts"]["hv2"]["hvsim_environment"] == {
        "PSModulePath": "/modules",
        "HVSIM_CONTROL": "/run/control.sock",
        "HVSIM_HOST": "hv2",
    }


def test_a_fleet_without_endpoints_has_no_remote_inventory() -> None:
    status = {**STATUS, "hosts": [{"name": "hv1", "port": None}]}
    with pytest.raises(SimulatorError, match="--no-endpoints"):
        inventory(status, "winrm")
