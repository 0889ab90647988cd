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
        $Name,

        [string]
        $Separator = ', '
    )

    $shown = @($Name | Select-Object -First $script:NamesShown) -join $Separator
    if ($Name.Count -gt $script:NamesShown) {
        $shown += " and $($Name.Count - $script:NamesShown) more"
    }
    $shown
}

Function Join-Problem {
    <#
    .SYNOPSIS
    What is wrong with many virtual machines, in one line: each text once, with the names that it is about.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    Param (
        # Names, each with its text.
        [Parameter(Mandatory)]
        [System.Collections.Generic.List[System.Collections.Generic.KeyValuePair[string, string]]]
        $Problem
    )

    $about = [System.Collections.Specialized.OrderedDictionary]::new()
    foreach ($pair in $Problem) {
        if (-not $about.Contains($pair.Value)) {
            $about[$pair.Value] = [System.Collections.Generic.List[object]]::new()
        }
        $about[$pair.Value].Add($pair.Key)
    }
    Format-NameList -Separator ' | ' -Name @(foreach ($text in $about.Keys) { "$(Format-NameList -Name $about[$text].ToArray()): $text" })
}

Export-ModuleMember -Function Format-NameList, Join-Problem
