# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ._Components
#AnsibleRequires -PowerShell ._HyperV
#AnsibleRequires -PowerShell ._Text
#AnsibleRequires -PowerShell ._Verdict

# Private to this collection: its interface may change with any release.
#
# A target is one virtual machine of the task, a hashtable that Resolve-Plan begins (VM, Services, Overrides) and that
# the steps below fill in:
#   Components  key -> component as it was read
#   Before      key -> Boolean, or null when Hyper-V does not offer the service
#   Change      key -> Boolean, what has to be switched
#   After       key -> Boolean where those that had to be switched are now, or null when it is not known
#   Problem     array of texts; a target with one is reported as failed

$script:InContact = @('ok', 'protocol_mismatch', 'degraded', 'not_applicable')
$script:PollSeconds = 2
$script:Running = 2    # VMState

Function Read-Switch {
    <#
    .SYNOPSIS
    Reads where the switches are and works out which have to move. One call, whatever the number of targets.
    #>
    [CmdletBinding()]
    Param (
        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Target
    )

    $machines = @(foreach ($item in $Target) { $item.VM })
    $read = Get-IntegrationComponent -VM $machines
    $busy = Get-BusyReason -VM $machines
    foreach ($item in $Target) {
        # Local variables: this loop runs once for each virtual machine and service.
        $services = $item.Services
        $item.Before = $before = @{}
        $item.Change = $change = @{}
        $item.Problem = @()
        $item.Components = $components = $read.Components[$item.VM.Id]
        if ($null -eq $components) {
            $item.Problem += Get-VanishedText -Problem $read.Problems -VM $item.VM
            $item.After = @{}
            continue
        }
        foreach ($key in $services.Keys) {
            $component = $components[$key]
            if ($null -ne $component) {
                $before[$key] = $component.Enabled
                if ($component.Enabled -ne $services[$key]) {
                    $change[$key] = $services[$key]
                }
            }
            # Nothing to switch off is as good as off.
            elseif ($services[$key]) {
                $item.Problem += "${key}: Hyper-V does not offer this service to the virtual machine"
            }
        }
        if ($change.Count -gt 0 -and $busy.ContainsKey($item.VM.Id)) {
            $item.Problem += "$(($change.Keys | Sort-Object) -join ', ') not changed: $($busy[$item.VM.Id])"
            $change.Clear()
        }
        $item.After = $change.Clone()
    }
}

Function Get-VanishedText {
    # Why a virtual machine that was listed has no components now.
    Param ([object[]]$Problem, [object]$VM)

    $text = Get-ProblemText -Problem $Problem -VM $VM
    if ($text) {
        return "its integration services could not be read: $text"
    }
    'it was listed a moment ago and now has no integration services: it was removed or moved meanwhile'
}

Function Get-ProblemVMId {
    # The id of the virtual machine that an error is about, or null: TargetObject is a component, a virtual machine or anything else.
    Param ([System.Management.Automation.ErrorRecord]$ErrorRecord)

    $object = $ErrorRecord.TargetObject
    if ($null -eq $object) {
        return $null
    }
    if ($object.PSObject.Properties['VMId']) {
        return $object.VMId
    }
    if ($object.PSObject.Properties['Id']) {
        $object.Id
    }
}

Function Get-ProblemText {
    # What Hyper-V objected to about a virtual machine, else what it objected to about none in particular, else nothing.
    Param ([object[]]$Problem, [object]$VM)

    $general = $null
    foreach ($record in $Problem) {
        $id = Get-ProblemVMId -ErrorRecord $record
        if ($id -eq $VM.Id) {
            return Get-HostProblem -ErrorRecord $record
        }
        if ($null -eq $general -and $null -eq $id) {
            $general = $record
        }
    }
    if ($general) {
        Get-HostProblem -ErrorRecord $general
    }
}

Function Get-Pending {
    # The components that still have to be switched on, or off.
    Param ([Hashtable[]]$Target, [bool]$Enabled)

    foreach ($item in $Target) {
        foreach ($key in $item.Change.Keys) {
            # A service may be gone when it is read again: there is nothing to set then.
            if ($item.Change[$key] -eq $Enabled -and $null -ne $item.Components[$key]) {
                $item.Components[$key]
            }
        }
    }
}

Function Invoke-Switch {
    <#
    .SYNOPSIS
    Moves the switches: one call to enable, one to disable. Enabling comes first, so that an interruption leaves more on, not less.

    .DESCRIPTION
    The others are done even if some fail. What Hyper-V objected to is kept until Confirm-Switch has seen where the switches are.
    Returns the error records.
    #>
    [CmdletBinding()]
    [OutputType([System.Management.Automation.ErrorRecord])]
    Param (
        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Target
    )

    foreach ($enabled in $true, $false) {
        Set-IntegrationComponent -Component @(Get-Pending -Target $Target -Enabled $enabled) -Enabled $enabled
    }
}

Function Confirm-Switch {
    <#
    .SYNOPSIS
    Reads the switches again and turns what did not take into a problem of its virtual machine.

    .DESCRIPTION
    An error that names no component may have stopped the whole call (whether the cmdlets do so on a real host is unverified),
    so what nobody objected to gets one more try.
    #>
    [CmdletBinding()]
    Param (
        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Target,

        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [object[]]
        $Problem
    )

    $changed = @(foreach ($item in $Target) { if ($item.Change.Count -gt 0) { $item } })
    $read = Sync-After -Target $changed
    if ($Problem.Count -gt 0) {
        $objected = @($Problem | ForEach-Object { Get-ProblemVMId -ErrorRecord $_ })
        $left = @($changed | Where-Object { $_.VM.Id -notin $objected -and $_.Pending.Count -gt 0 -and $null -ne $_.Components })
        if ($left.Count -gt 0) {
            $again = $left | ForEach-Object { @{ Change = $_.Pending; Components = $_.Components } }
            $Problem = $Problem + @(Invoke-Switch -Target $again)
            $read = Sync-After -Target $changed
        }
    }
    foreach ($item in $changed) {
        $item.Problem += @(Get-FailureText -Item $item -Problem ($Problem + $read.Problems))
    }
}

Function Sync-After {
    # Reads the components of the targets again; Pending is what did not take, After what is known now.
    Param ([Hashtable[]]$Target)

    $read = Get-IntegrationComponent -VM @(foreach ($item in $Target) { $item.VM })
    foreach ($item in $Target) {
        $item.Pending = @{}
        $item.Components = $components = $read.Components[$item.VM.Id]
        foreach ($key in $item.Change.Keys) {
            $now = $null
            if ($null -ne $components -and $null -ne $components[$key]) {
                $now = $components[$key].Enabled
            }
            $item.After[$key] = $now
            if ($now -ne $item.Change[$key]) {
                $item.Pending[$key] = $item.Change[$key]
            }
        }
    }
    $read
}

Function Get-FailureText {
    # What is not as wanted in one virtual machine: a text for the services that are not enabled, one for those not disabled, and one
    # for those that could not be read again.
    Param ([Hashtable]$Item, [object[]]$Problem)

    $services = [System.Collections.Specialized.OrderedDictionary]::new()
    foreach ($component in Get-ComponentTable) {
        $key = $component.Key
        if (-not $Item.Pending.ContainsKey($key)) {
            continue
        }
        $verb = 'disabled'
        if ($Item.Change[$key]) {
            $verb = 'enabled'
        }
        $what = "not $verb"
        if ($null -eq $Item.After[$key]) {
            $what = "unknown whether $verb, because it could not be read again"
        }
        $services[$what] = @(foreach ($other in $services[$what]) { $other }) + $key
    }
    $why = Get-ProblemText -Problem $Problem -VM $Item.VM
    if (-not $why) {
        $why = 'Hyper-V reported no error, yet the setting did not change'
    }
    foreach ($what in $services.Keys) {
        "$($services[$what] -join ', ') ${what}: $why"
    }
}

Function Wait-Contact {
    <#
    .SYNOPSIS
    Waits until every enabled service of each running target is in contact, and says which side is suspected when the time is up.
    #>
    [CmdletBinding()]
    Param (
        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Target,

        # Seconds.
        [Parameter(Mandatory)]
        [int]
        $Timeout
    )

    $deadline = [DateTime]::UtcNow.AddSeconds($Timeout)
    $waiting = @($Target | Where-Object { [int]$_.VM.State -eq $script:Running -and $_.Problem.Count -eq 0 })
    while ($waiting.Count -gt 0) {
        $read = Get-IntegrationComponent -VM @(foreach ($item in $waiting) { $item.VM })
        $late = [DateTime]::UtcNow -ge $deadline
        $waiting = @(foreach ($item in $waiting) {
                $item.Silent = @(Get-Silent -Item $item -Read $read)
                if ($item.Silent.Count -gt 0) {
                    $item
                }
            })
        if ($late) {
            Add-SilentProblem -Target $waiting -Timeout $Timeout
            return
        }
        if ($waiting.Count -gt 0) {
            Start-Sleep -Seconds $script:PollSeconds
        }
    }
}

Function Add-SilentProblem {
    # What is wrong with those that are silent when the time is up. Only a guest that still runs is suspected: one more call, for all.
    Param ([Hashtable[]]$Target, [int]$Timeout)

    if ($Target.Count -eq 0) {
        return
    }
    $states = Get-VirtualMachineState
    foreach ($item in $Target) {
        $state = $states[$item.VM.Id]
        if ($null -ne $state -and [int]$state -ne $script:Running) {
            $item.Problem += "contact could not be verified: the virtual machine no longer runs ($state)"
        }
        else {
            $item.Problem += @(foreach ($text in $item.Silent) { "no contact within $Timeout s: $text" })
        }
    }
}

Function Get-Silent {
    # What is wrong with the enabled services of a virtual machine that are not in contact: a text for those of equal verdict.
    Param ([Hashtable]$Item, [Hashtable]$Read)

    $components = $Read.Components[$Item.VM.Id]
    if ($null -eq $components) {
        return Get-VanishedText -Problem $Read.Problems -VM $Item.VM
    }
    $isolation = Get-Isolation -VM $Item.VM
    $silent = [System.Collections.Specialized.OrderedDictionary]::new()
    foreach ($component in Get-ComponentTable) {
        $found = $components[$component.Key]
        if ($null -eq $found -or -not $found.Enabled) {
            continue
        }
        $verdict = Get-Verdict -Key $component.Key -Component $found -State $script:Running -StateName Running -Booting $false -Isolation $isolation
        if ($script:InContact -cnotcontains $verdict.verdict) {
            $silent[$verdict.explanation] = @(foreach ($key in $silent[$verdict.explanation]) { $key }) + $component.Key
        }
    }
    foreach ($explanation in $silent.Keys) {
        "$($silent[$explanation] -join ', '), enabled on the host, so the guest is suspected ($explanation)"
    }
}

Function Write-SwitchResult {
    <#
    .SYNOPSIS
    Puts what was done into the result of the module, and ends it.
    #>
    [CmdletBinding()]
    Param (
        [Parameter(Mandatory)]
        [Ansible.Basic.AnsibleModule]
        $Module,

        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [Hashtable[]]
        $Target,

        # What was verified: none, switch or contact.
        [Parameter(Mandatory)]
        [string]
        $Verified
    )

    $shown = $Module.Params.result
    $machines = [System.Collections.Generic.List[object]]::new()
    $before = @{}
    $after = @{}
    $failed = [System.Collections.Generic.List[System.Collections.Generic.KeyValuePair[string, string]]]::new()
    $failures = 0
    $overridden = [System.Collections.Specialized.OrderedDictionary]::new()
    $summary = @{ selected = $Target.Count; changed = 0; failed = 0; enabled = 0; disabled = 0; verified = $Verified }

    $namesakes = @{}
    foreach ($item in $Target) {
        $namesakes[$item.VM.Name]++
    }
    foreach ($item in $Target) {
        $changed = @{}
        foreach ($key in $item.After.Keys) {
            $new = $item.After[$key]
            if ($null -ne $new -and $new -ne $item.Before[$key]) {
                $changed[$key] = $new
                if ($new) {
                    $summary.enabled++
                }
                else {
                    $summary.disabled++
                }
            }
        }
        foreach ($key in $item.Overrides.Keys) {
            $text = "$key is protected, and an override allows disabling it, because: $($item.Overrides[$key])"
            $overridden[$text] = @($overridden[$text]) + $item.VM.Name
        }
        $problem = $null
        if ($item.Problem.Count -gt 0) {
            $problem = $item.Problem -join '; '
            $failures++
            $name = $item.VM.Name
            if ($namesakes[$name] -gt 1) {
                $name += " ($($item.VM.Id))"
            }
            foreach ($text in $item.Problem) {
                $failed.Add([System.Collections.Generic.KeyValuePair[string, string]]::new($name, $text))
            }
        }
        if ($changed.Count -gt 0) {
            $summary.changed++
            $label = "$($item.VM.Name) ($($item.VM.Id))"
            $before[$label] = @{}
            foreach ($key in $changed.Keys) {
                $before[$label][$key] = -not $changed[$key]
            }
            $after[$label] = $changed
        }
        if ($shown -eq 'all' -or ($shown -eq 'changed' -and ($changed.Count -gt 0 -or $problem))) {
            $services = @{}
            foreach ($key in $item.Services.Keys) {
                $old = $item.Before[$key]
                $new = $old
                if ($item.After.ContainsKey($key)) {
                    $new = $item.After[$key]
                }
                $services[$key] = @{ before = $old; after = $new; changed = $changed.ContainsKey($key) }
            }
            $machines.Add(@{
                    id = $item.VM.Id.ToString()
                    name = $item.VM.Name
                    state = "$($item.VM.State)"
                    state_code = [int]$item.VM.State
                    services = $services
                    overrides = $item.Overrides
                    changed = $changed.Count -gt 0
                    error = $problem
                })
        }
    }

    foreach ($text in $overridden.Keys) {
        $Module.Warn("$text (on $(Format-NameList -Name @($overridden[$text] | Where-Object { $_ })))")
    }
    $summary.failed = $failures
    $Module.Result.changed = $summary.changed -gt 0
    $Module.Result.virtual_machines = $machines
    $Module.Result.summary = $summary
    if ($Module.DiffMode) {
        $Module.Diff.before = $before
        $Module.Diff.after = $after
    }
    if ($failures -gt 0) {
        $could = 'could not'
        if ($Module.CheckMode) {
            $could = 'cannot'
        }
        $Module.FailJson("$failures of $($Target.Count) virtual machines $could be brought to the requested state. " +
            "Fix the cause below, then run the task again. $(Join-Problem -Problem $failed)")
    }
    $Module.ExitJson()
}

Export-ModuleMember -Function Read-Switch, Invoke-Switch, Confirm-Switch, Wait-Contact, Write-SwitchResult
