# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan in words, short whatever the number of virtual machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.last_days import ending_text
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.rules import DEFAULT_LABEL
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.shapes import (
    Decision,
    RuleUse,
    Summary,
    Totals,
)

_NAMES_SHOWN = 10
_SWITCH = {True: "on", False: "off"}


def explain(decisions: Sequence[Decision], rules: Sequence[RuleUse], summary: Summary) -> list[str]:
    """Return a block of lines for each set of rules that decided together, then the unused rules and the summary."""
    in_order = [*(use["rule"] for use in rules), DEFAULT_LABEL]
    blocks: dict[tuple[str, ...], list[Decision]] = {}
    for decision in decisions:
        blocks.setdefault(tuple(decision["rules"]), []).append(decision)
    lines = []
    for labels, block in sorted(blocks.items(), key=lambda item: [in_order.index(label) for label in item[0]]):
        profiles = " + ".join(block[0]["profiles"])
        lines.append(f"{', '.join(labels)}{profiles and f' -> {profiles}'}: {_names(block)}")
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
            ("ending", d, f"{e['service']} may be off only until {e['until']} (days left: {e['days']})")
            for d in block
            for e in d["ending"]
        )
        lines += _once(
            ("refused", d, f"{r['service']} off: {r['why']}. {r['override']}") for d in block for r in d["refused"]
        )
        lines += _once(("not offered", d, service) for d in block for service in d["not_offered"])
        lines += _once(("note", d, note) for d in block for note in d["notes"])
    lines += [f"{use['rule']}: decides nothing on this host: {use['unused']}" for use in rules if use["unused"]]
    return [*lines, count(summary)]


def count(totals: Totals) -> str:
    """Return the totals of a host or of a fleet as one line."""
    ending = f", ending soon: {totals['ending']}" if totals["ending"] else ""
    return (
        f"virtual machines: {totals['virtual_machines']}, to change: {totals['to_change']} "
        f"(switches: {totals['changes']}), refused: {totals['refused']}, overridden: {totals['overridden']}{ending}"
    )


def ended_lines(decisions: Iterable[Decision]) -> list[str]:
    """Return a line for each override that has ended: what is left as it is, and what to do."""
    return _named(
        (f"{r['rule']}: {r['service']} is left as it is: {r['why']}. {r['override']}", d)
        for d in decisions
        for r in d["refused"]
        if r["expired"]
    )


def ending_lines(decisions: Iterable[Decision]) -> list[str]:
    """Return a line for each override that ends soon."""
    return _named((ending_text(ending), d) for d in decisions for ending in d["ending"])


def some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _once(said: Iterable[tuple[str, Decision, str]]) -> list[str]:
    return [f"  {line}" for line in _named((f"{word}: {text}", decision) for word, decision, text in said)]


def _named(said: Iterable[tuple[str, Decision]]) -> list[str]:
    """Say the same text once, for all virtual machines that it is about."""
    about: dict[str, list[Decision]] = {}
    for text, decision in said:
        about.setdefault(text, []).append(decision)
    return [f"{text} [{_names(decisions)}]" for text, decisions in about.items()]


def _until(decision: Decision, service: str) -> str:
    day = decision["overrides_until"].get(service)
    return f" until {day}" if day else ""


def _names(decisions: Sequence[Decision]) -> str:
    return some([decision["name"] for decision in decisions])
