# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A writer that dies: at every system call, at every byte, in truth and simulated. Nothing may be lost or mixed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_journal import decode_journal
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import Pool
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    KvpError,
    encode_record,
    key_of,
    split_records,
    value_of,
)
from kvp_samples import dirty, pool_of
from workspace import IMPORTS

RECORDS = [encode_record("a", "1"), dirty(b"b", b"22"), encode_record("c", "333"), dirty(b"d", b"4444")]
OLD = b"".join(RECORDS)
EDITS = {
    "append": ({"e": "5", "f": "6"}, []),
    "change": ({"b": "changed", "d": "too"}, []),
    "remove": ({}, ["a", "c"]),
    "all at once": ({"c": "changed", "e": "5"}, ["b"]),
    "damaged end": ({"e": "5"}, ["a"]),
}
LATER = pool_of(("CLOUD_INIT|1|start|x", "appended after the crash"))


class Killed(BaseException):
    """The process is no more: no handler of errors may see it."""


class DyingSystem:
    """os, but it dies once `budget` is used up: each byte written costs one, and so does each call.

    A sync only costs: what a dead process has written is there without it, and thousands of them take minutes.
    """

    def __init__(self, budget: int, die: Callable[[], None]) -> None:
        self.left = budget
        self.die = die
        self.spent = 0

    def _pay(self) -> None:
        self._spend(1)

    def _spend(self, units: int) -> None:
        if self.left < units:
            self.die()
        self.left -= units
        self.spent += units

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self._pay()
            return None if name == "fsync" else getattr(os, name)(*arguments, **named)

        return call

    def write(self, descriptor: int, data: bytes) -> int:
        return self._written(data, lambda part: os.write(descriptor, part))

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        return self._written(data, lambda part: os.pwrite(descriptor, part, offset))

    def _written(self, data: bytes, write: Callable[[bytes], int]) -> int:
        self._pay()
        if 0 < self.left < len(data):
            write(data[: self.left])
        self._spend(len(data))
        return write(data)


class CountingSystem(DyingSystem):
    """One that lives, and tells when it could have died."""

    def __init__(self) -> None:
        super().__init__(1 << 40, killed)
        self.points: list[int] = []

    def _pay(self) -> None:
        self.points.append(self.spent)
        super()._pay()

    def write(self, descriptor: int, data: bytes) -> int:
        # The journal is only believed as a whole: its edges, and some of what lies between.
        end = self.spent + 1 + len(data)
        self.points += [self.spent + 1, self.spent + 2, *range(self.spent + 3, end, 61), end - 1]
        return super().write(descriptor, data)

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        self.points += range(self.spent + 1, self.spent + 1 + len(data))
        return super().pwrite(descriptor, data, offset)


def killed() -> None:
    raise Killed


def start_of(name: str) -> bytes:
    return OLD + (b"partial record" if name == "damaged end" else b"")


def prepared(directory: Path, name: str) -> tuple[Path, Edit, bytes]:
    """A pool to edit, the edit, and the records that it leads to."""
    path = directory / ".kvp_pool_1"
    for leftover in directory.iterdir():
        leftover.unlink()
    path.write_bytes(start_of(name))
    edit = Edit(*EDITS[name])
    return path, edit, led_to(name)


@cache
def led_to(name: str) -> bytes:
    """The records after the edit; asked for at each of thousands of deaths."""
    return b"".join(Edit(*EDITS[name]).apply(RECORDS).records)


def items(pool: bytes) -> list[tuple[bytes, bytes]]:
    return [(key_of(record), value_of(record)) for record in split_records(pool)[0]]


def safe(path: Path) -> Pool:
    """A pool whose system does not die."""
    return Pool(str(path), DyingSystem(1 << 40, killed))


def points_of_death(directory: Path, name: str) -> list[int]:
    """Every budget that ends before a call, or after any byte of a write to the pool."""
    path, edit, _new = prepared(directory, name)
    system = CountingSystem()
    assert Pool(str(path), system).edit(edit).changed
    return sorted({point for point in system.points if point < system.spent})


def deaths(directory: Path, name: str, every: int) -> Iterator[tuple[Path, bytes]]:
    """The pool after a death at every nth byte and call, and what the edit would have led to."""
    points = points_of_death(directory, name)
    for budget in sorted({*points[::every], *points[-9:]}):
        path, edit, new = prepared(directory, name)
        with pytest.raises(Killed):
            Pool(str(path), DyingSystem(budget, killed)).edit(edit)
        yield path, new


def kept_aside(path: Path) -> bytes:
    return b"".join(other.read_bytes() for other in path.parent.iterdir() if ".damage-" in other.name)


@pytest.mark.parametrize("name", EDITS)
def test_killed_at_every_byte(name: str, tmp_path: Path) -> None:
    outcomes: Counter[str] = Counter()
    # One edit that changes, removes, moves and appends, at every byte; the others at every seventh, to save minutes.
    for path, new in deaths(tmp_path, name, every=1 if name == "all at once" else 7):
        recovered = safe(path).edit(Edit({}))
        pool = path.read_bytes()
        assert pool in (OLD, new), "some of both"
        assert kept_aside(path) in ((b"partial record",) if name == "damaged end" else (b"",))
        leftovers = [other.name for other in tmp_path.iterdir() if ".damage-" not in other.name]
        assert [other for other in leftovers if not other.endswith(".new")] == [path.name]
        assert not safe(path).edit(Edit({})).changed
        outcomes[recovered.plan.outcome or "nothing to do"] += 1
    print(f"\n{name}: {sum(outcomes.values())} deaths: {dict(outcomes)}; lost 0, mixed 0")
    assert outcomes["finished"] > 0
    assert outcomes["nothing to do"] > 0


@pytest.mark.parametrize("name", EDITS)
def test_killed_at_every_byte_and_others_write_before_recovery(name: str, tmp_path: Path) -> None:
    outcomes: Counter[str] = Counter()
    for path, new in deaths(tmp_path, name, every=13):
        cut = len(path.read_bytes()) % 2560
        with open(path, "ab") as file:
            file.write(LATER)
        journal = path.with_name(path.name + ".journal")
        if cut and not journal.exists():
            continue  # a partial record of others: what follows it is out of place for everybody, the daemon included
        recovered = safe(path).edit(Edit({"x": "put"}))
        pool = items(path.read_bytes())
        assert pool[-2:] == [*items(LATER), (b"x", b"put")], "their record is there"
        assert pool[:-2] in (items(OLD), items(new)), "some of both"
        outcomes[recovered.plan.outcome or "nothing to do"] += 1
    print(f"\n{name}: {sum(outcomes.values())} deaths, then a record appended: {dict(outcomes)}; lost 0, mixed 0")
    assert outcomes["finished"] > 0


@pytest.mark.parametrize("name", ["change", "remove", "all at once"])
def test_killed_again_while_recovering(name: str, tmp_path: Path) -> None:
    """Some deaths, and for each of them many of its recovery, with a record that came between."""
    count = 0
    points = points_of_death(tmp_path, name)
    for first in [*points[::997], *points[-9:]]:
        for second in range(0, 60000, 1499):
            path, edit, new = prepared(tmp_path, name)
            with pytest.raises(Killed):
                Pool(str(path), DyingSystem(first, killed)).edit(edit)
            with open(path, "ab") as file:
                file.write(LATER)
            try:
                Pool(str(path), DyingSystem(second, killed)).edit(Edit({}))
                finished = True
            except Killed:
                finished = False
            safe(path).edit(Edit({}))
            pool = items(path.read_bytes())
            assert pool in (items(OLD + LATER), items(new + LATER)), "lost or mixed"
            count += 1
            if finished:
                break
    print(f"\n{name}: {count} times killed twice; lost 0, mixed 0")
    assert count > 100


# One process for each path and budget it reads, and how it ended.
PROGRAM = """
import os, signal, sys
sys.path[:0] = [{imports!r}, {here!r}]
import test_kvp_crash as here
for line in sys.stdin:
    budget, path = line.rstrip("\\n").split(" ", 1)
    child = os.fork()
    if not child:
        system = here.DyingSystem(int(budget), lambda: os.kill(os.getpid(), signal.SIGKILL))
        here.Pool(path, system).edit(here.Edit(*here.EDITS[{name!r}]))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("name", ["all at once"])
def test_sigkill_in_truth(name: str, tmp_path: Path) -> None:
    """Real processes and a real SIGKILL, before every call and in the middle of every write."""
    points = points_of_death(tmp_path, name)
    budgets = [*points[:2], *points[2 : -8 : len(points) // 40], *points[-8:]]
    paths = []
    for budget in budgets:
        directory = tmp_path / str(budget)
        directory.mkdir()
        path, _edit, new = prepared(directory, name)
        paths.append(path)
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
    for path in paths:
        Pool(str(path)).edit(Edit({}))
    found = [path.read_bytes() for path in paths]
    assert set(found) <= {OLD, new}
    finished = found.count(new)
    print(f"\n{name}: {len(found)} processes killed: {finished} finished, {len(found) - finished} undone; lost 0")
    assert 0 < finished < len(found)


def test_the_journal_is_whole_before_the_pool_changes(tmp_path: Path) -> None:
    """And it is on disk: what is written is synced before the next thing is done."""
    path, edit, _new = prepared(tmp_path, "all at once")
    order: list[str] = []

    class Recording:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:
                if name == "pwrite":
                    decode_journal(Path(str(path) + ".journal").read_bytes())
                order.append(name)
                return getattr(os, name)(*arguments, **named)

            return call

    Pool(str(path), Recording()).edit(edit)
    assert order == [
        *("write", "fsync", "replace", "fsync"),  # the journal, and its name
        *("pwrite", "pwrite", "pwrite"),  # b is gone, c has changed, d has moved, e is new
        *(["pwrite"] if len(order) == 11 else []),
        "fsync",
        *("unlink", "fsync"),
    ]


def test_a_wrong_journal_breaks_nothing(tmp_path: Path) -> None:
    path, edit, new = prepared(tmp_path, "change")
    journal = path.with_name(path.name + ".journal")
    journal.write_bytes(b"hyperv.integration kvp journal 1\n{}\n")
    with pytest.raises(KvpError):
        decode_journal(journal.read_bytes())
    assert Pool(str(path)).edit(edit).changed
    assert path.read_bytes() == new
