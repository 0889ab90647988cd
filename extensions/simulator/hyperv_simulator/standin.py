# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the stand-in PowerShell modules into the cache: once per content of their sources and per PowerShell.

Compiled cmdlets, not script functions: only classes give objects, enumerations and parameters the very types of the
real module, and 12 000 objects have to be made in well under a second.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from hyperv_simulator.declarations import declarations
from hyperv_simulator.facts import FACTS
from hyperv_simulator.paths import cache_dir
from hyperv_simulator.powershell import HOME_VARIABLES

SOURCES = Path(__file__).resolve().parent.parent / "powershell"
HYPERV = SOURCES / "Hyper-V"
FAILOVER_CLUSTERS = SOURCES / "FailoverClusters"
BUILD = SOURCES / "build.ps1"
ASSEMBLY = "Microsoft.HyperV.PowerShell.dll"
TIME_LIMIT = 180  # seconds; takes 2 on an idle machine


class StandInError(RuntimeError):
    """The modules cannot be built; the message holds the compiler's."""


def build(pwsh: str) -> Path:
    """Return the directory to put on ``PSModulePath``, built first if it is not in the cache.

    It appears in one piece, so any number of builders may run at a time.

    :param pwsh: the PowerShell that compiles the modules and will load them.
    :raises StandInError: when the compilation fails.
    """
    home = cache_dir() / "modules"
    modules = home / _key(pwsh)
    if modules.is_dir():
        return modules
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=home) as scratch:
        built = _assemble(Path(scratch), pwsh)
        try:
            built.rename(modules)
        except OSError:
            if not modules.is_dir():  # else another builder was faster
                raise
    return modules


def simulated_cmdlets() -> list[str]:
    """Names of the cmdlets of the stand-in Hyper-V module, as its manifest lists them."""
    manifest = (HYPERV / "Hyper-V.psd1").read_text(encoding="utf-8")
    exported = re.search(r"CmdletsToExport = @\((.*?)\)", manifest, re.DOTALL)
    assert exported is not None, "the manifest lists its cmdlets"
    return re.findall(r"'([^']+)'", exported[1])


def _assemble(scratch: Path, pwsh: str) -> Path:
    modules, sources = scratch / "modules", scratch / "sources"
    shutil.copytree(FAILOVER_CLUSTERS, modules / FAILOVER_CLUSTERS.name)
    shutil.copytree(HYPERV, modules / HYPERV.name, ignore=shutil.ignore_patterns("*.cs"))
    shutil.copytree(HYPERV, sources, ignore=shutil.ignore_patterns("*.ps*"))
    cmdlets = json.loads((FACTS / "hyperv_cmdlets.json").read_text(encoding="utf-8"))["cmdlets"]
    types = json.loads((FACTS / "hyperv_types.json").read_text(encoding="utf-8"))
    (sources / "Declarations.cs").write_text(declarations(cmdlets, types, simulated_cmdlets()), encoding="utf-8")
    _compile(pwsh, sources, modules / HYPERV.name / ASSEMBLY)
    return modules


def _compile(pwsh: str, sources: Path, assembly: Path) -> None:
    command = [pwsh, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", str(BUILD)]
    command += ["-Source", str(sources), "-OutputAssembly", str(assembly)]
    try:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            env={**os.environ, **dict.fromkeys(HOME_VARIABLES, str(sources.parent)), "NO_COLOR": "1"},
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise StandInError(f"The stand-in Hyper-V module cannot be compiled with {pwsh}: {exc}") from exc
    if done.returncode != 0 or not assembly.is_file():
        said = (done.stderr + done.stdout).strip() or f"exit status {done.returncode}"
        raise StandInError(f"The stand-in Hyper-V module cannot be compiled with {pwsh}:\n{said}")


def _key(pwsh: str) -> str:
    """Name of what is built: changes with every source, with the facts and with the PowerShell."""
    digest = hashlib.sha256()
    generator = Path(__file__).with_name("declarations.py")
    for file in sorted([*HYPERV.iterdir(), *FAILOVER_CLUSTERS.iterdir(), *FACTS.iterdir(), BUILD, generator]):
        digest.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    # Asking PowerShell for its version would cost half a second; its files change with it.
    program = Path(shutil.which(pwsh) or pwsh).resolve()
    for file in (program, program.with_name("System.Management.Automation.dll")):
        if file.exists():
            digest.update(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]
