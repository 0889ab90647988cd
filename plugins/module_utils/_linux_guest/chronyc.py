# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The clock as chronyd measures it. Source: chronyc(1), and what chronyc 4.0 and 4.3 printed (measured)."""

from typing import Any

# -m: each argument is a whole command, so that one process asks for both.
COMMAND = ["chronyc", "-n", "-c", "-m", "tracking", "sources"]
STATES = {
    "*": "selected",
    "+": "combined",
    "-": "not_combined",
    "x": "falseticker",
    "~": "too_variable",
    "?": "unusable",
}
_NEVER = 4294967295  # seconds since the last sample of a source that never had one
_TRACKING, _SOURCES = 14, 10


def read_chronyc(output: "str | None", line: "str | None") -> "dict[str, Any] | None":
    """`measured` of the facts; None when chronyd did not answer.

    output: of COMMAND. line: of the configuration, that names the host's clock. Offsets are in seconds.
    """
    rows = [row.split(",") for row in (output or "").splitlines()]
    tracking = next((row for row in rows if len(row) == _TRACKING), None)
    sources = [row for row in rows if len(row) == _SOURCES and row[1] in STATES]
    if tracking is None:
        return None
    try:
        return {
            "leap_status": tracking[13],
            "offset": float(tracking[4]),
            "stratum": int(tracking[2]),
            "selected": next((row[2] for row in sources if row[1] == "*"), None),
            "host_clock": next((_source(row) for row in sources if line and _is_named(row, line)), None),
        }
    except ValueError:
        return None


def _source(row: "list[str]") -> "dict[str, Any]":
    last = int(row[6])
    return {
        "name": row[2],
        "state": STATES[row[1]],
        "reachable": int(row[5], 8) != 0,
        "last_sample": None if last == _NEVER else last,
        "offset": None if last == _NEVER else float(row[8]),
    }


def _is_named(row: "list[str]", line: str) -> bool:
    """Whether a source is the one of a refclock line. Without `refid` chrony names them PHC0, PHC1 and so on."""
    words = line.split()
    refid = words[words.index("refid") + 1] if "refid" in words[:-1] else None
    return row[0] == "#" and (row[2] == refid if refid else row[2].startswith("PHC"))
