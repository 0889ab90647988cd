# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comparing names as Hyper-V and PowerShell do, whatever the language of the host."""

from __future__ import annotations

import re

# One element of a PowerShell wildcard pattern. A "]" directly after "[" belongs to the set.
_ELEMENT = re.compile(r"`(?P<escaped>.)|(?P<any>[*?])|\[(?P<set>(?:`.|.)(?:`.|[^]`])*)\]|(?P<literal>.)", re.DOTALL)
_SET_MEMBER = re.compile(r"`(?P<escaped>.)|(?P<range>-)|(?P<literal>.)", re.DOTALL)


def fold(text: str) -> str:
    """Return the form in which two texts are equal that .NET calls equal ignoring case, ordinally.

    Upper case, character by character: sharp s stays, and so does what would turn into an ASCII letter (dotless i).
    """
    return "".join(map(_upper, text))


def _upper(character: str) -> str:
    upper = character.upper()
    return upper if len(upper) == 1 and upper.isascii() == character.isascii() else character


def wildcard(pattern: str) -> re.Pattern[str]:
    """Compile a PowerShell wildcard pattern (* ? [a-z], escaped by a backtick) to be matched against folded names.

    Matching takes no more steps than the length of the name times that of the pattern: hosts choose the names.
    Raises ValueError when "[" has no end or a range runs backwards, as PowerShell does.
    """
    between_stars: list[list[str]] = [[]]
    for element in _ELEMENT.finditer(fold(pattern)):
        parts = between_stars[-1]
        if element["any"] == "*":
            between_stars.append([])
        elif element["any"]:
            parts.append(".")
        elif element["set"]:
            members = _SET_MEMBER.finditer(element["set"])
            parts.append(f"[{''.join(m['range'] or re.escape(m['escaped'] or m['literal']) for m in members)}]")
        elif element["literal"] == "[":
            raise ValueError('"[" opens a set that is not closed; to match the character itself write `[')
        else:
            parts.append(re.escape(element["escaped"] or element["literal"]))
    first, *others = map("".join, between_stars)
    # Each piece has a fixed length. So the first place where it fits is as good as any, and an atomic group keeps it.
    pieces = [first, *(f"(?>.*?{piece})" for piece in others[:-1]), *(f".*{piece}" for piece in others[-1:])]
    try:
        return re.compile(f"{''.join(pieces)}\\Z", re.DOTALL)
    except re.error as error:
        raise ValueError(f"not a wildcard pattern: {error.msg}") from error
