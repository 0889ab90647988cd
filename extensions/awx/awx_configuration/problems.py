# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong, with the rule that says so."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """rule: its short name, which tests and people look for. where: what it is about."""

    rule: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text} [{self.rule}]"


class RefusedError(Exception):
    """The source cannot be made into a configuration; the message says where and why."""
