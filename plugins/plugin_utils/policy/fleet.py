# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plans of all hosts of a play in a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.explain import count, some
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.shapes import Plan, Totals


class DeadRule(TypedDict):
    """A rule that decides nothing on any assessed host. hosts: those that have it. why: each reason to its hosts."""

    rule: str
    hosts: list[str]
    why: dict[str, list[str]]


class Fleet(Totals):
    """hosts: of the play. assessed: those with a plan. not_assessed: the others, in order of the play.
    to_come: those of the others whose batch has not run yet. dead_rules: empty while there are hosts to come.
    failures: for each host of the batch what it has to fail for, see summarize.
    explanation: lines for people.
    """

    hosts: list[str]
    assessed: list[str]
    not_assessed: list[str]
    to_come: list[str]
    dead_rules: list[DeadRule]
    failures: dict[str, list[str]]
    explanation: list[str]


def summarize(plans: Mapping[str, Plan], hosts: Sequence[str], active: Sequence[str], batch: Sequence[str]) -> Fleet:
    """Return the summary of the plans of a play.

    plans: by host, of all batches so far. hosts: all of the play in its order. active: those that have not failed.
    batch: the active ones of the batch that runs.
    A host fails for its overrides that have ended, but not while hosts are to come: a batch that fails as a whole ends
    the play. So the first host of the last batch also fails for the batches before it.
    """
    to_come = [host for host in hosts[hosts.index(batch[-1]) + 1 :] if host in active and host not in plans]
    totals = Totals(
        virtual_machines=sum(plan["summary"]["virtual_machines"] for plan in plans.values()),
        to_change=sum(plan["summary"]["to_change"] for plan in plans.values()),
        changes=sum(plan["summary"]["changes"] for plan in plans.values()),
        refused=sum(plan["summary"]["refused"] for plan in plans.values()),
        overridden=sum(plan["summary"]["overridden"] for plan in plans.values()),
        ending=sum(plan["summary"]["ending"] for plan in plans.values()),
    )
    assessed = [host for host in hosts if host in plans]
    not_assessed = [host for host in hosts if host not in plans]
    dead = [] if to_come else _dead_rules(plans)
    failures = {} if to_come else {host: list(plans[host]["ended"]) for host in batch if host in plans}
    for host in () if to_come else assessed:
        if host not in batch:
            failures.setdefault(batch[0], []).extend(f"{host}: {line}" for line in plans[host]["ended"])
    return Fleet(
        **totals,
        hosts=list(hosts),
        assessed=assessed,
        not_assessed=not_assessed,
        to_come=to_come,
        dead_rules=dead,
        failures={host: lines for host, lines in failures.items() if lines},
        explanation=[
            f"hosts: {len(hosts)}, assessed: {len(assessed)}",
            *([f"not assessed: {some(not_assessed)}"] if not_assessed else []),
            count(totals),
            *(_text(rule, len(assessed)) for rule in dead),
        ],
    )


def _dead_rules(plans: Mapping[str, Plan]) -> list[DeadRule]:
    """Return the rules that decide nothing anywhere. Hosts may have different rules: the id tells which is which."""
    used = {use["id"] for plan in plans.values() for use in plan["rules"] if not use["unused"]}
    dead: dict[str, DeadRule] = {}
    for host, plan in plans.items():
        for use in plan["rules"]:
            if use["unused"] and use["id"] not in used:
                rule = dead.setdefault(use["id"], DeadRule(rule=use["rule"], hosts=[], why={}))
                rule["hosts"].append(host)
                rule["why"].setdefault(use["unused"], []).append(host)
    return list(dead.values())


def _text(rule: DeadRule, assessed: int) -> str:
    where = "any assessed host" if len(rule["hosts"]) == assessed else f"the hosts that have it ({some(rule['hosts'])})"
    why = [text if len(rule["why"]) == 1 else f"{text} ({some(hosts)})" for text, hosts in rule["why"].items()]
    return f"{rule['rule']}: decides nothing on {where}: {'; '.join(why)}"
