# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many writers at once, in processes of their own: nothing may be lost, whichever lock the others take."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import key_of, split_records, value_of
from kvp_samples import pool_of
from workspace import IMPORTS

WRITERS = 10
ROUNDS = 12
PUT = """
import sys
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import Pool
path, me, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
pool = Pool(path)
for number in range(rounds):
    assert pool.edit(Edit({f"writer {me} item {number}": "v" * (number * 70), f"writer {me} now": str(number)})).changed
    if number:
        pool.edit(Edit({}, [f"writer {me} item {number - 1}"] if number % 3 == 0 else []))
"""
# As cloud-init does it: flock(), and a buffer of Python's, so that a record is written in parts.
CLOUD_INIT = """
import fcntl, sys
path, me, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
for number in range(rounds):
    with open(path, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for part in range(5):
            key = f"CLOUD_INIT|{me}|{number}|{part}".encode()
            file.write(key.ljust(512, b"\\0") + b"{}".ljust(2048, b"\\0"))
        file.flush()
        fcntl.flock(file, fcntl.LOCK_UN)
"""
READ = """
import sys
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import Pool
pool = Pool(sys.argv[1])
for number in range(int(sys.argv[3]) * 5):
    found = pool.read()
    assert len(found.data) % 2560 == 0, len(found.data)
    assert b"before" in found.data
"""


def run(path: Path, programs: list[str]) -> float:
    env = {**os.environ, "PYTHONPATH": str(IMPORTS)}
    start = time.monotonic()
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(number), str(ROUNDS)], env=env)
        for number, program in enumerate(programs)
    ]
    codes = [process.wait(timeout=300) for process in processes]
    assert codes == [0] * len(programs)
    return time.monotonic() - start


def items(path: Path) -> dict[str, str]:
    records, tail = split_records(path.read_bytes())
    assert tail == b""
    found = {key_of(record).decode(): value_of(record).decode() for record in records}
    assert len(found) == len(records), "an item is there twice"
    return found


def expected(writer: int) -> dict[str, str]:
    numbers = [n for n in range(ROUNDS) if not (n + 1 < ROUNDS and (n + 1) % 3 == 0)]
    return {
        **{f"writer {writer} item {number}": "v" * (number * 70) for number in numbers},
        f"writer {writer} now": str(ROUNDS - 1),
    }


def test_ten_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".kvp_pool_1"
    path.write_bytes(pool_of(("before", "them all")))
    seconds = run(path, [PUT] * WRITERS)
    wanted = {"before": "them all"}
    for writer in range(WRITERS):
        wanted.update(expected(writer))
    assert items(path) == wanted
    print(f"\n{WRITERS} writers, {len(wanted)} items, {seconds:.1f} s: lost 0")


def test_ten_writers_make_the_missing_pool(tmp_path: Path) -> None:
    path = tmp_path / "hyperv" / ".kvp_pool_1"
    run(path, [PUT] * WRITERS)
    assert len(items(path)) == sum(len(expected(writer)) for writer in range(WRITERS))


def test_writers_readers_and_cloud_init_together(tmp_path: Path) -> None:
    path = tmp_path / ".kvp_pool_1"
    path.write_bytes(pool_of(("before", "them all")))
    seconds = run(path, [*[PUT] * 5, *[CLOUD_INIT] * 3, *[READ] * 2])
    found = items(path)
    wanted = {"before": "them all"}
    for writer in range(5):
        wanted.update(expected(writer))
    for writer in range(5, 8):
        wanted.update({f"CLOUD_INIT|{writer}|{n}|{part}": "{}" for n in range(ROUNDS) for part in range(5)})
    assert found == wanted
    print(f"\n5 writers, 3 of cloud-init's kind, 2 readers, {len(wanted)} items, {seconds:.1f} s: lost 0")
