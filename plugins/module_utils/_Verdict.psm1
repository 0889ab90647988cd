# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: its interface may change with any release.

# VMState. Source: reflection facts of the Hyper-V module 2.0.0.0.
$script:Running = 2
# States on the way to another one; the critical twins (32785 and up) of a state in motion move too.
$script:MovingStates = @(4, 10, 11, 32773, 32776, 32777, 32780, 32781, 32782, 32784, 32787, 32790, 32791, 32792, 32793, 32794, 32796)
# VMOperationalStatus in which the configuration belongs to somebody else: checkpoint created, deleted or applied, disks merged,
# export, migration, backup, planned migration. Source: same; that Hyper-V then refuses changes is inferred.
$script:BusyStatus = @(32768, 32770, 23769, 32772, 32773, 32774, 32776, 32780)
# Linux refuses these channels in confidential virtual machines. Source: Linux, drivers/hv/channel_mgmt.c (allowed_in_isolated) and
# enum hv_isolation_type; TrustedLaunch is no isolation to it.
$script:Confidential = @('VBS', 'SNP', 'TDX')
$script:RefusedWhenIsolated = @('key_value_pair_exchange', 'vss', 'guest_service_interface')

Function Get-BusyReason {
    <#
    .SYNOPSIS
    Why virtual machines cannot be changed now: a hashtable id -> text, without those that can.

    .DESCRIPTION
    Takes them all at once: a function call for each of thousands would cost more than the look.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    Param (
        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [object[]]
        $VM
    )

    $moving = $script:MovingStates
    $occupied = $script:BusyStatus
    $reasons = @{}
    foreach ($machine in $VM) {
        if ($moving -contains [int]$machine.State) {
            $reasons[$machine.Id] = "the virtual machine is in the state $($machine.State), on its way to another one: try again when it has settled"
            continue
        }
        # The operation may stand first or second, behind InService (unverified: would be verified by a migration on a real host).
        foreach ($status in $machine.OperationalStatus) {
            if ($occupied -contains [int]$status) {
                $reasons[$machine.Id] = "the virtual machine is busy ($status): try again when that has ended"
            }
        }
    }
    $reasons
}

Function Get-Isolation {
    <#
    .SYNOPSIS
    The type of a virtual machine's guest state isolation, or nothing. The module of 2020 has no such property.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    Param (
        [Parameter(Mandatory)]
        [object]
        $VM
    )

    $property = $VM.PSObject.Properties['GuestStateIsolationType']
    # Names of 'not isolated' seen in public text; whether there are more is unverified.
    if ($property -and "$($property.Value)" -notin '', 'Disabled', 'Default', 'None') {
        "$($property.Value)"
    }
}

Function Get-Verdict {
    <#
    .SYNOPSIS
    What the two switches of a service amount to, as far as the host can see.

    .DESCRIPTION
    Numbers decide, never texts: those are in the language of the host. The first rule that fits wins. A disabled service still
    reports OK, and a virtual machine that is off reports anything, so both come before the status.
    Source of the numbers: Microsoft, Msvm_HeartbeatComponent and Msvm_KvpExchangeComponent; of what is seen in practice:
    Centreon#4603 and LIS/lis-next#593.

    .OUTPUTS
    A hashtable: verdict, reason, explanation.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    Param (
        [Parameter(Mandatory)]
        [string]
        $Key,

        # The component, or $null when the virtual machine has none for this service.
        [AllowNull()]
        [object]
        $Component,

        # Number and name of the VMState.
        [int]
        $State,

        [string]
        $StateName,

        # Less uptime than the grace time.
        [bool]
        $Booting,

        # What Get-Isolation said.
        [AllowEmptyString()]
        [AllowNull()]
        [string]
        $Isolation
    )

    $reason = 'not_offered'
    $detail = $null
    if ($null -ne $Component) {
        $reason = Get-Reason -Enabled $Component.Enabled -State $State -Booting $Booting `
            -Refused ($script:Confidential -ccontains $Isolation -and $script:RefusedWhenIsolated -ccontains $Key) `
            -Primary $Component.PrimaryOperationalStatus -Secondary $Component.SecondaryOperationalStatus
        $detail = $Component.PrimaryOperationalStatus
    }
    $verdict, $explanation = $script:Reasons[$reason]
    if ($reason -eq 'vm') {
        $detail = $StateName
        $reason = "vm_$($StateName.ToLowerInvariant())"
    }
    @{ verdict = $verdict; reason = $reason; explanation = $explanation -f $detail }
}

# What each reason means: its verdict, and a sentence for people. {0} is the state of the virtual machine or the status number.
$script:Reasons = @{
    not_offered = 'not_applicable', 'Hyper-V does not offer this service to the virtual machine.'
    host_switch = 'disabled', 'Switched off on the host; the guest was not asked.'
    vm = 'not_applicable', 'The virtual machine is not running ({0}): whether the guest answers cannot be known.'
    isolated = 'not_applicable', 'Linux refuses this service in a confidential virtual machine; a Windows guest was not told apart.'
    no_status = 'no_contact', 'Hyper-V reports no status for this service.'
    older_protocol = 'protocol_mismatch', 'Works, with an older protocol than the host knows: usual with Linux and for VSS.'
    in_contact = 'ok', 'Switched on, and the guest answers.'
    application_critical = 'degraded', 'The guest answers; an application in it reports a critical state.'
    communication_failed = 'lost_communication', 'The guest was in contact and communication failed: its service or daemon is suspected.'
    degraded = 'degraded', 'Works with restrictions: an older protocol was agreed on.'
    booting = 'no_contact', 'The guest has not made contact yet; it was started a short time ago.'
    guest_silent = 'no_contact', 'Switched on, but the guest has not made contact: its service or daemon is missing, stopped or disabled.'
    guest_lost = 'lost_communication', 'The guest was in contact and no longer answers: it hangs, crashed, or its service stopped.'
    incompatible_protocol = 'error', 'The protocol of the guest is incompatible with this host.'
    error = 'error', 'Hyper-V reports an error of this service.'
    status_disabled = 'disabled', 'Hyper-V reports the service as disabled although its switch is on.'
    unknown_status = 'error', 'Hyper-V reports a status that this collection does not know ({0}).'
}

Function Get-Reason {
    # The first rule that fits. Nullable keeps a missing status apart from 0.
    Param ([bool]$Enabled, [int]$State, [bool]$Refused, [Nullable[int]]$Primary, [Nullable[int]]$Secondary, [bool]$Booting)

    if (-not $Enabled) { return 'host_switch' }
    if ($State -ne $script:Running) { return 'vm' }
    if ($Refused -and $Primary -ne 2) { return 'isolated' }
    if ($null -eq $Primary) { return 'no_status' }
    if ($Primary -in 2, 3 -and $Secondary -eq 32775) { return 'older_protocol' }
    if ($Primary -eq 2 -and ($null -eq $Secondary -or $Secondary -eq 2)) { return 'in_contact' }
    if ($Primary -eq 2 -and $Secondary -eq 32782) { return 'application_critical' }
    if ($Primary -eq 2 -and $Secondary -in 32783, 32784) { return 'communication_failed' }
    if ($Primary -eq 12 -and $Booting) { return 'booting' }
    switch ($Primary) {
        3 { return 'degraded' }
        6 { return 'error' }
        7 { return 'incompatible_protocol' }
        12 { return 'guest_silent' }
        13 { return 'guest_lost' }
        32896 { return 'status_disabled' }
    }
    'unknown_status'
}

Export-ModuleMember -Function Get-BusyReason, Get-Isolation, Get-Verdict
