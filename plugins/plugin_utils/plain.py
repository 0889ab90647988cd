# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as plain Python."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ansible.release import __version__ as ansible_version


def plain(value: Any) -> Any:
    """Return a copy in plain dict, list, str, int and float. What YAML reads as a date becomes a text again.

    Ansible hands out subclasses of them, templated when an element is read and tagged with their origin; libraries that
    look at the exact type, such as jmespath, do not know these. Before 2.19 a mapping with a date in it would become a
    text in the next template.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if isinstance(value, int) else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    return value


def plain_or_json(value: Any) -> Any:
    """Return plain(value); of a text what it holds as JSON, for which it raises ValueError.

    A text passes through templates and between tasks at once; mappings of thousands of virtual machines take seconds
    each time.
    """
    if not isinstance(value, str):
        return plain(value)
    try:
        # Not even a well-meaning reader takes NaN, which Python's would.
        return json.loads(value, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def always_text(text: str) -> str:
    """Return a text that every ansible-core takes for a text, as each filter must that returns one.

    Before 2.19 any text is a template that is not marked, and one that looks like a list or a mapping becomes one.
    """
    if tuple(map(int, ansible_version.split(".")[:2])) >= (2, 19):
        return text
    from ansible.utils.unsafe_proxy import NativeJinjaUnsafeText

    marked: str = NativeJinjaUnsafeText(text)
    return marked


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")
