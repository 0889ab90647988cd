# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wildcard patterns as PowerShell reads them: `*`, `?`, `[a-z]`, and the backtick that takes away a sign's meaning.

Source: the behaviour of System.Management.Automation.WildcardPattern with WildcardOptions.IgnoreCase. A bracket
expression ends at the first unescaped `]` that does not directly follow the `[`; there is no negation.
"""

from __future__ import annotations

import re
from functools import lru_cache


class WildcardError(ValueError):
    """The pattern is not valid: an open bracket expression, or a range that runs backwards."""


def has_wildcards(text: str) -> bool:
    """Whether PowerShell would treat the text as a pattern (an escaped sign is none)."""
    escaped = False
    for sign in text:
        if sign in "*?[]" and not escaped:
            return True
        escaped = sign == "`" and not escaped
    return False


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches, whatever its case. Raises WildcardError."""
    return compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression for `fullmatch`. Raises WildcardError."""
    between_stars: list[list[str]] = [[]]
    bracket: list[tuple[str, bool]] | None = None  # signs of an open bracket expression: (sign, is a range's dash)
    just_opened = escaped = False
    for sign in pattern:
        parts = between_stars[-1]
        if bracket is not None:
            if sign == "]" and not just_opened and not escaped:
                parts.append(_bracket(bracket, pattern))
                bracket = None
            elif sign != "`" or escaped:
                bracket.append((sign, sign == "-" and not escaped))
            just_opened = False
        elif sign == "*" and not escaped:
            between_stars.append([])
        elif sign == "?" and not escaped:
            parts.append(".")
        elif sign == "[" and not escaped:
            bracket, just_opened = [], True
        elif sign != "`" or escaped:
            parts.append(re.escape(sign))
        escaped = sign == "`" and not escaped
    if bracket is not None:
        raise WildcardError(pattern)
    if escaped and pattern != "`":
        between_stars[-1].append("`")
    # Each piece has a fixed length. So the first place where it fits is as good as any, and an atomic group keeps it:
    # a pattern of many stars takes no longer than any other, as in PowerShell.
    first, *others = map("".join, between_stars)
    pieces = [first, *(f"(?>.*?{piece})" for piece in others[:-1]), *(f".*{piece}" for piece in others[-1:])]
    return re.compile("".join(pieces), re.IGNORECASE | re.DOTALL)


def _bracket(signs: list[tuple[str, bool]], pattern: str) -> str:
    members: list[str] = []
    position = 0
    while position < len(signs):
        first = signs[position][0]
        if position + 2 < len(signs) and signs[position + 1][1]:
            last = signs[position + 2][0]
            if first > last:
                raise WildcardError(pattern)
            members.append(f"{re.escape(first)}-{re.escape(last)}")
            position += 3
        else:
            members.append(re.escape(first))
            position += 1
    return f"[{''.join(members)}]" if members else "(?!)"
