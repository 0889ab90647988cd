# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit as JSON, to be read by programs and as the baseline of a later audit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import jsonable


def to_json(audit: Audit) -> str:
    """Return the audit as JSON of ASCII characters, texts exactly as they are, but see jsonable.

    Each finding and each virtual machine is a line of its own, so that two audits can be compared line by line.
    """
    members = [f"{_compact(name)}: {_by_line(value)}" for name, value in audit.items()]
    return "{\n" + ",\n".join(members) + "\n}\n"


def _by_line(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(map(_compact, value)) + "\n]"
    if isinstance(value, Mapping) and any(isinstance(item, Mapping | list) for item in value.values()):
        return "{\n" + ",\n".join(f"{_compact(name)}: {_compact(item)}" for name, item in value.items()) + "\n}"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(jsonable(value), allow_nan=False)
