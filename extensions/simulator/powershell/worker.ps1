# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

<#
.SYNOPSIS
One PowerShell process of a simulated host: warms up, gets one job, ends.

.DESCRIPTION
Started by endpoints/workers.py of the simulator, which says how the two are connected. Runs on PowerShell 7.4 and later.
The job's script runs below this one and sees its variables: there is one, $HvsimWorker. No preference and no strict
mode is set here, they would reach the job.
#>

$HvsimWorker = @{ Control = $null; Input = -1; Job = $null; Assemblies = '' }

function Initialize-HvsimWorker {
    $ErrorActionPreference = 'Stop'
    Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath compiled.psm1) -ArgumentList $env:HVSIM_ASSEMBLIES
    Import-Compiled -Source ([System.IO.File]::ReadAllText((Join-Path -Path $PSScriptRoot -ChildPath worker.cs)))

    [int]$control, $HvsimWorker.Input = $env:HVSIM_WORKER -split ','
    if ($env:HVSIM_MODULES) {
        $env:PSModulePath = $env:HVSIM_MODULES + [System.IO.Path]::PathSeparator + $env:PSModulePath
    }
    $HvsimWorker.Assemblies = $env:HVSIM_ASSEMBLIES
    $env:HVSIM_WORKER = $env:HVSIM_MODULES = $env:HVSIM_ASSEMBLIES = $null
    $handle = [System.Net.Sockets.SafeSocketHandle]::new([IntPtr]$control, $true)
    $HvsimWorker.Control = [System.Net.Sockets.Socket]::new($handle)

    if ($HvsimWorker.Control.Available -eq 0) {
        Invoke-HvsimWarmup
    }
}

# What a job is likely to need is loaded and compiled now, in a session of its own that leaves nothing behind.
function Invoke-HvsimWarmup {
    $heat = {
        $null = ConvertFrom-Json -InputObject '{"a":[1,{"b":"c"}]}' | ConvertTo-Json -Compress -Depth 9
        Import-Module -Name Hyper-V -ErrorAction Ignore
        if ('Microsoft.HyperV.PowerShell.Simulation.Warmup' -as [type]) {
            [Microsoft.HyperV.PowerShell.Simulation.Warmup]::Run()
        }
    }
    $session = [PowerShell]::Create([initialsessionstate]::CreateDefault2())
    $null = $session.AddScript($heat).Invoke()
    $session.Dispose()
}

function Wait-HvsimJob {
    $ErrorActionPreference = 'Stop'
    $null = $HvsimWorker.Control.Send([byte[]]@(0))  # warm
    $reader = [System.IO.StreamReader]::new([System.Net.Sockets.NetworkStream]::new($HvsimWorker.Control))
    $line = $reader.ReadLine()
    [HyperVSimulator.Worker]::EndWith($reader)
    if ($null -eq $line) {
        Start-Sleep -Seconds 60  # the end is near
    }
    $HvsimWorker.Job = $line | ConvertFrom-Json
    foreach ($variable in $HvsimWorker.Job.environment.PSObject.Properties) {
        [Environment]::SetEnvironmentVariable($variable.Name, $variable.Value)
    }
}

# As `pwsh -ServerMode` does, which would be a cold process. The method is not public: where it is missing or takes
# something unknown, the process becomes that cold one.
function Invoke-HvsimRemoting {
    $ErrorActionPreference = 'Stop'
    [HyperVSimulator.Worker]::TakeInput($HvsimWorker.Input)
    $mediator = [psobject].Assembly.GetType('System.Management.Automation.Remoting.Server.StdIOProcessMediator')
    $run = if ($mediator) { $mediator.GetMethod('Run', [System.Reflection.BindingFlags]'Static, NonPublic, Public') }
    $module, $kept = "$PSScriptRoot/compiled.psm1", $HvsimWorker.Assemblies | ForEach-Object -Process {
        [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($_)
    }
    $known = @{
        initialCommand = "Import-Module -Name '$module' -ArgumentList '$kept'"
        workingDirectory = $env:HOME
        configurationName = $null
        configurationFile = $null
        combineErrOutStream = $false
    }
    $parameters = @(if ($run) { $run.GetParameters().Name })
    if ($parameters.Count -gt 0 -and @($parameters | Where-Object { -not $known.ContainsKey($_) }).Count -eq 0) {
        $run.Invoke($null, @($parameters | ForEach-Object { $known[$_] }))
    }
    else {
        [HyperVSimulator.Worker]::Become([Environment]::ProcessPath, @('pwsh', '-NoLogo', '-NoProfile', '-ServerMode'))
    }
}

# A script's exit code is 1 when its last command failed, as with `powershell -Command`. A script of begin, process and
# end blocks cannot be asked.
function Get-HvsimScript {
    $text = $HvsimWorker.Job.script
    $errors = $null
    $tree = [System.Management.Automation.Language.Parser]::ParseInput($text, [ref]$null, [ref]$errors)
    if ($errors) {
        [Console]::Error.WriteLine(($errors -join "`n"))
        exit 1
    }
    if ($tree.EndBlock -and $tree.EndBlock.Unnamed) {
        $text += "`nif (-not `$?) { exit 1 }"
    }
    [scriptblock]::Create($text)
}

Initialize-HvsimWorker
Wait-HvsimJob
if ($HvsimWorker.Job.kind -eq 'psrp') {
    Invoke-HvsimRemoting
    exit
}
[System.IO.File]::ReadLines("/dev/fd/$($HvsimWorker.Input)") | & (Get-HvsimScript)
