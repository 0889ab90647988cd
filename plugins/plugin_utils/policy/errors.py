# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a policy, for people."""

from __future__ import annotations


class PolicyError(ValueError):
    """A policy, or the facts given with it, cannot be used.

    problems: one text each. Each names the rule, the field, the value and the way out.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
