# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""C# declarations of the stand-in Hyper-V module, written from the reflection facts.

Enumerations, classes with their properties and cmdlets with their parameters come from ``facts/*.json`` alone;
behaviour is hand-written beside them in ``powershell/Hyper-V/*.cs`` (the classes are partial).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

HEADER = """// Generated from facts/hyperv_cmdlets.json and facts/hyperv_types.json by hyperv_simulator/declarations.py.
#nullable enable
using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Text.Json;
using Microsoft.HyperV.PowerShell.Simulation;
"""

NAMESPACE = "Microsoft.HyperV.PowerShell"

EMPTY_CLASS = """\
    /// <summary>No facts: an empty stand-in for a type that a property has.</summary>
    public sealed class {name} {{ }}"""

FACTORY = """\
    internal static class Factory
    {{
        /// <summary>An empty object of the named type.</summary>
        internal static VirtualizationObject Create(string type, ref Utf8JsonReader json) => type switch
        {{
{cases}
            _ => throw new JsonException($"The control server sent an object of the unknown type '{{type}}'."),
        }};
    }}"""

ASSIGN = """\
        internal {override} bool Assign(string property, ref Utf8JsonReader json)
        {{
            switch (property)
            {{
{cases}
                default: return {otherwise};
            }}
        }}"""

# The facts flatten inheritance. Source: VMIntegrationComponent -> VMDevice -> VMComponentObject -> VirtualizationObject
# as recorded on a real host; the other parents are inferred from the properties they share. VMDevice declares nothing
# here, because no fact says which properties are its own.
PARENTS = {
    "VirtualizationObject": "",
    "VMComponentObject": "VirtualizationObject",
    "VMDevice": "VMComponentObject",
    "VMIntegrationComponent": "VMDevice",
    "VMNetworkAdapter": "VMDevice",
    "VMReplication": "VMComponentObject",
    "VirtualMachineBase": "VirtualizationObject",
    "VirtualMachine": "VirtualMachineBase",
    "VMSnapshot": "VirtualMachineBase",
}

# Properties that Objects.cs writes by hand: derived from others, or asked for when first read.
BY_HAND = {
    "VirtualMachineBase": {"VMIntegrationService"},
    "VMIntegrationComponent": {"OperationalStatus", "StatusDescription"},
}

# Other names of cmdlets, exported by Hyper-V.psd1. Source: recorded output in canonical/multipass#3748.
ALIASES = {"Get-VMSnapshot": "Get-VMCheckpoint"}

# How a property of a simple type is read from the reply.
READ = {
    "Boolean": "json.GetBoolean()",
    "DateTime": "json.GetDateTime().ToLocalTime()",
    "Guid": "json.GetGuid()",
    "Int32": "json.GetInt32()",
    "Int64": "json.GetInt64()",
    "String": "json.GetString()!",
    "TimeSpan": "TimeSpan.FromSeconds(json.GetDouble())",
    "UInt32": "json.GetUInt32()",
    "UInt64": "json.GetUInt64()",
    "Version": "new Version(json.GetString()!)",
}

# Types without facts that are none of the module's own.
FOREIGN = {"Microsoft.Management.Infrastructure.CimSession", "Microsoft.Management.Infrastructure.CimInstance"}

POWERSHELL_TYPES = {
    "CimSession": "Microsoft.Management.Infrastructure.CimSession",
    "guid": "Guid",
    "int16": "short",
    "pscredential": "PSCredential",
    "psobject": "PSObject",
    "switch": "SwitchParameter",
    "uint16": "ushort",
    "uint32": "uint",
    "uint64": "ulong",
    "version": "Version",
}

_GENERIC = re.compile(r"(?P<outer>Nullable|List|IList|IReadOnlyList)<(?P<inner>.+)>$")


def declarations(cmdlets: dict[str, Any], types: dict[str, Any], names: Iterable[str]) -> str:
    """Return the C# text for all enumerations and classes of ``types`` and for the cmdlets ``names`` of ``cmdlets``.

    :param cmdlets: ``cmdlets`` of ``hyperv_cmdlets.json``.
    :param types: ``hyperv_types.json``.
    :param names: names of the cmdlets to declare, such as ``Get-VM``.
    """
    return "\n".join([HEADER, *_Declarations(types).lines(cmdlets, list(names))]) + "\n"


class _Declarations:
    def __init__(self, types: dict[str, Any]) -> None:
        self.enums: dict[str, dict[str, int]] = types["enums"]
        self.classes: dict[str, dict[str, str]] = dict(types["classes"])
        component = self.classes["VMComponentObject"]
        shared = set.intersection(*(set(properties) for properties in self.classes.values()))
        self.classes["VirtualizationObject"] = {name: component[name] for name in component if name in shared}
        self.classes["VMDevice"] = dict(component)

    def lines(self, cmdlets: dict[str, Any], names: list[str]) -> Iterator[str]:
        yield f"namespace {NAMESPACE}\n{{"
        for enum in self.enums:
            if "+" not in enum:
                yield from self._enum(enum, enum)
        for name in self.classes:
            yield from self._class(name)
        for name in self._without_facts():
            yield EMPTY_CLASS.format(name=name)
        yield self._factory()
        yield f"}}\n\nnamespace {NAMESPACE}.Commands\n{{"
        for name in names:
            yield from self._cmdlet(name, cmdlets[name])
        yield "}"
        yield "namespace Microsoft.Virtualization.Client.Management\n{"
        yield EMPTY_CLASS.format(name="SecureBootTemplate")
        yield "}"

    def _enum(self, key: str, name: str) -> Iterator[str]:
        members = ", ".join(f"{member} = {number}" for member, number in self.enums[key].items())
        yield f"    public enum {name} {{ {members} }}"

    def _own(self, name: str) -> dict[str, str]:
        """The properties that class ``name`` adds to its parent's."""
        parent = PARENTS.get(name, "VirtualizationObject")
        inherited = self.classes[parent] if parent else {}
        return {key: type_ for key, type_ in self.classes[name].items() if key not in inherited}

    def _class(self, name: str) -> Iterator[str]:
        parent = PARENTS.get(name, "VirtualizationObject")
        by_hand = BY_HAND.get(name, set())
        properties = self._own(name)
        yield f"    public partial class {name}" + (f" : {parent}" if parent else "") + "\n    {"
        yield f"        internal {name}() {{ }}"
        for key, type_ in properties.items():
            if key not in by_hand:
                yield f"        public {self._declared(type_)} {key} {{ get; internal set; }}{self._initial(type_)}"
        if properties:
            cases = []
            for key, type_ in properties.items():
                read = None if key in by_hand else self._read(type_)
                action = f"{key} = {read};" if read else "json.Skip();"
                cases.append(f'                case "{key}": {action} return true;')
            override, otherwise = ("override", "base.Assign(property, ref json)") if parent else ("virtual", "false")
            yield ASSIGN.format(override=override, cases="\n".join(cases), otherwise=otherwise)
        yield "    }"

    def _factory(self) -> str:
        create = {name: f"new {name}()" for name in self.classes}
        create["VMIntegrationComponent"] = "VMIntegrationComponent.Create(ref json)"
        cases = [f'            "{name}" => {expression},' for name, expression in create.items()]
        return FACTORY.format(cases="\n".join(cases))

    def _declared(self, type_: str) -> str:
        """The property's type in C#: single objects may be null, texts and collections are never."""
        never_null = type_ in self.enums or (type_ in READ and type_ != "Version") or type_.endswith(("[]", ">"))
        return type_ if never_null else f"{type_}?"

    def _initial(self, type_: str) -> str:
        generic = _GENERIC.match(type_)
        if type_ == "String":
            return ' = "";'
        if type_.endswith("[]"):
            return f" = Array.Empty<{type_[:-2]}>();"
        if generic and generic["outer"] == "List":
            return f" = new {type_}();"
        if generic and generic["outer"] != "Nullable":
            return f" = Array.Empty<{generic['inner']}>();"
        return ""

    def _read(self, type_: str) -> str | None:
        """C# expression that reads a value of ``type_``; None where the facts do not tell how."""
        generic = _GENERIC.match(type_)
        if generic and generic["outer"] == "Nullable":
            return f"json.TokenType == JsonTokenType.Null ? null : {self._read(generic['inner'])}"
        inner = type_[:-2] if type_.endswith("[]") else generic["inner"] if generic else None
        if inner is not None:
            read = self._read(inner)
            array = ".ToArray()" if type_.endswith("[]") else ""
            return read and f"Json.List(ref json, static (ref Utf8JsonReader json) => {read}){array}"
        if type_ in self.enums:
            return f"({type_})json.GetInt32()"
        if type_ in self.classes:
            return f'({type_})Json.Object("{type_}", ref json)!'
        return READ.get(type_)

    def _without_facts(self) -> list[str]:
        """Names of the module's own types that properties refer to and that have no facts."""
        names = set()
        for properties in self.classes.values():
            for type_ in properties.values():
                generic = _GENERIC.match(type_)
                names.add(generic["inner"] if generic else type_.removesuffix("[]"))
        known = self.enums.keys() | self.classes.keys() | READ.keys() | FOREIGN
        return sorted(name for name in names - known if "." not in name)

    def _cmdlet(self, name: str, facts: dict[str, Any]) -> Iterator[str]:
        verb, noun = name.split("-")
        settings = [f'"{verb}"', f'"{noun}"', f'DefaultParameterSetName = "{facts["default_set"]}"']
        if facts["should_process"]:
            settings.append("SupportsShouldProcess = true")
        if "confirm" in facts:
            settings.append(f"ConfirmImpact = ConfirmImpact.{facts['confirm']}")
        yield f"    [Cmdlet({', '.join(settings)})]"
        if name in ALIASES:
            yield f'    [Alias("{ALIASES[name]}")]'
        for type_ in facts["output"]:
            yield f"    [OutputType(typeof({type_.strip('[]')}))]"
        base = "ChangingCmdlet" if facts["should_process"] else "ReadingCmdlet"
        class_name = verb + noun
        yield f"    public sealed class {class_name} : {base}\n    {{"
        for enum in self.enums:
            if enum.startswith(f"Commands.{class_name}+"):
                yield from self._enum(enum, enum.partition("+")[2])
        for parameter, details in facts["parameters"].items():
            yield from _parameter(parameter, details)
        yield "    }"


def _parameter(name: str, details: dict[str, Any]) -> Iterator[str]:
    for binding in details["in"] or [{}]:
        settings = [f"{key} = {_literal(key, value)}" for key, value in binding.items()]
        yield f"        [Parameter({', '.join(settings)})]"
    if details.get("alias"):
        yield "        [Alias(" + ", ".join(f'"{alias}"' for alias in details["alias"]) + ")]"
    if details.get("values"):
        yield "        [ValidateSet(" + ", ".join(f'"{value}"' for value in details["values"]) + ")]"
    type_ = _parameter_type(details["type"])
    yield f"        public {type_} {name} {{ get; set; }}" + (" = null!;" if _is_reference(type_) else "")


def _literal(key: str, value: str) -> str:
    if key == "ParameterSetName":
        return f'"{value}"'
    return {"$true": "true", "$false": "false"}.get(value, value)


def _parameter_type(type_: str) -> str:
    """C# spelling of a type as PowerShell writes it, such as ``System.Nullable[guid]``."""
    if type_.endswith("[]"):
        return _parameter_type(type_[:-2]) + "[]"
    nullable = re.fullmatch(r"System\.Nullable\[(.+)\]", type_)
    if nullable:
        return _parameter_type(nullable[1]) + "?"
    return POWERSHELL_TYPES.get(type_, type_.replace("+", "."))


def _is_reference(type_: str) -> bool:
    names = ("string", "PSObject", "Version", f"{NAMESPACE}.VMSnapshot", f"{NAMESPACE}.VirtualMachineBase")
    return type_.endswith("[]") or type_ in names
