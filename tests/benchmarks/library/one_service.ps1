# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic

# The naive way: one virtual machine and one service by its display name, read, change, read again.
$spec = @{
    options = @{
        vm_name = @{ type = 'str'; required = $true }
        service_name = @{ type = 'str'; required = $true }
        enabled = @{ type = 'bool'; required = $true }
    }
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$vm = Hyper-V\Get-VM -Name $module.Params.vm_name
$service = Hyper-V\Get-VMIntegrationService -VM $vm -Name $module.Params.service_name
if ($service.Enabled -ne $module.Params.enabled) {
    if ($module.Params.enabled) {
        Hyper-V\Enable-VMIntegrationService -VMIntegrationService $service
    }
    else {
        Hyper-V\Disable-VMIntegrationService -VMIntegrationService $service
    }
    $service = Hyper-V\Get-VMIntegrationService -VM $vm -Name $module.Params.service_name
    $module.Result.changed = $true
}
$module.Result.enabled = $service.Enabled
$module.ExitJson()
