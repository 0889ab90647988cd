# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Switching and its messages, on objects that stand for Hyper-V's."""

from __future__ import annotations

from typing import Any

import pytest

from powershell_runner import run

UTILS = ("_Components", "_Text", "_HyperV", "_Verdict", "_Switch")
# A module Hyper-V of the few cmdlets that are called. $data.states: VMState by name when it is listed again.
HYPER_V = """
$module = New-Module -Name Hyper-V -ScriptBlock {
    $script:Gone = @()
    $script:Calls = [System.Collections.Generic.List[string]]::new()
    Function Get-VM {
        [CmdletBinding()] Param ()
        $script:Calls.Add('Get-VM')
        foreach ($vm in $script:Machines) { [pscustomobject]@{ Id = $vm.Id; State = $vm.Later } }
    }
    Function Get-VMIntegrationService {
        [CmdletBinding()] Param ($VM)
        $script:Calls.Add('Get-VMIntegrationService')
        foreach ($machine in $VM) { foreach ($service in $machine.Services) { if ($script:Gone -notcontains $service.Id) { $service } } }
    }
    Function Enable-VMIntegrationService {
        [CmdletBinding(SupportsShouldProcess)] Param ($VMIntegrationService)
        $script:Calls.Add("Enable-VMIntegrationService $(@($VMIntegrationService).Count)")
        $script:Gone += @($VMIntegrationService | Where-Object { $_.Vanishes } | ForEach-Object { $_.Id })
        Write-Error -Exception ([InvalidOperationException]::new('something broke')) -ErrorId 'Broken,Of.Nobody'
    }
    Function Disable-VMIntegrationService { [CmdletBinding(SupportsShouldProcess)] Param ($VMIntegrationService) }
    Export-ModuleMember -Function *
}
$module | Import-Module
$guids = @{ vss = '5CED1297-4598-4915-A5FC-AD21BB4D02A4'; shutdown = '9F8233AC-BE49-4C79-8EE3-E7E1985B2077' }
Function New-Machine {
    Param ([string]$Name, [int]$Number, [int]$Status, [int]$Later, [bool]$Enabled, [string[]]$Vanishes)
    $id = [guid]"00000000-0000-0000-0000-00000000000$Number"
    $services = foreach ($key in $guids.Keys) {
        [pscustomobject]@{
            VMId = $id; Id = "Microsoft:$id\\$($guids[$key])"; Enabled = $Enabled; PrimaryOperationalStatus = $Status
            SecondaryOperationalStatus = $null; Vanishes = $Vanishes -contains $key
        }
    }
    [pscustomobject]@{ Id = $id; Name = $Name; State = 2; Later = $Later; OperationalStatus = @(2); Services = $services }
}
Function New-Target {
    Param ([object]$VM, [Hashtable]$Services)
    @{ VM = $VM; Services = $Services; Overrides = @{} }
}
"""


def test_service_that_vanishes_before_the_retry(pwsh: str) -> None:
    """A component gone on re-reading is reported for its VM; the others are tried again."""
    script = """
$machines = @(New-Machine 'a' 1 2 2 $false 'vss'), (New-Machine 'b' 2 2 2 $false @())
$targets = @(foreach ($vm in $machines) { New-Target $vm @{ vss = $true; shutdown = $true } })
Read-Switch -Target $targets
Confirm-Switch -Target $targets -Problem @(Invoke-Switch -Target $targets)
@{ problems = @($targets | ForEach-Object { , $_.Problem }); calls = & $module { $script:Calls } }
"""
    (answer,) = run(pwsh, UTILS, HYPER_V + script)
    (gone, other) = answer["problems"]
    broke = "something broke [Broken,Of.Nobody"
    assert gone[0].startswith(f"shutdown not enabled: {broke}")
    assert gone[1].startswith(f"vss unknown whether enabled, because it could not be read again: {broke}")
    assert len(other) == 1
    assert other[0].startswith(f"shutdown, vss not enabled: {broke}")
    assert [call for call in answer["calls"] if "Enable" in call] == [
        "Enable-VMIntegrationService 4",
        "Enable-VMIntegrationService 3",
    ]


CONTACT = """
$machines = @(
    (New-Machine 'on' 1 12 2 $true @()), (New-Machine 'stopped' 2 12 3 $true @()), (New-Machine 'well' 3 2 2 $true @())
)
& $module { $script:Machines = $args[0] } $machines
$targets = @(foreach ($vm in $machines) { New-Target $vm @{} })
Read-Switch -Target $targets
Wait-Contact -Target $targets -Timeout 0
@{ problems = @($targets | ForEach-Object { , $_.Problem }); calls = & $module { $script:Calls } }
"""


def test_machine_that_stops_while_contact_is_awaited(pwsh: str) -> None:
    """The guest of a VM that no longer runs is not suspected. One call more, whatever the number of VMs."""
    (answer,) = run(pwsh, UTILS, HYPER_V + CONTACT)
    on, stopped, well = answer["problems"]
    assert on == [
        "no contact within 0 s: shutdown, vss, enabled on the host, so the guest is suspected (Switched on, but the guest has not "
        "made contact: its service or daemon is missing, stopped or disabled.)"
    ]
    assert stopped == ["contact could not be verified: the virtual machine no longer runs (3)"]
    assert well == []
    assert answer["calls"].count("Get-VM") == 1


def test_problems_are_told_once_with_their_machines(pwsh: str) -> None:
    script = """
$list = [System.Collections.Generic.List[System.Collections.Generic.KeyValuePair[string, string]]]::new()
foreach ($pair in $data) { $list.Add([System.Collections.Generic.KeyValuePair[string, string]]::new($pair[0], $pair[1])) }
Join-Problem -Problem $list
"""
    pairs = [[f"vm{number}", text] for number in range(12) for text in ("denied", "silent")[: 1 + (number == 3)]]
    names = ", ".join(f"vm{number}" for number in range(10))
    assert run(pwsh, ("_Text",), script, pairs) == [f"{names} and 2 more: denied | vm3: silent"]


RPC = {"0x800706BA": -2147023174, "0x800706BB": -2147023173, "0x800706BE": -2147023170, "0x800706BF": -2147023169}


@pytest.fixture(scope="module")
def explained(pwsh: str) -> dict[str, str]:
    """What Get-HostProblem says of errors that Get-VM reports as 'Unspecified', by case."""
    script = """
foreach ($case in $data) {
    $exception = [System.Runtime.InteropServices.COMException]::new($case.text, $case.code)
    $id = 'Unspecified,Microsoft.HyperV.PowerShell.Commands.GetVM'
    Get-HostProblem -ErrorRecord ([System.Management.Automation.ErrorRecord]::new($exception, $id, 'NotSpecified', $null))
}
"""
    cases: dict[str, dict[str, Any]] = {
        **{f"code {text}": {"text": "Kein Anschluss", "code": code} for text, code in RPC.items()},
        **{f"text {text}": {"text": f"RPC ({text})", "code": -1} for text in RPC},
        "another": {"text": "Nein", "code": -1},
    }
    return dict(zip(cases, run(pwsh, UTILS, script, list(cases.values())), strict=True))


@pytest.mark.parametrize("case", [f"{how} {text}" for how in ("code", "text") for text in RPC])
def test_rpc_error_is_not_blamed_on_rights(explained: dict[str, str], case: str) -> None:
    assert "(vmms) did not answer" in explained[case]
    assert "rights" not in explained[case]
    assert "Administrators" not in explained[case]


def test_other_refusals_of_get_vm_hint_at_rights(explained: dict[str, str]) -> None:
    assert "the usual cause is missing rights" in explained["another"]
