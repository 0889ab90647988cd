# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Compile all C# sources of a folder into one assembly. Warnings are errors.
[CmdletBinding()]
param (
    [Parameter(Mandatory = $true)]
    [string]$Source,

    [Parameter(Mandatory = $true)]
    [string]$OutputAssembly
)

$ErrorActionPreference = 'Stop'

$parameters = @{
    Path = @(Get-ChildItem -LiteralPath $Source -Filter '*.cs' | ForEach-Object -Process { $_.FullName })
    OutputAssembly = $OutputAssembly
    CompilerOptions = @('-optimize+')
    ReferencedAssemblies = @(
        'netstandard'
        'Microsoft.Win32.Primitives'
        'System.Collections'
        'System.Collections.Concurrent'
        'System.Linq'
        'System.Linq.Expressions'
        'System.Memory'
        'System.Net.Primitives'
        'System.Net.Sockets'
        'System.Runtime'
        'System.Text.Json'
        [System.Management.Automation.PSObject].Assembly.Location
        [Microsoft.Management.Infrastructure.CimSession].Assembly.Location
    )
}
Add-Type @parameters
