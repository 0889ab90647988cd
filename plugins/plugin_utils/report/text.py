# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of strangers made harmless to look at: names, notes and everything that a guest says.

Escaping for a format (HTML, Markdown, CSV) is the format's own matter; what is done here holds for all of them.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

# Letters and marks that count as printable and show nothing: fillers, joiners, selectors of Mongolian, blank Braille.
# Source: Unicode, DerivedCoreProperties.txt (Default_Ignorable_Code_Point), and U+2800, which is blank by its nature.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
# Marks on one letter that are let through: Vietnamese and Hebrew need up to three, more pile up over other lines.
_MARKS = 4
_SURROGATE = re.compile("[\ud800-\udfff]")


def visible(text: str) -> str:
    """Return the text with every character that shows nothing, or changes how others show, as in <U+202E>.

    Those are control characters (line ends and tabs too: a name is one line), bidirectional and zero-width characters,
    spaces other than the usual one, lone surrogates (bytes that were no UTF-8), private and unassigned code points, and
    combining marks beyond the fourth on a letter. What is returned can be encoded as UTF-8 and is legal in XML 1.0.
    """
    if text.isascii() and text.isprintable():
        return text
    shown, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if not character.isprintable() or character in _INVISIBLE or marks > _MARKS:
            shown.append(f"<U+{ord(character):04X}>")
        else:
            shown.append(character)
    return "".join(shown)


def shortened(text: str, limit: int) -> str:
    """Return at most `limit` characters of a text; one that is longer says how much of it is missing."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit} more characters)"


def as_text(value: Any) -> str:
    """Return a value of evidence as one line: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(jsonable(value), ensure_ascii=False, sort_keys=True)


def jsonable(value: Any) -> Any:
    """Return the value with what JSON does not have as text: not a number, infinity, lone surrogates (see visible).

    Python would write these, and read them again; other readers of JSON, Ansible among them, refuse the whole document.
    """
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub(lambda found: visible(found[0]), value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {jsonable(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value


def all_visible(value: Any) -> Any:
    """Return a copy of plain data in which every text is `visible`."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(str(key)): all_visible(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [all_visible(item) for item in value]
    return value
