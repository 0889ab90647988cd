# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan looks like. Everything in it can be written as JSON."""

from __future__ import annotations

from typing import TypedDict

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.guard import Refusal


class Change(TypedDict):
    before: bool
    after: bool


class Decision(TypedDict):
    """What was decided for one virtual machine.

    profiles, rules: those that decided something, in order; rules by their labels.
    services: the switches it shall have. overrides: reasons for protected services among them that are to be off.
    overrides_until: the last day of those that have one.
    changes: the services whose switch is not yet so. refused: what the guard took out of services.
    not_offered: services wanted that this virtual machine does not have. notes: what the host's switches cannot do.
    """

    id: str
    name: str
    profiles: list[str]
    rules: list[str]
    reason: str
    services: dict[str, bool]
    changes: dict[str, Change]
    overrides: dict[str, str]
    overrides_until: dict[str, str]
    refused: list[Refusal]
    not_offered: list[str]
    notes: list[str]


class ModulePlanEntry(TypedDict):
    """An element of the option plan of vm_integration_service."""

    id: list[str]
    services: dict[str, bool]
    overrides: dict[str, str]


class Summary(TypedDict):
    """unmatched: virtual machines under the default. to_change: virtual machines with a switch to change.
    changes, refused, overridden: numbers of switches. unused_rules: labels of rules that decided nothing.
    """

    virtual_machines: int
    unmatched: int
    to_change: int
    changes: int
    refused: int
    overridden: int
    unused_rules: list[str]


class Plan(TypedDict):
    """protected: what the guard of the module shall protect. explanation: lines for people, see explain."""

    module_plan: list[ModulePlanEntry]
    decisions: list[Decision]
    protected: list[str]
    summary: Summary
    explanation: list[str]
