# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that lets Ansible reach a running fleet."""

from __future__ import annotations

from typing import Any

import yaml

from hyperv_simulator.errors import SimulatorError
from hyperv_simulator.machine import Data

CONNECTIONS = ("winrm", "psrp", "local")
AUTHENTICATIONS = ("basic", "ntlm")


def inventory(status: Data, connection: str, authentication: str = "basic", local: Data | None = None) -> str:
    """YAML with the group `hyperv_hosts`; `status` is the reply to the control socket's operation of that name.

    `local`: for connection local, the keys pwsh and module_path: the interpreter and the PSModulePath.
    Raises SimulatorError for a fleet without endpoints.
    """
    if connection == "local":
        variables, hosts = _local(status, local or {})
    else:
        variables, hosts = _remote(status, connection, authentication)
    content = {"hyperv_hosts": {"vars": variables, "hosts": hosts}}
    header = "# Inventory of the Hyper-V simulator, for as long as it runs.\n---\n"
    return header + str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _remote(status: Data, connection: str, authentication: str) -> tuple[Data, Data]:
    if any(host["port"] is None for host in status["hosts"]):
        raise SimulatorError(f"--connection {connection}: the fleet was started with --no-endpoints: start it without")
    variables: Data = {
        "ansible_connection": connection,
        "ansible_host": "127.0.0.1",
        "ansible_user": status["credentials"]["user"],
        "ansible_password": status["credentials"]["password"],
    }
    if connection == "winrm":
        variables |= {"ansible_winrm_scheme": "http", "ansible_winrm_transport": authentication}
    else:
        encryption = "never" if authentication == "basic" else "auto"
        variables |= {
            "ansible_psrp_protocol": "http",
            "ansible_psrp_auth": authentication,
            "ansible_psrp_message_encryption": encryption,
            "ansible_shell_type": "powershell",
        }
    return variables, {host["name"]: {"ansible_port": host["port"]} for host in status["hosts"]}


def _local(status: Data, local: Data) -> tuple[Data, Data]:
    """Tasks take `environment: "{{ hvsim_environment }}"`; modules are run by the PowerShell of this machine."""
    variables: Data = {"ansible_connection": "local", "ansible_pwsh_interpreter": local["pwsh"]}
    hosts: dict[str, Any] = {
        host["name"]: {
            "hvsim_environment": {
                "PSModulePath": local["module_path"],
                "HVSIM_CONTROL": status["control"],
                "HVSIM_HOST": host["name"],
            }
        }
        for host in status["hosts"]
    }
    return variables, hosts
