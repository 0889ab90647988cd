# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -PowerShell ._Components

# Private to this collection: its interface may change with any release.
# Every call to the Hyper-V cmdlets is here, so that the number of calls can be seen at a glance: none is inside a loop over
# virtual machines or services.

# The RPC server is unavailable (BA) or too busy (BB), or a call failed (BE, BF): the management service restarts or is busy. Worth a
# retry (inferred, not seen on a host). Source: Microsoft, "System Error Codes (1700-3999)", as HRESULT_FROM_WIN32.
$script:TransientHResult = @(0x800706BA, 0x800706BB, 0x800706BE, 0x800706BF)
$script:TransientText = '0x800706B[ABEF]'
$script:TransientAttempts = 3

Function Get-HostProblem {
    <#
    .SYNOPSIS
    Says what an error of a Hyper-V cmdlet means and what to do about it.

    .DESCRIPTION
    Only the error id and category decide: message texts are in the language of the host.
    Source of the ids: recorded outputs of the cmdlets in public issue threads.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    Param (
        [Parameter(Mandatory)]
        [System.Management.Automation.ErrorRecord]
        $ErrorRecord
    )

    $id = $ErrorRecord.FullyQualifiedErrorId
    $reason, $command = $id -split ',', 2
    $text = $ErrorRecord.Exception.Message.Trim()
    $rights = "The account needs to be a member of the local group 'Hyper-V Administrators' or 'Administrators' of the host."

    # Before the ids: Get-VM reports this, too, as 'Unspecified'.
    if (Test-TransientProblem -ErrorRecord $ErrorRecord) {
        return "The Hyper-V Virtual Machine Management service (vmms) did not answer, after $($script:TransientAttempts) attempts: it restarts, " +
        "is overloaded, or is stopped. Check: Get-Service -Name vmms. Then run the task again. ($text)"
    }
    if ($reason -eq 'AccessDenied' -or $ErrorRecord.CategoryInfo.Category -eq 'PermissionDenied') {
        return "Hyper-V denied access. $rights ($text)"
    }
    # Get-VM reports missing rights as 'Unspecified'; the module 1.1 names its classes '...Command'.
    if ($reason -eq 'Unspecified' -and $command -match '\.GetVM(Command)?$') {
        return "Hyper-V refused to list the virtual machines; the usual cause is missing rights. $rights ($text)"
    }
    # One and the same error stands for a stopped service, a vanished object and missing rights.
    if ($reason -eq 'ObjectNotFound' -and $command -match '\.GetVM(Command)?$') {
        $service = $null
        if (Get-Command -Name Get-Service -ErrorAction Ignore) {
            $service = Get-Service -Name vmms -ErrorAction Ignore
        }
        if ($service -and "$($service.Status)" -ne 'Running') {
            return "The Hyper-V Virtual Machine Management service (vmms) is $($service.Status). Start it: Start-Service -Name vmms. ($text)"
        }
        return 'Hyper-V did not answer: either the Hyper-V Virtual Machine Management service (vmms) is stopped or rights are missing; ' +
        "Hyper-V reports both alike. Check: Get-Service -Name vmms. $rights ($text)"
    }
    "$text [$id]"
}

Function Test-TransientProblem {
    <#
    .SYNOPSIS
    Whether an error of a Hyper-V cmdlet is worth another try.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    Param (
        [Parameter(Mandatory)]
        [System.Management.Automation.ErrorRecord]
        $ErrorRecord
    )

    $exception = $ErrorRecord.Exception
    while ($exception) {
        if ($script:TransientHResult -contains $exception.HResult -or $exception.Message -match $script:TransientText) {
            return $true
        }
        $exception = $exception.InnerException
    }
    $false
}

Function Invoke-HyperV {
    <#
    .SYNOPSIS
    Runs one Hyper-V cmdlet; tries again while the failure is transient.

    .OUTPUTS
    A hashtable: Output (list), Problems (error records, terminating or not).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    Param (
        [Parameter(Mandatory)]
        [string]
        $Command,

        [Hashtable]
        $Parameter = @{}
    )

    for ($attempt = 1; ; $attempt++) {
        $problems = @()
        $output = @()
        try {
            $output = @(& $Command @Parameter -ErrorAction SilentlyContinue -ErrorVariable problems)
        }
        catch {
            $problems = @($_)
        }
        $records = @($problems | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] })
        $transient = @($records | Where-Object { Test-TransientProblem -ErrorRecord $_ })
        if ($transient.Count -eq 0 -or $attempt -eq $script:TransientAttempts) {
            return @{ Output = $output; Problems = $records }
        }
        Start-Sleep -Milliseconds (250 * $attempt)
    }
}

Function Import-HyperV {
    <#
    .SYNOPSIS
    Loads the Hyper-V module, or fails with the way to install it. Types and enums of Hyper-V exist only after this.
    #>
    [CmdletBinding()]
    Param (
        [Parameter(Mandatory)]
        [Ansible.Basic.AnsibleModule]
        $Module
    )

    try {
        Import-Module -Name Hyper-V -ErrorAction Stop
    }
    catch {
        $Module.FailJson(
            "The PowerShell module Hyper-V cannot be loaded on this host. On Windows Server install it with " +
            "'Install-WindowsFeature -Name Hyper-V-PowerShell', on Windows with " +
            "'Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V-Management-PowerShell'. ($($_.Exception.Message))", $_)
    }
}

Function Get-HostVirtualMachine {
    <#
    .SYNOPSIS
    All virtual machines of this host, in one call. Fails the module with a clear message when Hyper-V does not list them.
    #>
    [CmdletBinding()]
    Param (
        [Parameter(Mandatory)]
        [Ansible.Basic.AnsibleModule]
        $Module
    )

    $call = Invoke-HyperV -Command 'Hyper-V\Get-VM'
    if ($call.Problems.Count -gt 0) {
        $Module.FailJson((Get-HostProblem -ErrorRecord $call.Problems[0]), $call.Problems[0])
    }
    # A planned virtual machine (type 4) is the copy under import or migration: not one to manage.
    foreach ($vm in $call.Output) {
        if ([int]$vm.VirtualMachineType -ne 4) {
            $vm
        }
    }
}

Function Get-VirtualMachineState {
    <#
    .SYNOPSIS
    In which state the virtual machines of this host are now, in one call: a hashtable id -> VMState. Those that are gone are not in it.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    Param ()

    $states = @{}
    foreach ($vm in (Invoke-HyperV -Command 'Hyper-V\Get-VM').Output) {
        $states[$vm.Id] = $vm.State
    }
    $states
}

Function Get-ClusterOwner {
    <#
    .SYNOPSIS
    Which node of the failover cluster owns which virtual machine: a dictionary name -> node, empty off clusters.

    .DESCRIPTION
    Uses the name of the cluster's role, which is the name of the virtual machine unless somebody renamed one of the two
    (unverified: would be verified by a cluster with a renamed role).
    #>
    [CmdletBinding()]
    [OutputType([System.Array])]
    Param ()

    $owners = [System.Collections.Generic.Dictionary[string, string]]::new([StringComparer]::OrdinalIgnoreCase)
    if (Get-Command -Name 'FailoverClusters\Get-ClusterGroup' -ErrorAction Ignore) {
        $call = Invoke-HyperV -Command 'FailoverClusters\Get-ClusterGroup'
        foreach ($group in $call.Output) {
            if ("$($group.GroupType)" -eq 'VirtualMachine') {
                $owners[$group.Name] = "$($group.OwnerNode)"
            }
        }
    }
    , $owners
}

Function Get-IntegrationComponent {
    <#
    .SYNOPSIS
    The integration components of virtual machines, in one call.

    .OUTPUTS
    A hashtable: Components (hashtable: id of the virtual machine -> hashtable key -> component), Unknown (the same shape for
    component GUIDs that are no service of ours), Problems (error records).
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    Param (
        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [object[]]
        $VM
    )

    $components = @{}
    $unknown = @{}
    $result = @{ Components = $components; Unknown = $unknown; Problems = @() }
    if ($VM.Count -eq 0) {
        return $result
    }

    $keys = Get-ComponentKeyByGuid
    $call = Invoke-HyperV -Command 'Hyper-V\Get-VMIntegrationService' -Parameter @{ VM = $VM }
    $result.Problems = $call.Problems
    foreach ($component in $call.Output) {
        $vmId = $component.VMId
        $ofMachine = $components[$vmId]
        if ($null -eq $ofMachine) {
            $components[$vmId] = $ofMachine = @{}
            $unknown[$vmId] = @{}
        }
        # Id is 'Microsoft:<VM GUID>\<component GUID>'. Names are in the language of the host, so they decide nothing.
        $id = $component.Id
        $guid = $id.Substring($id.LastIndexOf('\') + 1)
        $key = $keys[$guid]
        if ($null -eq $key) {
            $unknown[$vmId][$guid] = $component
        }
        else {
            $ofMachine[$key] = $component
        }
    }
    $result
}

Function Set-IntegrationComponent {
    <#
    .SYNOPSIS
    Switches integration components on or off, all in one call.

    .OUTPUTS
    The error records. Which component did not take the change is for the caller to see by reading again.
    #>
    [CmdletBinding(SupportsShouldProcess)]
    [OutputType([System.Management.Automation.ErrorRecord])]
    Param (
        [Parameter(Mandatory)]
        [AllowEmptyCollection()]
        [object[]]
        $Component,

        [Parameter(Mandatory)]
        [bool]
        $Enabled
    )

    if ($Component.Count -eq 0) {
        return
    }
    $command = 'Hyper-V\Disable-VMIntegrationService'
    if ($Enabled) {
        $command = 'Hyper-V\Enable-VMIntegrationService'
    }
    if ($PSCmdlet.ShouldProcess("$($Component.Count) components", $command)) {
        (Invoke-HyperV -Command $command -Parameter @{ VMIntegrationService = $Component; Confirm = $false }).Problems
    }
}

Export-ModuleMember -Function Get-HostProblem, Import-HyperV, Get-HostVirtualMachine, Get-VirtualMachineState, Get-ClusterOwner
Export-ModuleMember -Function Get-IntegrationComponent, Set-IntegrationComponent
