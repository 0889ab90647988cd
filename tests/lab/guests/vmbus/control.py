# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's side, asked over a socket: one JSON object a line, `op` and its arguments; answers likewise."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .device import Device, Log
from .fcopy import Fcopy
from .kvp import Kvp
from .vss import Vss


class Host:
    """What the fake Windows host can do."""

    def __init__(self, log: Log) -> None:
        self.kvp, self.vss, self.fcopy = Kvp(log), Vss(log), Fcopy(log)
        self._operations: dict[str, Callable[..., dict[str, Any]]] = {
            "state": self.state,
            "wait": self.wait,
            "offer": self.offer,
            "kvp_set": self.kvp.set,
            "kvp_get": self.kvp.get,
            "kvp_delete": self.kvp.delete,
            "kvp_enumerate": self.kvp.enumerate,
            "kvp_get_ip_info": self.kvp.get_ip_info,
            "kvp_set_ip_info": self.kvp.set_ip_info,
            "vss_hot_backup": self.vss.hot_backup,
            "vss_freeze": self.vss.freeze,
            "vss_thaw": self.vss.thaw,
            "fcopy": self.fcopy.copy,
        }

    @property
    def devices(self) -> list[Device]:
        return [self.kvp, self.vss, self.fcopy]

    def state(self) -> dict[str, Any]:
        return {"ok": True, **{device.name.removeprefix("hv_"): device.state() for device in self.devices}}

    def wait(self, device: str, timeout: float = 30.0) -> dict[str, Any]:
        """Wait until a daemon has registered with kvp, vss or fcopy."""
        found = self._device(device)
        return {"ok": found.registered.wait(timeout), **found.state()}

    def offer(self, device: str, offered: bool) -> dict[str, Any]:
        """Enable or disable a service as the host's switch does: its node comes or goes."""
        found = self._device(device)
        found.offer(offered)
        return {"ok": True, **found.state()}

    def _device(self, name: str) -> Device:
        devices = {device.name.removeprefix("hv_"): device for device in self.devices}
        if name not in devices:
            raise ValueError(f"device {name!r} is none of {', '.join(devices)}")
        return devices[name]

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out a request.  What goes wrong is told, too, and never ends the server."""
        try:
            arguments = dict(request)
            name = arguments.pop("op", None)
            if name not in self._operations:
                raise ValueError(f"op {name!r} is none of {', '.join(self._operations)}")
            return self._operations[name](**arguments)
        except Exception as exc:
            return {"ok": False, "exception": f"{type(exc).__name__}: {exc}"}

    def serve(self, path: Path) -> None:
        """Answer at a socket that only its owner may use."""
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        os.umask(before)
        listener.listen(8)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _address = listener.accept()
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rw", encoding="utf-8") as lines:
            for line in lines:
                try:
                    answer = self.answer(json.loads(line))
                except ValueError as exc:
                    answer = {"ok": False, "exception": f"{type(exc).__name__}: {exc}"}
                lines.write(json.dumps(answer, ensure_ascii=False) + "\n")
                lines.flush()


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Send one request to the server at a socket and return its answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        with connection.makefile("rw", encoding="utf-8") as lines:
            lines.write(json.dumps(request) + "\n")
            lines.flush()
            answer: dict[str, Any] = json.loads(lines.readline())
    return answer
