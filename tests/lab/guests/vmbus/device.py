# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node `/dev/vmbus/hv_*`, as drivers/hv/hv_utils_transport.c behaves: one opener, whole messages."""

from __future__ import annotations

import errno
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

Log = Callable[[str], None]


class Device:
    """The two sides of a node: the guest's, which transports call, and the host's `transact`."""

    name = ""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.lock = threading.RLock()
        self.out: deque[bytes] = deque()  # what the guest has not read yet
        self.readable: Callable[[], None] = lambda: None  # the transport's: there is something to read
        self.offered = True  # False: the host has disabled the service, the node is gone
        self.registered = threading.Event()
        self.handshake: int | None = None
        self.opens = 0
        self.pid: int | None = None  # the opener, as this process sees it
        self._opened = False
        self._answers: queue.Queue[bytes | None] = queue.Queue()
        self._turn = threading.Lock()  # the host has at most one transaction outstanding
        self._waiting = False

    # the guest's side

    def guest_open(self, pid: int | None) -> int:
        """Return 0, ENOENT when there is no such node, or EBUSY while another process has it open."""
        with self.lock:
            if not self.offered:
                return errno.ENOENT
            if self._opened:
                return errno.EBUSY
            self._opened, self.pid = True, pid
            self.opens += 1
            self.out.clear()
            self.registered.clear()
        self.log(f"{self.name}: opened by process {pid}")
        return 0

    def guest_close(self) -> None:
        with self.lock:
            self._opened, self.pid = False, None
            self.out.clear()
            self.registered.clear()
            if self._waiting:
                self._answers.put(None)
        self.log(f"{self.name}: closed")

    def guest_write(self, data: bytes) -> int:
        """Take a message; return 0 or an errno."""
        if not self.offered:
            return errno.EBADF
        if not self.registered.is_set():
            return self._register(data)
        if not self._waiting:
            return errno.EINVAL
        self._answers.put(data)
        return 0

    def _register(self, data: bytes) -> int:
        code, answer = self.greet(data)
        if code is None:
            self.log(f"{self.name}: refused a first message of {len(data)} bytes")
            return errno.EINVAL
        self.handshake = code
        if answer:
            self.send(answer)
        self.registered.set()
        self.log(f"{self.name}: a daemon registered with {code}")
        return 0

    def greet(self, data: bytes) -> tuple[int | None, bytes]:
        """Return what a daemon registers with (None: this is no registration) and the kernel's answer to it."""
        raise NotImplementedError

    # the host's side

    def offer(self, offered: bool) -> None:
        """Let the node come or go, as when the host's switch is set; whoever has it open gets EBADF (hvt_op_read)."""
        with self.lock:
            self.offered = offered
        self.log(f"{self.name}: {'offered' if offered else 'rescinded'}")
        self.readable()

    def send(self, data: bytes) -> None:
        with self.lock:
            self.out.append(data)
        self.readable()

    def transact(self, data: bytes, timeout: float = 30.0) -> bytes:
        """Send a request and return the answer.  Raises TimeoutError, or ConnectionResetError if the daemon closed."""
        with self._turn:
            if not self.registered.wait(timeout):
                raise TimeoutError(f"{self.name}: no daemon has registered within {timeout:g} seconds")
            while not self._answers.empty():
                self._answers.get_nowait()
            self._waiting = True
            try:
                self.send(data)
                answer = self._answers.get(timeout=timeout)
            except queue.Empty:
                raise TimeoutError(f"{self.name}: the daemon has not answered within {timeout:g} seconds") from None
            finally:
                self._waiting = False
        if answer is None:
            raise ConnectionResetError(f"{self.name}: the daemon closed the device")
        return answer

    def state(self) -> dict[str, Any]:
        return {
            "offered": self.offered,
            "open": self._opened,
            "pid": self.pid,
            "registered": self.registered.is_set(),
            "handshake": self.handshake,
            "opens": self.opens,
        }
