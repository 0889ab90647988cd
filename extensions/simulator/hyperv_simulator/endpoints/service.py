# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WS-Management service of one host: its shells, what clients do with them, and the faults they are to meet."""

from __future__ import annotations

import base64
import binascii
import threading
import time
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Protocol

from . import soap
from .psrp import RunspacePool
from .shell import Output, RefusedError, Shell, UnknownCommandError
from .soap import NAMESPACES, MalformedError, Request, WSManFault, element
from .winrs import WinRS
from .workers import WorkerPool

COMMAND_STATE = f"{NAMESPACES['rsp']}/CommandState"
POWERSHELL = "http://schemas.microsoft.com/powershell"
IDLE_SHELL = 900  # seconds; a Windows host waits two hours (IdleTimeout, 7200000)
RECEIVE_SHARE = 0.75  # of the client's OperationTimeout: a Receive is answered well before

ERROR_NOT_SUPPORTED = 50
ERROR_BUSY = 170
INVALID_ACTION = 2150858753  # 0x80338001; unverified: would be verified by an unknown action sent to a Windows host
OPERATION_TIMED_OUT = 2150858793  # 0x80338029
UNKNOWN_SHELL = 2150858843  # 0x8033805B, "unexpected selectors"
QUOTA_EXCEEDED = 2150859174  # 0x803381A6, ERROR_WSMAN_QUOTA_MAX_OPERATIONS


class Faults(Protocol):
    """Where faults of the protocol come from."""

    def endpoint(self, host: str, operation: str) -> str | None:
        """Take the fault that this operation (Create, Command, Send, Receive, Signal, Delete) is to meet, if any:
        `http_401`, `busy`, `quota`, `operation_timeout` or `drop`."""


class RejectedError(Exception):
    """Answer 401, whatever the client has proved."""


class DroppedError(Exception):
    """Close the connection without an answer."""


class Service:
    """One host's service; `answer` is called from many threads."""

    def __init__(self, host: str, culture: str, user: str, workers: WorkerPool, faults: Faults) -> None:
        self.host = host
        self._workers, self._faults = workers, faults
        self._environment = {
            "HVSIM_HOST": host,
            "COMPUTERNAME": host.upper()[:15],
            "USERNAME": user,
            "LC_ALL": f"{culture.replace('-', '_')}.UTF-8",
        }
        self._lock = threading.Lock()
        self._shells: dict[str, Shell] = {}
        self._used: dict[str, float] = {}
        self._operations: dict[str, Callable[[Request], list[ET.Element]]] = {
            "Create": self._create,
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
            "Delete": self._delete,
            "Get": self._get,
        }

    def prepare(self) -> None:
        self._workers.prepare()

    def answer(self, request: Request) -> bytes:
        """Carry out a request; raises WSManFault, RejectedError, DroppedError."""
        fault = self._faults.endpoint(self.host, request.operation)
        if fault:
            self._meet(fault, request)
        operate = self._operations.get(request.operation)
        if operate is None:
            raise WSManFault(INVALID_ACTION, f"The action {request.action} is not known.", "a:ActionNotSupported")
        try:
            return soap.response(request, *operate(request))
        except UnknownCommandError as error:
            raise _unknown(f"command {error}") from error
        except RefusedError as error:
            raise WSManFault(ERROR_NOT_SUPPORTED, str(error), "w:UnsupportedFeature") from error
        except TimeoutError as error:
            raise _timed_out() from error
        except (binascii.Error, ET.ParseError) as error:
            raise MalformedError(str(error)) from error

    def close(self) -> None:
        with self._lock:
            shells, self._shells = list(self._shells.values()), {}
        for shell in shells:
            shell.close()

    def _meet(self, fault: str, request: Request) -> None:
        if fault == "http_401":
            raise RejectedError
        if fault == "busy":
            raise WSManFault(ERROR_BUSY, "The requested resource is in use.")
        if fault == "quota":
            raise WSManFault(QUOTA_EXCEEDED, "The maximum number of concurrent operations is exceeded.", wmi=True)
        if fault == "operation_timeout":
            raise _timed_out()
        if fault == "drop":
            if request.operation == "Receive":
                self._run_to_end(request)
            raise DroppedError
        raise ValueError(f"unknown endpoint fault {fault!r}")

    def _run_to_end(self, request: Request) -> None:
        """Let the command do what it was asked for; only its outcome is lost."""
        command_id = _desired(request)
        while True:
            try:
                if self._shell(request).receive(command_id, 1.0).done or command_id is None:
                    return
            except TimeoutError:
                pass

    def _create(self, request: Request) -> list[ET.Element]:
        self._close_idle()
        created = request.body.find("rsp:Shell", NAMESPACES)
        wanted = created.get("ShellId") if created is not None else None  # PSRP clients choose it
        shell_id = _guid(wanted) or str(uuid.uuid4()).upper()
        creation = request.body.find(f".//{{{POWERSHELL}}}creationXml")
        shell: Shell
        if creation is None:
            shell = WinRS(self._environment, lambda: self._workers.take(used=True))
        else:
            fragments = base64.b64decode(creation.text or "")
            shell = RunspacePool(self._workers.take(), self._environment, fragments)
        with self._lock:
            self._shells[shell_id] = shell
            self._used[shell_id] = time.monotonic()
        selector = element("w:Selector", text=shell_id, Name="ShellId")
        return [
            element(
                "x:ResourceCreated",
                element("a:Address", text=f"http://{self.host}/wsman"),
                element(
                    "a:ReferenceParameters",
                    element("w:ResourceURI", text=request.resource_uri),
                    element("w:SelectorSet", selector),
                ),
            ),
            self._describe(shell_id, request.resource_uri),
        ]

    def _command(self, request: Request) -> list[ET.Element]:
        line = _find(request, "rsp:CommandLine")
        arguments = [part.text or "" for part in line.findall("rsp:Arguments", NAMESPACES)]
        command = line.findtext("rsp:Command", "", NAMESPACES)
        command_id = self._shell(request).command(_guid(line.get("CommandId")), command, arguments)
        return [element("rsp:CommandResponse", element("rsp:CommandId", text=command_id))]

    def _send(self, request: Request) -> list[ET.Element]:
        shell = self._shell(request)
        for stream in _find(request, "rsp:Send").findall("rsp:Stream", NAMESPACES):
            end = stream.get("End", "").lower() == "true"
            shell.send(_guid(stream.get("CommandId")), base64.b64decode(stream.text or ""), end)
        return [element("rsp:SendResponse")]

    def _receive(self, request: Request) -> list[ET.Element]:
        command_id = _desired(request)
        output = self._shell(request).receive(command_id, request.timeout * RECEIVE_SHARE)
        return [_received(command_id, output)]

    def _signal(self, request: Request) -> list[ET.Element]:
        signal = _find(request, "rsp:Signal")
        code = signal.findtext("rsp:Code", "", NAMESPACES)
        command_id = _guid(signal.get("CommandId"))
        if command_id:
            self._shell(request).signal(command_id, code.lower().endswith("terminate"))
        return [element("rsp:SignalResponse")]

    def _delete(self, request: Request) -> list[ET.Element]:
        shell = self._shell(request)
        with self._lock:
            self._shells.pop(request.shell_id, None)
        shell.close()
        return []

    def _get(self, request: Request) -> list[ET.Element]:
        self._shell(request)
        return [self._describe(request.shell_id, request.resource_uri)]

    def _describe(self, shell_id: str, resource_uri: str) -> ET.Element:
        powershell = resource_uri.startswith(POWERSHELL)
        return element(
            "rsp:Shell",
            element("rsp:ShellId", text=shell_id),
            element("rsp:ResourceUri", text=resource_uri),
            element("rsp:State", text="Connected"),
            element("rsp:InputStreams", text="stdin pr" if powershell else "stdin"),
            element("rsp:OutputStreams", text="stdout" if powershell else "stdout stderr"),
            ShellId=shell_id,
        )

    def _shell(self, request: Request) -> Shell:
        with self._lock:
            shell = self._shells.get(request.shell_id)
            if shell is None:
                raise _unknown(f"shell {request.shell_id}")
            self._used[request.shell_id] = time.monotonic()
            return shell

    def _close_idle(self) -> None:
        """Close the shells of clients that went away without a word."""
        before = time.monotonic() - IDLE_SHELL
        with self._lock:
            idle = [shell_id for shell_id in self._shells if self._used[shell_id] < before]
            shells = [self._shells.pop(shell_id) for shell_id in idle]
        for shell in shells:
            shell.close()


def _received(command_id: str | None, output: Output) -> ET.Element:
    whose = {"CommandId": command_id} if command_id else {}
    streams = [
        element("rsp:Stream", text=base64.b64encode(data).decode(), Name=name, **whose)
        for name, data in output.streams.items()
    ]
    code = [] if output.exit_code is None else [element("rsp:ExitCode", text=str(output.exit_code))]
    state = f"{COMMAND_STATE}/{'Done' if output.done else 'Running'}"
    return element("rsp:ReceiveResponse", *streams, element("rsp:CommandState", *code, State=state, **whose))


def _desired(request: Request) -> str | None:
    """The command whose output a Receive asks for; None for the shell's own."""
    return _guid(_find(request, "rsp:Receive/rsp:DesiredStream").get("CommandId"))


def _find(request: Request, path: str) -> ET.Element:
    found = request.body.find(path, NAMESPACES)
    if found is None:
        raise MalformedError(f"{request.operation} without {path}")
    return found


def _guid(text: str | None) -> str | None:
    try:
        return str(uuid.UUID(text)).upper() if text else None
    except ValueError as error:
        raise MalformedError(f"{text!r} is no GUID") from error


def _unknown(what: str) -> WSManFault:
    return WSManFault(UNKNOWN_SHELL, f"The request was for an unknown {what}.", "w:InvalidSelectors")


def _timed_out() -> WSManFault:
    return WSManFault(OPERATION_TIMED_OUT, "The operation is not complete within OperationTimeout.", "w:TimedOut")
