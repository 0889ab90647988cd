# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A writer that dies at every byte, in truth and simulated, and a system that crashes. Nothing may be lost or mixed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import Pool, _plan
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    RECORD_SIZE,
    encode_record,
    key_of,
    split_records,
    value_of,
)
from kvp_samples import dirty, pool_of
from workspace import IMPORTS

Item = tuple[bytes, bytes]

RECORDS = [
    encode_record("a", "1" * 900),
    dirty(b"b", b"22"),
    encode_record("c", "333"),
    dirty(b"d", b"4444"),
    # azure-init splits a long value so; whoever reads it puts it together in the order of the pool.
    *(encode_record("split", text * 1000) for text in "xyz"),
]
OLD = b"".join(RECORDS)
EDITS = {
    "append": Edit({"e": "5", "f": "6"}),
    "change": Edit({"b": "changed", "d": "too" * 300}),
    "remove": Edit({}, ["a", "c"]),
    "all at once": Edit({"c": "changed", "e": "5" * 1000}, ["b"]),
    "damaged end": Edit({"e": "5"}, ["a"]),
}
LATER = pool_of(("CLOUD_INIT|1|start|x", "appended after the crash"))
# What a disk writes as a whole.
SECTOR = 512


class Call(NamedTuple):
    """A write of data at a place, or with data None a change of the size."""

    place: int
    data: bytes | None


class Disk:
    """A file in memory in place of os, which writes down what is done to it."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        # What was done from one sync to the next.
        self.windows: list[list[Call]] = [[]]

    def pwrite(self, _descriptor: int, data: bytes, offset: int) -> int:
        self._do(Call(offset, data))
        return len(data)

    def ftruncate(self, _descriptor: int, length: int) -> None:
        self._do(Call(length, None))

    def fsync(self, _descriptor: int) -> None:
        self.windows.append([])

    def _do(self, call: Call) -> None:
        self.windows[-1].append(call)
        do(self.data, call)


def do(data: bytearray, call: Call) -> None:
    if call.data is None:
        del data[call.place :]
        data.extend(bytes(call.place - len(data)))
    else:
        data[call.place : call.place + len(call.data)] = call.data


def edited(pool: bytes, edit: Edit) -> Disk:
    """The disk after an edit, as Pool makes it."""
    disk = Disk(pool)
    planned = _plan(pool, edit)
    if planned.changed:
        Pool("/pool", disk)._write(0, planned)
    return disk


def start_of(name: str) -> bytes:
    return OLD + (b"partial record" if name == "damaged end" else b"")


def deaths(pool: bytes, edit: Edit) -> Iterator[bytes]:
    """What the file can be when the writer dies: before each call, and after each byte that it writes."""
    data = bytearray(pool)
    for call in chain.from_iterable(edited(pool, edit).windows):
        if call.data is None:
            yield bytes(data)
            do(data, call)
            continue
        for index, byte in enumerate(call.data):
            yield bytes(data)
            data[call.place + index] = byte


def items(pool: bytes) -> list[Item]:
    """What a reader finds. A record without a key is no item."""
    return [item for item in ((key_of(r), value_of(r)) for r in split_records(pool)[0]) if item[0]]


class Guarantee:
    """What holds for a pool whenever the writer of an edit dies, and after the next run."""

    def __init__(self, pool: bytes, edit: Edit) -> None:
        self.edit = edit
        self.old, self.new = items(pool), items(bytes(edited(pool, edit).data))
        self.kept = [item for item in self.old if item in self.new]
        self.changed = {key for key, _value in self.old} & {key for key, _value in self.new}

    def check(self, pool: bytes) -> list[Item]:
        """Check a pool as the daemon reads it."""
        found = items(pool)
        assert set(self.kept) <= set(found), "lost"
        assert set(found) <= {*self.old, *self.new}, "mixed"
        assert self.changed <= {key for key, _value in found}, "lost"
        split = [value for key, value in found if key == b"split"]
        assert [*dict.fromkeys(split)] == [value for key, value in self.old if key == b"split"], "out of order"
        return found

    def check_next_runs(self, pool: bytes) -> None:
        """Check what another task makes of it, and the same task again."""
        other = bytes(edited(pool, Edit({})).data)
        assert sorted(self.check(other)) == sorted(set(items(other))), "there twice"
        assert len(items(other)) * RECORD_SIZE == len(other), "a record without a key is left"
        for found in pool, other:
            again = bytes(edited(found, self.edit).data)
            assert sorted(items(again)) == sorted(self.new)
            assert len(again) == len(self.new) * RECORD_SIZE
            assert not _plan(again, self.edit).changed


def kind(found: list[Item], of: Guarantee) -> str:
    if sorted(found) in (sorted(of.old), sorted(of.new)):
        return "as before" if sorted(found) == sorted(of.old) else "complete"
    return "on the way"


@pytest.mark.parametrize("name", EDITS)
def test_killed_at_every_byte(name: str) -> None:
    pool, edit = start_of(name), EDITS[name]
    guarantee = Guarantee(pool, edit)
    states: Counter[str] = Counter()
    last: list[Item] = []
    for count, left in enumerate(deaths(pool, edit)):
        found = guarantee.check(left)
        assert len(left) % RECORD_SIZE == 0 or left == pool, "what others append would be out of place"
        states[kind(found, guarantee)] += 1
        # Between two bytes that readers see, the next run has the same to do; it is looked at less often.
        if found != last or count % 61 == 0:
            guarantee.check_next_runs(left)
            last = found
    print(f"\n{name}: {sum(states.values())} deaths: {dict(states)}; lost 0, mixed 0")
    assert states["as before"] > 0
    assert states["on the way"] > 0


@pytest.mark.parametrize("name", EDITS)
def test_killed_at_every_byte_and_others_write_before_the_next_run(name: str) -> None:
    pool, edit = start_of(name), EDITS[name]
    guarantee = Guarantee(pool, edit)
    count = 0
    for left in islice(deaths(pool, edit), 1, None, 13):
        assert items(left + LATER)[-1:] == items(LATER), "their record is there at once"
        found = items(bytes(edited(left + LATER, edit).data))
        assert sorted(found) == sorted([*guarantee.new, *items(LATER)])
        count += 1
    print(f"\n{name}: {count} deaths, then a record appended: lost 0, mixed 0")
    assert count > 100


@pytest.mark.parametrize("name", ["change", "remove", "all at once"])
def test_killed_again_in_the_next_run(name: str) -> None:
    pool, edit = start_of(name), EDITS[name]
    guarantee = Guarantee(pool, edit)
    count = 0
    for first in islice(deaths(pool, edit), 0, None, 997):
        for following in edit, Edit({}):
            for second in islice(deaths(first, following), 0, None, 499):
                guarantee.check(second)
                guarantee.check_next_runs(second)
                count += 1
    print(f"\n{name}: {count} times killed twice; lost 0, mixed 0")
    assert count > 100


@pytest.mark.parametrize("name", EDITS)
def test_system_crashes_between_two_syncs(name: str) -> None:
    """Each sector of the disk, and the size of the file, is as at a moment of its own since the last sync."""
    pool, edit = start_of(name), EDITS[name]
    guarantee = Guarantee(pool, edit)
    chance = random.Random(name)
    durable = bytearray(pool)
    count = 0
    for window in edited(pool, edit).windows:
        moments = [bytes(durable)]
        for call in window:
            do(durable, call)
            moments.append(bytes(durable))
        for _try in range(60):
            left = bytearray(len(chance.choice(moments)))
            for start in range(0, len(left), SECTOR):
                piece = chance.choice(moments)[start : start + SECTOR]
                left[start : start + len(piece)] = piece
            guarantee.check(bytes(left))
            guarantee.check_next_runs(bytes(left))
            count += 1
    print(f"\n{name}: {count} crashes of the system; lost 0, mixed 0")
    assert len(edited(pool, edit).windows) > 3


# One process for each budget and path it reads, and how it ended.
PROGRAM = """
import os, signal, sys
sys.path[:0] = [{imports!r}, {here!r}]
import test_kvp_crash as here
for line in sys.stdin:
    budget, path = line.rstrip("\\n").split(" ", 1)
    child = os.fork()
    if not child:
        here.Pool(path, here.DyingSystem(int(budget))).edit(here.EDITS[{name!r}])
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


class DyingSystem:
    """os, but after so many bytes and changes of the size the process is killed, in the middle of a write."""

    def __init__(self, budget: int) -> None:
        self.left = budget

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return getattr(os, name)  # type: ignore[no-any-return]

    def ftruncate(self, descriptor: int, length: int) -> None:
        self._pay(1)
        os.ftruncate(descriptor, length)

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        if 0 < self.left < len(data):
            os.pwrite(descriptor, data[: self.left], offset)
        self._pay(len(data))
        return os.pwrite(descriptor, data, offset)

    def _pay(self, units: int) -> None:
        if self.left < units:
            os.kill(os.getpid(), 9)
        self.left -= units


@pytest.mark.parametrize("name", ["all at once"])
def test_sigkill_in_truth(name: str, tmp_path: Path) -> None:
    """Real processes and a real SIGKILL leave what the other tests of this file assume."""
    pool, edit = start_of(name), EDITS[name]
    last = sum(1 for _left in deaths(pool, edit)) - 1
    budgets = sorted({0, 1, 2, *range(3, last, last // 40), *range(last - 7, last + 1)})
    assumed = [left for budget, left in enumerate(deaths(pool, edit)) if budget in budgets]
    paths = [tmp_path / str(budget) / ".kvp_pool_1" for budget in budgets]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(pool)
    program = PROGRAM.format(imports=str(IMPORTS), here=str(Path(__file__).parent), name=name)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(IMPORTS), str(Path(__file__).parents[1] / "lab")])},
        input="".join(f"{budget} {path}\n" for budget, path in zip(budgets, paths, strict=True)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["-9"] * len(budgets)
    assert [path.read_bytes() for path in paths] == assumed
    for path in paths:
        Pool(str(path)).edit(edit)
        assert sorted(items(path.read_bytes())) == sorted(Guarantee(pool, edit).new)
        assert [other.name for other in path.parent.iterdir()] == [path.name]
    print(f"\n{name}: {len(paths)} processes killed, and run again; lost 0, mixed 0")
