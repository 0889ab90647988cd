# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which virtual machines a rule is about."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.expression import Facts, compile_expression
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.names import fold, wildcard

_Test = Callable[[Facts], bool]


@dataclass(frozen=True)
class Condition:
    """One field of a match. Called with the facts of a virtual machine it tells whether it holds.

    field, value: as written in the policy.
    """

    field: str
    value: Any
    test: _Test

    def __call__(self, facts: Facts) -> bool:
        return self.test(facts)

    def unmet(self) -> str:
        """Return, in words, that the condition holds for no virtual machine."""
        values = self.value if isinstance(self.value, list) else [self.value]
        values = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
        text = _UNMET.get(self.field, f"no virtual machine meets {self.field}: {{}}").format(", ".join(values))
        wild = self.field == "name" and any(character in value for value in values for character in "*?[")
        return f"{text} (a name is exact: wildcards belong into pattern)" if wild else text


_UNMET = {
    "name": "no virtual machine is named {}",
    "pattern": "no name of a virtual machine matches {}",
    "group": "no virtual machine is in the group {}",
    "id": "no virtual machine has the id {}",
}

# Source: reflection facts of Microsoft.HyperV.PowerShell.VMReplicationMode, module Hyper-V 2.0.0.0.
REPLICATION_MODES = ("None", "Primary", "Replica", "TestReplica", "ExtendedReplica")

# What vm_integration_service_info returns about a virtual machine.
FACTS = (
    "checkpoint",
    "clustered",
    "error",
    "generation",
    "groups",
    "heartbeat",
    "heartbeat_code",
    "host",
    "id",
    "isolation",
    "name",
    "notes",
    "operational_status",
    "operational_status_code",
    "replication",
    "services",
    "state",
    "state_code",
    "unknown_components",
    "uptime_seconds",
    "version",
)


def parse_conditions(raw: object) -> tuple[Condition, ...]:
    """Return the conditions of a rule's match, all of which must hold.

    Raises ValueError, whose text begins with the field and its value.
    A condition raises ValueError when it cannot be evaluated for a virtual machine.
    """
    if not isinstance(raw, Mapping) or not raw:
        raise ValueError(
            f"match {raw!r}: give at least one of {', '.join(_PARSERS)}; what applies to all other virtual machines is "
            "host_policy_default, and a last rule with match: {pattern: '*'} applies to all"
        )
    conditions = []
    for key, value in raw.items():
        if key not in _PARSERS:
            raise ValueError(f"match.{key}: there is no such condition; there are {', '.join(_PARSERS)}")
        try:
            conditions.append(Condition(key, value, _PARSERS[key](value)))
        except ValueError as error:
            raise ValueError(f"match.{key} {value!r}: {error}") from error
    return tuple(conditions)


def _texts(value: object) -> list[str]:
    values: list[Any] = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(item, str) and item for item in values):
        raise ValueError("give a text or a list of texts")
    return values


def _gathered(facts: Facts, subset: str) -> Any:
    if subset not in facts:
        raise ValueError(f"match.{subset}: the facts have no {subset}; have vm_integration_service_info gather them")
    return facts[subset]


def _name(value: object) -> _Test:
    names = {fold(name) for name in _texts(value)}
    return lambda facts: fold(facts["name"]) in names


def _pattern(value: object) -> _Test:
    patterns = [wildcard(pattern) for pattern in _texts(value)]
    return lambda facts: any(pattern.match(fold(facts["name"])) for pattern in patterns)


def _group(value: object) -> _Test:
    groups = {fold(group) for group in _texts(value)}
    return lambda facts: not groups.isdisjoint(map(fold, _gathered(facts, "groups")))


def _id(value: object) -> _Test:
    try:
        ids = {uuid.UUID(text) for text in _texts(value)}
    except ValueError as error:
        raise ValueError("give ids (GUIDs) as vm_integration_service_info shows them") from error
    return lambda facts: uuid.UUID(facts["id"]) in ids


def _replication(value: object) -> _Test:
    known = {fold(mode): mode for mode in REPLICATION_MODES}
    modes = {known.get(fold(text)) for text in _texts(value)}
    if None in modes:
        raise ValueError(f"the replication modes are {', '.join(REPLICATION_MODES)}")
    return lambda facts: _gathered(facts, "replication")["mode"] in modes


def _isolation(value: object) -> _Test:
    if isinstance(value, bool):
        return lambda facts: bool(facts.get("isolation")) is value
    # The types are not a closed list: SNP, TDX, VBS, OpenHCL and TrustedLaunch appear in public text.
    types = {fold(text) for text in _texts(value)}
    return lambda facts: fold(facts.get("isolation") or "") in types


def _where(value: object) -> _Test:
    if not isinstance(value, str):
        raise ValueError("give a JMESPath expression as text")
    return compile_expression(value, known=FACTS)


_PARSERS: Mapping[str, Callable[[Any], _Test]] = {
    "name": _name,
    "pattern": _pattern,
    "group": _group,
    "id": _id,
    "replication": _replication,
    "isolation": _isolation,
    "where": _where,
}
