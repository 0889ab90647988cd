# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test on the installed collection: what the community's own gates run."""

from __future__ import annotations

import pytest

from thinning import thinned
from tools import INSTALLED, ansible_test

# Both run PowerShell; validate-modules ends the whole run without one.
NEED_POWERSHELL = ("validate-modules", "pslint")
# What runs PowerShell is left to plain pytest, once.
PURE_PYTHON = ("tests/unit/plugins/filter/", "tests/unit/plugins/plugin_utils/")
SKIPPED = [argument for name in NEED_POWERSHELL for argument in ("--skip-test", name)]
# Modules for Linux guests are compiled and imported once more for each Python of a guest that the machine has.
PYTHONS = {
    "of the control node": [*SKIPPED, "--python", "default"],
    "of guests": ["--test", "compile", "--test", "import"],
}


@pytest.mark.parametrize(
    "pythons", thinned("sets of Pythons for ansible-test's sanity", full=PYTHONS, sample=["of the control node"])
)
def test_sanity(pythons: str) -> None:
    output = ansible_test("sanity", *PYTHONS[pythons])
    assert "Running sanity test" in output


@pytest.mark.usefixtures("pwsh")
@pytest.mark.parametrize("name", NEED_POWERSHELL)
def test_sanity_of_powershell(name: str) -> None:
    output = ansible_test("sanity", "--test", name)
    assert f'Running sanity test "{name}"' in output
    assert "Skipping" not in output


def test_units() -> None:
    assert " passed" in ansible_test("units", *PURE_PYTHON)


def test_nothing_is_ignored() -> None:
    files = sorted((INSTALLED / "tests" / "sanity").glob("ignore-*.txt"))
    assert [path.name for path in files] == [f"ignore-2.{minor}.txt" for minor in range(16, 23)]
    assert [path.name for path in files if path.read_text(encoding="utf-8").strip()] == []
