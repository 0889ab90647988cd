# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -PowerShell ._Components
#AnsibleRequires -PowerShell ._Guard
#AnsibleRequires -PowerShell ._Selection

# Private to this collection: its interface may change with any release.

Function Get-PlanEntry {
    <#
    .SYNOPSIS
    The entries of a task: those of the option plan, or the one that the task itself spells out. Both forms end here.

    .OUTPUTS
    Hashtables: Label ('' or 'plan[3].'), Selection (dictionary for Select-VirtualMachine), Services (key -> Boolean, only what
    is to be touched), Overrides (key -> what ConvertTo-Override returns).
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
    $common = @{}
    if ($null -ne $Params.plan) {
        $given = @($Params.plan)
        $common = Read-Override -Overrides $Params.overrides -Problems $Problems
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
        }
        $own = Read-Override -Overrides $given[$i].overrides -Label $label -Problems $Problems
        $entry.Overrides = Join-Table -First $own -Second $common
        if ($entry.Services.Count -eq 0) {
            $Problems.Add("${label}services: names no service to enable or disable; give at least one of " +
                "$((Get-ComponentTable | ForEach-Object { $_.Key }) -join ', ') with true or false")
        }
        $entry
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

        # What the option protected adds to the services that are always protected.
        [AllowNull()]
        [AllowEmptyCollection()]
        [string[]]
        $Protected,

        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [System.Collections.Generic.List[string]]
        $Problems
    )

    $guarded = @(Get-ProtectedKey -Added $Protected)
    $wanted = [System.Collections.Specialized.OrderedDictionary]::new()
    foreach ($part in $Entry) {
        $selected = @(Select-VirtualMachine -Index $Index -Selection $part.Selection -Label $part.Label -Problems $Problems)
        if ($selected.Count -eq 0) {
            continue
        }
        foreach ($refusal in Get-Refusal -Entry $part -VM $selected -Protected $guarded) {
            $Problems.Add($refusal)
        }
        $labels = @{}
        $used = @{}
        foreach ($key in $part.Services.Keys) {
            $labels[$key] = $part.Label
            if (-not $part.Services[$key] -and $guarded -ccontains $key -and $part.Overrides.ContainsKey($key)) {
                $used[$key] = $part.Overrides[$key].Reason
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

Export-ModuleMember -Function Get-PlanEntry, Resolve-Plan
