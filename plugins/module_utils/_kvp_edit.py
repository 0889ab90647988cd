# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What putting and removing items makes of the records of a pool. No file is touched here."""

from typing import Mapping, NamedTuple, Sequence

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    encode_record,
    key_of,
    show,
    value_of,
)


class Change(NamedTuple):
    """The records as they shall be, and by which keys they differ from those before.

    duplicates_removed: how many records beyond the first were dropped, by the key that they share with it.
    """

    records: "list[bytes]"
    added: "list[str]"
    modified: "list[str]"
    removed: "list[str]"
    duplicates_removed: "dict[str, int]"

    @property
    def keys(self) -> "list[str]":
        """All keys that something happened to."""
        return sorted({*self.added, *self.modified, *self.removed, *self.duplicates_removed})


class Edit:
    """Items to put, keys to remove, and whether everything else goes as well. Raises KvpError for impossible items."""

    def __init__(self, put: Mapping[str, str], absent: Sequence[str] = (), purge: bool = False) -> None:
        self.wanted = {key_of(record): record for record in (encode_record(*item) for item in put.items())}
        self.absent = frozenset(absent)
        self.purge = purge

    def apply(self, records: Sequence[bytes]) -> Change:
        """Return what becomes of these records: their order stays, new ones follow at the end.

        A record that has the wanted value stays as it is to the last byte, and so does every one that is not named.
        Records that share their key are only thinned out where that key is put: others may need all of them, as
        azure-init does, which splits a long value over several records of the same key.
        """
        kept: list[bytes] = []
        found: list[bytes] = []
        change = Change(kept, [], [], [], {})
        for record in records:
            key = key_of(record)
            if key not in self.wanted:
                if not self.purge and show(key) not in self.absent:
                    kept.append(record)
                elif show(key) not in change.removed:
                    change.removed.append(show(key))
            elif key in found:
                change.duplicates_removed[show(key)] = change.duplicates_removed.get(show(key), 0) + 1
            else:
                found.append(key)
                if value_of(record) != value_of(self.wanted[key]):
                    record = self.wanted[key]
                    change.modified.append(show(key))
                kept.append(record)
        for key, record in self.wanted.items():
            if key not in found:
                kept.append(record)
                change.added.append(show(key))
        return change
