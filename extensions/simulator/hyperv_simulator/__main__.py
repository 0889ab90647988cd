# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from pathlib import Path

try:
    from hyperv_simulator.cli import main

    code = main()
except ModuleNotFoundError as error:
    requirements = Path(__file__).resolve().parents[1] / "requirements.txt"
    sys.exit(f"hvsim: no Python package {error.name!r}: {sys.executable} -m pip install -r {requirements}")

sys.exit(code)
