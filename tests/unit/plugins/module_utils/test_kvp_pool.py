# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pool files on a real file system, with real locks; dying in the middle is in tests/faults/test_kvp_crash.py."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils import _kvp_pool
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import Pool, pool_file
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import KvpError, encode_record
from kvp_samples import pool_of
from workspace import IMPORTS

OLD = pool_of(("a", "1"), ("b", "2"))
NEW = pool_of(("a", "1"), ("b", "2"), ("c", "3"))
PUT = Edit({"c": "3"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "hyperv" / ".kvp_pool_1"
    file.parent.mkdir()
    file.write_bytes(OLD)
    return file


@pytest.fixture
def pool(path: Path) -> Pool:
    return Pool(str(path))


@pytest.fixture
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kvp_pool, "LOCK_SECONDS", 0.2)


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


@contextmanager
def other_process(code: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another Python that runs this code with the pool opened as `file`, until its standard input ends."""
    opened = f"import fcntl, sys, os\nfile = open({str(path)!r}, 'r+b')\n{code}\nprint('ready', flush=True)\nsys.stdin.read()"
    command = [sys.executable, "-c", opened]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(timeout=30)


def test_the_files_of_the_pools() -> None:
    found = [pool_file("/var/lib/hyperv", name) for name in ("external", "guest", "auto_external")]
    assert found == [f"/var/lib/hyperv/.kvp_pool_{number}" for number in (0, 1, 3)]


def test_an_edit_is_made_in_place(pool: Pool, path: Path) -> None:
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    before = path.stat()
    edited = pool.edit(PUT)
    after = path.stat()
    assert path.read_bytes() == NEW
    assert (edited.changed, edited.change.added, edited.created) == (True, ["c"], [])
    for field in ("st_ino", "st_dev", "st_mode", "st_uid", "st_gid"):
        assert getattr(after, field) == getattr(before, field)
    assert names(path) == [".kvp_pool_1"]


def test_nothing_is_written_when_nothing_changes(pool: Pool, path: Path) -> None:
    os.utime(path, (1, 1))
    assert not pool.edit(Edit({"b": "2"}, ["c"])).changed
    assert path.stat().st_mtime == 1


def test_a_prediction_changes_nothing_and_is_right(pool: Pool, path: Path) -> None:
    edit = Edit({"c": "3", "a": "new"}, ["b"])
    path.write_bytes(OLD + b"partial")
    predicted = pool.predict(edit)
    assert path.read_bytes() == OLD + b"partial"
    assert names(path) == [".kvp_pool_1"]
    assert pool.edit(edit) == predicted
    assert path.read_bytes() == pool_of(("c", "3"), ("a", "new"))
    assert not pool.predict(edit).changed


def test_shrinking(pool: Pool, path: Path) -> None:
    assert pool.edit(Edit({}, purge=True)).change.removed == ["a", "b"]
    assert path.read_bytes() == b""


def test_a_missing_pool_is_made_as_the_daemon_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "hyperv" / ".kvp_pool_1"
    mask = os.umask(0o077)
    try:
        predicted = Pool(str(path)).predict(PUT)
        assert not path.parent.exists()
        edited = Pool(str(path)).edit(PUT)
    finally:
        os.umask(mask)
    assert edited == predicted
    assert edited.created == [str(path.parent), str(path)]
    assert (stat.S_IMODE(path.parent.stat().st_mode), stat.S_IMODE(path.stat().st_mode)) == (0o755, 0o644)
    assert path.read_bytes() == pool_of(("c", "3"))


def test_a_missing_pool_is_not_made_for_nothing(tmp_path: Path) -> None:
    pool = Pool(str(tmp_path / "hyperv" / ".kvp_pool_1"))
    assert not pool.edit(Edit({}, ["a"], purge=True)).changed
    assert pool.read() == (b"", False)
    assert list(tmp_path.iterdir()) == []


def test_the_daemon_makes_the_pool_at_the_same_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both see no file; the daemon is faster, and has put an item of the host into it already."""
    path = tmp_path / "hyperv" / ".kvp_pool_1"
    real_mkdir = os.mkdir

    def slow_mkdir(name: str, mode: int, dir_fd: int) -> None:
        real_mkdir(name, 0o755, dir_fd=dir_fd)
        path.write_bytes(OLD)
        real_mkdir(name, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", slow_mkdir)
    edited = Pool(str(path)).edit(PUT)
    assert edited.created == []
    assert path.read_bytes() == NEW


def test_damage_is_removed_and_told(pool: Pool, path: Path) -> None:
    path.write_bytes(OLD + b"partial")
    edited = pool.edit(Edit({}))
    assert (edited.changed, edited.tail) == (True, b"partial")
    assert path.read_bytes() == OLD
    assert not pool.edit(Edit({})).changed
    path.write_bytes(OLD + b"other")
    assert pool.edit(PUT).tail == b"other"
    assert path.read_bytes() == NEW
    assert names(path) == [".kvp_pool_1"]


def test_last_record_fills_the_hole(pool: Pool, path: Path) -> None:
    path.write_bytes(pool_of(("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")))
    pool.edit(Edit({"c": "new", "e": "5"}, ["a"]))
    assert path.read_bytes() == pool_of(("e", "5"), ("b", "2"), ("c", "new"), ("d", "4"))


def test_records_with_one_key_stay_in_their_order(pool: Pool, path: Path) -> None:
    """azure-init splits a long value over several records, which readers join in the order of the pool."""
    parts = [("split", "x"), ("split", "y"), ("split", "z")]
    path.write_bytes(pool_of(("a", "1"), *parts[:2], ("b", "2"), parts[2]))
    pool.edit(Edit({}, ["a"]))
    assert path.read_bytes() == pool_of(*parts, ("b", "2"))


@pytest.mark.parametrize("lock", ["fcntl.lockf(file, fcntl.LOCK_EX)", "fcntl.flock(file, fcntl.LOCK_EX)"])
def test_waits_for_the_locks_of_the_daemon_and_of_cloud_init(pool: Pool, path: Path, lock: str) -> None:
    with other_process(lock, path) as process:
        threading.Timer(0.5, process.stdin.close if process.stdin else process.kill).start()
        start = time.monotonic()
        assert pool.edit(PUT).changed
        assert time.monotonic() - start > 0.3
    assert path.read_bytes() == NEW


@pytest.mark.usefixtures("short_wait")
def test_does_not_wait_for_ever_and_names_who_holds_the_lock(pool: Pool, path: Path) -> None:
    with other_process("fcntl.lockf(file, fcntl.LOCK_EX)", path) as process:
        with pytest.raises(KvpError, match=rf"stayed locked for 0 seconds \(by process {process.pid}\). Nothing was"):
            pool.edit(PUT)
        with pytest.raises(KvpError, match="stayed locked"):
            pool.read()
    assert path.read_bytes() == OLD


@pytest.mark.usefixtures("short_wait")
def test_readers_do_not_keep_each_other_out(pool: Pool, path: Path) -> None:
    with other_process("fcntl.lockf(file, fcntl.LOCK_SH); fcntl.flock(file, fcntl.LOCK_SH)", path):
        assert pool.read().data == OLD
        with pytest.raises(KvpError, match="stayed locked"):
            pool.edit(PUT)


@pytest.mark.parametrize("use", ["read", "edit"])
def test_daemon_does_not_wait_for_others_beside_the_module(pool: Pool, path: Path, use: str) -> None:
    """While the module waits for cloud-init, which holds its lock, the daemon gets its own at once."""
    done: list[Any] = []
    with other_process("fcntl.flock(file, fcntl.LOCK_EX)", path) as process:
        thread = threading.Thread(target=lambda: done.append(pool.read() if use == "read" else pool.edit(PUT)))
        thread.start()
        for _try in range(3):
            with other_process("fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)", path):
                pass
        assert done == []
        assert process.stdin is not None
        process.stdin.close()
        thread.join(timeout=30)
    assert len(done) == 1


def test_frozen_file_system_is_waited_for_without_the_lock_of_the_daemon(
    pool: Pool, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits in fchown() during a freeze is measured in tests/guests/test_freeze.py."""
    locks: list[str] = []

    def fchown(descriptor: int, user: int, group: int) -> None:
        assert (user, group) == (-1, -1)
        with other_process("fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)", path):
            locks.append("free")

    monkeypatch.setattr(os, "fchown", fchown)
    pool.edit(PUT)
    assert locks == ["free"]


def test_holds_both_locks_while_it_writes(path: Path) -> None:
    """No descriptor of the pool is opened and closed in between, which would drop the POSIX lock."""
    tries = (
        f"import fcntl\nfor lock in (fcntl.lockf, fcntl.flock):\n    with open({str(path)!r}, 'r+b') as file:\n"
        "        try:\n            lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n            print('free')\n"
        "        except OSError:\n            print('held')\n"
    )
    seen = []

    class Watching:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:
                done = subprocess.run([sys.executable, "-c", tries], capture_output=True, text=True, check=True)
                seen.append((name, done.stdout.split()))
                return getattr(os, name)(*arguments, **named)

            return call

    assert Pool(str(path), Watching()).edit(Edit({"c": "3"}, ["a"])).changed
    written = [name for name, _held in seen if name != "fsync"]
    assert (written[0], written[-1], written.count("pwrite")) == ("ftruncate", "ftruncate", 6)
    assert [name for name, held in seen if held != ["held", "held"]] == []


def test_a_file_that_took_the_name_while_waiting_is_the_one_that_is_written(pool: Pool, path: Path) -> None:
    replacement = path.with_name("replacement")
    replacement.write_bytes(pool_of(("x", "9")))
    code = "fcntl.lockf(file, fcntl.LOCK_EX)"
    with other_process(code, path) as process:

        def replace() -> None:
            os.replace(replacement, path)
            assert process.stdin is not None
            process.stdin.close()

        threading.Timer(0.3, replace).start()
        pool.edit(PUT)
    assert path.read_bytes() == pool_of(("x", "9"), ("c", "3"))


def test_a_pool_that_is_replaced_all_the_time_is_an_error(
    pool: Pool, path: Path, monkeypatch: pytest.MonkeyPatch, short_wait: None
) -> None:
    monkeypatch.setattr(pool, "_is_named", lambda descriptor: False)
    with pytest.raises(KvpError, match="replaced by another file over and over"):
        pool.edit(PUT)


class FullDisk:
    """os, but the nth write fails as on a full disk, after half of it, and all later ones when `for_ever`."""

    def __init__(self, fail_at: int, for_ever: bool = False) -> None:
        self.left = fail_at
        self.for_ever = for_ever

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _write(self, write: Callable[..., int], data: bytes, *arguments: Any) -> int:
        self.left -= 1
        if self.left == 0:
            write(data[: len(data) // 2])
        if self.left == 0 or (self.left < 0 and self.for_ever):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(data)

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        return self._write(lambda part: os.pwrite(descriptor, part, offset), data)


@pytest.mark.parametrize("fail_at", [1, 2, 3, 4])
def test_no_room_for_new_records_leaves_the_pool_as_it_was(path: Path, fail_at: int) -> None:
    edit = Edit({"a": "changed", "c": "3"})
    with pytest.raises(KvpError, match=r"No space left on device\. No item is lost\. Run the task again\. Make room"):
        Pool(str(path), FullDisk(fail_at)).edit(edit)
    assert path.read_bytes() == OLD


def test_no_room_later_loses_nothing(path: Path) -> None:
    """As a file system can have it that writes everything to a new place."""
    edit = Edit({"a": "changed", "c": "3"})
    with pytest.raises(KvpError, match=r"No item is lost"):
        Pool(str(path), FullDisk(6, for_ever=True)).edit(edit)
    assert len(path.read_bytes()) > len(OLD)
    assert Pool(str(path)).edit(edit).change.leftovers > 0
    assert path.read_bytes() == pool_of(("a", "changed"), ("b", "2"), ("c", "3"))


def test_short_writes_go_on_where_they_stopped(path: Path) -> None:
    class Short(FullDisk):
        def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
            return os.pwrite(descriptor, data[:700], offset)

    Pool(str(path), Short(-1)).edit(Edit({"c": "3", "a": "9"}))
    assert path.read_bytes() == pool_of(("a", "9"), ("b", "2"), ("c", "3"))


def test_many_removals_are_synced_together(path: Path) -> None:
    """The daemon waits while the module writes: the number of syncs, the slow part, must not grow with the items."""
    syncs = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def fsync(self, descriptor: int) -> None:
            syncs.append(descriptor)

    path.write_bytes(pool_of(*((f"key {number}", "v") for number in range(200))))
    Pool(str(path), Counting()).edit(Edit({"key 150": "new"}, [f"key {number}" for number in range(100)]))
    assert len(path.read_bytes()) == 100 * 2560
    assert len(syncs) == 7


def test_other_systems_are_refused_with_the_place_of_their_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "FreeBSD")
    with pytest.raises(KvpError, match=r"this system is FreeBSD.*FreeBSD: /var/db/hyperv/pool.*Linux guests only"):
        Pool(pool_file("/var/lib/hyperv", "guest"))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ".kvp_pool_1"
    os.mkfifo(path)
    with pytest.raises(KvpError, match="is not a regular file"):
        Pool(str(path)).read()


def test_a_directory_without_a_parent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KvpError, match=r"Cannot create .*check the option directory"):
        Pool(str(tmp_path / "no" / "such" / ".kvp_pool_1")).edit(PUT)


def unprivileged(code: str) -> subprocess.CompletedProcess[str]:
    """Runs Python code as a user that owns nothing, whoever runs the tests."""
    head = "import os\nif os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    # Imported before root's own directories become unreadable.
    names = (
        "import encodings.utf_16_le\n"
        "from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit\n"
        "from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import Pool\n"
        "from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import KvpError\n"
    )
    env = {**os.environ, "PYTHONPATH": str(IMPORTS)}
    return subprocess.run(
        [sys.executable, "-c", names + head + code], env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A pool that other users can reach, which they cannot in pytest's own directories."""
    with tempfile.TemporaryDirectory(prefix="hvis-kvp-") as directory:
        path = Path(directory, ".kvp_pool_1")
        path.write_bytes(OLD)
        path.chmod(0o444)
        path.parent.chmod(0o555)
        yield path
        path.parent.chmod(0o755)


def test_as_an_unprivileged_user(open_path: Path) -> None:
    path = open_path
    code = (
        f"pool = Pool({str(path)!r})\nprint(len(pool.read().data))\n"
        "print(pool.predict(Edit({'c': '3'})).changed)\n"
        "try:\n    pool.edit(Edit({'c': '3'}))\nexcept KvpError as error:\n    print(error)\n"
    )
    done = unprivileged(code)
    assert done.stderr == ""
    length, predicted, message = done.stdout.splitlines()
    assert (length, predicted) == (str(len(OLD)), "True")
    assert message == f"Cannot write to {path}: Permission denied. Run the task as root (become: true)."
    assert path.read_bytes() == OLD


def test_a_record_appended_by_cloud_init_meanwhile_is_kept(pool: Pool, path: Path) -> None:
    record = encode_record("CLOUD_INIT|1|start|x|y", "{}")
    code = f"fcntl.flock(file, fcntl.LOCK_EX); file.seek(0, 2); file.write({record[:1000]!r}); file.flush()"
    with other_process(code, path) as process:  # half of it is written, as its buffer makes it happen
        finish = f"import sys; open({str(path)!r}, 'ab').write({record[1000:]!r})"

        def go_on() -> None:
            subprocess.run([sys.executable, "-c", finish], check=True)
            assert process.stdin is not None
            process.stdin.close()

        threading.Timer(0.3, go_on).start()
        assert pool.edit(PUT).tail == b""
    assert path.read_bytes() == OLD + record + pool_of(("c", "3"))


def test_the_lock_goes_with_the_edit(pool: Pool, path: Path) -> None:
    pool.edit(PUT)
    with other_process("fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)", path):
        pass
    with open(path, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
