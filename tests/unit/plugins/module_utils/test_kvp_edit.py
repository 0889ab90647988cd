# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit, leftovers_of
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    KvpError,
    encode_record,
    key_of,
    show,
    value_of,
)
from kvp_samples import dirty, few_keys, records, texts

A, B, C = encode_record("a", "1"), dirty(b"b", b"2"), encode_record("c", "3")
POOL = [A, B, C]


def test_new_items_follow_at_the_end_in_their_order() -> None:
    change = Edit({"z": "9", "d": "4"}).apply(POOL)
    assert change.fresh == [encode_record("z", "9"), encode_record("d", "4")]
    assert (change.holes, change.records) == ([], [*POOL, *change.fresh])
    assert (change.added, change.modified, change.removed) == (["z", "d"], [], [])


def test_a_changed_item_stays_in_its_place_and_is_clean() -> None:
    change = Edit({"b": "22"}).apply(POOL)
    assert change.records == [A, encode_record("b", "22"), C]
    assert (change.holes, change.fresh) == ([1], [encode_record("b", "22")])
    assert change.modified == change.keys == ["b"]


def test_an_item_that_is_there_is_left_alone_to_the_last_byte() -> None:
    change = Edit({"b": "2"}, absent=["nobody"]).apply(POOL)
    assert change.records == POOL
    assert change.keys == []


def test_a_key_is_removed_wherever_it_is() -> None:
    change = Edit({}, absent=["a"]).apply([A, B, encode_record("a", "again"), C])
    assert change.records == [B, C]
    assert (change.holes, change.removed) == ([0, 2], ["a"])


def test_purge_leaves_what_is_put() -> None:
    change = Edit({"b": "2", "d": "4"}, purge=True).apply([*POOL, dirty(b"", b"no key"), b"\xff" * 2560])
    assert change.records == [B, encode_record("d", "4")]
    assert (change.removed, change.leftovers) == (["a", "c", "\\xff" * 512], 1)


def test_duplicates_of_a_put_key_are_removed_and_others_stay() -> None:
    twice = [A, encode_record("a", "x"), C, C, encode_record("a", "1")]
    change = Edit({"a": "1"}).apply(twice)
    assert change.records == [A, C, C]
    assert (change.modified, change.duplicates_removed) == ([], {"a": 2})


def test_what_a_killed_run_left_is_removed() -> None:
    """Records without a key, and beside these, second copies. Two values of a key wait for who puts that key."""
    two_values = encode_record("a", "other")
    change = Edit({}).apply([A, dirty(b"", b"cut"), B, A, two_values, encode_record("b", "2"), dirty(b"", b"")])
    assert change.records == [A, B, two_values]
    assert (change.holes, change.leftovers, change.keys) == ([1, 3, 5, 6], 4, [])
    assert Edit({"a": "1"}).apply(change.records).records == [A, B]


def test_equal_records_of_others_stay_when_no_run_was_killed() -> None:
    assert Edit({}).apply([A, A, B]).holes == []


def test_a_key_that_is_no_text_is_removed_by_the_name_it_is_shown_with() -> None:
    assert Edit({}, absent=["\\xff\\xfe"]).apply([A, dirty(b"\xff\xfe", b"x")]).records == [A]


def test_impossible_items_are_refused() -> None:
    with pytest.raises(KvpError, match="A key is empty"):
        Edit({"a": "1", "": "2"})


@given(st.lists(records, max_size=8), st.dictionaries(few_keys, texts, max_size=3), st.lists(few_keys, max_size=2))
def test_edits_keep_all_other_records_and_their_order(
    pool: list[bytes], put: dict[str, str], absent: list[str]
) -> None:
    absent = [key for key in absent if key not in put]
    change = Edit(put, absent).apply(pool)

    def others(pool: list[bytes]) -> list[bytes]:
        leftovers = leftovers_of(pool)
        rest = [record for place, record in enumerate(pool) if place not in leftovers]
        return [record for record in rest if show(key_of(record)) not in (*put, *absent)]

    assert others(change.records) == others(pool)
    assert not {show(key_of(record)) for record in change.records} & set(absent)
    found = [(show(key_of(r)), show(value_of(r))) for r in change.records if show(key_of(r)) in put]
    assert sorted(found) == sorted(put.items())
    assert ((change.holes, change.fresh) == ([], [])) == (change.records == pool)
    assert Edit(put, absent).apply(change.records).keys == []
