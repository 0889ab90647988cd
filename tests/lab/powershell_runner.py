# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the collection's PowerShell utilities in a real PowerShell, without Ansible and without a host."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from workspace import CHECKOUT

UTILS = CHECKOUT / "plugins" / "module_utils"
CULTURES = ("en_US.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8")

SCRIPT = """param ([string]$DataFile)
$ErrorActionPreference = 'Stop'
foreach ($util in {utils}) {{ Import-Module "{directory}/$util.psm1" }}
$data = Get-Content -Raw -LiteralPath $DataFile -Encoding UTF8 | ConvertFrom-Json
$result = & {{
{script}
}}
ConvertTo-Json -InputObject @($result) -Depth 10 -Compress
"""


def run(pwsh: str, utils: tuple[str, ...], script: str, data: Any = None, culture: str = "en_US.UTF-8") -> list[Any]:
    """Imports the named utilities and runs the script, which finds `data` in $data; returns what it wrote, as JSON."""
    with tempfile.TemporaryDirectory(prefix="hvis-pwsh-") as directory:
        file = Path(directory, "script.ps1")
        names = ",".join(f"'{name}'" for name in utils)
        file.write_text(SCRIPT.format(utils=names, directory=UTILS, script=script), encoding="utf-8-sig")
        data_file = Path(directory, "data.json")
        data_file.write_text(json.dumps(data), encoding="utf-8")
        done = subprocess.run(
            [pwsh, "-NoProfile", "-NonInteractive", "-File", str(file), str(data_file)],
            env={**os.environ, "LC_ALL": culture, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    output: list[Any] = json.loads(done.stdout)
    return output
