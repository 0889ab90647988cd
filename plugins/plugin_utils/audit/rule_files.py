# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules as data: the files in rules/ and those of the user, in one format (schemas/rules.schema.json).

A module named as that folder could not be imported: Ansible takes any folder for a package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.documents import Document, read_schema
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Reference, Severity, Side
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.side import PLACEHOLDER
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.expression import Facts, compile_expression

Scope = Literal["service", "virtual_machine", "host", "guest", "waiver"]
SCOPES: tuple[Scope, ...] = Scope.__args__  # type: ignore[attr-defined]
TRUTH_TABLE = "truth_table"

_BUILT_IN = Path(__file__).parent / "rules"


class RuleFile(TypedDict):
    """A file as the filters get it: a text, so that errors can name lines. path: for messages."""

    path: str
    text: str


class RuleData(TypedDict):
    """A rule as it is written. See schemas/rules.schema.json."""

    id: str
    title: str
    finding: NotRequired[str]
    severity: Severity
    scope: Scope
    match: NotRequired[dict[str, Any]]
    where: NotRequired[str]
    side: Side | Literal["truth_table"]
    description: str
    explanation: NotRequired[str]
    remedy: NotRequired[str]
    evidence: NotRequired[list[str]]
    supersedes: NotRequired[list[str]]
    references: NotRequired[list[Reference]]


@dataclass(frozen=True, eq=False)
class Rule:
    """data: as written. at: file and line. match: fact to the values that it may have. where: null without one.

    buried: all rules that it supersedes, and what those of its own scope supersede: what a service's rule supersedes
    does not follow from a rule about the whole virtual machine.
    """

    data: RuleData
    at: str
    match: Mapping[str, tuple[Any, ...]]
    where: Callable[[Facts], bool] | None
    buried: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        return self.data["id"]

    def holds(self, facts: Facts) -> bool:
        """Tell whether the expression holds. Raises ValueError when it cannot be evaluated."""
        return self.where is None or self.where(facts)


@cache
def fields(scope: Scope) -> tuple[frozenset[str], frozenset[str]]:
    """Return the facts of a scope that match can compare, and all that there are."""
    schema = read_schema("rules")["$defs"]
    match = frozenset(schema[f"{scope}_match"]["properties"])
    return match, match | frozenset(schema[f"{scope}_facts"]["properties"])


def built_in_files() -> list[RuleFile]:
    """Return the files that come with the collection."""
    paths = sorted(_BUILT_IN.glob("*.yml"))
    return [RuleFile(path=f"rules/{path.name}", text=path.read_text(encoding="utf-8")) for path in paths]


@cache
def _built_in() -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    rules, problems = _read(built_in_files())
    return tuple(rules), tuple(problems)


def parse_rules(files: Iterable[RuleFile]) -> tuple[list[Rule], list[str]]:
    """Return the rules that are built in and those of files, ordered by id, and everything that is wrong with them."""
    built_in, problems = _built_in()
    own, own_problems = _read(files)
    rules = [*built_in, *own]
    # Of files that cannot be read some rules are missing, so that nobody can say what does not exist.
    found = [*problems, *own_problems, *_twice(rules)] or _supersession(rules)
    return ([] if found else sorted(_bury(rules), key=lambda rule: rule.id)), found


def _read(files: Iterable[RuleFile]) -> tuple[list[Rule], list[str]]:
    rules: list[Rule] = []
    problems: list[str] = []
    for file in files:
        try:
            document = Document(file["path"], file["text"])
        except AuditError as error:
            problems += error.problems
            continue
        found = document.problems("rules")
        problems += found
        for number, data in enumerate(document.data["rules"] if not found else ()):
            rule, wrong = _rule(data, document, number)
            rules.append(rule)
            problems += wrong
    return rules, problems


def _rule(data: RuleData, document: Document, number: int) -> tuple[Rule, list[str]]:
    def at(*place: str | int) -> str:
        return document.at(("rules", number, *place))

    problems = []
    known = fields(data["scope"])[1]
    where = None
    if "where" in data:
        try:
            where = compile_expression(data["where"], "where", known)
        except ValueError as error:
            problems.append(f"{at('where')}: rule {data['id']}: where {data['where']!r}: {error}")
    texts = (("explanation", data.get("explanation", "")), ("remedy", data.get("remedy", "")))
    used = {field: PLACEHOLDER.findall(text) for field, text in texts}
    for field, paths in {**used, "evidence": data.get("evidence", [])}.items():
        label = f"{at(field)}: rule {data['id']}: {field}"
        problems += _unknown(label, (path.partition(".")[0] for path in paths), known)
    match = {
        field: tuple(value) if isinstance(value, list) else (value,) for field, value in data.get("match", {}).items()
    }
    return Rule(data, at("id"), match, where), problems


def _unknown(label: str, used: Iterable[str], known: frozenset[str]) -> list[str]:
    return [
        f"{label}: there is no fact {name}; there are {', '.join(sorted(known))}"
        for name in sorted(set(used))
        if name not in known
    ]


def _twice(rules: Sequence[Rule]) -> list[str]:
    first: dict[str, Rule] = {}
    return [
        f"{rule.at}: rule {rule.id}: the id is taken by the rule at {first[rule.id].at}"
        for rule in rules
        if first.setdefault(rule.id, rule) is not rule
    ]


def _supersession(rules: Sequence[Rule]) -> list[str]:
    """Rules that supersede what is not there, or themselves."""
    problems = []
    by_id = {rule.id: rule for rule in rules}
    for rule in rules:
        missing = [id for id in rule.data.get("supersedes", []) if id not in by_id]
        problems += [f"{rule.at}: rule {rule.id}: supersedes {id}, which does not exist" for id in missing]
        if rule.id in _reach(rule.id, by_id):
            problems.append(f"{rule.at}: rule {rule.id}: supersedes itself, perhaps by others")
    return problems


def _reach(id: str, rules: Mapping[str, Rule]) -> frozenset[str]:
    found: set[str] = set()
    ahead = [id]
    while ahead:
        rule = rules.get(ahead.pop())
        if rule and rule.data["scope"] == rules[id].data["scope"]:
            following = set(rule.data.get("supersedes", [])) - found
            found |= following
            ahead += following
    return frozenset(found)


def _bury(rules: Sequence[Rule]) -> list[Rule]:
    by_id = {rule.id: rule for rule in rules}
    return [Rule(rule.data, rule.at, rule.match, rule.where, _reach(rule.id, by_id)) for rule in rules]
