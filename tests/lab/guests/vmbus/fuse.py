# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes as files of a FUSE file system, in the protocol of /dev/fuse (include/uapi/linux/fuse.h)."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import select
import stat
import struct
import threading
from collections.abc import Callable
from pathlib import Path

from .device import Device, Log

LOOKUP, FORGET, GETATTR, SETATTR = 1, 2, 3, 4
OPEN, READ, WRITE, STATFS, RELEASE = 14, 15, 16, 17, 18
FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR = 25, 26, 27, 28, 29
ACCESS, INTERRUPT, DESTROY, POLL, BATCH_FORGET = 34, 36, 38, 40, 42
MAJOR, MINOR = 7, 31  # the protocol spoken here
IN_HEADER = struct.Struct("<IIQQIIIHH")
ATTR = struct.Struct("<QQQQQQIIIIIIIIII")
DIRENT = struct.Struct("<QQII")
INIT_OUT = struct.Struct("<IIIIHHIIHHI7I")
MAX_WRITE = 0x20000
MAX_READ = MAX_WRITE + 0x1000
ATOMIC_O_TRUNC, BIG_WRITES = 1 << 3, 1 << 5
DIRECT_IO = 1
POLL_SCHEDULE_NOTIFY = 1
NOTIFY_POLL = 1
ROOT = 1
MS_NOSUID, MS_NODEV = 2, 4
MNT_DETACH = 2


class Channel:
    """Requests from a FUSE descriptor to devices, by node number."""

    def __init__(self, fd: int, devices: dict[int, Device]) -> None:
        self.fd, self.devices = fd, devices
        self._parked: dict[int, list[tuple[int, int]]] = {node: [] for node in devices}  # reads: request, size
        self._polls: dict[int, set[int]] = {node: set() for node in devices}
        self._writing = threading.Lock()
        for node, device in devices.items():
            device.readable = self._pump_of(node)

    def _pump_of(self, node: int) -> Callable[[], None]:
        return lambda: self.pump(node)

    def run(self) -> None:
        """Serve until the file system is unmounted or the descriptor closed."""
        while True:
            try:
                request = os.read(self.fd, MAX_READ)
            except OSError as exc:
                if exc.errno in (errno.ENODEV, errno.EBADF):
                    return
                if exc.errno not in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    raise
            else:
                self.handle(request)

    def _write(self, data: bytes) -> None:
        # ENOENT: the request was interrupted meanwhile.
        with self._writing, contextlib.suppress(FileNotFoundError):
            os.write(self.fd, data)

    def reply(self, unique: int, data: bytes = b"", error: int = 0) -> None:
        self._write(struct.pack("<IiQ", 16 + len(data), -error, unique) + data)

    def pump(self, node: int) -> None:
        """Hand what waits for the guest to its parked reads, and wake its polls."""
        device = self.devices[node]
        with device.lock:
            while self._parked[node] and (device.out or not device.offered):
                unique, size = self._parked[node].pop(0)
                if not device.offered:
                    self.reply(unique, error=errno.EBADF)
                elif len(device.out[0]) > size:
                    self.reply(unique, error=errno.EINVAL)
                else:
                    self.reply(unique, device.out.popleft())
            if device.out or not device.offered:
                for handle in self._polls[node]:
                    self._write(struct.pack("<IiQQ", 24, NOTIFY_POLL, 0, handle))
                self._polls[node].clear()

    def handle(self, request: bytes) -> None:
        length, operation, unique, node, _uid, _gid, pid, _extensions, _padding = IN_HEADER.unpack_from(request)
        body = request[IN_HEADER.size : length]
        if operation in (FORGET, BATCH_FORGET):
            return
        if operation == INIT:
            self._init(unique, body)
        elif operation in (ACCESS, DESTROY, FLUSH, RELEASEDIR):
            self.reply(unique)
        elif operation == LOOKUP:
            self._lookup(unique, body)
        elif operation in (GETATTR, SETATTR):
            self.reply(unique, struct.pack("<QII", 0, 0, 0) + self._attributes(node))
        elif operation == STATFS:
            self.reply(unique, struct.pack("<QQQQQIIII24x", 0, 0, 0, 0, 0, 4096, 255, 0, 0))
        elif operation == OPENDIR:
            self.reply(unique, struct.pack("<QII", 0, 0, 0))
        elif operation == READDIR:
            self._read_directory(unique, body)
        elif operation == OPEN:
            self._open(unique, node, body, pid)
        elif operation == RELEASE:
            self.devices[node].guest_close()
            self.reply(unique)
        elif operation == READ:
            self._read(unique, node, body)
        elif operation == WRITE:
            size = struct.unpack_from("<QQI", body)[2]
            error = self.devices[node].guest_write(body[40 : 40 + size])
            self.reply(unique, b"" if error else struct.pack("<II", size, 0), error)
        elif operation == POLL:
            self._poll(unique, node, body)
        elif operation == INTERRUPT:
            self._interrupt(struct.unpack_from("<Q", body)[0])
        else:
            self.reply(unique, error=errno.ENOSYS)

    def _init(self, unique: int, body: bytes) -> None:
        _major, minor, readahead, flags = struct.unpack_from("<IIII", body)
        flags &= BIG_WRITES | ATOMIC_O_TRUNC
        numbers = (MAJOR, min(minor, MINOR), readahead, flags, 16, 12, MAX_WRITE, 1, 0, 0, 0)
        self.reply(unique, INIT_OUT.pack(*numbers, *[0] * 7))

    def _attributes(self, node: int) -> bytes:
        mode, links = (stat.S_IFDIR | 0o755, 2) if node == ROOT else (stat.S_IFREG | 0o600, 1)
        return ATTR.pack(node, 0, 0, 0, 0, 0, 0, 0, 0, mode, links, 0, 0, 0, 4096, 0)

    def _lookup(self, unique: int, body: bytes) -> None:
        name = body.rstrip(b"\0").decode("utf-8", "replace")
        for node, device in self.devices.items():
            if device.name == name and device.offered:
                self.reply(unique, struct.pack("<QQQQII", node, 0, 0, 0, 0, 0) + self._attributes(node))
                return
        self.reply(unique, error=errno.ENOENT)

    def _read_directory(self, unique: int, body: bytes) -> None:
        _handle, offset, size = struct.unpack_from("<QQI", body)
        names = [(ROOT, ".", stat.S_IFDIR), (ROOT, "..", stat.S_IFDIR)]
        names += [(node, device.name, stat.S_IFREG) for node, device in self.devices.items() if device.offered]
        listing = b""
        for index, (node, name, kind) in enumerate(names[offset:], offset + 1):
            entry = DIRENT.pack(node, index, len(name), kind >> 12) + name.encode()
            entry += b"\0" * (-len(entry) % 8)
            if len(listing) + len(entry) > size:
                break
            listing += entry
        self.reply(unique, listing)

    def _open(self, unique: int, node: int, body: bytes, pid: int) -> None:
        access = struct.unpack_from("<I", body)[0] & os.O_ACCMODE
        # Whoever only looks around (grep -r, a backup) gets an error and not the device.
        error = self.devices[node].guest_open(pid) if access == os.O_RDWR else errno.EBUSY
        if error:
            self.reply(unique, error=error)
            return
        self._parked[node].clear()
        self.reply(unique, struct.pack("<QII", node, DIRECT_IO, 0))

    def _read(self, unique: int, node: int, body: bytes) -> None:
        size = struct.unpack_from("<QQI", body)[2]
        with self.devices[node].lock:
            self._parked[node].append((unique, size))
        self.pump(node)

    def _poll(self, unique: int, node: int, body: bytes) -> None:
        _handle, kernel_handle, flags, _events = struct.unpack_from("<QQII", body)
        device = self.devices[node]
        with device.lock:
            ready = select.POLLIN | select.POLLRDNORM if device.out else 0
            if not device.offered:
                ready = select.POLLERR | select.POLLHUP
            if flags & POLL_SCHEDULE_NOTIFY and not ready:
                self._polls[node].add(kernel_handle)
        self.reply(unique, struct.pack("<II", ready, 0))

    def _interrupt(self, target: int) -> None:
        for node, parked in self._parked.items():
            with self.devices[node].lock:
                found = [read for read in parked if read[0] == target]
                for read in found:
                    parked.remove(read)
            if found:
                self.reply(target, error=errno.EINTR)


class Fuse:
    """A directory with the nodes in it.  Needs root, or a user namespace, and /dev/fuse."""

    def __init__(self, directory: Path, devices: list[Device], log: Log) -> None:
        self._directory = os.fsencode(directory)
        self._libc = ctypes.CDLL(None, use_errno=True)
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            self._libc.umount2(self._directory, MNT_DETACH)  # the dead mount of a server that was killed
        fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        # allow_other: a guest may have shifted user ids.
        options = f"fd={fd},rootmode=40755,user_id={os.getuid()},group_id={os.getgid()},allow_other"
        if self._libc.mount(b"vmbus", self._directory, b"fuse", MS_NOSUID | MS_NODEV, options.encode()) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(directory))
        self._channel = Channel(fd, dict(enumerate(devices, ROOT + 1)))

    def run(self) -> None:
        self._channel.run()

    def close(self) -> None:
        self._libc.umount2(self._directory, MNT_DETACH)
