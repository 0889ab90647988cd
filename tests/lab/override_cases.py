# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an override may look like and what not: one table for module and policy."""

from __future__ import annotations

from typing import Any, NamedTuple

REASON = "appliance without agent"


class Read(NamedTuple):
    """What an override says: its reason, and its last day or None."""

    reason: str
    until: str | None = None


ACCEPTED: list[tuple[Any, Read]] = [
    (REASON, Read(REASON)),
    (f" \t\n\u00a0\u3000{REASON}\u2028\x1c \x1f", Read(REASON)),
    ("8 letter", Read("8 letter")),
    ("\U0001f600" * 8, Read("\U0001f600" * 8)),
    ({"reason": REASON}, Read(REASON)),
    ({"reason": f"  {REASON} ", "until": "2026-12-31"}, Read(REASON, "2026-12-31")),
    ({"reason": REASON, "until": "2020-01-01"}, Read(REASON, "2020-01-01")),
    ({"reason": REASON, "until": "2028-02-29"}, Read(REASON, "2028-02-29")),
    ({"reason": REASON, "until": "0001-01-01"}, Read(REASON, "0001-01-01")),
]
NO_STRINGS: tuple[Any, ...] = (
    *(True, False, 0, 12345678, 1234567.5),
    *([], [REASON], [[]], [{"reason": REASON}], {}),
)
# value -> what the message says.
REFUSED: list[tuple[Any, str]] = [
    *((text, "at least 8 characters") for text in ("", " ", "because", "  short  ", "\x1c" * 9, "\U0001f600" * 4)),
    *((value, "at least 8 characters") for value in NO_STRINGS),
    ({"until": "2099-12-31"}, "at least 8 characters"),
    *(({"reason": value, "until": "2099-12-31"}, "at least 8 characters") for value in ("short", None, *NO_STRINGS)),
    ({"reason": REASON, "til": "2099-12-31"}, "til: an override has no such field"),
    ({"reason": REASON, "expires": "2099-12-31"}, "expires: an override has no such field"),
    ({"Reason": REASON}, "Reason: an override has no such field"),
    ({"reason": REASON, "Until": "2099-12-31"}, "Until: an override has no such field"),
    *(
        ({"reason": REASON, "until": value}, "write the last day, as in 2026-12-31")
        for value in (
            *("", "31.12.2099", "2099-02-30", "2099-13-01", "20991231", "2099-1-1", "2099-12-31T00:00:00", "tomorrow"),
            *("2099-W01-1", "0000-01-01", "2099-12-31\n", " 2099-12-31", "2099-12-31\0", "２０９９-12-31", "+2099-1-1"),
            *(None, True, 2099, 20991231, [], ["2099-12-31"], {}, {"day": "2099-12-31"}),
        )
    ),
]
