# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Molecule says at the end of `molecule test --report`, and of a single scenario."""

from __future__ import annotations

import re

_LINE = re.compile(r"(?m)^([\w-]+) +: actions=(\d+) +successful=(\d+) ")


def recaps(output: str) -> list[tuple[str, int, int]]:
    """Return scenario, how many actions it has, and how many of them were successful, line by line."""
    return [(name, int(actions), int(successful)) for name, actions, successful in _LINE.findall(output)]
