# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The journal of an edit, and what a pool becomes again when the writer died in the middle of it.

A pool can only be written in place: hv_kvp_daemon locks the file that it opened once, and a new file under the old name
would no longer be protected. So the journal holds the whole pool as it was and as it shall be, and lies on disk before
the first byte of the pool changes. It goes when the pool is safe.

What is done with a journal that was left behind depends on what the pool is now:

* as it was: the edit had not begun, and does not begin now. Nobody was told that it succeeded.
* a state on the way: the edit is finished, not undone. To undo would bring back what was to be removed.
* either of these with further records after it, as cloud-init appends them: the same, and these records stay.
* anything else: others have changed the pool since (the daemon for the host, cloud-init which empties the pool at
  boot). Then what is there now is the truth. Only the record that was cut in the middle is mended and what the edit had
  copied but not yet removed is left out; nothing that is missing comes back. The journal is kept under another name.

A record that the edit was to keep is never missing on the way: the records are written from the first to the last, and
an edit moves records only towards the beginning. One case cannot be told from another: an item that the edit appended
last, and the host removed since, looks as if it had not been written yet, and comes back.
"""

import hashlib
import json
import operator
from collections import Counter
from typing import NamedTuple

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    RECORD_SIZE,
    KvpError,
    key_of,
    split_records,
)

MAGIC = b"hyperv.integration kvp journal 1\n"

NOT_BEGUN = "not_begun"
FINISHED = "finished"
MERGED = "merged"


class Journal(NamedTuple):
    """An edit of a pool. redo: the old content is itself one that needs mending, so never stop there."""

    old: bytes
    new: bytes
    redo: bool


class Recovery(NamedTuple):
    """What a pool becomes. outcome: NOT_BEGUN, FINISHED or MERGED."""

    data: bytes
    outcome: str


def encode_journal(journal: Journal) -> bytes:
    body = journal.old + journal.new
    head = {
        "old": len(journal.old),
        "new": len(journal.new),
        "redo": journal.redo,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return MAGIC + json.dumps(head).encode("ascii") + b"\n" + body


def decode_journal(data: bytes) -> Journal:
    """Raises KvpError when these bytes are no whole journal."""
    try:
        if not data.startswith(MAGIC):
            raise ValueError("another format")
        line, body = data[len(MAGIC) :].split(b"\n", 1)
        head: dict[str, object] = json.loads(line.decode("ascii"))
        old, new = head["old"], head["new"]
        if not isinstance(old, int) or not isinstance(new, int) or old + new != len(body):
            raise ValueError("another length")
        if hashlib.sha256(body).hexdigest() != head["sha256"]:
            raise ValueError("another checksum")
        return Journal(body[:old], body[old:], bool(head["redo"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KvpError(f"not a whole journal ({error})") from None


def recover(journal: Journal, now: bytes) -> Recovery:
    """Return what the pool becomes that holds `now` although the edit of the journal was begun."""
    old, new = journal.old, journal.new
    if now == new:
        return Recovery(now, FINISHED)
    # What others appended after a partial record is out of place until that is gone.
    misplaced = len(old) % RECORD_SIZE > 0 and len(now) > len(old)
    if now.startswith(old) and not (journal.redo or misplaced or _is_grown(old, new, now)):
        return Recovery(now, NOT_BEGUN)
    length = _length_on_the_way(old, new, now)
    if length is not None and not set(split_records(now[length:])[0]) & set(split_records(new)[0]):
        return Recovery(new + now[length:], FINISHED)
    if now.startswith(new):
        return Recovery(now, FINISHED)
    return Recovery(_merge(journal, now), MERGED)


def _is_grown(old: bytes, new: bytes, now: bytes) -> bool:
    """Tell whether the edit had begun to append, so that what follows the old content is not all of others."""
    start = len(old)
    return len(new) > start and new.startswith(old) and len(now) > start and _appended(new, now, start) > start


def _appended(new: bytes, now: bytes, start: int) -> int:
    """Return how much of the pool is of the edit, when it was writing behind `start`: all before that is written.

    Others append whole records: what is left over when the pool is divided into records is the one that was cut.
    """
    position = start
    while position + RECORD_SIZE <= min(len(new), len(now)) and _same(new, now, position, RECORD_SIZE):
        position += RECORD_SIZE
    cut = len(now) % RECORD_SIZE - position % RECORD_SIZE
    if cut > 0 and position + cut <= min(len(new), len(now)) and _same(new, now, position, cut):
        position += cut
    return position


def _same(new: bytes, now: bytes, position: int, length: int) -> bool:
    return new[position : position + length] == now[position : position + length]


def _length_on_the_way(old: bytes, new: bytes, now: bytes) -> "int | None":
    """Return how much of the pool the writer can have left; others appended the rest. None: they did more than that."""
    if len(now) < len(old):
        return None
    if len(new) > len(old):
        shared = len(old) - len(old) % RECORD_SIZE
        if now[:shared] == new[:shared]:
            length = _appended(new, now, shared)
            if length >= len(old) or now[length : len(old)] == old[length:]:
                return max(length, len(old))
        # After a power cut the file may be longer than what reached it, with NULs for the rest.
        if len(now) <= len(new) and _is_mixture(old.ljust(len(now), b"\0"), new, now):
            return len(now)
    return len(old) if _is_mixture(old, new, now[: len(old)]) else None


def _is_mixture(old: bytes, new: bytes, now: bytes) -> bool:
    """Tell whether each byte is of the one or the other: after a power cut any part may be missing."""
    for start in range(0, len(now), RECORD_SIZE):
        piece = slice(start, start + RECORD_SIZE)
        if now[piece] in (old[piece], new[piece]):
            continue
        if len(new) < start + len(now[piece]):
            return False
        others = map(operator.ne, now[piece], old[piece]), map(operator.ne, now[piece], new[piece])
        if any(map(operator.and_, *others)):
            return False
    return True


def _merge(journal: Journal, now: bytes) -> bytes:
    old, new = split_records(journal.old)[0], split_records(journal.new)[0]
    records, tail = split_records(now)
    before, room = set(old), Counter(new)
    keys = Counter(key_of(record) for record in records)
    replaced = {key_of(record) for record in records if record not in before}
    merged: list[bytes] = []
    for record in records:
        if record in room:
            if room[record] > 0:  # more of them than the edit leaves are copies that it had not yet removed
                room[record] -= 1
                merged.append(record)
        elif record in before:
            if key_of(record) not in replaced:
                merged.append(record)
        else:
            whole = _uncut(old, new, record)
            if whole is None:
                merged.append(record)
            elif whole not in before and keys[key_of(whole)] == int(key_of(whole) == key_of(record)):
                merged.append(whole)  # nowhere else is the item that it was to become
    return b"".join(merged) + tail


def _uncut(old: "list[bytes]", new: "list[bytes]", record: bytes) -> "bytes | None":
    """Return the record that was being written when the writer died, for one that holds only its beginning."""
    for index, whole in enumerate(new):
        under = old[index] if index < len(old) else bytes(RECORD_SIZE)
        written = next((i for i, (a, b) in enumerate(zip(record, whole)) if a != b), RECORD_SIZE)
        if written and record[written:] == under[written:]:
            return whole
    return None
