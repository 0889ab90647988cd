# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each cmdlet and type of the stand-in Hyper-V module, as PowerShell reports it, equals the facts, no more, no less."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hyperv_simulator import standin

FACTS = Path(__file__).resolve().parents[4] / "extensions" / "simulator" / "facts"
CMDLETS: dict[str, Any] = json.loads((FACTS / "hyperv_cmdlets.json").read_text(encoding="utf-8"))["cmdlets"]
TYPES: dict[str, Any] = json.loads((FACTS / "hyperv_types.json").read_text(encoding="utf-8"))

SIMULATED = [
    "Disable-VMIntegrationService",
    "Enable-VMIntegrationService",
    "Get-VM",
    "Get-VMGroup",
    "Get-VMHost",
    "Get-VMIntegrationService",
    "Get-VMReplication",
    "Get-VMSnapshot",
    "New-VM",
    "Remove-VM",
    "Restart-VM",
    "Resume-VM",
    "Save-VM",
    "Start-VM",
    "Stop-VM",
    "Suspend-VM",
]

REPORT = r"""
$ErrorActionPreference = 'Stop'
$module = Import-Module Hyper-V -RequiredVersion 2.0.0.0 -PassThru
$engine = [System.Management.Automation.PSCmdlet]
$common = $engine::CommonParameters + $engine::OptionalCommonParameters
$cmdlets = @{}
foreach ($command in (Get-Command -Module Hyper-V).Where({ $_.CommandType -ne 'Alias' })) {
    $parameters = @{}
    foreach ($parameter in $command.Parameters.Values.Where({ $_.Name -notin $common })) {
        $in = @(); $values = $null; $others = @()
        foreach ($attribute in $parameter.Attributes) {
            if ($attribute -is [System.Management.Automation.ParameterAttribute]) {
                $in += @{
                    set = $attribute.ParameterSetName; mandatory = $attribute.Mandatory; position = $attribute.Position
                    pipeline = $attribute.ValueFromPipeline; property = $attribute.ValueFromPipelineByPropertyName
                    remaining = $attribute.ValueFromRemainingArguments; hidden = $attribute.DontShow
                }
            }
            elseif ($attribute -is [ValidateSet]) { $values = @($attribute.ValidValues) }
            elseif ($attribute -is [Alias] -or $attribute.GetType().Name -like 'Nullable*') { continue }
            else { $others += "$attribute" }
        }
        $parameters[$parameter.Name] = @{
            type = $parameter.ParameterType.ToString(); alias = @($parameter.Aliases)
            in = $in; values = $values; others = $others
        }
    }
    $settings = $command.ImplementingType.GetCustomAttributes([System.Management.Automation.CmdletAttribute], $false)[0]
    $cmdlets[$command.Name] = @{
        class = $command.ImplementingType.FullName; kind = "$($command.CommandType)"
        default_set = $command.DefaultParameterSet; output = @($command.OutputType.Name); parameters = $parameters
        should_process = $settings.SupportsShouldProcess; confirm = "$($settings.ConfirmImpact)"
        what_if = $command.Parameters.ContainsKey('WhatIf')
    }
}
$enums = @{}; $classes = @{}; $parents = @{}
foreach ($type in (Get-Command Get-VM).ImplementingType.Assembly.GetExportedTypes()) {
    if ($type.IsEnum) {
        $members = @{}
        foreach ($name in $type.GetEnumNames()) { $members[$name] = [int][Enum]::Parse($type, $name) }
        $enums[$type.FullName] = $members
    }
    elseif ($type.Namespace -notlike '*.Commands' -and $type.Namespace -notlike '*.Simulation') {
        $properties = @{}
        foreach ($property in $type.GetProperties()) { $properties[$property.Name] = $property.PropertyType.ToString() }
        $classes[$type.FullName] = $properties
        $parents[$type.FullName] = $type.BaseType.FullName
    }
}
ConvertTo-Json -Depth 9 -Compress -InputObject @{
    cmdlets = $cmdlets; aliases = @($module.ExportedAliases.Values.ForEach({ "$($_.Name) = $($_.Definition)" }))
    enums = $enums; classes = $classes; parents = $parents
}
"""

NAMESPACE = "Microsoft.HyperV.PowerShell."

SYSTEM_TYPES = {
    "bool": "System.Boolean",
    "CimSession": "Microsoft.Management.Infrastructure.CimSession",
    "guid": "System.Guid",
    "int": "System.Int32",
    "int16": "System.Int16",
    "long": "System.Int64",
    "pscredential": "System.Management.Automation.PSCredential",
    "psobject": "System.Management.Automation.PSObject",
    "string": "System.String",
    "switch": "System.Management.Automation.SwitchParameter",
    "uint16": "System.UInt16",
    "uint32": "System.UInt32",
    "uint64": "System.UInt64",
    "version": "System.Version",
}
SIMPLE_TYPES = {"Boolean", "DateTime", "Guid", "Int32", "Int64", "String", "TimeSpan", "UInt32", "UInt64", "Version"}
GENERIC_TYPES = {
    "Nullable": "System.Nullable`1",
    "List": "System.Collections.Generic.List`1",
    "IList": "System.Collections.Generic.IList`1",
    "IReadOnlyList": "System.Collections.Generic.IReadOnlyList`1",
}


@pytest.fixture(scope="module")
def reported(pwsh: str) -> dict[str, Any]:
    """What PowerShell itself says about the module."""
    env = {**os.environ, "PSModulePath": str(standin.build(pwsh)), "NO_COLOR": "1"}
    command = [pwsh, "-NoProfile", "-NonInteractive", "-Command", REPORT]
    done = subprocess.run(command, env=env, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def clr_of_parameter(text: str) -> str:
    """A type as the cmdlets' facts write it (``System.Nullable[guid]``), in the spelling of the CLR."""
    if text.endswith("[]"):
        return clr_of_parameter(text[:-2]) + "[]"
    nullable = re.fullmatch(r"System\.Nullable\[(.*)\]", text)
    if nullable:
        return f"System.Nullable`1[{clr_of_parameter(nullable[1])}]"
    return SYSTEM_TYPES.get(text, text)


def clr_of_property(text: str) -> str:
    """A type as the types' facts write it (``Nullable<Guid>``), in the spelling of the CLR."""
    if text.endswith("[]"):
        return clr_of_property(text[:-2]) + "[]"
    generic = re.fullmatch(r"(\w+)<(.*)>", text)
    if generic:
        return f"{GENERIC_TYPES[generic[1]]}[{clr_of_property(generic[2])}]"
    if "." in text:
        return text
    return ("System." if text in SIMPLE_TYPES else NAMESPACE) + text


def expected_parameter(facts: dict[str, Any]) -> dict[str, Any]:
    bindings = [
        {
            "set": binding.get("ParameterSetName", "__AllParameterSets"),
            "mandatory": binding.get("Mandatory") == "$true",
            "position": int(binding.get("Position", -(2**31))),
            "pipeline": binding.get("ValueFromPipeline") == "$true",
            "property": binding.get("ValueFromPipelineByPropertyName") == "$true",
            "remaining": False,
            "hidden": False,
        }
        for binding in facts["in"] or [{}]
    ]
    return {
        "type": clr_of_parameter(facts["type"]),
        "alias": facts.get("alias", []),
        "in": sorted(bindings, key=lambda binding: str(binding["set"])),
        "values": facts.get("values"),
        "others": [],
    }


def test_exactly_the_simulated_cmdlets_are_exported(reported: dict[str, Any]) -> None:
    assert sorted(reported["cmdlets"]) == SIMULATED
    assert reported["aliases"] == ["Get-VMCheckpoint = Get-VMSnapshot"]


@pytest.mark.parametrize("name", SIMULATED)
def test_cmdlet(reported: dict[str, Any], name: str) -> None:
    cmdlet, facts = reported["cmdlets"][name], CMDLETS[name]
    assert cmdlet["kind"] == "Cmdlet"
    assert cmdlet["class"] == f"{NAMESPACE}Commands.{name.replace('-', '')}"
    assert cmdlet["default_set"] == facts["default_set"]
    assert [f"[{type_}]" for type_ in cmdlet["output"]] == facts["output"]
    assert cmdlet["should_process"] == cmdlet["what_if"] == facts["should_process"]
    assert cmdlet["confirm"] == facts.get("confirm", "None")  # which PowerShell reports without -WhatIf


@pytest.mark.parametrize("name", SIMULATED)
def test_parameters(reported: dict[str, Any], name: str) -> None:
    parameters = reported["cmdlets"][name]["parameters"]
    for parameter in parameters.values():
        parameter["in"].sort(key=lambda binding: binding["set"])
    assert parameters == {key: expected_parameter(facts) for key, facts in CMDLETS[name]["parameters"].items()}


def test_enumerations(reported: dict[str, Any]) -> None:
    # 'Commands.X+Y' is type Y nested in class X; the other classes of Commands are only there for simulated cmdlets.
    assert reported["enums"] == {NAMESPACE + name: members for name, members in TYPES["enums"].items()}


@pytest.mark.parametrize("name", TYPES["classes"])
def test_class(reported: dict[str, Any], name: str) -> None:
    expected = {key: clr_of_property(type_) for key, type_ in TYPES["classes"][name].items()}
    assert reported["classes"][NAMESPACE + name] == expected


def test_other_classes_add_nothing(reported: dict[str, Any]) -> None:
    """Beyond the facts: parents, derived components, exceptions, and empty types that properties refer to."""
    classes, parents = reported["classes"], reported["parents"]
    others = {name for name in classes if name.removeprefix(NAMESPACE) not in TYPES["classes"]}
    with_properties = {name for name in others if classes[name] and not name.endswith("Exception")}
    derived = ("VMDevice", "DataExchangeComponent", "GuestServiceInterfaceComponent", "ShutdownComponent")
    inherited = {NAMESPACE + name for name in derived}
    assert with_properties == {*inherited, NAMESPACE + "VirtualizationObject"}
    for name in inherited:
        assert classes[name] == classes[parents[name]]
    mentioned = set(re.findall(r"[\w.]+", " ".join(type_ for class_ in classes.values() for type_ in class_.values())))
    exceptions = {name for name in others if name.endswith("Exception")}
    assert others - with_properties - exceptions <= mentioned


def test_hierarchy(reported: dict[str, Any]) -> None:
    """Source: the chain of a recorded VMIntegrationComponent, and types that real scripts test for."""
    parents = {key.removeprefix(NAMESPACE): value.removeprefix(NAMESPACE) for key, value in reported["parents"].items()}
    chain = ["ShutdownComponent"]
    while chain[-1] in parents:
        chain.append(parents[chain[-1]])
    assert chain[1:-1] == ["VMIntegrationComponent", "VMDevice", "VMComponentObject", "VirtualizationObject"]
    assert parents["VirtualMachine"] == parents["VMSnapshot"] == "VirtualMachineBase"
    assert parents["VirtualizationInvalidArgumentException"] == "VirtualizationException"
    assert parents["VirtualizationOperationFailedException"] == "VirtualizationException"
