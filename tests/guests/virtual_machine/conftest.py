# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines: fresh images of Debian 12, or of those releases that HVIS_GUESTS names."""

from __future__ import annotations

import pytest

import needs
from guests import machine
from guests.machine_image import RELEASES
from guests.root_file_systems import chosen_suites
from thinning import thinned

CHOSEN = [suite for suite in RELEASES if suite in chosen_suites()] or ["bookworm"]


@pytest.fixture(scope="module", params=thinned("Debian releases as virtual machines", full=RELEASES, sample=CHOSEN))
def suite(request: pytest.FixtureRequest) -> str:
    """A Debian release that is to be tested, on a machine that can boot it."""
    needs.linux_guests(machine.FOR_VIRTUAL_MACHINES)
    return str(request.param)
