#!powershell

# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._Components
#AnsibleRequires -PowerShell ..module_utils._HyperV
#AnsibleRequires -PowerShell ..module_utils._Selection
#AnsibleRequires -PowerShell ..module_utils._Verdict

$spec = @{
    options = @{
        name = @{ type = 'list'; elements = 'str' }
        id = @{ type = 'list'; elements = 'str' }
        pattern = @{ type = 'list'; elements = 'str' }
        group = @{ type = 'list'; elements = 'str' }
        all = @{ type = 'bool' }
        exclude = @{ type = 'list'; elements = 'str' }
        gather = @{
            type = 'list'
            elements = 'str'
            default = @('all')
            choices = @('all', 'services', 'heartbeat', 'replication', 'checkpoint', 'groups', 'notes')
        }
        boot_grace = @{ type = 'int'; default = 300 }
    }
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$module.Result.changed = $false

Function Get-Fact {
    # What one virtual machine says about itself: numbers and the names of the enums, the same on every host language.
    Param ([object]$VM, [string[]]$Gather)

    $status = $VM.PrimaryOperationalStatus
    $fact = @{
        id = $VM.Id.ToString()
        name = $VM.Name
        host = $VM.ComputerName
        state = "$($VM.State)"
        state_code = [int]$VM.State
        operational_status = Get-EnumName -Value $status
        operational_status_code = Get-EnumCode -Value $status
        uptime_seconds = [long]$VM.Uptime.TotalSeconds
        generation = $VM.Generation
        version = $VM.Version
        clustered = $VM.IsClustered
        isolation = Get-Isolation -VM $VM
    }
    if ($Gather -ccontains 'heartbeat') {
        $fact.heartbeat = Get-EnumName -Value $VM.Heartbeat
        $fact.heartbeat_code = Get-EnumCode -Value $VM.Heartbeat
    }
    if ($Gather -ccontains 'replication') {
        $fact.replication = @{
            mode = "$($VM.ReplicationMode)"
            mode_code = [int]$VM.ReplicationMode
            state = "$($VM.ReplicationState)"
            state_code = [int]$VM.ReplicationState
            health = "$($VM.ReplicationHealth)"
            health_code = [int]$VM.ReplicationHealth
        }
    }
    if ($Gather -ccontains 'checkpoint') {
        $fact.checkpoint = @{
            type = "$($VM.CheckpointType)"
            type_code = [int]$VM.CheckpointType
            parent_id = $null
            parent_name = $VM.ParentSnapshotName
        }
        if ($null -ne $VM.ParentSnapshotId) {
            $fact.checkpoint.parent_id = $VM.ParentSnapshotId.ToString()
        }
    }
    if ($Gather -ccontains 'groups') {
        $fact.groups = @(foreach ($group in $VM.Groups) { $group.Name })
    }
    if ($Gather -ccontains 'notes') {
        $fact.notes = $VM.Notes
    }
    $fact
}

Function Get-EnumName {
    Param ([object]$Value)

    if ($null -ne $Value) {
        "$Value"
    }
}

Function Get-EnumCode {
    Param ([object]$Value)

    if ($null -ne $Value) {
        [int]$Value
    }
}

Function Get-ServiceFact {
    # What the host sees of one service, with the verdict.
    Param ([string]$Key, [object]$Component, [Hashtable]$Fact, [bool]$Booting)

    $service = Get-Verdict -Key $Key -Component $Component -State $Fact.state_code -StateName $Fact.state `
        -Booting $Booting -Isolation $Fact.isolation
    $service.offered = $null -ne $Component
    $service.enabled = $null
    if ($service.offered) {
        $service.enabled = $Component.Enabled
    }
    $service.primary_status = Get-EnumName -Value $Component.PrimaryOperationalStatus
    $service.primary_status_code = Get-EnumCode -Value $Component.PrimaryOperationalStatus
    $service.secondary_status = Get-EnumName -Value $Component.SecondaryOperationalStatus
    $service.secondary_status_code = Get-EnumCode -Value $Component.SecondaryOperationalStatus
    $service
}

Function Add-ServiceFact {
    # The services of one virtual machine. Read is what Get-IntegrationComponent returned.
    Param ([Hashtable]$Fact, [object]$VM, [Hashtable]$Read)

    $components = $Read.Components[$VM.Id]
    if ($null -eq $components) {
        $Fact.services = @{}
        $Fact.error = 'its integration services could not be read: it was removed or moved meanwhile'
        return
    }
    $booting = $Fact.uptime_seconds -lt $module.Params.boot_grace
    $common = "$($Fact.state_code)|$($Fact.isolation)|$booting"
    $Fact.services = @{}
    foreach ($key in $keys) {
        $component = $components[$key]
        # Thousands of virtual machines share a few combinations, and equal input gives an equal answer.
        $seen = "$key|$common|$($component.Enabled)|$($component.PrimaryOperationalStatus)|$($component.SecondaryOperationalStatus)"
        if (-not $answers.ContainsKey($seen)) {
            $answers[$seen] = Get-ServiceFact -Key $key -Component $component -Fact $Fact -Booting $booting
        }
        $Fact.services[$key] = $answers[$seen]
        $verdicts[$answers[$seen].verdict]++
    }
    $Fact.unknown_components = @()
    if ($Read.Unknown[$VM.Id].Count -gt 0) {
        $Fact.unknown_components = @($Read.Unknown[$VM.Id].Keys)
    }
}

$gather = $module.Params.gather
if ($gather -ccontains 'all') {
    $gather = @('services', 'heartbeat', 'replication', 'checkpoint', 'groups', 'notes')
}
$selection = $module.Params
if (-not (Test-SelectionGiven -Selection $selection)) {
    $selection.all = $true
}

Import-HyperV -Module $module
$index = Get-SelectionIndex -VM @(Get-HostVirtualMachine -Module $module)
$problems = [System.Collections.Generic.List[string]]::new()
$selected = @()
if ($index.All.Count -gt 0 -or -not $selection.all) {
    $selected = @(Select-VirtualMachine -Index $index -Selection $selection -Problems $problems)
}
if ($problems.Count -gt 0) {
    $module.FailJson($problems -join ' | ')
}

$keys = @(Get-ComponentTable | ForEach-Object { $_.Key })
$answers = @{}
$verdicts = @{}
foreach ($verdict in 'ok', 'degraded', 'protocol_mismatch', 'no_contact', 'lost_communication', 'error', 'disabled', 'not_applicable') {
    $verdicts[$verdict] = 0
}
$facts = [System.Collections.Generic.List[object]]::new()
$read = $null
if ($gather -ccontains 'services') {
    $read = Get-IntegrationComponent -VM $selected
}
foreach ($vm in $selected) {
    $fact = Get-Fact -VM $vm -Gather $gather
    if ($null -ne $read) {
        Add-ServiceFact -Fact $fact -VM $vm -Read $read
    }
    $facts.Add($fact)
}
$module.Result.virtual_machines = $facts
$module.Result.summary = @{ virtual_machines = $facts.Count }
if ($null -ne $read) {
    $module.Result.summary.verdicts = $verdicts
}
$module.ExitJson()
