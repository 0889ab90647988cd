# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests made of files, for the tests of what linux_guest_info sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from guest_tree import Tree, healthy


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty root."""
    return Tree(tmp_path / "root")


@pytest.fixture
def guest(tree: Tree) -> Tree:
    """Debian 12 on Hyper-V, in which every service but file copy works."""
    return healthy(tree)
