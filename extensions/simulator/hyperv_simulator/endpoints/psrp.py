# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PSRP: a runspace pool per shell (Ansible's `psrp`, pypsrp).

No state machine of our own: PowerShell's out-of-process server speaks the same fragments that WSMan carries, one XML
element a line on its standard streams. This module moves them between the two, and looks into them only to see a
pipeline's end and what cannot be simulated. Source: [MS-PSRP] 2.2.1, 2.2.4; OutOfProcTransportManager.cs of PowerShell.
"""

from __future__ import annotations

import base64
import threading
import uuid
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator

from . import limits, soap
from .shell import Output, RefusedError, UnknownCommandError
from .workers import Worker

POOL = str(uuid.UUID(int=0))  # messages of the pool itself carry the empty GUID
PIPELINE_INPUT, PIPELINE_STATE = 0x00041002, 0x00041006
ACKNOWLEDGED = 60  # seconds to wait for it: the first one comes when the worker has warmed up
_FINAL_STATES = {"3", "4", "5"}  # Stopped, Completed, Failed
_HEADER = 21  # of a fragment: object id, fragment id, flags, length of what follows
_START, _END = 1, 2


class Messages:
    """Puts the messages of one direction together from their fragments."""

    def __init__(self) -> None:
        self._parts: dict[bytes, bytearray] = {}

    def feed(self, fragments: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield (message type, CLIXML) of each message that these whole fragments complete."""
        position = 0
        while position + _HEADER <= len(fragments):
            number, flags = fragments[position : position + 8], fragments[position + 16]
            start = position + _HEADER
            position = start + int.from_bytes(fragments[position + 17 : start], "big")
            if flags & _START:
                self._parts[number] = bytearray()
            part = self._parts.setdefault(number, bytearray())
            part += fragments[start:position]
            if flags & _END:
                del self._parts[number]
                yield int.from_bytes(part[4:8], "little"), bytes(part[40:])


def is_final(kind: int, clixml: bytes) -> bool:
    """Tell whether a message is a pipeline's last: its state has become stopped, completed or failed."""
    if kind != PIPELINE_STATE:
        return False
    return any(node.get("N") == "PipelineState" and node.text in _FINAL_STATES for node in soap.parse(clixml).iter())


class RunspacePool:
    """A worker that serves PSRP, and what it has said per pipeline; see `shell.Shell`.

    Each element told is acknowledged, and the next one waits for that: the server works on them in parallel.
    """

    def __init__(self, worker: Worker, environment: dict[str, str], fragments: bytes) -> None:
        self._worker = worker
        self._telling = threading.Lock()
        self._news = threading.Condition()
        self._line = b""
        self._awaited: set[tuple[str, str]] = set()  # acknowledgements: tag, id
        self._said: dict[str, bytearray] = defaultdict(bytearray)
        self._sent, self._received = Messages(), Messages()
        self._pipelines: dict[str, bool] = {}  # id: has it ended
        self._ended = False
        self._stop = worker.assign({"kind": "psrp", "environment": environment}, self._heard, self._over)
        self._tell("Data", None, fragments)

    def command(self, command_id: str | None, _command: str, arguments: list[str]) -> str:
        command_id = command_id or str(uuid.uuid4()).upper()
        with self._news:
            self._pipelines[command_id] = False
        self._tell("Command", command_id)
        self.send(command_id, base64.b64decode("".join(arguments)), False)
        return command_id

    def send(self, command_id: str | None, data: bytes, _end: bool) -> None:
        for kind, clixml in self._sent.feed(data):
            refused = limits.refusal("".join(soap.parse(clixml).itertext())) if kind == PIPELINE_INPUT else None
            if refused and command_id:
                self.signal(command_id, True)  # it would wait for its input, and the pool's next pipeline for it
                raise RefusedError(refused)
        self._tell("Data", command_id, data)

    def receive(self, command_id: str | None, wait: float) -> Output:
        with self._news:
            if command_id is not None and command_id not in self._pipelines:
                raise UnknownCommandError(command_id)
            target = command_id or POOL
            if not self._news.wait_for(lambda: self._ended or bool(self._said.get(target)), wait):
                if command_id is None:
                    return Output()  # clients take a timeout here as the end of the pool, not as news of a slow host
                raise TimeoutError
            said = bytes(self._said.pop(target, b""))
            if self._ended and not said:
                raise UnknownCommandError("the runspace pool has ended")
            return Output({"stdout": said}, command_id is not None and self._pipelines[command_id])

    def signal(self, command_id: str, terminate: bool) -> None:
        self._tell("Signal", command_id)
        if terminate:
            with self._news:
                self._pipelines.pop(command_id, None)

    def close(self) -> None:
        self._stop()

    def _tell(self, tag: str, command_id: str | None, data: bytes | None = None) -> None:
        target = command_id or POOL
        guid = f"PSGuid='{target.lower()}'"
        text = f"<{tag} {guid} />"
        if data is not None:
            text = f"<{tag} Stream='Default' {guid}>{base64.b64encode(data).decode()}</{tag}>"
        with self._telling:
            with self._news:
                if not self._news.wait_for(lambda: self._ended or not self._awaited, ACKNOWLEDGED):
                    raise TimeoutError
                self._awaited.add((f"{tag}Ack", target))
            self._worker.write(f"{text}\n".encode())

    def _heard(self, stream: str, data: bytes) -> None:
        if stream != "stdout":
            return
        *lines, self._line = (self._line + data).split(b"\n")
        for line in filter(bytes.strip, lines):
            element = ET.fromstring(line)
            target = element.get("PSGuid", "").upper()
            fragments = base64.b64decode(element.text or "")
            final = False
            for kind, clixml in self._received.feed(fragments):
                final = is_final(kind, clixml) or final
            with self._news:
                self._awaited.discard((element.tag, target))
                self._said[target] += fragments
                if final:
                    self._pipelines[target] = True
                self._news.notify_all()

    def _over(self, _exit_code: int) -> None:
        with self._news:
            self._ended = True
            self._news.notify_all()
