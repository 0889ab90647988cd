# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What recover() makes of every state that a killed writer, and others after it, can leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_journal import (
    FINISHED,
    MERGED,
    NOT_BEGUN,
    Journal,
    decode_journal,
    encode_journal,
    recover,
)
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    KEY_SIZE,
    RECORD_SIZE,
    KvpError,
    encode_record,
    key_of,
    split_records,
    value_of,
)
from kvp_samples import dirty, pool_of

Item = tuple[bytes, bytes]
OLD = [encode_record("a", "1"), dirty(b"b", b"22"), encode_record("c", "333"), dirty(b"d", b"4444")]
EDITS = {
    "append": Edit({"e": "5", "f": "6"}),
    "change": Edit({"b": "changed", "d": "too"}),
    "remove first": Edit({}, ["a"]),
    "remove several": Edit({}, ["a", "c"]),
    "remove last": Edit({}, ["d"]),
    "remove and append": Edit({"e": "5", "f": "6"}, ["a"]),
    "all at once": Edit({"c": "changed", "e": "5", "f": "6", "g": "7"}, ["b"]),
    "purge": Edit({"c": "333"}, purge=True),
    "purge all": Edit({}, purge=True),
}
# Where within a record a write may end: at its edges, in the key, in the value, and after them.
CUTS = (0, 1, 2, KEY_SIZE - 1, KEY_SIZE, KEY_SIZE + 1, KEY_SIZE + 3, KEY_SIZE + 9, RECORD_SIZE - 1)


def states(old: bytes, new: bytes) -> Iterator[bytes]:
    """Every state between the two, in the order of Pool._overwrite, with writes that end at CUTS."""
    now = old
    for start in range(0, len(new), RECORD_SIZE):
        record = new[start : start + RECORD_SIZE]
        if record != now[start : start + RECORD_SIZE]:
            yield from (now[:start] + record[:cut] + now[start + cut :] for cut in CUTS)
            now = now[:start] + record + now[start + RECORD_SIZE :]
    yield now
    yield new


def daemon_set(pool: bytes, key: bytes, value: bytes) -> bytes:
    """What hv_kvp_daemon makes of a pool: a partial record goes, of a value only the bytes that it has are written."""
    records = split_records(pool)[0]
    for index, record in enumerate(records):
        if key_of(record) == key:
            records[index] = record[:KEY_SIZE] + value + b"\0" + record[KEY_SIZE + len(value) + 1 :]
            return b"".join(records)
    return b"".join([*records, dirty(key, value)])


def daemon_delete(pool: bytes, key: bytes) -> bytes:
    records = split_records(pool)[0]
    for index, record in enumerate(records):
        if key_of(record) == key:
            del records[index]
            break
    return b"".join(records)


def items(pool: bytes) -> list[Item]:
    return [(key_of(record), value_of(record)) for record in split_records(pool)[0]]


def host_changes(key: bytes) -> Callable[[bytes], bytes]:
    return lambda pool: daemon_set(pool, key, b"by the host")


FOREIGN = pool_of(("x", "by others"), ("y", "as well"))
OTHERS: dict[str, tuple[Callable[[bytes], bytes], list[Item]]] = {
    "cloud-init appends": (lambda pool: pool + FOREIGN, items(FOREIGN)),
    "cloud-init appends a key that is there": (lambda pool: pool + pool_of(("b", "again")), [(b"b", b"again")]),
    "cloud-init empties the pool": (lambda pool: b"", []),
    "cloud-init empties the pool and appends": (lambda pool: FOREIGN, items(FOREIGN)),
    "host adds": (lambda pool: daemon_set(pool, b"x", b"by the host"), [(b"x", b"by the host")]),
    **{f"host changes {key}": (host_changes(key.encode()), [(key.encode(), b"by the host")]) for key in "abcdef"},
}
DELETIONS = {f"host deletes {key}": key.encode() for key in "abcdef"}


@pytest.mark.parametrize("edit", EDITS.values(), ids=list(EDITS))
def test_an_edit_that_was_cut_is_finished_or_never_was(edit: Edit) -> None:
    old = b"".join(OLD)
    new = b"".join(edit.apply(OLD).records)
    journal = Journal(old, new, redo=False)
    for now in states(old, new):
        data, outcome = recover(journal, now)
        assert (data, outcome) in ([(old, NOT_BEGUN)] if now == old else [(new, FINISHED)])


@pytest.mark.parametrize("edit", EDITS.values(), ids=list(EDITS))
def test_a_mended_pool_is_mended_in_the_end(edit: Edit) -> None:
    """A mending that was cut: its old content is the damaged one, which must not stay."""
    old = b"".join(OLD)
    new = b"".join(edit.apply(OLD).records)
    for torn in states(old, new):
        mended = new + FOREIGN
        for now in states(torn + FOREIGN, mended):
            assert recover(Journal(torn + FOREIGN, mended, redo=True), now) == (mended, FINISHED)


@pytest.mark.parametrize("doing", OTHERS)
@pytest.mark.parametrize("edit", EDITS.values(), ids=list(EDITS))
def test_what_others_wrote_since_is_kept(edit: Edit, doing: str) -> None:
    change, theirs = OTHERS[doing]
    old = b"".join(OLD)
    new = b"".join(edit.apply(OLD).records)
    journal = Journal(old, new, redo=False)
    known = {*items(old), *items(new), *theirs}
    kept = [item for item in items(old) if item in items(new)]
    for torn in states(old, new):
        now = change(torn)
        result = items(recover(journal, now).data)
        assert [item for item in theirs if item not in result] == [], "their items are there"
        assert set(result) <= known, "nothing is mixed"
        if "empties" not in doing:
            changed = {key for key, _value in theirs}
            lost = [item for item in kept if item not in result and item[0] not in changed]
            assert lost == [], "what was to stay is there"
        else:
            assert result == items(now), "an emptied pool stays empty"


@pytest.mark.parametrize("key", DELETIONS.values(), ids=list(DELETIONS))
@pytest.mark.parametrize("edit", EDITS.values(), ids=list(EDITS))
def test_what_others_removed_since_does_not_come_back(edit: Edit, key: bytes) -> None:
    old = b"".join(OLD)
    new = b"".join(edit.apply(OLD).records)
    journal = Journal(old, new, redo=False)
    kept = [item for item in items(old) if item in items(new)]
    on_the_way = set(states(old, new))
    for torn in states(old, new):
        now = daemon_delete(torn, key)
        if now in on_the_way:
            continue  # what was appended last and then removed looks as if it had not been written yet
        found = [k for k, _value in items(now)]
        result = items(recover(journal, now).data)
        if key in [k for k, _value in items(torn)] and key not in found:
            assert key not in [k for k, _value in result]
        assert set(result) <= {*items(old), *items(new)}, "nothing is mixed"
        assert [item for item in kept if item not in result and item[0] != key] == [], "what was to stay is there"


@given(st.binary(max_size=6000), st.binary(max_size=6000), st.booleans())
def test_journals_come_back(old: bytes, new: bytes, redo: bool) -> None:
    journal = Journal(old, new, redo)
    assert decode_journal(encode_journal(journal)) == journal


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_damaged_journal_is_not_believed(position: int, change: int) -> None:
    whole = encode_journal(Journal(pool_of(("a", "1")), pool_of(("a", "2")), redo=False))
    position %= len(whole)
    damaged = whole[:position] + bytes([whole[position] ^ change]) + whole[position + 1 :]
    try:
        journal = decode_journal(damaged)
    except KvpError:
        return
    # Only what the checksum does not cover may have changed, and then the meaning has not.
    assert journal == decode_journal(whole)


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 5000, b"hyperv.integration kvp journal 1\n", b"hyperv.integration kvp journal 1\n[]\n"]
)
def test_other_bytes_are_no_journal(data: bytes) -> None:
    with pytest.raises(KvpError, match="not a whole journal"):
        decode_journal(data)


@given(st.binary(max_size=5200), st.binary(max_size=5200), st.binary(max_size=5200))
def test_nothing_makes_recovery_fail(old: bytes, new: bytes, now: bytes) -> None:
    data, outcome = recover(Journal(old, new, redo=False), now)
    assert outcome in (NOT_BEGUN, FINISHED, MERGED)
    assert recover(Journal(now, data, redo=True), now).data == data


def test_a_power_cut_may_leave_any_part_out() -> None:
    """Blocks reach the disk in any order, and a file may grow before its content is there."""
    old, new = b"".join(OLD), b"".join(Edit({"b": "2b", "d": "4d", "e": "5"}).apply(OLD).records)
    later = old[: 3 * RECORD_SIZE] + new[3 * RECORD_SIZE : 4 * RECORD_SIZE]
    grown = later + bytes(RECORD_SIZE)
    half = new[:4096] + old[4096:]
    for now in (later, grown, half, half + new[len(half) : len(half) + 100]):
        assert recover(Journal(old, new, redo=False), now) == (new, FINISHED)
