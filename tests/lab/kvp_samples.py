# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the pools share: records, the recorded pools, and what hypothesis draws them from."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    KEY_SIZE,
    VALUE_SIZE,
    encode_record,
)

RECORDED = Path(__file__).resolve().parents[1] / "unit" / "plugins" / "module_utils" / "kvp_pools"
DAEMONS = sorted(path for path in RECORDED.iterdir() if path.is_dir())
RECORDED_POOLS = sorted(RECORDED.rglob("*.bin"))


def pool_of(*items: tuple[str, str]) -> bytes:
    return b"".join(encode_record(*item) for item in items)


def dirty(key: bytes, value: bytes) -> bytes:
    """A record as the daemon leaves one: after the NUL comes what was in memory."""
    garbage = b"nameserver 192.0.2.53\nsearch example.org\n" * 60
    return (key + b"\0" + garbage)[:KEY_SIZE] + (value + b"\0" + garbage)[:VALUE_SIZE]


# Texts that a record can hold: the limits themselves have tests of their own.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
keys = texts.filter(bool)
# Few keys, so that they meet each other.
few_keys = st.sampled_from(["a", "b", "c", "org.example/long key", "ü"])
records = st.one_of(
    st.builds(encode_record, few_keys, texts),
    st.builds(dirty, few_keys.map(str.encode), texts.map(str.encode)),
    st.binary(min_size=1, max_size=KEY_SIZE + VALUE_SIZE).map(lambda raw: raw.ljust(KEY_SIZE + VALUE_SIZE, b"\xff")),
)
