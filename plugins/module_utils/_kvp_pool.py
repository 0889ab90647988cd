# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The pool files of the KVP daemon, read and written beside it so that nobody's items are lost.

Locks:

* The daemon takes a POSIX lock on the whole file (F_SETLKW, in kvp_acquire_lock of tools/hv/hv_kvp_daemon.c). The lock
  is the process's, and closing *any* descriptor of the file drops it: so the file is opened once.
* cloud-init and azure-init take flock() instead, which the kernel keeps apart from POSIX locks: so both are held. The
  one of the daemon comes last: while the module waits for others, the daemon answers the host.
* Neither waits for ever here: whoever stops while holding a lock gets named, as far as /proc/locks knows.
* The daemon opens the file by its name for data and locks the descriptor from its start: a file that took the name
  later (a rename) is no longer protected. So files are changed in place, which also keeps owner, mode and SELinux
  context; and when the name leads to another file after waiting for the lock, the wait begins anew.
* The daemon lets its lock go between reading a pool and writing it back. What is put in between is lost, if the host
  just then changes the same pool. Hosts have no call that changes pool 1.

A writer that dies, whatever byte it was about to write:

* A record is an item from the moment that its key has a first byte, and that byte is written last. So each record that
  a reader finds is whole, before, while, and after it is replaced.
* No item goes before what replaces it is written: a changed item is appended with its new value, then the
  old record loses its key, then the new one moves into its place. A hole is filled from the end of the pool.
* What is left over is records without a key, and items that are there twice: with the old and the new value, or equal
  ones. The file is grown in one step, so it always holds whole records, and what others append stays in place. One
  record without a key follows all others until the very end: the sign by which the next run finds equal records to be
  left over.
* A crash of the system is the same, as far as the file system and the disk keep what fsync() promises, and a disk
  writes 512 bytes as a whole: what has to come later is written after a sync.

An image that is not booted belongs to others: there, no link and no second name of a file is followed. In the running
guest the directory is root's own.
"""

import errno
import fcntl
import os
import platform
import random
import stat
import time
from contextlib import contextmanager, suppress
from typing import Any, Callable, Iterable, Iterator, Mapping, NamedTuple

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_directory import open_directory, open_file
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Change, Edit, moves_of
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    RECORD_SIZE,
    KvpError,
    split_records,
)

DIRECTORY = "/var/lib/hyperv"
# The pools that are files in truth, by the name that the kernel gives them (enum hv_kvp_exchg_pool). Pool 2 is not: the
# daemon answers for it live and never from its file. Pool 4 is not used on Linux.
POOLS = {"external": 0, "guest": 1, "auto_external": 3}

# How the daemon makes them (kvp_file_init).
DIRECTORY_MODE = 0o755
FILE_MODE = 0o644

LOCK_SECONDS = 30.0


class Snapshot(NamedTuple):
    """A pool as it is."""

    data: bytes
    present: bool


class Edited(NamedTuple):
    """An edit that was made, or would be. tail: bytes at the end that were no whole record, and go."""

    before: "list[bytes]"
    tail: bytes
    change: Change
    created: "list[str]"

    @property
    def changed(self) -> bool:
        return bool(self.tail or self.change.holes or self.change.fresh or self.created)


def pool_file(directory: str, name: str) -> str:
    return os.path.join(directory, f".kvp_pool_{POOLS[name]}")


class Pool:
    """One pool file. system: where the calls that change it come from; tests give one that dies half-way.

    Raises KvpError: on a system other than Linux.
    """

    def __init__(self, path: str, system: Any = os) -> None:
        if platform.system() != "Linux":
            # FreeBSD: contrib/hyperv/tools/hv_kvp_daemon.c.
            raise KvpError(
                f"KVP pools can be used on Linux, and this system is {platform.system()}. Other systems have them"
                " elsewhere (FreeBSD: /var/db/hyperv/pool). Run the task on Linux guests only."
            )
        self.path = path
        self._directory, self._name = os.path.split(path)
        self._in_image = self._directory != DIRECTORY
        self._system = system

    def read(self) -> Snapshot:
        """Return the pool as it is, under shared locks. Raises KvpError."""
        try:
            with self._locked(os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
                return Snapshot(_read_all(descriptor), True)
        except FileNotFoundError:
            return Snapshot(b"", False)

    def predict(self, edit: Edit) -> Edited:
        """Return what `edit` would come to, and change nothing. Raises KvpError."""
        found = self.read()
        planned = _plan(found.data, edit)
        return planned if found.present or not planned.changed else planned._replace(created=self._missing())

    def edit(self, edit: Edit) -> Edited:
        """Make an edit. Raises KvpError, and then no item is lost, and none is there in part."""
        predicted = self.predict(edit)
        if not predicted.changed:
            return predicted
        created = self._create() if predicted.created else []
        with self._locked(os.O_RDWR, fcntl.LOCK_EX) as descriptor:
            planned = _plan(_read_all(descriptor), edit)
            if planned.changed:
                try:
                    self._write(descriptor, planned)
                except OSError as error:
                    raise self._failure("write", error, "No item is lost. Run the task again.") from error
        return planned._replace(created=created)

    def _write(self, descriptor: int, planned: Edited) -> None:
        """Change the file in place, as the text at the top promises."""
        count, holes, fresh = len(planned.before), planned.change.holes, planned.change.fresh
        if planned.tail:
            self._resize(descriptor, count)
        try:
            # NULs: records without a key.
            self._system.ftruncate(descriptor, (count + len(fresh) + 1) * RECORD_SIZE)
            self._put(descriptor, dict(enumerate(fresh, count)))
        except OSError:  # no room; what follows is written over what is there
            self._resize(descriptor, count)
            raise
        records = [*planned.before, *fresh]
        for moves in moves_of(records, holes):
            self._clear(descriptor, moves)
            for hole, place in moves.items():
                records[hole] = records[place]
            self._put(descriptor, {hole: records[hole] for hole in moves})
        total = len(records) - len(holes)
        # A crash can keep the old size, with NULs for a part of what is cut off.
        self._clear(descriptor, range(total, len(records)))
        self._resize(descriptor, total)

    def _put(self, descriptor: int, records: "Mapping[int, bytes]") -> None:
        """Write records in places where none has a key."""
        for part in slice(1, None), slice(0, 1):
            for place, record in records.items():
                self._pwrite(descriptor, record[part], place * RECORD_SIZE + part.start)
            self._system.fsync(descriptor)

    def _clear(self, descriptor: int, places: "Iterable[int]") -> None:
        """Take the keys of records away."""
        for place in places:
            self._pwrite(descriptor, b"\0", place * RECORD_SIZE)
        self._system.fsync(descriptor)

    def _pwrite(self, descriptor: int, data: bytes, start: int) -> None:
        while data:
            written = self._system.pwrite(descriptor, data, start)
            start, data = start + written, data[written:]

    def _resize(self, descriptor: int, count: int) -> None:
        self._system.ftruncate(descriptor, count * RECORD_SIZE)
        self._system.fsync(descriptor)

    @contextmanager
    def _opened(self) -> "Iterator[int]":
        """Open the directory, for dir_fd."""
        try:
            descriptor = open_directory(self._directory, follow_links=not self._in_image)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise self._failure("reach", error) from error
            raise
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _missing(self) -> "list[str]":
        """Return what is to be created for the pool."""
        return [*([] if os.path.lexists(self._directory) else [self._directory]), self.path]

    def _create(self) -> "list[str]":
        """Make the file, and its directory, as the daemon does; whoever is faster, both get the same file."""
        created = []
        try:
            if self._make_directory():
                created.append(self._directory)
            with self._opened() as directory, suppress(FileExistsError):
                descriptor = open_file(self._name, os.O_RDWR | os.O_CREAT | os.O_EXCL, directory, FILE_MODE)
                os.fchmod(descriptor, FILE_MODE)
                os.close(descriptor)
                created.append(self.path)
        except OSError as error:
            raise self._failure("create", error) from error
        return created

    def _make_directory(self) -> bool:
        above, name = os.path.split(self._directory)
        parent = open_directory(above, follow_links=not self._in_image)
        try:
            os.mkdir(name, DIRECTORY_MODE, dir_fd=parent)
            descriptor = open_file(name, os.O_RDONLY | os.O_DIRECTORY, parent)
            os.fchmod(descriptor, DIRECTORY_MODE)  # whatever the umask
            os.close(descriptor)
        except FileExistsError:
            return False
        finally:
            os.close(parent)
        return True

    def _check_regular(self, descriptor: int) -> None:
        found, again = os.fstat(descriptor), "Remove it. The daemon creates a new file when it starts."
        if not stat.S_ISREG(found.st_mode):
            raise KvpError(f"{self.path} is not a regular file. {again}")
        if self._in_image and found.st_nlink > 1:
            raise KvpError(
                f"{self.path} has {found.st_nlink} names (hard links). It can also be a file outside the image. {again}"
            )

    @contextmanager
    def _locked(self, flags: int, kind: int) -> "Iterator[int]":
        """Open the file, once, and hold both locks on the one that has the name. Raises FileNotFoundError, KvpError."""
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                with self._opened() as directory:
                    descriptor = open_file(self._name, flags, directory)
            except OSError as error:
                if error.errno == errno.ENOENT and not flags & os.O_RDWR:
                    raise
                raise self._failure("write to" if flags & os.O_RDWR else "read", error) from error
            try:
                self._check_regular(descriptor)
                self._wait_for(fcntl.flock, descriptor, kind, end)
                if kind == fcntl.LOCK_EX:
                    # While a backup freezes the file system this waits, as all writing does (measured with ext4 and
                    # Linux 6.18): better here than with the lock of the daemon held. The owner stays the same.
                    with suppress(OSError):
                        os.fchown(descriptor, -1, -1)
                self._wait_for(fcntl.lockf, descriptor, kind, end)
                if self._is_named(descriptor):
                    yield descriptor
                    return
                if time.monotonic() > end:
                    raise KvpError(
                        f"{self.path} is replaced by another file over and over. A pool has to be changed in place, or"
                        " no lock protects it: see who does it (auditctl -w) and stop that."
                    )
            finally:
                os.close(descriptor)

    def _wait_for(self, lock: "Callable[[int, int], None]", descriptor: int, kind: int, end: float) -> None:
        while True:
            try:
                lock(descriptor, kind | fcntl.LOCK_NB)
                return
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise self._failure("lock", error) from error
            if time.monotonic() > end:
                raise KvpError(
                    f"{self.path} stayed locked for {LOCK_SECONDS:.0f} seconds{_holders(descriptor)}."
                    " Nothing was changed. Stop what holds the lock, or try again later."
                )
            time.sleep(random.uniform(0.002, 0.02))

    def _is_named(self, descriptor: int) -> bool:
        try:
            with self._opened() as directory:
                named = os.stat(self._name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._failure("find", error) from error
        return os.path.samestat(named, os.fstat(descriptor))

    def _failure(self, doing: str, error: OSError, after: str = "") -> KvpError:
        if error.errno == errno.ELOOP:
            link = os.path.join(self._directory, error.filename or self._name)
            return KvpError(
                f"Cannot {doing} {self.path}: {link} is a symbolic link, which can lead out of an image. Remove the"
                " link, or set the option directory to a path without links."
            )
        advice = {
            errno.EACCES: "Run the task as root (become: true).",
            errno.EPERM: "Run the task as root (become: true); if it does, see lsattr and the SELinux log.",
            errno.ENOENT: "Its directory can be created, but not that of the directory: check the option directory.",
            errno.ENOTDIR: "Check the option directory.",
            errno.ENOSPC: "Make room on that file system.",
            errno.EROFS: "That file system is mounted read-only.",
        }.get(error.errno or 0, "")
        return KvpError(" ".join(filter(None, [f"Cannot {doing} {self.path}: {error.strerror}.", after, advice])))


def _plan(data: bytes, edit: Edit) -> Edited:
    records, tail = split_records(data)
    return Edited(records, tail, edit.apply(records), [])


def _read_all(descriptor: int) -> bytes:
    pieces: list[bytes] = []
    offset = 0
    while True:
        piece = os.pread(descriptor, 1 << 20, offset)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        offset += len(piece)


def _holders(descriptor: int) -> str:
    """Return who holds a lock on the file, as far as one may know."""
    inode = os.fstat(descriptor).st_ino
    try:
        with open("/proc/locks", encoding="ascii", errors="replace") as stream:
            fields = [line.split() for line in stream if "->" not in line]
    except OSError:
        return ""
    pids = sorted({f[4] for f in fields if len(f) > 5 and f[5].endswith(f":{inode}") and f[4] != str(os.getpid())})
    return f" (by process {', '.join(pids)})" if pids else ""
