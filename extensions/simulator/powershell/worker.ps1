# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

<#
.SYNOPSIS
One PowerShell process of a simulated host: warms up, and does one job after the other.

.DESCRIPTION
Started by endpoints/workers.py of the simulator, which says how the two are connected. Runs on PowerShell 7.4 and later.
Each job has a session of its own, as new as that of a process, with environment variables and a directory that no
earlier one has changed, and the culture that LC_ALL names. What else a job can leave behind ends the process with the
job: types that it compiled by itself, sessions at work. So do a runspace pool and the fiftieth job.
#>

$HvsimWorker = @{ Input = -1; Assemblies = ''; Own = @() }

function Initialize-HvsimWorker {
    $ErrorActionPreference = 'Stop'
    Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath compiled.psm1) -ArgumentList $env:HVSIM_ASSEMBLIES
    Import-Compiled -Source ([System.IO.File]::ReadAllText((Join-Path -Path $PSScriptRoot -ChildPath worker.cs)))

    [int]$control, $HvsimWorker.Input = $env:HVSIM_WORKER -split ','
    $unused = [HyperVSimulator.Worker]::Connect($control)
    if ($env:HVSIM_MODULES) {
        $env:PSModulePath = $env:HVSIM_MODULES + [System.IO.Path]::PathSeparator + $env:PSModulePath
    }
    $HvsimWorker.Assemblies = $env:HVSIM_ASSEMBLIES
    $runtime = [System.IO.Path]::GetDirectoryName([object].Assembly.Location)
    $HvsimWorker.Own = @($PSHOME, $runtime, $env:HVSIM_ASSEMBLIES, $env:HVSIM_MODULES | Where-Object { $_ })
    $env:HVSIM_WORKER = $env:HVSIM_MODULES = $env:HVSIM_ASSEMBLIES = $null
    if ($unused) {
        Invoke-HvsimWarmup
    }
    [HyperVSimulator.Worker]::Listen()
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
    $job = [HyperVSimulator.Worker]::Next() | ConvertFrom-Json
    foreach ($variable in $job.environment.PSObject.Properties) {
        [Environment]::SetEnvironmentVariable($variable.Name, $variable.Value)
    }
    $culture = [cultureinfo]::GetCultureInfo(($env:LC_ALL -replace '\..*' -replace '_', '-'))
    [cultureinfo]::CurrentCulture = [cultureinfo]::DefaultThreadCurrentCulture = $culture
    [cultureinfo]::CurrentUICulture = [cultureinfo]::DefaultThreadCurrentUICulture = $culture
    $job
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
    param ([string]$Text)

    $tree = [System.Management.Automation.Language.Parser]::ParseInput($Text, [ref]$null, [ref]$null)
    if ($tree.EndBlock -and $tree.EndBlock.Unnamed) {
        $Text += "`nif (-not `$?) { exit 1 }"
    }
    $Text
}

# Returns the exit code.
function Invoke-HvsimScript {
    param ([string]$Text, [string]$Given)

    $jobHost = [HyperVSimulator.JobHost]::new($Host)
    $session = [runspacefactory]::CreateRunspace($jobHost, [initialsessionstate]::CreateDefault2())
    $session.Open()
    $shell = [powershell]::Create($session)
    try {
        $compiled = @{ Name = "$PSScriptRoot/compiled.psm1"; ArgumentList = $HvsimWorker.Assemblies }
        $null = $shell.AddCommand('Import-Module').AddParameters($compiled).Invoke()
        $shell.Commands.Clear()
        $null = $shell.AddScript((Get-HvsimScript -Text $Text)).AddCommand('Out-Default')
        $shell.Commands.Commands[0].MergeMyResults('Error', 'Output')
        $lines = [System.Collections.Generic.List[string]]::new()
        $reader = [System.IO.StringReader]::new($Given)
        while ($null -ne ($line = $reader.ReadLine())) {
            $lines.Add($line)
        }
        $null = $shell.Invoke($lines)
        $jobHost.ExitCode
    }
    catch {
        $jobHost.UI.WriteErrorLine(($_.Exception.GetBaseException().ErrorRecord | Out-String).TrimEnd())
        1
    }
    finally {
        $session.Dispose()
    }
}

# Sessions that rest are closed: Ansible leaves one open after each task. Of each some 2 MB stay nevertheless (measured).
function Test-HvsimReusable {
    if ([HyperVSimulator.Worker]::Count -ge 50) {
        return $false
    }
    $others = @(Get-Runspace | Where-Object -Property Id -NE -Value ([runspace]::DefaultRunspace.Id))
    if (@($others | Where-Object -Property RunspaceAvailability -NE -Value Available).Count -gt 0) {
        return $false
    }
    foreach ($session in $others) {
        $session.Dispose()
    }
    [HyperVSimulator.Worker]::IsClean($HvsimWorker.Own)
}

Initialize-HvsimWorker
while ($true) {
    $HvsimJob = Wait-HvsimJob
    if ($HvsimJob.kind -eq 'psrp') {
        Invoke-HvsimRemoting
        exit
    }
    $HvsimCode = Invoke-HvsimScript -Text $HvsimJob.script -Given $HvsimJob.input
    if (-not (Test-HvsimReusable)) {
        exit $HvsimCode
    }
    [HyperVSimulator.Worker]::Answer($HvsimCode)
}
