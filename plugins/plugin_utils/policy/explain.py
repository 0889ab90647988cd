# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan in words, short whatever the number of virtual machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.shapes import Decision, Summary

_NAMES_SHOWN = 10
_SWITCH = {True: "on", False: "off"}


def explain(decisions: Sequence[Decision], summary: Summary, rules_in_order: Sequence[str]) -> list[str]:
    """Return a block of lines for each set of rules that decided together, then the summary."""
    blocks: dict[tuple[str, ...], list[Decision]] = {}
    for decision in decisions:
        blocks.setdefault(tuple(decision["rules"]), []).append(decision)
    lines = []
    for rules, block in sorted(blocks.items(), key=lambda item: [rules_in_order.index(rule) for rule in item[0]]):
        profiles = " + ".join(block[0]["profiles"])
        lines.append(f"{', '.join(rules)}{profiles and f' -> {profiles}'}: {_names(block)}")
        if block[0]["reason"]:
            lines.append(f"  why: {block[0]['reason']}")
        for service in KEYS:
            for after in (True, False):
                changing = [d for d in block if service in d["changes"] and d["changes"][service]["after"] is after]
                if changing:
                    lines.append(f"  change: {service} {_SWITCH[not after]} -> {_SWITCH[after]}: {_names(changing)}")
        lines += _once(
            ("overridden", d, f"{service} may be off{_until(d, service)}: {reason}")
            for d in block
            for service, reason in d["overrides"].items()
        )
        lines += _once(
            ("refused", d, f"{r['service']} off: {r['why']}. {r['override']}") for d in block for r in d["refused"]
        )
        lines += _once(("not offered", d, service) for d in block for service in d["not_offered"])
        lines += _once(("note", d, note) for d in block for note in d["notes"])
    lines += [f"{rule}: decides nothing on this host" for rule in summary["unused_rules"]]
    lines.append(
        f"virtual machines: {summary['virtual_machines']}, to change: {summary['to_change']} "
        f"(switches: {summary['changes']}), refused: {summary['refused']}, overridden: {summary['overridden']}"
    )
    return lines


def _once(said: Iterable[tuple[str, Decision, str]]) -> list[str]:
    """Say the same text once, for all virtual machines that it is about."""
    about: dict[tuple[str, str], list[Decision]] = {}
    for word, decision, text in said:
        about.setdefault((word, text), []).append(decision)
    return [f"  {word}: {text} [{_names(decisions)}]" for (word, text), decisions in about.items()]


def _until(decision: Decision, service: str) -> str:
    day = decision["overrides_until"].get(service)
    return f" until {day}" if day else ""


def _names(decisions: Sequence[Decision]) -> str:
    names = ", ".join(decision["name"] for decision in decisions[:_NAMES_SHOWN])
    more = len(decisions) - _NAMES_SHOWN
    return f"{names} and {more} more" if more > 0 else names
