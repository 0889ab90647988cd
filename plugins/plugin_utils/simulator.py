# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions to a running fleet of the simulator (extensions/simulator), over its control socket."""

from __future__ import annotations

import json
import os
import socket
from typing import Any


class SimulatorError(Exception):
    """The simulator does not answer, or refuses; the message says why."""


def ask(run_dir: str, op: str, **arguments: Any) -> dict[str, Any]:
    """Return the reply to one operation of the fleet that keeps its files in run_dir.  Raises SimulatorError."""
    address = os.path.realpath(os.path.join(run_dir, "control.sock"))  # a link where the path is too long for a socket
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address)
            with connection.makefile("rwb") as stream:
                stream.write(json.dumps({"op": op, **arguments}).encode() + b"\n")
                stream.flush()
                line = stream.readline()
        except OSError as error:
            raise SimulatorError(
                f"no simulator runs in {run_dir} ({error.strerror}): has 'create' been run?"
            ) from error
    if not line:
        raise SimulatorError(f"the simulator in {run_dir} has ended")
    reply: dict[str, Any] = json.loads(line)
    if not reply["ok"]:
        raise SimulatorError(reply["error"]["message"])
    return reply


def virtual_machine(fleet: dict[str, Any], name: str, host: str | None = None) -> dict[str, Any]:
    """Return the one virtual machine of that name or id, on that host if one is named, each service as a mapping.

    fleet: the fleet's data as of a fleet file.  Raises SimulatorError when there is none, or more than one.
    """
    found = [
        (owner["name"], vm)
        for owner in fleet["hosts"]
        if host is None or owner["name"].lower() == host.lower()
        for vm in owner["virtual_machines"]
        if name.lower() in (vm["name"].lower(), vm["id"].lower())
    ]
    if len(found) != 1:
        where = f" on {host}" if host else ""
        ways = "".join(f"; {vm['id']} on {owner}" for owner, vm in found)
        raise SimulatorError(f"{len(found) or 'no'} virtual machines {name!r}{where}{ways}")
    owner, vm = found[0]
    services = {
        key: service if isinstance(service, dict) else {"enabled": service} for key, service in vm["services"].items()
    }
    return {**vm, "host": owner, "services": services}
