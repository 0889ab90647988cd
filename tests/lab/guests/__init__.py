# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linux guests for tests: the real hyperv-daemons of Debian against a fake Hyper-V host: see README.md."""

from .fake_host import FakeHost, HostError
from .guest import Guest
from .machine import LabError
from .root_file_systems import SUITES, daemon, root_file_system
from .services import SERVICES

__all__ = [
    "SERVICES",
    "SUITES",
    "FakeHost",
    "Guest",
    "HostError",
    "LabError",
    "daemon",
    "root_file_system",
]
