# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The pool files of the KVP daemon, read and written beside it so that nobody's items are lost.

What holds here, and why:

* The daemon takes a POSIX lock on the whole file (F_SETLKW, in kvp_acquire_lock of tools/hv/hv_kvp_daemon.c). The lock
  is the process's, and closing *any* descriptor of the file drops it: so the file is opened once.
* cloud-init and azure-init take flock() instead, which the kernel keeps apart from POSIX locks: so both are held.
* Neither waits for ever here: whoever stops while holding a lock gets named, as far as /proc/locks knows.
* The daemon opens the file by its name for data and locks the descriptor from its start: a file that took the name
  later (a rename) is no longer protected. So files are changed in place, which also keeps owner, mode and SELinux
  context; and when the name leads to another file after waiting for the lock, the wait begins anew.
* An image that is not booted belongs to others: there, no link and no second name of a file is followed. In the running
  guest the directory is root's own.
* The daemon lets its lock go between reading a pool and writing it back. What is put in between is lost by it, if the
  host just then changes the same pool; hosts write to pool 0 and 3 alone. So an edit is looked at once more.
"""

import errno
import fcntl
import hashlib
import os
import random
import stat
import time
from contextlib import contextmanager, suppress
from typing import Any, Callable, Iterator, NamedTuple, Sequence

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_directory import open_directory, open_file
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Change, Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_journal import (
    MERGED,
    Journal,
    decode_journal,
    encode_journal,
    recover,
)
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    RECORD_SIZE,
    KvpError,
    key_of,
    show,
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
# How often an edit is made again that the daemon undid by writing back what it had read before.
REPEATS = 5

DAMAGED = "damaged"
PENDING = "pending"
UNREADABLE = "unreadable"


class Snapshot(NamedTuple):
    """A pool as it is. journal: what another edit left behind, as bytes; with its state, None when there is none."""

    data: bytes
    present: bool
    journal: "bytes | None"
    journal_state: "str | None"


class Plan(NamedTuple):
    """What an edit comes to.

    recovered: the pool after mending what a killed writer left. outcome: how that was done, None when nothing was left.
    tail: bytes at the end that are no whole record.
    """

    recovered: bytes
    outcome: "str | None"
    tail: bytes
    before: "list[bytes]"
    change: Change
    target: bytes


class Edited(NamedTuple):
    """An edit that was made, or would be. tail_file, journal_file: where damage and a merged journal are kept."""

    plan: Plan
    changed: bool
    created: "list[str]"
    tail_file: "str | None"
    journal_file: "str | None"


def pool_file(directory: str, name: str) -> str:
    return os.path.join(directory, f".kvp_pool_{POOLS[name]}")


class Pool:
    """One pool file. system: where the calls that change files come from; tests give one that dies half-way."""

    def __init__(self, path: str, system: Any = os) -> None:
        self.path = path
        self.journal_path = path + ".journal"
        self._directory, self._name = os.path.split(path)
        self._in_image = self._directory != DIRECTORY
        self._system = system

    def read(self) -> Snapshot:
        """Return the pool as it is, under a shared lock. Raises KvpError."""
        try:
            with self._locked(os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
                return Snapshot(_read_all(descriptor), True, *self._journal())
        except FileNotFoundError:
            return Snapshot(b"", False, *self._journal())

    @contextmanager
    def _opened(self) -> Iterator[int]:
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

    def predict(self, edit: Edit) -> Edited:
        """Return what `edit` would come to, and change nothing. Raises KvpError."""
        found = self.read()
        plan = _plan(found, edit)
        changed = plan.target != found.data or found.journal_state is not None
        created = [] if found.present or not plan.target else self._missing()
        return Edited(plan, changed, created, self._aside("damage", plan.tail), self._merged_name(found, plan))

    def edit(self, edit: Edit) -> Edited:
        """Make an edit. Raises KvpError, and then nothing has changed unless its text says otherwise."""
        made = self._edit_once(edit)
        if not made.changed:
            return made
        for _repeat in range(REPEATS):
            if not self._edit_once(edit, only_if_undone=made.plan).changed:
                return made
        raise KvpError(
            f"{self.path} does not keep what is written to it: the change was made {REPEATS + 1} times, and each time"
            " somebody put the old records back. See who else writes there (fuser, auditctl -w)."
        )

    def _edit_once(self, edit: Edit, only_if_undone: "Plan | None" = None) -> Edited:
        created: list[str] = []
        if self._missing():
            found = self.read()
            plan = _plan(found, edit)
            if not found.present and found.journal is None and not plan.target:
                return Edited(plan, False, [], None, None)
            created = self._create()
        with self._locked(os.O_RDWR, fcntl.LOCK_EX) as descriptor:
            found = Snapshot(_read_all(descriptor), True, *self._journal())
            plan = _plan(found, edit)
            if only_if_undone and not _undone(only_if_undone, plan.before):
                return Edited(plan, False, [], None, None)
            journal_file = self._merged_name(found, plan)
            if journal_file and found.journal:
                self._write_file(journal_file, found.journal, descriptor)
            if plan.recovered != found.data:
                self._replace(descriptor, Journal(found.data, plan.recovered, redo=True))
            elif found.journal_state:
                self._system.fsync(descriptor)
                self._remove_journal()
            tail_file = self._aside("damage", plan.tail)
            if tail_file:
                self._write_file(tail_file, plan.tail, descriptor)
            if plan.target != plan.recovered:
                self._replace(descriptor, Journal(plan.recovered, plan.target, redo=False))
        changed = bool(created) or plan.target != found.data or found.journal_state is not None
        return Edited(plan, changed, created, tail_file, journal_file)

    def _replace(self, descriptor: int, journal: Journal) -> None:
        """Change the content in place, so that a death at any byte leaves what recover() understands."""
        try:
            self._write_file(self.journal_path, encode_journal(journal), descriptor)
        except OSError as error:
            raise self._failure("keep a journal for", error, "Nothing was changed.") from error
        try:
            self._overwrite(descriptor, journal.old, journal.new)
        except OSError as error:
            try:
                self._overwrite(descriptor, _read_all(descriptor), journal.old)
                self._remove_journal()
            except OSError:
                raise self._failure("write", error, "The next run mends it from the journal.") from error
            raise self._failure("write", error, "What was written has been undone.") from error
        self._remove_journal()

    def _overwrite(self, descriptor: int, old: bytes, new: bytes) -> None:
        """Write record by record from the first on; recover() counts on this order."""
        for start in range(0, len(new), RECORD_SIZE):
            record = new[start : start + RECORD_SIZE]
            if record == old[start : start + RECORD_SIZE]:
                continue
            while record:
                written = self._system.pwrite(descriptor, record, start)
                start, record = start + written, record[written:]
        if len(new) < len(old):
            self._system.fsync(descriptor)  # or a power cut might keep the new length with the old records
            self._system.ftruncate(descriptor, len(new))
        self._system.fsync(descriptor)

    def _write_file(self, path: str, data: bytes, like: int) -> None:
        """Write a file beside the pool, there as a whole or not at all, and as readable as the pool itself."""
        name = os.path.basename(path)
        temporary = name + ".new"
        with self._opened() as directory:
            with suppress(FileNotFoundError):  # of a writer that was killed
                os.unlink(temporary, dir_fd=directory)
            descriptor = open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, directory)
            try:
                os.fchmod(descriptor, stat.S_IMODE(os.fstat(like).st_mode))
                rest = data
                while rest:
                    rest = rest[self._system.write(descriptor, rest) :]
                self._system.fsync(descriptor)
            except OSError:
                os.unlink(temporary, dir_fd=directory)
                raise
            finally:
                os.close(descriptor)
            self._system.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            self._sync(directory)

    def _remove_journal(self) -> None:
        with self._opened() as directory:
            self._system.unlink(os.path.basename(self.journal_path), dir_fd=directory)
            self._sync(directory)

    def _sync(self, directory: int) -> None:
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
        try:
            self._system.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a file system that cannot do it
                raise
        finally:
            os.close(descriptor)

    def _journal(self) -> "tuple[bytes | None, str | None]":
        try:
            with self._opened() as directory:
                descriptor = open_file(os.path.basename(self.journal_path), os.O_RDONLY, directory)
            with os.fdopen(descriptor, "rb") as stream:
                self._check_regular(descriptor, self.journal_path)
                data = stream.read()
        except FileNotFoundError:
            return None, None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise self._failure("read the journal of", error) from error
            return None, UNREADABLE
        try:
            decode_journal(data)
        except KvpError:
            return data, DAMAGED
        return data, PENDING

    def _merged_name(self, found: Snapshot, plan: Plan) -> "str | None":
        """Return where a journal goes that is not simply done with."""
        if found.journal and (plan.outcome == MERGED or found.journal_state == DAMAGED):
            return self._aside("journal", found.journal)
        return None

    def _aside(self, what: str, data: bytes) -> "str | None":
        """Return the file for bytes that are taken out of the pool, the same one for the same bytes."""
        return f"{self.path}.{what}-{hashlib.sha256(data).hexdigest()[:12]}" if data else None

    def _missing(self) -> "list[str]":
        try:
            with self._opened() as directory:
                os.stat(self._name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            missing = [self._directory] if not os.path.lexists(self._directory) else []
            return [*missing, self.path]
        except OSError as error:
            raise self._failure("read", error) from error
        return []

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

    def _check_regular(self, descriptor: int, path: str) -> None:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise KvpError(f"{path} is not a regular file. Remove it. The daemon creates a new file when it starts.")
        if self._in_image and found.st_nlink > 1:
            raise KvpError(
                f"{path} has {found.st_nlink} names (hard links). It can also be a file outside the image."
                " Remove it. The daemon creates a new file when it starts."
            )

    @contextmanager
    def _locked(self, flags: int, kind: int) -> Iterator[int]:
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
                self._check_regular(descriptor, self.path)
                self._wait_for(fcntl.lockf, descriptor, kind, end)
                self._wait_for(fcntl.flock, descriptor, kind, end)
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

    def _wait_for(self, lock: Callable[[int, int], None], descriptor: int, kind: int, end: float) -> None:
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


def _plan(found: Snapshot, edit: Edit) -> Plan:
    recovered, outcome = found.data, None
    if found.journal_state == UNREADABLE:
        raise KvpError("The journal of an unfinished change cannot be read. Run the task as root (become: true).")
    if found.journal is not None and found.journal_state == PENDING:
        recovered, outcome = recover(decode_journal(found.journal), found.data)
    records, tail = split_records(recovered)
    change = edit.apply(records)
    return Plan(recovered, outcome, tail, records, change, b"".join(change.records))


def _undone(made: Plan, now: Sequence[bytes]) -> bool:
    """Tell whether a key that was changed has its old records again. Other new ones are somebody's own change."""

    def of(key: str, records: Sequence[bytes]) -> "list[bytes]":
        return [record for record in records if show(key_of(record)) == key]

    return any(of(key, now) == of(key, made.before) for key in made.change.keys)


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
