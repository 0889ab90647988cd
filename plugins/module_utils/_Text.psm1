# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: its interface may change with any release.

$script:NamesShown = 10

Function Format-NameList {
    <#
    .SYNOPSIS
    The first names and how many more there are: messages stay readable with 10 000 virtual machines.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    Param (
        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [object[]]
        $Name
    )

    $shown = @($Name | Select-Object -First $script:NamesShown) -join ', '
    if ($Name.Count -gt $script:NamesShown) {
        $shown += " and $($Name.Count - $script:NamesShown) more"
    }
    $shown
}

Export-ModuleMember -Function Format-NameList
