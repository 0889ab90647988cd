# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: JSON lines both ways over a UNIX socket, any number of requests per connection.

`Control` is the client's end, `ControlServer` the daemon's; `operations.py` knows what can be asked.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import socketserver
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from hyperv_simulator.errors import ControlError, SimulatorError
from hyperv_simulator.paths import RunDir

Data = dict[str, Any]


class Control:
    """A connection to a running fleet, by its run directory. Not for several threads at once."""

    def __init__(self, run_dir: Path) -> None:
        """Raises ControlError when no simulator runs there."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(RunDir(run_dir).socket_address())
        except OSError as error:
            self._socket.close()
            raise ControlError(
                f"no simulator runs in {run_dir} ({error.strerror}): start one with 'hvsim up'"
            ) from error
        self._stream = self._socket.makefile("rwb")

    def ask(self, op: str, **arguments: Any) -> Data:
        """The reply to one operation. Raises ControlError when the simulator refuses it or ends."""
        try:
            self._stream.write(json.dumps({"op": op, **arguments}).encode() + b"\n")
            self._stream.flush()
            line = self._stream.readline()
        except OSError as error:
            raise ControlError(f"the simulator closed the connection: {error}") from error
        if not line:
            raise ControlError("the simulator closed the connection")
        reply: Data = json.loads(line)
        if not reply["ok"]:
            raise ControlError(reply["error"]["message"])
        return reply

    def close(self) -> None:
        for item in (self._stream, self._socket):
            with contextlib.suppress(OSError):
                item.close()

    def __enter__(self) -> Control:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ControlServer:
    """Answers on a UNIX socket, a thread a connection."""

    def __init__(self, address: str, answer: Callable[[Data], Data]) -> None:
        """`answer` turns a request into a reply; a SimulatorError of it becomes a refusal."""
        old_mask = os.umask(0o177)
        try:
            self._server = _Server(address, _Handler)
        finally:
            os.umask(old_mask)
        self._server.answer = answer
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="control", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    answer: Callable[[Data], Data]


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client went away
            for line in self.rfile:
                reply = _reply(line, self.server.answer)
                self.wfile.write(json.dumps(reply, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _reply(line: bytes, answer: Callable[[Data], Data]) -> Data:
    try:
        request = json.loads(line)
        if not isinstance(request, dict) or "op" not in request:
            raise SimulatorError("a request is a JSON object with an 'op'")
        return {"ok": True, **answer(request)}
    except (SimulatorError, json.JSONDecodeError) as error:
        return {"ok": False, "error": {"message": str(error)}}
    except Exception as error:  # a request that lacks something, or a defect: the connection goes on
        traceback.print_exc()
        return {"ok": False, "error": {"message": f"{type(error).__name__}: {error} (see the simulator's daemon.log)"}}
