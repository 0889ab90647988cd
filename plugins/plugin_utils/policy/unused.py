# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a rule decides nothing on a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.explain import some
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.expression import Facts
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.match import Condition
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.rules import Rule
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.shapes import Decision


def why_unused(rule: Rule, machines: Sequence[Facts], decisions: Mapping[str, Decision]) -> str:
    """Return why a rule decides nothing for any of the virtual machines of a host. decisions: by their ids."""
    deciding: dict[tuple[str, ...], list[str]] = {}
    for facts in machines:
        if rule.matches(facts):
            deciding.setdefault(tuple(decisions[facts["id"]]["rules"]), []).append(facts["name"])
    if deciding:
        return "; ".join(
            f"matches {some(names)}, but {' and '.join(rules)} decide{'s' if len(rules) == 1 else ''} first"
            for rules, names in deciding.items()
        )
    if not machines:
        return "the host lists no virtual machine"
    unmet = [condition.unmet() for condition in rule.conditions if not _met(condition, machines)]
    return "; ".join(unmet) or "no virtual machine meets all of its conditions"


def _met(condition: Condition, machines: Sequence[Facts]) -> bool:
    try:
        return any(map(condition, machines))
    except ValueError:  # an expression need only be good for what the other conditions let through
        return True
