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
    """What an edit makes of the records of a pool, and by which keys they differ then.

    holes: the places of the records that go, in ascending order.
    fresh: the records that come: new items, then changed ones in the order of the pool. So these fill their own holes.
    records: the records after the edit. In the pool, others from its end may fill holes.
    duplicates_removed: how many records beyond the first were dropped, by the key that they share with it.
    leftovers: how many of the holes are what a killed run left.
    """

    holes: "list[int]"
    fresh: "list[bytes]"
    records: "list[bytes]"
    added: "list[str]"
    modified: "list[str]"
    removed: "list[str]"
    duplicates_removed: "dict[str, int]"
    leftovers: int

    @property
    def keys(self) -> "list[str]":
        """All keys that something happened to."""
        return sorted({*self.added, *self.modified, *self.removed, *self.duplicates_removed})


class Edit:
    """Items to put, keys to remove, and whether everything else goes as well. Raises KvpError for impossible items."""

    def __init__(self, put: "Mapping[str, str]", absent: "Sequence[str]" = (), purge: bool = False) -> None:
        self.wanted = {key_of(record): record for record in (encode_record(*item) for item in put.items())}
        self.absent = frozenset(absent)
        self.purge = purge

    def apply(self, records: "Sequence[bytes]") -> Change:
        """Return what becomes of these records.

        A record that has the wanted value stays as it is to the last byte, and so does every one that is not named.
        Records that share their key are only thinned out where that key is put: others may need all of them, as
        azure-init does, which splits a long value over several records of the same key.
        """
        leftovers = leftovers_of(records)
        found: set[bytes] = set()
        change = Change([], [], [], [], [], [], {}, len(leftovers))
        for place, record in enumerate(records):
            key = key_of(record)
            name = show(key)
            if place in leftovers:
                change.holes.append(place)
            elif key not in self.wanted:
                if not self.purge and name not in self.absent:
                    change.records.append(record)
                    continue
                change.holes.append(place)
                if name not in change.removed:
                    change.removed.append(name)
            elif key in found:
                change.holes.append(place)
                change.duplicates_removed[name] = change.duplicates_removed.get(name, 0) + 1
            else:
                found.add(key)
                if value_of(record) != value_of(self.wanted[key]):
                    record = self.wanted[key]
                    change.holes.append(place)
                    change.fresh.append(record)
                    change.modified.append(name)
                change.records.append(record)
        new = [record for key, record in self.wanted.items() if key not in found]
        change.fresh[:0] = new
        change.records.extend(new)
        change.added.extend(show(key_of(record)) for record in new)
        return change


def leftovers_of(records: "Sequence[bytes]") -> "set[int]":
    """Return the places of what a killed run left: records without a key, and with those, second copies of an item.

    Without such a record no run was killed, and equal records are what somebody wants.
    """
    items = [(key_of(record), value_of(record)) for record in records]
    if all(key for key, _value in items):
        return set()
    first: dict[tuple[bytes, bytes], int] = {}
    return {place for place, item in enumerate(items) if not item[0] or first.setdefault(item, place) != place}


def moves_of(records: "Sequence[bytes]", holes: "Sequence[int]") -> "list[dict[int, int]]":
    """Return which records from the end fill holes, as {hole: place of the record}, one step after the other.

    The records that have a key for themselves move in the first step. Of several with one key, each takes the place of
    the one before: so they are in their order after each step.
    """
    total, gone = len(records) - len(holes), set(holes)
    places: dict[bytes, set[int]] = {}
    for place, record in enumerate(records):
        if place not in gone:
            places.setdefault(key_of(record), set()).add(place)
    ends = [place for place in range(total, len(records)) if place not in gone]
    together: dict[int, int] = {}
    steps = [together]
    for hole, end in zip(holes, ends):
        shared = places[key_of(records[end])]
        if len(shared) == 1:
            together[hole] = end
        else:
            moving = sorted(place for place in shared if hole < place <= end)
            steps += [{to: place} for to, place in zip([hole, *moving], moving)]
            shared ^= {hole, end}
    return steps
