# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A stand-in for the FailoverClusters module of Windows, for simulated hosts that are nodes of a cluster.
@{
    RootModule = 'FailoverClusters.psm1'
    ModuleVersion = '2.0.0.0'
    GUID = 'd3a1d9a4-0c52-4f0e-8a57-9f3c6d4c9b1e'
    Author = 'hyperv.integration contributors'
    Copyright = '(c) 2026, hyperv.integration contributors. GPL-3.0-or-later.'
    Description = 'Stand-in for the FailoverClusters module, for a simulated cluster node.'
    PowerShellVersion = '7.4'
    CompatiblePSEditions = @('Core')
    RequiredAssemblies = @('../Hyper-V/Microsoft.HyperV.PowerShell.dll')
    FunctionsToExport = @('Get-ClusterGroup')
    CmdletsToExport = @()
    AliasesToExport = @()
    VariablesToExport = @()
}
