# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lock file says about packages that differ from one Python to the next."""

from __future__ import annotations

import lock


def test_markers_only_where_pythons_differ() -> None:
    resolved = {
        "3.11": {"ansible-core": "2.19.14", "ruff": "1.0"},
        "3.12": {"ansible-core": "2.21.5", "ruff": "1.0", "typing_extensions": "4.16.0"},
        "3.13": {"ansible-core": "2.21.5", "ruff": "1.0"},
    }
    assert lock.lines(resolved) == [
        'ansible-core==2.19.14; python_version <= "3.11"',
        'ansible-core==2.21.5; python_version >= "3.12"',
        "ruff==1.0",
        'typing_extensions==4.16.0; python_version >= "3.12" and python_version <= "3.12"',
    ]
