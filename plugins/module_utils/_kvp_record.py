# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""One record of a KVP pool: 2560 bytes, a key of 512 and a value of 2048, both ended by a NUL.

What follows the first NUL of a field means nothing: hv_kvp_daemon allocates its records uninitialised and copies only
the bytes that it was given, and a shorter value leaves the end of the one before (measured with 5.10, 6.1, 6.12, 7.2).
"""

import base64
from typing import Any

# include/uapi/linux/hyperv.h: HV_KVP_EXCHANGE_MAX_KEY_SIZE and HV_KVP_EXCHANGE_MAX_VALUE_SIZE.
KEY_SIZE = 512
VALUE_SIZE = 2048
RECORD_SIZE = KEY_SIZE + VALUE_SIZE

# What the kernel hands to the host, in UTF-16 code units: half of each field, less two (kvp_respond_to_host in
# drivers/hv/hv_kvp.c). The host never sees what is longer.
KEY_UNITS = KEY_SIZE // 2 - 2
VALUE_UNITS = VALUE_SIZE // 2 - 2


class KvpError(Exception):
    """What went wrong and the way out, in the words that the user is to read."""


def split_records(data: bytes) -> "tuple[list[bytes], bytes]":
    """Return the whole records of a pool, and the bytes after them that are less than one."""
    whole = len(data) - len(data) % RECORD_SIZE
    return [data[start : start + RECORD_SIZE] for start in range(0, whole, RECORD_SIZE)], data[whole:]


def key_of(record: bytes) -> bytes:
    """Return the key. A field without a NUL, as cloud-init can write one, is the key as a whole."""
    return record[:KEY_SIZE].split(b"\0", 1)[0]


def value_of(record: bytes) -> bytes:
    """Return the value, as key_of does the key."""
    return record[KEY_SIZE:].split(b"\0", 1)[0]


def encode_record(key: str, value: str) -> bytes:
    """Return a record filled up with NULs. Raises KvpError for what has no place in one or would not reach the host."""
    name = shortened(key)
    raw_key = _encode_field(key, f"The key '{name}'", KEY_UNITS, KEY_SIZE - 1)
    raw_value = _encode_field(value, f"The value of the key '{name}'", VALUE_UNITS, VALUE_SIZE - 1)
    if not raw_key:
        raise KvpError("A key is empty. The host tells items apart by their keys: give it at least one character.")
    return raw_key.ljust(KEY_SIZE, b"\0") + raw_value.ljust(VALUE_SIZE, b"\0")


def _encode_field(text: str, what: str, most_units: int, most_bytes: int) -> bytes:
    if "\0" in text:
        raise KvpError(f"{what} holds a NUL, which ends a field: everything after it would be lost. Remove it.")
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        raise KvpError(f"{what} is no valid Unicode text. For other data use an encoding such as Base64.") from None
    units = len(text.encode("utf-16-le")) // 2
    if units > most_units:
        raise KvpError(
            f"{what} has {units} UTF-16 code units, and the host sees {most_units} at most."
            " Shorten it, or split it over several items."
        )
    if len(raw) > most_bytes:
        raise KvpError(
            f"{what} has {len(raw)} bytes in UTF-8, and a pool holds {most_bytes} at most."
            " Shorten it, or split it over several items."
        )
    return raw


def shortened(text: str) -> str:
    """Return a text as messages show it: not longer than a line, and free of control characters."""
    shown = text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text
    return shown if len(shown) <= 60 else shown[:57] + "..."


def show(raw: bytes) -> str:
    """Return bytes as text; those that are no UTF-8 as ``\\xNN``, so that the text can go into any JSON."""
    return raw.decode("utf-8", "backslashreplace")


def described(name: str, raw: bytes) -> "dict[str, Any]":
    """Return {name: text}, and the exact bytes as name_base64 when the text does not tell them."""
    fields = {name: show(raw)}
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        fields[name + "_base64"] = base64.b64encode(raw).decode("ascii")
    return fields


def items_of(records: "list[bytes]") -> "list[dict[str, Any]]":
    """Return one item per key, in the order of the first record that has it, with that record's value."""
    items: dict[bytes, dict[str, Any]] = {}
    for record in records:
        key = key_of(record)
        if key in items:
            items[key]["occurrences"] += 1
        else:
            items[key] = {**described("key", key), **described("value", value_of(record)), "occurrences": 1}
    return list(items.values())


def duplicates_of(records: "list[bytes]") -> "list[dict[str, Any]]":
    """Return every key that several records have, with all their values in order."""
    values: dict[bytes, list[bytes]] = {}
    for record in records:
        values.setdefault(key_of(record), []).append(value_of(record))
    return [
        {**described("key", key), "all_values": [show(value) for value in found]}
        for key, found in values.items()
        if len(found) > 1
    ]
