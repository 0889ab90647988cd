# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes as real misc devices /dev/vmbus/hv_*, in the virtual machine: the other end of vm/kernel/hv_utils.c."""

from __future__ import annotations

import os
import struct
import threading
from functools import partial
from pathlib import Path

from .device import Device, Log

ENDS = Path("/dev/fakehost")
EVENT = struct.Struct("<Ii")  # what happened, and the process that did it
OPENED, CLOSED, WROTE = 1, 2, 3
LARGEST_EVENT = 8192 + EVENT.size


class Kernel:
    """All nodes.  `directory` is only named in the log: the kernel makes /dev/vmbus of what the host offers."""

    def __init__(self, directory: Path, devices: list[Device], log: Log) -> None:
        self._ends = {device: os.open(ENDS / device.name, os.O_RDWR | os.O_CLOEXEC) for device in devices}
        for device, end in self._ends.items():
            device.readable = partial(self._hand_over, device, end)

    def run(self) -> None:
        threads = [threading.Thread(target=self._serve, args=pair, daemon=True) for pair in self._ends.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _serve(self, device: Device, end: int) -> None:
        while True:
            happened, pid = EVENT.unpack_from(event := os.read(end, LARGEST_EVENT))
            if happened == OPENED:
                device.guest_open(pid)
            elif happened == CLOSED:
                device.guest_close()
            else:
                device.guest_write(event[EVENT.size :])

    @staticmethod
    def _hand_over(device: Device, end: int) -> None:
        with device.lock:
            while device.out:
                os.write(end, device.out.popleft())

    def close(self) -> None:
        """Leave the ends to the end of the process: threads read from them."""
