# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A stand-in for the Hyper-V module of Windows, answering from a simulator. CmdletsToExport is the list of what is simulated.
@{
    RootModule = 'Microsoft.HyperV.PowerShell.dll'
    ModuleVersion = '2.0.0.0'
    GUID = '7be9a4d4-3f4e-4d0e-9c1c-5a0b6f0d8f52'
    Author = 'hyperv.integration contributors'
    Copyright = '(c) 2026, hyperv.integration contributors. GPL-3.0-or-later.'
    Description = 'Stand-in for the Hyper-V module, for a simulated Hyper-V host.'
    PowerShellVersion = '7.4'
    CompatiblePSEditions = @('Core')
    TypesToProcess = @('Hyper-V.Types.ps1xml')
    FormatsToProcess = @('Hyper-V.Format.ps1xml')
    FunctionsToExport = @()
    AliasesToExport = @('Get-VMCheckpoint')
    VariablesToExport = @()
    CmdletsToExport = @(
        'Disable-VMIntegrationService'
        'Enable-VMIntegrationService'
        'Get-VM'
        'Get-VMGroup'
        'Get-VMHost'
        'Get-VMIntegrationService'
        'Get-VMReplication'
        'Get-VMSnapshot'
        'New-VM'
        'Remove-VM'
        'Restart-VM'
        'Resume-VM'
        'Save-VM'
        'Start-VM'
        'Stop-VM'
        'Suspend-VM'
    )
}
