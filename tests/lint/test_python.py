# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python sources, by the settings in pyproject.toml."""

from __future__ import annotations

from tools import run_tool


def test_ruff() -> None:
    run_tool("ruff", "check", "--output-format", "concise")


def test_mypy() -> None:
    run_tool("mypy", "--no-error-summary")
