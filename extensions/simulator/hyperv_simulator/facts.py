# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The enumerations of the real module, as numbers and names (facts/hyperv_types.json)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

FACTS = Path(__file__).resolve().parent.parent / "facts"


@cache
def enumeration(name: str) -> dict[str, int]:
    """Member name -> number of an enumeration of the namespace Microsoft.HyperV.PowerShell."""
    members: dict[str, int] = _enumerations()[name]
    return members


def to_number(enum: str, value: str | int) -> int:
    """The number of a member; numbers pass, so that states which no enumeration knows can be planted."""
    return value if isinstance(value, int) else enumeration(enum)[value]


def to_name(enum: str, number: int) -> str | int:
    """The member name of a number; a number without a name stays a number."""
    return _names(enum).get(number, number)


@cache
def _names(enum: str) -> dict[int, str]:
    return {number: name for name, number in enumeration(enum).items()}


@cache
def _enumerations() -> dict[str, dict[str, int]]:
    enums: dict[str, dict[str, int]] = json.loads((FACTS / "hyperv_types.json").read_text(encoding="utf-8"))["enums"]
    return enums
