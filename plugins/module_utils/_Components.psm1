# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: its interface may change with any release.

# The PowerShell twin of _components.py; a test proves the two equal.
# Source of the GUIDs: Vagrant driver.rb, Packer hyperv.go, dsccommunity/HyperVDsc. Source of the impact texts: Microsoft,
# "Hyper-V Integration Services" reference.
$script:Components = @(
    @{
        Key = 'heartbeat'
        Guid = '84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47'
        Protected = $false
        Impact = 'the host no longer sees whether the operating system in the guest lives'
    }
    @{
        Key = 'shutdown'
        Guid = '9F8233AC-BE49-4C79-8EE3-E7E1985B2077'
        Protected = $true
        Impact = 'the host can no longer shut the guest down, only cut its power: data may be lost'
    }
    @{
        Key = 'time_synchronization'
        Guid = '2497F4DE-E9FA-4204-80E4-4B75C46419C0'
        Protected = $true
        Impact = 'the clock of the guest drifts unless it has another time source'
    }
    @{
        Key = 'key_value_pair_exchange'
        Guid = '2A34B1C2-FD73-4043-8A5B-DD2159BC743F'
        Protected = $false
        Impact = 'the host no longer sees the name, the addresses and the operating system of the guest'
    }
    @{
        Key = 'vss'
        Guid = '5CED1297-4598-4915-A5FC-AD21BB4D02A4'
        Protected = $false
        Impact = 'backups of the running guest are no longer consistent for its applications'
    }
    @{
        Key = 'guest_service_interface'
        Guid = '6C09BB55-D683-4DA0-8931-C9BF705F6480'
        Protected = $false
        Impact = 'the host can no longer copy files into the guest'
    }
)

Function Get-ComponentTable {
    <#
    .SYNOPSIS
    The integration services that Hyper-V can switch, in the order in which they are always shown.

    .OUTPUTS
    Hashtables with Key, Guid (upper case), Protected (whether it is disabled only with an override, whatever the options say) and
    Impact (what is lost when the service is off).
    #>
    [CmdletBinding()]
    [OutputType([object[]])]
    Param ()

    $script:Components
}

Function Get-ComponentKeyByGuid {
    <#
    .SYNOPSIS
    A hashtable component GUID -> key. GUIDs compare ordinally and without case, whatever the culture of the host.
    #>
    [CmdletBinding()]
    [OutputType([Hashtable])]
    Param ()

    $keys = [Hashtable]::new([StringComparer]::OrdinalIgnoreCase)
    foreach ($component in $script:Components) {
        $keys[$component.Guid] = $component.Key
    }
    $keys
}

Export-ModuleMember -Function Get-ComponentTable, Get-ComponentKeyByGuid
