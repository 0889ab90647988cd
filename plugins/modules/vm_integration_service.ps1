#!powershell

# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._Components
#AnsibleRequires -PowerShell ..module_utils._HyperV
#AnsibleRequires -PowerShell ..module_utils._Plan
#AnsibleRequires -PowerShell ..module_utils._Selection
#AnsibleRequires -PowerShell ..module_utils._Switch

$spec = @{
    options = @{
        name = @{ type = 'list'; elements = 'str' }
        id = @{ type = 'list'; elements = 'str' }
        pattern = @{ type = 'list'; elements = 'str' }
        group = @{ type = 'list'; elements = 'str' }
        all = @{ type = 'bool' }
        exclude = @{ type = 'list'; elements = 'str' }
        services = @{
            type = 'dict'
            options = @{
                heartbeat = @{ type = 'bool' }
                shutdown = @{ type = 'bool' }
                time_synchronization = @{ type = 'bool'; aliases = @('timesync') }
                key_value_pair_exchange = @{ type = 'bool'; aliases = @('kvp') }
                vss = @{ type = 'bool'; aliases = @('backup') }
                guest_service_interface = @{ type = 'bool'; aliases = @('gsi') }
            }
        }
        overrides = @{
            type = 'dict'
            options = @{
                heartbeat = @{ type = 'raw' }
                shutdown = @{ type = 'raw' }
                time_synchronization = @{ type = 'raw'; aliases = @('timesync') }
                key_value_pair_exchange = @{ type = 'raw'; aliases = @('kvp'); no_log = $false }
                vss = @{ type = 'raw'; aliases = @('backup') }
                guest_service_interface = @{ type = 'raw'; aliases = @('gsi') }
            }
        }
        plan = @{
            type = 'list'
            elements = 'dict'
            options = @{
                name = @{ type = 'list'; elements = 'str' }
                id = @{ type = 'list'; elements = 'str' }
                pattern = @{ type = 'list'; elements = 'str' }
                group = @{ type = 'list'; elements = 'str' }
                all = @{ type = 'bool' }
                exclude = @{ type = 'list'; elements = 'str' }
                services = @{
                    type = 'dict'
                    required = $true
                    options = @{
                        heartbeat = @{ type = 'bool' }
                        shutdown = @{ type = 'bool' }
                        time_synchronization = @{ type = 'bool'; aliases = @('timesync') }
                        key_value_pair_exchange = @{ type = 'bool'; aliases = @('kvp') }
                        vss = @{ type = 'bool'; aliases = @('backup') }
                        guest_service_interface = @{ type = 'bool'; aliases = @('gsi') }
                    }
                }
                overrides = @{
                    type = 'dict'
                    options = @{
                        heartbeat = @{ type = 'raw' }
                        shutdown = @{ type = 'raw' }
                        time_synchronization = @{ type = 'raw'; aliases = @('timesync') }
                        key_value_pair_exchange = @{ type = 'raw'; aliases = @('kvp'); no_log = $false }
                        vss = @{ type = 'raw'; aliases = @('backup') }
                        guest_service_interface = @{ type = 'raw'; aliases = @('gsi') }
                    }
                }
            }
        }
        protected = @{
            type = 'list'
            elements = 'str'
            default = @('shutdown', 'time_synchronization')
            choices = @('heartbeat', 'shutdown', 'time_synchronization', 'key_value_pair_exchange', 'vss', 'guest_service_interface')
        }
        verify = @{ type = 'str'; choices = @('none', 'switch', 'contact'); default = 'switch' }
        verify_timeout = @{ type = 'int'; default = 120 }
        result = @{ type = 'str'; choices = @('all', 'changed', 'summary'); default = 'all' }
    }
    mutually_exclusive = @(
        @('plan', 'services'),
        @('plan', 'name'),
        @('plan', 'id'),
        @('plan', 'pattern'),
        @('plan', 'group'),
        @('plan', 'all'),
        @('plan', 'exclude')
    )
    required_one_of = @(
        , @('services', 'plan')
    )
    supports_check_mode = $true
}

$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)

Function Assert-NoProblem {
    # Everything that is wrong at once, before anything has changed.
    Param ([System.Collections.Generic.List[string]]$Problems)

    if ($Problems.Count -gt 0) {
        $untouched = ''
        if (-not $module.CheckMode) {
            $untouched = 'Nothing was changed. '
        }
        $module.FailJson("$untouched$($Problems -join ' | ')")
    }
}

$problems = [System.Collections.Generic.List[string]]::new()
$entries = @(Get-PlanEntry -Params $module.Params -Problems $problems)
Assert-NoProblem -Problems $problems

Import-HyperV -Module $module
$index = Get-SelectionIndex -VM @(Get-HostVirtualMachine -Module $module)
$plan = Resolve-Plan -Entry $entries -Index $index -Protected $module.Params.protected -Problems $problems
Assert-NoProblem -Problems $problems

$targets = @($plan.Values)
Read-Switch -Target $targets
$verified = 'none'
if (-not $module.CheckMode) {
    $objections = @(Invoke-Switch -Target $targets)
    # Without a look nothing could be said about a change that met an objection.
    if ($module.Params.verify -ne 'none' -or $objections.Count -gt 0) {
        Confirm-Switch -Target $targets -Problem $objections
        $verified = 'switch'
    }
    if ($module.Params.verify -eq 'contact') {
        Wait-Contact -Target $targets -Timeout $module.Params.verify_timeout
        $verified = 'contact'
    }
}
Write-SwitchResult -Module $module -Target $targets -Verified $verified
