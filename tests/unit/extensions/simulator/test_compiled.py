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
import pytest

from hyperv_simulator import standin

MODULE = standin.SOURCES / "compiled.psm1"
BASIC = Path(ansible.__file__).parent / "module_utils" / "csharp" / "Ansible.Basic.cs"
ANSWER = "public static class Answer { public static int Value = 42; }"
# As a task does it: Ansible's function comes when the alias is there already.
SCRIPT = """
$ErrorActionPreference = 'Stop'
Import-Module -Name $args[0] -ArgumentList $args[1]
$given = [Console]::In.ReadToEnd() | ConvertFrom-Json -AsHashtable
$module = New-Module -Name AddType -ScriptBlock {
    function Add-CSharpType { param ([string[]]$References, [object]$AnsibleModule, [switch]$PassThru) "own $PassThru" }
}
$module | Import-Module -Scope Global
$said = @(Add-CSharpType @given -AnsibleModule ([pscustomobject]@{ Tmpdir = '/tmp' }))
$types = @('Answer', 'Question', 'Ansible.Basic.AnsibleModule' | Where-Object { $_ -as [type] })
@{ said = $said; types = $types } | ConvertTo-Json
"""


def add_type(pwsh: str, directory: Path, **given: Any) -> dict[str, list[str]]:
    """What Add-CSharpType said, and which types there are then."""
    directory.mkdir(exist_ok=True)
    script = directory.with_name("script.ps1")
    script.write_text(SCRIPT, encoding="utf-8")
    command = [pwsh, "-NoProfile", "-NonInteractive", "-File", str(script), str(MODULE), str(directory)]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("sources", "types"),
    [
        ([ANSWER, "public class Question { public int Value = Answer.Value; }"], ["Answer", "Question"]),
        ([BASIC.read_text(encoding="utf-8")], ["Ansible.Basic.AnsibleModule"]),
    ],
    ids=["several", "Ansible.Basic"],
)
def test_compiled_once(pwsh: str, tmp_path: Path, sources: list[str], types: list[str]) -> None:
    kept = tmp_path / "kept"
    assert add_type(pwsh, kept, References=sources) == {"said": [], "types": types}
    (assembly,) = kept.iterdir()
    before = assembly.stat()
    assert add_type(pwsh, kept, References=sources) == {"said": [], "types": types}
    (assembly,) = kept.iterdir()
    assert (assembly.stat().st_ino, assembly.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_another_source_is_another_assembly(pwsh: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    add_type(pwsh, kept, References=[ANSWER])
    add_type(pwsh, kept, References=[f"{ANSWER} // the same"])
    assert len(list(kept.iterdir())) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"References": ["no C#"]}, ["own False"]),
        ({"References": ["class Unused { void Run() { int never; } }"]}, ["own False"]),
        ({"References": [f"//AllowUnsafe\n{ANSWER}"]}, ["own False"]),
        ({"References": [f"//TypeAccelerator -Name Short -TypeName Answer\n{ANSWER}"]}, ["own False"]),
        ({"References": [ANSWER], "PassThru": True}, ["own True"]),
    ],
    ids=["broken", "a warning", "unsafe", "accelerator", "passed through"],
)
def test_the_rest_is_left_to_ansible(pwsh: str, tmp_path: Path, given: dict[str, Any], said: list[str]) -> None:
    kept = tmp_path / "kept"
    assert add_type(pwsh, kept, **given) == {"said": said, "types": []}
    assert list(kept.iterdir()) == []
