# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A target for fuzzers: takes any bytes for a pool, and fails when a promise about pools does not hold for them.

Under atheris::

    python -c 'import atheris, kvp_pool; atheris.Setup(["kvp_pool"], kvp_pool.target); atheris.Fuzz()'

with this directory and the one that holds `ansible_collections` in PYTHONPATH. The unit tests run it over the recorded
pools and what hypothesis makes of them.
"""

from __future__ import annotations

import json

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit, leftovers_of
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_provisioning import decode_provisioning
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    duplicates_of,
    items_of,
    key_of,
    split_records,
)


def target(data: bytes) -> None:
    """Read, decode and edit these bytes as a pool; AssertionError says which promise was broken."""
    records, tail = split_records(data)
    assert b"".join(records) + tail == data, "bytes are lost"
    found = [items_of(records), duplicates_of(records), decode_provisioning(records)]
    json.dumps(found, ensure_ascii=False, allow_nan=False).encode("utf-8")

    edit = Edit({"put": "value", "longer " * 30: "value " * 100}, ["absent"])
    change = edit.apply(records)
    named = {b"put", ("longer " * 30).encode(), b"absent"}
    leftovers = leftovers_of(records)
    others = [record for place, record in enumerate(records) if place not in leftovers and key_of(record) not in named]
    assert [record for record in change.records if key_of(record) not in named] == others, "other records changed"
    assert len(records) - len(change.holes) + len(change.fresh) == len(change.records), "a record is lost or too many"
    again = edit.apply(change.records)
    assert (again.holes, again.fresh) == ([], []), "a second edit changes something"
