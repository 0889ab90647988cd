# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the whole module vm_integration_service thousands of times in one PowerShell process, on VMs of its own.

Options are read by Ansible's own Ansible.Basic; only Hyper-V's cmdlets are replaced.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import ansible

from workspace import CHECKOUT

MODULE = CHECKOUT / "plugins" / "modules" / "vm_integration_service.ps1"
UTILS = CHECKOUT / "plugins" / "module_utils"
ORDER = ("_Components", "_Text", "_Guard", "_HyperV", "_Selection", "_Plan", "_Verdict", "_Switch")
# Name -> groups. Every service of each is enabled before each run.
FLEET: dict[str, tuple[str, ...]] = {"web01": ("tier1",), "web02": ("tier1",), "dc01": ()}

HYPER_V = """
Function Reset-Fleet {
    Param ($Fleet)
    $script:Disabled = [System.Collections.Generic.List[object]]::new()
    $number = 0
    $script:Machines = @(foreach ($name in $Fleet.Keys) {
            $number++
            $id = [guid]"00000000-0000-0000-0000-00000000000$number"
            $services = foreach ($component in Get-ComponentTable) {
                [pscustomobject]@{
                    VMId = $id; VMName = $name; Key = $component.Key; Id = "Microsoft:$id\\$($component.Guid)"
                    Enabled = $true; PrimaryOperationalStatus = 2; SecondaryOperationalStatus = $null
                }
            }
            [pscustomobject]@{
                Id = $id; Name = $name; State = 2; OperationalStatus = @(2); VirtualMachineType = 2
                Services = @($services)
                Groups = @($Fleet[$name] | ForEach-Object { [pscustomobject]@{ Name = $_ } })
            }
        })
}
Function Get-DisabledService { $script:Disabled }
Function Get-VM { [CmdletBinding()] Param () $script:Machines }
Function Get-VMIntegrationService { [CmdletBinding()] Param ($VM) foreach ($machine in $VM) { $machine.Services } }
Function Enable-VMIntegrationService {
    [CmdletBinding(SupportsShouldProcess)] Param ($VMIntegrationService)
    foreach ($service in $VMIntegrationService) { $service.Enabled = $true }
}
Function Disable-VMIntegrationService {
    [CmdletBinding(SupportsShouldProcess)] Param ($VMIntegrationService)
    foreach ($service in $VMIntegrationService) {
        $service.Enabled = $false
        $script:Disabled.Add(@($service.VMName, $service.Key))
    }
}
Export-ModuleMember -Function *
"""
LOOP = """param ([string]$AddType, [string]$Basic, [string]$HyperV)
$ErrorActionPreference = 'Stop'
$PSModuleAutoLoadingPreference = 'None'
foreach ($name in 'Management', 'Utility') { Import-Module -Name "Microsoft.PowerShell.$name" }
Import-Module -Name $AddType
Add-CSharpType -References (Get-Content -Raw -LiteralPath $Basic)
[Ansible.Basic.AnsibleModule]::Exit = { param ($code) throw 'the module ended' }
[Ansible.Basic.AnsibleModule]::WriteLine = { param ($line) $global:written = $line }
$env:PSModulePath = $HyperV
$loaded = $null
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $task = $line | ConvertFrom-Json -AsHashtable
    if ($loaded -ne $task.source) {
        foreach ($util in $task.utils) { Import-Module -Name (Join-Path $task.source "$util.psm1") -Force -Global }
        Import-Module -Name Hyper-V -Force -Global
        $module = [scriptblock]::Create((Get-Content -Raw -LiteralPath (Join-Path $task.source 'module.ps1')))
        $loaded = $task.source
    }
    Hyper-V\\Reset-Fleet -Fleet $task.fleet
    $global:complex_args = [Hashtable]$task.options
    $global:written = $null
    try { $null = & $module }
    catch { if ($null -eq $global:written) { $global:written = @{ crash = "$_" } | ConvertTo-Json } }
    $disabled = ConvertTo-Json -InputObject @(Hyper-V\\Get-DisabledService) -Compress -Depth 3
    "$disabled`t$($global:written -replace '\\s+', ' ')"
}
"""


class Outcome(NamedTuple):
    """What became of a task. disabled: (VM, service) of each that it disabled. result: what the module returned."""

    disabled: set[tuple[str, str]]
    result: dict[str, Any]


class ModuleProcess:
    """A PowerShell process that runs the module of one source after another."""

    def __init__(self, pwsh: str, directory: Path) -> None:
        self.directory = directory
        (directory / "Hyper-V").mkdir()
        (directory / "Hyper-V" / "Hyper-V.psm1").write_text(HYPER_V, encoding="utf-8")
        (directory / "loop.ps1").write_text(LOOP, encoding="utf-8")
        of_ansible = Path(ansible.__file__).parent / "module_utils"
        add_type = of_ansible / "powershell" / "Ansible.ModuleUtils.AddType.psm1"
        command: list[str | Path] = [pwsh, "-NoProfile", "-NonInteractive", "-File", directory / "loop.ps1"]
        command += [add_type, of_ansible / "csharp" / "Ansible.Basic.cs", directory]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.source = self.copy("as it is")

    def copy(self, name: str, file: str = "", old: str = "", new: str = "") -> Path:
        """Return a copy of the module and its utilities in which a text of one file, there once, is replaced."""
        source = self.directory / name
        source.mkdir()
        for util in ORDER:
            shutil.copy(UTILS / f"{util}.psm1", source)
        shutil.copy(MODULE, source / "module.ps1")
        if file:
            text = (source / file).read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
            (source / file).write_text(text.replace(old, new), encoding="utf-8")
        return source

    def run(self, options: Mapping[str, Any], source: Path | None = None) -> Outcome:
        """Run the module once on the whole fleet. options: as in a task."""
        task = {"source": str(source or self.source), "utils": ORDER, "fleet": FLEET, "options": options}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "PowerShell has ended"
        disabled, result = line.split("\t", 1)
        outcome = Outcome(set(map(tuple, json.loads(disabled))), json.loads(result))
        assert "crash" not in outcome.result, (options, outcome.result)
        return outcome


@contextmanager
def module_process(pwsh: str) -> Iterator[ModuleProcess]:
    """Give a process that ends with the block."""
    with tempfile.TemporaryDirectory(prefix="hvis-module-") as directory:
        running = ModuleProcess(pwsh, Path(directory))
        try:
            yield running
        finally:
            running.process.communicate()
