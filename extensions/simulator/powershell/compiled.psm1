# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

<#
.SYNOPSIS
C# that is compiled once and from then on only loaded, by however many processes.

.DESCRIPTION
Compiling was more than half of what a task cost a simulated host (measured: 1.4 of 2.7 seconds of processor time),
most of it for Ansible.Basic.cs, which every module brings along and hands to Ansible's Add-CSharpType. That name is an
alias here: an alias goes before a function. Runs on PowerShell 7.4 and later.
#>

param (
    # Where assemblies are kept, each under the hash of what it was made of.
    [Parameter(Mandatory = $true)]
    [string]$Directory
)

$Kept = $Directory

function Import-Compiled {
    <#
    .SYNOPSIS
    Load the types of C# sources, which belong together, into this process.
    #>
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [string[]]$Source
    )

    $ErrorActionPreference = 'Stop'
    $identity = [System.Text.Encoding]::UTF8.GetBytes((@([string]$PSVersionTable.PSVersion) + $Source) -join "`0")
    $hash = [System.Security.Cryptography.SHA256]::Create().ComputeHash($identity)
    $assembly = [System.IO.Path]::Combine($Kept, [System.BitConverter]::ToString($hash).Replace('-', '') + '.dll')
    if (-not [System.IO.File]::Exists($assembly)) {
        Publish-Assembly -Source $Source -Path $assembly
    }
    $loaded = [System.Runtime.Loader.AssemblyLoadContext]::Default.LoadFromAssemblyPath($assembly)
    $worker = 'HyperVSimulator.Worker' -as [type]
    if ($worker) {
        $worker::Accept($loaded)
    }
}

# The file appears in one piece, so that any number of processes may compile the same at a time.
function Publish-Assembly {
    [CmdletBinding()]
    param (
        [Parameter(Mandatory = $true)]
        [string[]]$Source,

        [Parameter(Mandatory = $true)]
        [string]$Path
    )

    $scratch = [System.IO.Directory]::CreateDirectory("$Path.$PID").FullName
    try {
        $compilation = @{
            Path = @()
            OutputAssembly = [System.IO.Path]::Combine($scratch, [System.IO.Path]::GetFileName($Path))
            ReferencedAssemblies = @(Get-ReferencedAssembly -Source $Source | Select-Object -Unique)
            # The symbols are those of Add-CSharpType (ansible-core 2.21) on 64 bits, and not on Windows.
            CompilerOptions = @('-optimize+', '-define:AMD64;CORECLR;UNIX')
        }
        foreach ($text in $Source) {
            $compilation.Path += [System.IO.Path]::Combine($scratch, "$($compilation.Path.Count).cs")
            [System.IO.File]::WriteAllText($compilation.Path[-1], $text)
        }
        Add-Type @compilation
        [System.IO.File]::Move($compilation.OutputAssembly, $Path, $true)
    }
    finally {
        [System.IO.Directory]::Delete($scratch, $true)
    }
}

# All that belongs to PowerShell, and what Ansible's sources ask for in comments.
function Get-ReferencedAssembly {
    [CmdletBinding()]
    [OutputType([string], [string[]])]
    param (
        [Parameter(Mandatory = $true)]
        [string[]]$Source
    )

    [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSHOME, 'ref'), '*.dll')
    [psobject].Assembly.Location
    $pattern = '//\s*AssemblyReference\s+-(Name|Type)\s+((?>[\w.]+))(?!\s+-CLR\s+Framework)'
    foreach ($match in [regex]::Matches($Source -join "`n", $pattern)) {
        $name = $match.Groups[2].Value
        if ($match.Groups[1].Value -eq 'Type') {
            ([type]$name).Assembly.Location
        }
        else {
            [System.IO.Path]::Combine([System.IO.Path]::GetDirectoryName([object].Assembly.Location), $name)
        }
    }
}

function Add-CompiledCSharpType {
    <#
    .SYNOPSIS
    Stand before Ansible's Add-CSharpType, and leave to it what asks for more than types, or does not compile.
    #>
    param (
        [string[]]$References,
        [object]$AnsibleModule
    )

    if ($args.Count -eq 0 -and -not ($References -match '//\s*(AllowUnsafe|TypeAccelerator)')) {
        try {
            Import-Compiled -Source $References
            return
        }
        catch {
            Write-Debug -Message "Left to Ansible, whose error is the one to be seen: $_"
        }
    }
    $own = Get-Command -Name Add-CSharpType -CommandType Function
    & $own @PSBoundParameters @args
}

Set-Alias -Name Add-CSharpType -Value Add-CompiledCSharpType
Export-ModuleMember -Function Import-Compiled, Add-CompiledCSharpType -Alias Add-CSharpType
