# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the collection's PowerShell utilities in a real PowerShell, without Ansible and without a host."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import tempfile
from functools import lru_cache
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
# Starting PowerShell costs more than most scripts. Each script gets a runspace of its own, so modules and variables of
# one do not reach the next; types that a script compiles would.
LOOP = """
$ErrorActionPreference = 'Stop'
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $script, $data = $line | ConvertFrom-Json
    $answer = @{ output = ''; error = '' }
    $shell = [powershell]::Create([initialsessionstate]::CreateDefault2())
    try {
        $answer.output = -join $shell.AddCommand($script).AddArgument($data).Invoke()
    }
    catch {
        $answer.error = "$($_.Exception)"
    }
    finally {
        $shell.Dispose()
    }
    [Console]::Out.WriteLine((ConvertTo-Json -InputObject $answer -Compress))
}
"""


@lru_cache(maxsize=len(CULTURES))
def process(pwsh: str, culture: str) -> subprocess.Popen[str]:
    """A PowerShell of this culture that runs scripts one after the other, until Python ends."""
    started = subprocess.Popen(
        [pwsh, "-NoProfile", "-NonInteractive", "-Command", LOOP],
        env={**os.environ, "LC_ALL": culture, "NO_COLOR": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    atexit.register(started.communicate)
    return started


def run(pwsh: str, utils: tuple[str, ...], script: str, data: Any = None, culture: str = "en_US.UTF-8") -> list[Any]:
    """Imports the named utilities and runs the script, which finds `data` in $data; returns what it wrote, as JSON."""
    shell = process(pwsh, culture)
    assert shell.stdin
    assert shell.stdout
    with tempfile.TemporaryDirectory(prefix="hvis-pwsh-") as directory:
        file = Path(directory, "script.ps1")
        names = ",".join(f"'{name}'" for name in utils)
        file.write_text(SCRIPT.format(utils=names, directory=UTILS, script=script), encoding="utf-8-sig")
        data_file = Path(directory, "data.json")
        data_file.write_text(json.dumps(data), encoding="utf-8")
        shell.stdin.write(json.dumps([str(file), str(data_file)]) + "\n")
        shell.stdin.flush()
        answer = json.loads(shell.stdout.readline())
    assert not answer["error"], answer["error"]
    output: list[Any] = json.loads(answer["output"])
    return output
