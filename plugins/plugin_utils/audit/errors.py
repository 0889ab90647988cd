# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with what an audit was given, for people."""

from __future__ import annotations


class AuditError(ValueError):
    """Collection, rules, waivers, baseline or options cannot be used.

    problems: one text each, with file and line where there is one.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
