# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test may need of the machine, and what happens where that is missing."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import version
from typing import NoReturn

import pytest

from guests import machine
from hyperv_simulator.powershell import PowerShellNotFound, find_powershell


def missing(what: str, detail: str = "") -> NoReturn:
    """Skip the test, which the last line of the run then counts; in continuous integration (CI=true) fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}\n{detail}".rstrip(), pytrace=False)
    pytest.skip(what)


def powershell() -> str:
    """Return the path of a PowerShell that works, without downloading one."""
    try:
        return find_powershell(download=None)
    except PowerShellNotFound as exc:
        missing("no PowerShell", str(exc))


def runs_powershell_locally() -> bool:
    """Tell whether this ansible-core can run PowerShell modules over local connections."""
    return tuple(int(part) for part in version("ansible-core").split(".")[:2]) >= (2, 21)


def local_powershell() -> None:
    """Skip the test under an ansible-core that cannot run PowerShell modules over local connections."""
    if not runs_powershell_locally():
        pytest.skip("ansible-core before 2.21 runs no PowerShell modules over local connections")


def linux_guests(commands: dict[str, str] | None = None) -> None:
    """Return when this machine can boot Linux guests, and has these further commands."""
    try:
        machine.require({**machine.FOR_ROOT_FILE_SYSTEMS, **machine.FOR_GUESTS, **(commands or {})})
    except machine.LabError as exc:
        if machine.asked_for():
            pytest.fail(str(exc), pytrace=False)
        missing(" ".join(str(exc).split()))


def chromium() -> str:
    """Return the path of a Chromium, or of a Chrome. In continuous integration root on Debian gets it by apt-get."""
    names = ("chromium", "chromium-browser", "google-chrome")
    for attempt in ("as it is", "installed"):
        found = next(filter(None, map(shutil.which, names)), None)
        if found:
            return found
        if attempt == "as it is" and os.environ.get("CI") == "true" and os.geteuid() == 0 and machine.is_debian():
            machine.install(["chromium"])
    missing("no Chromium", "On Debian: sudo apt-get install --no-install-recommends chromium")
