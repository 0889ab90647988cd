# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of an audit as Ansible hands them out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import plain, plain_or_json


def plain_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain(options), a baseline that is a text read. What is no JSON stays a text, which is refused later."""
    read: dict[str, Any] = plain(options)
    with contextlib.suppress(ValueError):
        read["baseline"] = plain_or_json(read.get("baseline"))
    return read
