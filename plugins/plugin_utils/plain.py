# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as plain Python."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def plain(value: Any) -> Any:
    """Return a copy in plain dict, list, str, int and float.

    Ansible hands out subclasses of them, templated when an element is read and tagged with their origin; libraries that
    look at the exact type, such as jmespath, do not know these.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if isinstance(value, int) else float(value)
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


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")
