# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts and guests whose answers are written down: honest ones, ones that lie, ones that are broken."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from planted.guests import Guest
from workspace import CHECKOUT, LAB

ENVIRONMENT = {"ANSIBLE_CONNECTION_PLUGINS": str(LAB / "scripted" / "connection")}
ROLES = ("audit", "host_policy", "linux_guest")


def host_answer(*names: str, off: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What vm_integration_service_info returns of these VMs. off: name to a service that is disabled."""
    return {"changed": False, "virtual_machines": [_machine(name, (off or {}).get(name)) for name in names]}


def guest_answer() -> dict[str, Any]:
    """What linux_guest_info returns in a guest in which everything works."""
    with tempfile.TemporaryDirectory() as folder:
        return {"changed": False, "linux_guest": Guest().facts(Path(folder))}


def every_option(**values: Any) -> dict[str, Any]:
    """Every variable of every role, as a machine would set it that wants to do harm. values: for some of them."""
    found: dict[str, Any] = {}
    for role in ROLES:
        path = CHECKOUT / "roles" / role / "meta" / "argument_specs.yml"
        options = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
        found |= {name: _other(option) for name, option in options.items()}
        found |= {f"__{role}_{name}": {} for name in ("options", "read")}
    return found | values


def inventory(folder: Path, hosts: Mapping[str, Any], guests: Mapping[str, Any], **variables: Any) -> Path:
    """Write the answers and an inventory of machines that give them, and return its path.

    hosts, guests: name to an answer, or to what is printed in its place, with variables as `(answer, variables)`.
    variables: of all of them, as an operator would have them in group_vars/all.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def machine(name: str, given: Any) -> dict[str, Any]:
        answer, own = given if isinstance(given, tuple) else (given, {})
        path = folder / f"{name}.answer"
        text = answer if isinstance(answer, str | bytes) else json.dumps(answer)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return {"ansible_connection": "scripted", "scripted_answer": str(path), **own}

    data = {
        "all": {
            "vars": {"ansible_python_interpreter": sys.executable, **variables},
            "children": {
                "hyperv_hosts": {
                    "hosts": {name: machine(name, given) for name, given in hosts.items()},
                    "vars": {"ansible_shell_type": "powershell"},
                },
                "hyperv_linux_guests": {"hosts": {name: machine(name, given) for name, given in guests.items()}},
            },
        }
    }
    path = folder / "inventory.yml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def _machine(name: str, off: str | None) -> dict[str, Any]:
    services = {}
    for key in KEYS:
        enabled = key not in (off, "guest_service_interface")
        services[key] = {
            "offered": True,
            "enabled": enabled,
            "primary_status_code": 2,
            "secondary_status_code": None,
            "verdict": "ok" if enabled else "disabled",
            "reason": "in_contact" if enabled else "host_switch",
            "explanation": None,
        }
    return {
        "id": machine_id(name),
        "name": name,
        "state": "Running",
        "state_code": 2,
        "uptime_seconds": 86400,
        "generation": 2,
        "version": "10.0",
        "clustered": False,
        "isolation": None,
        "heartbeat": "OkApplicationsHealthy",
        "replication": {"mode": "None"},
        "checkpoint": {"type": "Production", "parent_id": None, "parent_name": None},
        "groups": [],
        "notes": "",
        "services": services,
    }


def machine_id(name: str) -> str:
    return f"6f6b9a3e-0000-4000-8000-{sum(name.encode()) * 7919 % 10**12:012}"


def _other(option: Mapping[str, Any]) -> Any:
    """A value that the operator did not give."""
    # Valid ones, or Ansible itself refuses the machine when it enters the role.
    mapping = {} if "options" in option else {"x": "y"}
    kinds = {"list": [], "bool": not option.get("default"), "int": 1, "dict": mapping, "path": "elsewhere"}
    others = [choice for choice in option.get("choices", []) if choice != option.get("default")]
    if option.get("type") == "list" and others:
        return others[:1]
    return others[-1] if others else kinds.get(option.get("type", "str"), "x")
