# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -PowerShell ._HyperV

# Private to this collection: its interface may change with any release.

$script:Selectors = @('name', 'id', 'pattern', 'group', 'all')

Function Get-SelectionIndex {
    <#
    .SYNOPSIS
    An index over the virtual machines of a host, made once and used by every selection of a task.

    .OUTPUTS
    A hashtable: All (list), ByName (dictionary name -> list; names compare without case, as Hyper-V does), ById (dictionary).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    Param (
        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [object[]]
        $VM
    )

    $byName = [System.Collections.Generic.Dictionary[string, System.Collections.Generic.List[object]]]::new([StringComparer]::OrdinalIgnoreCase)
    $byId = [System.Collections.Generic.Dictionary[guid, object]]::new()
    foreach ($machine in $VM) {
        $byId[$machine.Id] = $machine
        $name = $machine.Name
        if (-not $byName.ContainsKey($name)) {
            $byName[$name] = [System.Collections.Generic.List[object]]::new()
        }
        $byName[$name].Add($machine)
    }
    @{ All = $VM; ByName = $byName; ById = $byId }
}

Function Get-Wildcard {
    # Culture-invariant, so that a pattern means the same on a Turkish host. Nothing for a text that is not a pattern.
    Param ([string]$Pattern)

    $wildcard = [System.Management.Automation.WildcardPattern]::new($Pattern, [System.Management.Automation.WildcardOptions]'IgnoreCase, CultureInvariant')
    try {
        # A pattern is read when it is used first.
        $null = $wildcard.IsMatch('')
    }
    catch [System.Management.Automation.WildcardPatternException] {
        return
    }
    $wildcard
}

Function Get-BadPattern {
    # Why a text is not a pattern, and what to write.
    Param ([string]$Text)

    "'$Text': not a wildcard pattern. A set such as [a-z] needs its closing bracket, and its range must run upwards; " +
    "write ``[ to match the bracket itself"
}

Function Get-MissingName {
    # Why a name selects nothing: another node of the cluster owns it, the host shows nothing at all, or there is no such thing.
    Param ([string]$Name, [Hashtable]$Index)

    if (-not $Index.ContainsKey('Owners')) {
        $Index.Owners = Get-ClusterOwner
    }
    if ($Index.Owners.ContainsKey($Name)) {
        return "the virtual machine is owned by the cluster node '$($Index.Owners[$Name])': run the task on that node"
    }
    if ($Index.All.Count -eq 0) {
        return "the host lists no virtual machine at all, which also happens when the account is not in its group 'Hyper-V Administrators'"
    }
    'this host has no virtual machine of that name. Names are exact, never wildcards: use the option pattern for those'
}

Function Get-EmptySelection {
    # Why options select nothing, one text for each that is to blame; nothing when one of them selects.
    Param ([System.Collections.IDictionary]$Selection)

    $empty = foreach ($option in $script:Selectors) {
        $value = $Selection[$option]
        if ($null -eq $value) {
            continue
        }
        # Not by its truth: that of a list with one empty text is false.
        if ($option -ne 'all' -and $value.Count -gt 0 -or $value -eq $true) {
            return
        }
        if ($option -eq 'all') {
            'all false: selects no virtual machine; name those that you mean with name, id, pattern or group, or set all to true'
        }
        else {
            "$option []: an empty list selects no virtual machine; name those that you mean, or set all to true for every one of the host"
        }
    }
    if (-not $empty) {
        return 'selection: selects nothing; give name, id, pattern, group or all=true'
    }
    $empty
}

Function Test-SelectionGiven {
    <#
    .SYNOPSIS
    Whether a task gives any option that selects virtual machines, even an empty one.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    Param (
        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Selection
    )

    foreach ($option in $script:Selectors) {
        if ($null -ne $Selection[$option]) {
            return $true
        }
    }
    $false
}

Function Select-VirtualMachine {
    <#
    .SYNOPSIS
    The virtual machines that a selection names.

    .DESCRIPTION
    Selection holds the module options name, id, pattern, group, all and exclude, or $null for those not given.
    What is wrong is added to Problems, one text each, so that the caller can report everything at once.
    #>
    [CmdletBinding()]
    Param (
        [Parameter(Mandatory)]
        [Hashtable]
        $Index,

        [Parameter(Mandatory)]
        [System.Collections.IDictionary]
        $Selection,

        # Which part of the task this is, for messages: '' or 'plan[3].'
        [string]
        $Label = '',

        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [System.Collections.Generic.List[string]]
        $Problems
    )

    $selected = [System.Collections.Generic.Dictionary[guid, object]]::new()
    $before = $Problems.Count

    foreach ($text in Get-EmptySelection -Selection $Selection) {
        $Problems.Add("${Label}$text")
    }
    if ($Problems.Count -gt $before) {
        return
    }

    if ($Selection.all) {
        foreach ($vm in $Index.All) {
            $selected[$vm.Id] = $vm
        }
    }
    foreach ($name in $Selection.name) {
        $found = $null
        if (-not $Index.ByName.TryGetValue($name, [ref]$found)) {
            $Problems.Add("${Label}name '$name': $(Get-MissingName -Name $name -Index $Index)")
        }
        elseif ($found.Count -gt 1) {
            $Problems.Add("${Label}name '$name': $($found.Count) virtual machines have this name; select one by id: $($found.Id -join ', ')")
        }
        else {
            $selected[$found[0].Id] = $found[0]
        }
    }
    foreach ($text in $Selection.id) {
        $id = [guid]::Empty
        if (-not [guid]::TryParse($text, [ref]$id)) {
            $Problems.Add("${Label}id '$text': not a GUID such as 0f7e1a52-3c5d-4f0e-9a53-0d5a2b9c7e11; see the id in vm_integration_service_info")
        }
        elseif (-not $Index.ById.ContainsKey($id)) {
            $Problems.Add("${Label}id '$text': this host has no virtual machine of that id; on a cluster it may be on another node")
        }
        else {
            $selected[$id] = $Index.ById[$id]
        }
    }
    foreach ($pattern in $Selection.pattern) {
        $wildcard = Get-Wildcard -Pattern $pattern
        if ($null -eq $wildcard) {
            $Problems.Add("${Label}pattern $(Get-BadPattern -Text $pattern)")
            continue
        }
        foreach ($vm in $Index.All) {
            if ($wildcard.IsMatch($vm.Name)) {
                $selected[$vm.Id] = $vm
            }
        }
    }
    if ($Selection.group.Count -gt 0) {
        # A group that nobody is in looks like one that does not exist: both select nothing and are reported below.
        $groups = [System.Collections.Generic.HashSet[string]]::new([string[]]@($Selection.group), [StringComparer]::OrdinalIgnoreCase)
        $seen = [System.Collections.Generic.HashSet[string]]::new([StringComparer]::OrdinalIgnoreCase)
        foreach ($vm in $Index.All) {
            foreach ($group in $vm.Groups) {
                $null = $seen.Add($group.Name)
                if ($groups.Contains($group.Name)) {
                    $selected[$vm.Id] = $vm
                }
            }
        }
        foreach ($group in $Selection.group) {
            if (-not $seen.Contains($group)) {
                $Problems.Add("${Label}group '$group': no virtual machine of this host is in a group of that name")
            }
        }
    }
    foreach ($text in $Selection.exclude) {
        # An exact name or id first: a name may hold the characters of a wildcard.
        $wildcard = Get-Wildcard -Pattern $text
        if ($null -eq $wildcard -and -not $Index.ByName.ContainsKey($text)) {
            $Problems.Add("${Label}exclude $(Get-BadPattern -Text $text)")
            continue
        }
        foreach ($vm in @($selected.Values)) {
            if ([string]::Equals($vm.Name, $text, 'OrdinalIgnoreCase') -or
                [string]::Equals($vm.Id.ToString(), $text, 'OrdinalIgnoreCase') -or
                ($null -ne $wildcard -and $wildcard.IsMatch($vm.Name))) {
                $null = $selected.Remove($vm.Id)
            }
        }
    }
    if ($selected.Count -eq 0 -and $Problems.Count -eq $before) {
        $how = foreach ($option in 'name', 'id', 'pattern', 'group', 'all', 'exclude') {
            if ($Selection[$option]) {
                "$option=$($Selection[$option] -join ',')"
            }
        }
        $Problems.Add("${Label}selection ($($how -join '; ')): selects none of the $($Index.All.Count) virtual machines of this host")
    }
    $selected.Values
}

Export-ModuleMember -Function Get-SelectionIndex, Select-VirtualMachine, Test-SelectionGiven
