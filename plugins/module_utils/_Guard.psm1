# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -PowerShell ._Components
#AnsibleRequires -PowerShell ._Text

# Private to this collection: its interface may change with any release.
# The PowerShell twin of plugin_utils/policy/guard.py: both accept and refuse the same overrides, and a test proves it.

$script:MinimumReasonLength = 8
$script:OverrideFields = @('reason', 'until')

Function ConvertTo-Override {
    <#
    .SYNOPSIS
    Reads one override: a string, or a dictionary of reason and until.

    .OUTPUTS
    A hashtable: Reason (without surrounding blanks), Until (the last day as yyyy-MM-dd, null without one), Problem (what is
    wrong with the override, null when it is valid).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    Param (
        [Parameter(Mandatory)]
        [object]
        $Value
    )

    $override = @{ Reason = $Value; Until = $null; Problem = $null }
    if ($Value -is [System.Collections.IDictionary]) {
        foreach ($field in $Value.Keys) {
            if ($script:OverrideFields -cnotcontains $field) {
                $override.Problem = "${field}: an override has no such field; it has $($script:OverrideFields -join ', ')"
                return $override
            }
        }
        $override.Reason = $Value['reason']
    }
    if ($override.Reason -isnot [string] -or (Get-ReasonLength -Reason $override.Reason) -lt $script:MinimumReasonLength) {
        $override.Problem = "a reason is a string of at least $($script:MinimumReasonLength) characters; " +
        'say why the service is not needed, an auditor will read it'
        return $override
    }
    $override.Reason = Get-Trimmed -Text $override.Reason
    if ($Value -is [System.Collections.IDictionary] -and $Value.Keys -ccontains 'until') {
        $override.Until = $Value['until']
        if (-not (Test-Day -Value $override.Until)) {
            $override.Problem = "until $(Format-Given -Value $override.Until): write the last day, as in 2026-12-31"
        }
    }
    $override
}

Function Get-Trimmed {
    # What Python's strip removes; Trim leaves the separators U+001C to U+001F.
    Param ([string]$Text)

    $Text -replace '\A[\s\x1c-\x1f]+|[\s\x1c-\x1f]+\z'
}

Function Get-ReasonLength {
    # Counted as Python counts: a character outside the basic plane, two code units here, is one.
    Param ([string]$Reason)

    ((Get-Trimmed -Text $Reason) -replace '[\ud800-\udbff][\udc00-\udfff]', '.').Length
}

Function Test-Day {
    # Whether a value is a day, written as yyyy-MM-dd, whatever the culture of the host.
    Param ([object]$Value)

    $day = [DateTime]::MinValue
    $Value -is [string] -and $Value -cmatch '\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z' -and [DateTime]::TryParseExact(
        $Value, 'yyyy-MM-dd', [System.Globalization.CultureInfo]::InvariantCulture, [System.Globalization.DateTimeStyles]::None, [ref]$day)
}

Function Format-Given {
    # A value as it was given, for messages.
    Param ([object]$Value)

    if ($Value -is [string]) {
        return "'$Value'"
    }
    ConvertTo-Json -InputObject $Value -Compress -Depth 3
}

Function Read-Override {
    <#
    .SYNOPSIS
    Reads the option overrides of a task or of an entry of its plan.

    .OUTPUTS
    A hashtable: key of the service -> what ConvertTo-Override returns. Problems receives what is wrong.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    Param (
        # The option, or $null when it was not given.
        [AllowNull()]
        [System.Collections.IDictionary]
        $Overrides,

        # Which part of the task this is, for messages: '' or 'plan[3].'
        [string]
        $Label = '',

        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [System.Collections.Generic.List[string]]
        $Problems
    )

    $read = @{}
    foreach ($component in Get-ComponentTable) {
        $key = $component.Key
        if ($null -eq $Overrides -or $null -eq $Overrides[$key]) {
            continue
        }
        $override = ConvertTo-Override -Value $Overrides[$key]
        if ($override.Problem) {
            $Problems.Add("${Label}overrides.$key $(Format-Given -Value $Overrides[$key]): $($override.Problem)")
        }
        $read[$key] = $override
    }
    $read
}

Function Get-ProtectedKey {
    <#
    .SYNOPSIS
    The services that are disabled only with an override: those that are always protected, and the given ones.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    Param (
        # More services to protect; none of them, and no missing list, takes a protection away.
        [AllowNull()]
        [AllowEmptyCollection()]
        [string[]]
        $Added
    )

    foreach ($component in Get-ComponentTable) {
        if ($component.Protected -or $Added -ccontains $component.Key) {
            $component.Key
        }
    }
}

Function Get-Refusal {
    <#
    .SYNOPSIS
    The guard: what an entry must not do to the virtual machines that it selects. One text for each service.

    .DESCRIPTION
    An override holds through its last day, by the date of this host in UTC.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    Param (
        # As Get-PlanEntry returns it.
        [Parameter(Mandatory)]
        [Hashtable]
        $Entry,

        [Parameter(Mandatory)]
        [object[]]
        $VM,

        # As Get-ProtectedKey returns them.
        [Parameter(Mandatory)]
        [string[]]
        $Protected
    )

    $today = [DateTime]::UtcNow.ToString('yyyy-MM-dd', [System.Globalization.CultureInfo]::InvariantCulture)
    foreach ($component in Get-ComponentTable) {
        $key = $component.Key
        $override = $Entry.Overrides[$key]
        $ended = $override -and $override.Until -and [string]::CompareOrdinal($today, $override.Until) -gt 0
        if ($Entry.Services[$key] -ne $false -or $Protected -cnotcontains $key -or ($override -and -not $ended)) {
            continue
        }
        $wayOut = "If it has to be, record why: $($Entry.Label)overrides: {${key}: <reason of at least $($script:MinimumReasonLength) characters>}"
        if ($ended) {
            $wayOut = "The override ($($override.Reason)) ended on $($override.Until). If it still has to be, renew it: " +
            "$($Entry.Label)overrides: {${key}: {reason: ..., until: <day>}}"
        }
        "$($Entry.Label)services.${key}: refused to disable the protected service on $(Format-NameList -Name $VM.Name), " +
        "because $($component.Impact). $wayOut"
    }
}

Export-ModuleMember -Function ConvertTo-Override, Read-Override, Get-ProtectedKey, Get-Refusal
