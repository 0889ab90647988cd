# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes as real character devices /dev/vmbus/hv_*, for virtual machines: needs a kernel with CONFIG_CUSE."""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path

from .device import Device, Log
from .fuse import IN_HEADER, MAJOR, MAX_WRITE, MINOR, Channel

CUSE_INIT = 4096
INIT_OUT = struct.Struct("<IIIIIIII10I")


class CuseChannel(Channel):
    """One device; udev sees it come as `vmbus/<name>` of the class "cuse"."""

    def __init__(self, device: Device) -> None:
        super().__init__(os.open("/dev/cuse", os.O_RDWR | os.O_CLOEXEC), {0: device})

    def handle(self, request: bytes) -> None:
        _length, operation, unique, *_rest = IN_HEADER.unpack_from(request)
        if operation == CUSE_INIT:
            minor = struct.unpack_from("<II", request, IN_HEADER.size)[1]
            numbers = INIT_OUT.pack(MAJOR, min(minor, MINOR), 0, 0, MAX_WRITE, MAX_WRITE, 0, 0, *[0] * 10)
            self.reply(unique, numbers + f"DEVNAME=vmbus/{self.devices[0].name}".encode() + b"\0")
        else:
            super().handle(request)


class Cuse:
    """All nodes.  `directory` is only named in the log: the devices appear in /dev/vmbus."""

    def __init__(self, directory: Path, devices: list[Device], log: Log) -> None:
        self._channels = [CuseChannel(device) for device in devices]

    def run(self) -> None:
        threads = [threading.Thread(target=channel.run, daemon=True) for channel in self._channels]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def close(self) -> None:
        for channel in self._channels:
            os.close(channel.fd)
