# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes as sockets (AF_UNIX, SOCK_SEQPACKET), for daemons started with the shim preload.c: needs no root."""

from __future__ import annotations

import os
import socket
import struct
import threading
from pathlib import Path

from .device import Device, Log

PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid


class Unix:
    def __init__(self, directory: Path, devices: list[Device], log: Log) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._log = log
        self._listeners: list[tuple[socket.socket, Path, Device]] = []
        for device in devices:
            path = directory / device.name
            path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(str(path))
            listener.listen(1)
            self._listeners.append((listener, path, device))

    def run(self) -> None:
        threads = [
            threading.Thread(target=self._accept, args=(listener, device), daemon=True)
            for listener, _path, device in self._listeners
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def close(self) -> None:
        for listener, path, _device in self._listeners:
            listener.close()
            path.unlink(missing_ok=True)

    def _accept(self, listener: socket.socket, device: Device) -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, device), daemon=True).start()

    def _serve(self, connection: socket.socket, device: Device) -> None:
        with connection:
            pid = PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))[0]
            if device.guest_open(pid):
                return

            def readable() -> None:
                with device.lock:
                    while device.out:
                        connection.send(device.out.popleft())

            device.readable = readable
            try:
                while data := connection.recv(0x10000):
                    if error := device.guest_write(data):
                        self._log(f"{device.name}: refused {len(data)} bytes: {os.strerror(error)}")
                        break
            except OSError as exc:
                self._log(f"{device.name}: {exc}")
            finally:
                device.guest_close()
