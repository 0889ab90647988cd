# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""C# that a task brings along is compiled once, and whatever is unusual about it is left to Ansible's function."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import ansible

from hyperv_simulator import standin

MODULE = standin.SOURCES / "compiled.psm1"
BASIC = Path(ansible.__file__).parent / "module_utils" / "csharp" / "Ansible.Basic.cs"
ANSWER = "public static class Answer { public static int Value = 42; }"
# As tasks do it: Ansible's function comes when the alias is there already.
SCRIPT = """
$ErrorActionPreference = 'Stop'
Import-Module -Name $args[0] -ArgumentList $args[1]
$module = New-Module -Name AddType -ScriptBlock {
    function Add-CSharpType { param ([string[]]$References, [object]$AnsibleModule, [switch]$PassThru) "own $PassThru" }
}
$module | Import-Module -Scope Global
$said = foreach ($given in [Console]::In.ReadToEnd() | ConvertFrom-Json -AsHashtable) {
    @(Add-CSharpType @given -AnsibleModule ([pscustomobject]@{ Tmpdir = '/tmp' })) -join ' '
}
$types = @('Answer', 'Question', 'Ansible.Basic.AnsibleModule' | Where-Object { $_ -as [type] })
@{ said = @($said); types = $types } | ConvertTo-Json
"""


def add_types(pwsh: str, directory: Path, *given: dict[str, Any]) -> dict[str, list[str]]:
    """What Add-CSharpType said for each of the given parameters, and which types there are then."""
    directory.mkdir(exist_ok=True)
    script = directory.with_name("script.ps1")
    script.write_text(SCRIPT, encoding="utf-8")
    command = [pwsh, "-NoProfile", "-NonInteractive", "-File", str(script), str(MODULE), str(directory)]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def files(kept: Path) -> dict[str, tuple[int, int]]:
    """Which file each name stands for, and when it was written."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in kept.iterdir()}


def test_compiled_once(pwsh: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    given: list[dict[str, Any]] = [
        {"References": [ANSWER, "public class Question { public int Value = Answer.Value; }"]},
        {"References": [BASIC.read_text(encoding="utf-8")]},
    ]
    loaded = {"said": ["", ""], "types": ["Answer", "Question", "Ansible.Basic.AnsibleModule"]}
    assert add_types(pwsh, kept, *given) == loaded
    before = files(kept)
    assert len(before) == 2
    assert add_types(pwsh, kept, *given) == loaded
    assert files(kept) == before


def test_another_source_is_another_assembly(pwsh: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    add_types(pwsh, kept, {"References": [ANSWER]}, {"References": [f"{ANSWER} // the same"]})
    assert len(list(kept.iterdir())) == 2


def test_the_rest_is_left_to_ansible(pwsh: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    broken, warned = "no C#", "class Unused { void Run() { int never; } }"
    unsafe, short = f"//AllowUnsafe\n{ANSWER}", f"//TypeAccelerator -Name Short -TypeName Answer\n{ANSWER}"
    given: list[dict[str, Any]] = [{"References": [text]} for text in (broken, warned, unsafe, short)]
    given.append({"References": [ANSWER], "PassThru": True})
    assert add_types(pwsh, kept, *given) == {"said": [*["own False"] * 4, "own True"], "types": []}
    assert list(kept.iterdir()) == []
