# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    KEY_SIZE,
    RECORD_SIZE,
    VALUE_SIZE,
    KvpError,
    described,
    duplicates_of,
    encode_record,
    items_of,
    key_of,
    shortened,
    show,
    split_records,
    value_of,
)
from kvp_samples import DAEMONS, dirty, keys, texts


@pytest.mark.parametrize("daemon", DAEMONS, ids=lambda path: path.name)
def test_reads_what_the_real_daemon_wrote_as_the_host_saw_it(daemon: Path) -> None:
    seen = json.loads((daemon / "host_saw.json").read_text(encoding="utf-8"))
    for number, items in seen.items():
        records, tail = split_records((daemon / f"kvp_pool_{number}.bin").read_bytes())
        assert tail == b""
        # The recorder kept the last of several equal keys.
        assert {show(key_of(record)): show(value_of(record)) for record in records} == items


@pytest.mark.parametrize("daemon", DAEMONS, ids=lambda path: path.name)
def test_recorded_pools_hold_garbage_after_the_nul(daemon: Path) -> None:
    """Without it the recordings would prove nothing that a pool padded with NULs does not."""
    records, _tail = split_records((daemon / "kvp_pool_0.bin").read_bytes())
    assert any(key_of(record) != record[:KEY_SIZE].rstrip(b"\0") for record in records)
    (note,) = [record for record in records if key_of(record) == b"org.example/note"]
    assert value_of(note) == b"short"
    assert note[KEY_SIZE:].startswith(b"short\0 value that a short one replaces")


@pytest.mark.parametrize("daemon", DAEMONS, ids=lambda path: path.name)
def test_the_daemon_deletes_the_first_of_equal_keys(daemon: Path) -> None:
    """thrice was 1, 2, 3 before the host deleted it once."""
    records, _tail = split_records((daemon / "kvp_pool_1.bin").read_bytes())
    assert duplicates_of(records) == [
        {"key": "twice", "all_values": ["first", "second"]},
        {"key": "thrice", "all_values": ["2", "3"]},
    ]


def test_the_limits_are_those_that_the_daemon_keeps() -> None:
    records, _tail = split_records((DAEMONS[0] / "kvp_pool_0.bin").read_bytes())
    longest = max(records, key=lambda record: len(value_of(record)))
    assert (len(key_of(longest)), len(value_of(longest))) == (KEY_SIZE - 1, VALUE_SIZE - 1)


@given(keys, texts)
def test_what_is_encoded_comes_back(key: str, value: str) -> None:
    record = encode_record(key, value)
    assert len(record) == RECORD_SIZE
    assert (show(key_of(record)), show(value_of(record))) == (key, value)


@given(st.binary(max_size=3 * RECORD_SIZE))
def test_any_bytes_are_read_and_none_is_lost(data: bytes) -> None:
    records, tail = split_records(data)
    assert b"".join(records) + tail == data
    assert len(tail) < RECORD_SIZE
    assert sum(item["occurrences"] for item in items_of(records)) == len(records)
    json.dumps([items_of(records), duplicates_of(records)], ensure_ascii=False).encode("utf-8")


@given(st.binary(max_size=40).map(lambda raw: raw.replace(b"\0", b"")))
def test_bytes_that_are_no_text_come_out_exactly(raw: bytes) -> None:
    fields = described("key", raw)
    if "key_base64" in fields:
        assert base64.b64decode(fields["key_base64"]) == raw
    else:
        assert fields["key"].encode("utf-8") == raw


def test_items_have_the_value_of_the_first_record() -> None:
    records = [encode_record("a", "1"), dirty(b"b", b"2"), encode_record("a", "3")]
    assert items_of(records) == [
        {"key": "a", "value": "1", "occurrences": 2},
        {"key": "b", "value": "2", "occurrences": 1},
    ]
    assert duplicates_of(records) == [{"key": "a", "all_values": ["1", "3"]}]


def test_fields_without_a_nul_end_with_the_field() -> None:
    record = b"k" * KEY_SIZE + b"v" * VALUE_SIZE
    assert (len(key_of(record)), len(value_of(record))) == (KEY_SIZE, VALUE_SIZE)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("k" * 254, "v" * 1022),
        ("ü" * 254, "ü" * 1022),  # 508 and 2044 bytes
        ("😀" * 127, "😀" * 511),  # two units each, 508 and 2044 bytes
        ("€" * 170, "€" * 682),  # 510 and 2046 bytes
    ],
)
def test_the_longest_items(key: str, value: str) -> None:
    record = encode_record(key, value)
    assert (show(key_of(record)), show(value_of(record))) == (key, value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("k" * 255, "", f"The key '{'k' * 57}...' has 255 UTF-16 code units, and the host sees 254 at most."),
        ("😀" * 128, "", "has 256 UTF-16 code units, and the host sees 254 at most."),
        ("€" * 171, "", "has 513 bytes in UTF-8, and a pool holds 511 at most."),
        ("role", "v" * 1023, "The value of the key 'role' has 1023 UTF-16 code units, and the host sees 1022 at most."),
        ("role", "€" * 683, "The value of the key 'role' has 2049 bytes in UTF-8, and a pool holds 2047 at most."),
        ("", "VALUE", "A key is empty."),
        ("a\0b", "VALUE", r"The key 'a\x00b' holds a NUL"),
        ("role", "a\0b", "The value of the key 'role' holds a NUL"),
        ("role", "\udcff", "The value of the key 'role' is no valid Unicode text."),
        ("\ud800", "", r"The key '\ud800' is no valid Unicode text."),
    ],
)
def test_what_cannot_reach_the_host_is_refused(key: str, value: str, message: str) -> None:
    with pytest.raises(KvpError) as caught:
        encode_record(key, value)
    assert message in str(caught.value)
    assert value == "" or value not in str(caught.value)


def test_messages_show_no_control_characters() -> None:
    assert shortened("a\x1b[2Jb") == r"a\x1b[2Jb"
    assert len(shortened("\0" * 300)) == 60
