# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -PowerShell ._Components
#AnsibleRequires -PowerShell ._Selection

# Private to this collection: its interface may change with any release.

$script:MinimumReasonLength = 8
$script:NamesShown = 10

Function Get-PlanEntry {
    <#
    .SYNOPSIS
    The entries of a task: those of the option plan, or the one that the task itself spells out. Both forms end here.

    .OUTPUTS
    Hashtables: Label ('' or 'plan[3].'), Selection (dictionary for Select-VirtualMachine), Services (key -> Boolean, only what
    is to be touched), Overrides (key -> reason).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    Param (
        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Params,

        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [System.Collections.Generic.List[string]]
        $Problems
    )

    $given = @($Params)
    if ($null -ne $Params.plan) {
        $given = @($Params.plan)
    }
    for ($i = 0; $i -lt $given.Count; $i++) {
        $label = ''
        if ($null -ne $Params.plan) {
            $label = "plan[$i]."
        }
        $entry = @{ Label = $label; Selection = $given[$i]; Services = @{}; Overrides = @{} }
        foreach ($component in Get-ComponentTable) {
            $key = $component.Key
            # Options that were not given are null, and null means: leave alone.
            if ($null -ne $given[$i].services -and $null -ne $given[$i].services[$key]) {
                $entry.Services[$key] = $given[$i].services[$key]
            }
            $reason = $null
            foreach ($overrides in $Params.overrides, $given[$i].overrides) {
                if ($null -ne $overrides -and $null -ne $overrides[$key]) {
                    $reason = "$($overrides[$key])".Trim()
                }
            }
            if ($null -eq $reason) {
                continue
            }
            if ($reason.Length -lt $script:MinimumReasonLength) {
                $Problems.Add("${label}overrides.$key '$reason': a reason has at least $($script:MinimumReasonLength) characters; " +
                    "say why the service is not needed, an auditor will read it")
            }
            $entry.Overrides[$key] = $reason
        }
        if ($entry.Services.Count -eq 0) {
            $Problems.Add("${label}services: names no service to enable or disable; give at least one of " +
                "$((Get-ComponentTable | ForEach-Object { $_.Key }) -join ', ') with true or false")
        }
        $entry
    }
}

Function Format-NameList {
    <#
    .SYNOPSIS
    The first names and how many more there are: messages stay readable with 10 000 virtual machines.
    #>
    Param ([object[]]$Name)

    $shown = @($Name | Select-Object -First $script:NamesShown) -join ', '
    if ($Name.Count -gt $script:NamesShown) {
        $shown += " and $($Name.Count - $script:NamesShown) more"
    }
    $shown
}

Function Get-Refusal {
    # The guard: what an entry must not do to the virtual machines it selects. One text for each service.
    Param ([Hashtable]$Entry, [object[]]$VM, [string[]]$Protected)

    foreach ($component in Get-ComponentTable) {
        $key = $component.Key
        if ($Entry.Services[$key] -ne $false -or $Entry.Overrides.ContainsKey($key) -or $Protected -cnotcontains $key) {
            continue
        }
        "$($Entry.Label)services.${key}: refused to disable the protected service on $(Format-NameList -Name $VM.Name), " +
        "because $($component.Impact). If it has to be, record why: $($Entry.Label)overrides: {${key}: <reason of at least " +
        "$($script:MinimumReasonLength) characters>}"
    }
}

Function Join-Table {
    # A new table with all of both; where both have a key, the first goes.
    Param ([Hashtable]$First, [Hashtable]$Second)

    $all = $Second.Clone()
    foreach ($key in $First.Keys) {
        $all[$key] = $First[$key]
    }
    $all
}

Function Resolve-Plan {
    <#
    .SYNOPSIS
    Turns entries into what each virtual machine shall have.

    .OUTPUTS
    An ordered dictionary: id -> hashtable with VM, Services (key -> Boolean), Overrides (key -> reason, only those used).
    Problems receives every reason why the task must not change anything.
    #>
    [CmdletBinding()]
    [OutputType([System.Array])]
    Param (
        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Entry,

        [Parameter(Mandatory)]
        [Hashtable]
        $Index,

        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [string[]]
        $Protected,

        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [System.Collections.Generic.List[string]]
        $Problems
    )

    $wanted = [System.Collections.Specialized.OrderedDictionary]::new()
    foreach ($part in $Entry) {
        $selected = @(Select-VirtualMachine -Index $Index -Selection $part.Selection -Label $part.Label -Problems $Problems)
        if ($selected.Count -eq 0) {
            continue
        }
        foreach ($refusal in Get-Refusal -Entry $part -VM $selected -Protected $Protected) {
            $Problems.Add($refusal)
        }
        $labels = @{}
        $used = @{}
        foreach ($key in $part.Services.Keys) {
            $labels[$key] = $part.Label
            if (-not $part.Services[$key] -and $part.Overrides.ContainsKey($key)) {
                $used[$key] = $part.Overrides[$key]
            }
        }
        foreach ($vm in $selected) {
            $target = $wanted[$vm.Id]
            if ($null -eq $target) {
                # Thousands of virtual machines may share the tables of one entry.
                $wanted.Add($vm.Id, @{ VM = $vm; Services = $part.Services; Overrides = $used; Labels = $labels })
                continue
            }
            foreach ($key in $part.Services.Keys) {
                if ($target.Services.ContainsKey($key) -and $target.Services[$key] -ne $part.Services[$key]) {
                    $Problems.Add("$($target.Labels[$key])services.$key=$($target.Services[$key]) and " +
                        "$($part.Label)services.$key=$($part.Services[$key]) contradict each other for the virtual machine " +
                        "'$($vm.Name)' ($($vm.Id)): remove one of them")
                }
            }
            $target.Services = Join-Table -First $target.Services -Second $part.Services
            $target.Overrides = Join-Table -First $target.Overrides -Second $used
            $target.Labels = Join-Table -First $target.Labels -Second $labels
        }
    }
    # The comma keeps PowerShell from unrolling the dictionary.
    , $wanted
}

Export-ModuleMember -Function Get-PlanEntry, Format-NameList, Resolve-Plan
