# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in modules are built once, in one piece, by any number of builders."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from hyperv_simulator import powershell, standin

COMPILER = """#!/bin/sh
# Stands in for PowerShell: leaves a mark, and an assembly where the last argument says.
echo compiled >> "{log}"
for last in "$@"; do :; done
: > "$last"
"""


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HVIS_CACHE", str(tmp_path / "cache"))
    return program(tmp_path / "pwsh", COMPILER.format(log=tmp_path / "log"))


def program(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_built_once(compiler: Path, tmp_path: Path) -> None:
    modules = standin.build(str(compiler))
    assert standin.build(str(compiler)) == modules
    assert (tmp_path / "log").read_text(encoding="utf-8").splitlines() == ["compiled"]
    assert sorted(path.name for path in (modules / "Hyper-V").iterdir()) == [
        "Hyper-V.Format.ps1xml",
        "Hyper-V.Types.ps1xml",
        "Hyper-V.psd1",
        "Microsoft.HyperV.PowerShell.dll",
    ]
    assert (modules / "FailoverClusters" / "FailoverClusters.psd1").is_file()


def test_another_powershell_needs_another_build(compiler: Path) -> None:
    first = standin.build(str(compiler))
    os.utime(compiler, (1, 1))
    assert standin.build(str(compiler)) != first


def test_another_source_needs_another_build(compiler: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = standin.build(str(compiler))
    changed = tmp_path / "build.ps1"
    changed.write_text(standin.BUILD.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    monkeypatch.setattr(standin, "BUILD", changed)
    assert standin.build(str(compiler)) != first


def test_builders_at_the_same_time_agree(compiler: Path) -> None:
    built: list[Path] = []
    builders = [threading.Thread(target=lambda: built.append(standin.build(str(compiler)))) for _builder in range(4)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert len(built) == 4
    assert len(set(built)) == 1
    assert [path.name for path in built[0].parent.iterdir()] == [built[0].name]


def test_failure_tells_what_the_compiler_said_and_leaves_nothing(compiler: Path, tmp_path: Path) -> None:
    program(compiler, "#!/bin/sh\necho 'error CS0000: no' >&2\nexit 1\n")
    with pytest.raises(standin.StandInError, match=r"(?s)compiled with .*pwsh.*error CS0000: no"):
        standin.build(str(compiler))
    assert list((tmp_path / "cache" / "modules").iterdir()) == []


def test_a_program_that_cannot_be_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVIS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(standin.StandInError, match="absent/pwsh"):
        standin.build(str(tmp_path / "absent" / "pwsh"))


def test_manifest_lists_the_simulated_cmdlets() -> None:
    assert "Get-VMIntegrationService" in standin.simulated_cmdlets()
    assert len(standin.simulated_cmdlets()) == 16


def test_the_compiler_keeps_its_own_files_beside_what_it_builds(compiler: Path, tmp_path: Path) -> None:
    """Else PowerShell would create them in the home directory."""
    lines = [f'echo "${name}" >> "{tmp_path}/places"\n' for name in powershell.HOME_VARIABLES]
    program(compiler, COMPILER.format(log=tmp_path / "log") + "".join(lines))
    standin.build(str(compiler))
    places = (tmp_path / "places").read_text(encoding="utf-8").splitlines()
    assert len(places) == len(powershell.HOME_VARIABLES)
    assert {Path(place).parent for place in places} == {tmp_path / "cache" / "modules"}
