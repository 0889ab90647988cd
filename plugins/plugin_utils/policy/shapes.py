# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan looks like. Everything in it can be written as JSON."""

from __future__ import annotations

from typing import TypedDict

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.guard import Refusal
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.last_days import Ending


class Change(TypedDict):
    before: bool
    after: bool


class Decision(TypedDict):
    """What was decided for one virtual machine.

    profiles, rules: those that decided something, in order; rules by their labels.
    services: the switches it shall have. overrides: reasons for protected services among them that are to be off.
    overrides_until: the last day of those that have one. ending: those whose last day is near.
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
    ending: list[Ending]
    refused: list[Refusal]
    not_offered: list[str]
    notes: list[str]


class ModulePlanEntry(TypedDict):
    """An element of the option plan of vm_integration_service."""

    id: list[str]
    services: dict[str, bool]
    overrides: dict[str, str]


class RuleUse(TypedDict):
    """rule: label. id: the same for the same rule on another host. virtual_machines: for how many it decided something.
    unused: why for none, null when it decided something.
    """

    rule: str
    id: str
    virtual_machines: int
    unused: str | None


class Totals(TypedDict):
    """to_change: virtual machines with a switch to change. changes, refused, overridden, ending: numbers of switches.

    ending: those of overridden whose last day is near.
    """

    virtual_machines: int
    to_change: int
    changes: int
    refused: int
    overridden: int
    ending: int


class Summary(Totals):
    """unmatched: virtual machines under the default. unused_rules: labels of rules that decided nothing."""

    unmatched: int
    unused_rules: list[str]


class Plan(TypedDict):
    """protected: what the guard of the module shall protect. rules: those of the policy, in order.
    ended: what is left as it is because an override has ended, a line each. ending: a line for each override that ends
    soon. explanation: lines for people, see explain.
    """

    module_plan: list[ModulePlanEntry]
    decisions: list[Decision]
    protected: list[str]
    rules: list[RuleUse]
    summary: Summary
    ended: list[str]
    ending: list[str]
    explanation: list[str]
