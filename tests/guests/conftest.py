# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Booted guests for the tests of this folder: Debian 12, or those that HVIS_GUESTS names (`all` for all four)."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import needs
from guests import Guest
from guests.root_file_systems import SUITES, chosen_suites
from thinning import thinned

# Without a choice of releases `molecule test --all` has these scenarios: tests/integration/test_molecule.py.
collect_ignore = [] if os.environ.get("HVIS_GUESTS") else ["test_molecule.py"]


@pytest.fixture(scope="module", params=thinned("Debian releases as booted guests", full=SUITES, sample=chosen_suites()))
def suite(request: pytest.FixtureRequest) -> str:
    """A Debian release that is to be tested, on a machine that can boot it."""
    needs.linux_guests()
    return str(request.param)


@pytest.fixture(scope="module")
def guest(suite: str) -> Iterator[Guest]:
    """A guest of that release, for one test file."""
    with Guest(suite) as booted:
        booted.host.ask("wait", device="kvp", timeout=20)
        yield booted
