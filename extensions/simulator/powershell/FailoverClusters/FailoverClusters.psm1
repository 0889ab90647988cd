# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Get-ClusterGroup of a simulated cluster node. Unverified throughout: would be verified by comparing with a real node
# (parameters, the types behind GroupType and State, the errors). On a real host that is no node the module is absent.

Set-StrictMode -Version 2.0

function Get-ClusterGroup {
    <#
    .SYNOPSIS
    The groups of the cluster that this host is a node of, one for each clustered virtual machine.

    .PARAMETER Name
    Names of groups, wildcards allowed; all groups when omitted.
    #>
    [CmdletBinding()]
    [OutputType([PSCustomObject])]
    param (
        [Parameter(Position = 0, ValueFromPipeline = $true)]
        [SupportsWildcards()]
        [string[]]$Name = '*'
    )

    begin {
        $groups = @()
        try {
            $reply = [Microsoft.HyperV.PowerShell.Simulation.Control]::Ask('cluster_groups') | ConvertFrom-Json
            if (-not $reply.ok) {
                throw $reply.error.message
            }
            $groups = @($reply.groups)
        }
        catch {
            $record = [System.Management.Automation.ErrorRecord]::new(
                $_.Exception.GetBaseException(), 'ClusterUnavailable', 'ConnectionError', $null)
            $PSCmdlet.ThrowTerminatingError($record)
        }
    }

    process {
        foreach ($pattern in $Name) {
            $found = @($groups | Where-Object -FilterScript { $_.Name -like $pattern })
            if ($found.Count -eq 0 -and -not [WildcardPattern]::ContainsWildcardCharacters($pattern)) {
                $exception = [System.Management.Automation.ItemNotFoundException]::new(
                    "The cluster group '$pattern' was not found.")
                $record = [System.Management.Automation.ErrorRecord]::new(
                    $exception, 'ClusterGroupNotFound', 'ObjectNotFound', $pattern)
                $PSCmdlet.WriteError($record)
            }
            foreach ($group in $found) {
                $owner = [PSCustomObject]@{ Name = $group.OwnerNode }
                Add-Member -InputObject $owner -MemberType ScriptMethod -Name ToString -Value { $this.Name } -Force
                [PSCustomObject]@{
                    PSTypeName = 'Microsoft.FailoverClusters.PowerShell.ClusterGroup'
                    Name = $group.Name
                    OwnerNode = $owner
                    GroupType = $group.GroupType
                    State = $group.State
                }
            }
        }
    }
}

Export-ModuleMember -Function 'Get-ClusterGroup'
