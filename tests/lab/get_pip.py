# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the get-pip.py that ansible-test would download: pip from the interpreter's own wheel, then as asked.

So a machine that reaches a package index, and nothing else, can run `ansible-test --venv`.
"""

from __future__ import annotations

import ensurepip
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
wheel = next(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"), None)
if wheel:  # pure Python: to unpack it is to install it, and takes a tenth of ensurepip's time
    zipfile.ZipFile(wheel).extractall(sysconfig.get_path("purelib"))
else:  # Debian keeps it elsewhere
    subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True)
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", "--upgrade", *arguments], check=False).returncode)
