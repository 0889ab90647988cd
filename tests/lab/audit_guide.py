# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of the guide to audits, from the truth table, the rules and the facts themselves.

`python tests/lab/audit_guide.py` puts them into the guide, between its marks; a test compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
GUIDE = CHECKOUT / "docs" / "docsite" / "rst" / "guide_audit.rst"
# A comment of reStructuredText before and after each table.
MARK = re.compile(r"(?ms)^\.\. generated: (?P<name>\w+)\n\n.*?^\.\. end of (?P=name)\n")


def tables() -> dict[str, str]:
    """Return the tables by their names."""
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import SCOPES, built_in_files

    found = {"truth_table": _truth_table()}
    found |= {Path(file["path"]).stem: _rules(file["text"]) for file in built_in_files()}
    found |= {f"facts_of_{scope}": _facts(scope) for scope in SCOPES}
    return found


def generated(text: str) -> str:
    """Return a guide with its tables as they have to be."""
    of = tables()
    return MARK.sub(
        lambda match: f".. generated: {match['name']}\n\n{of[match['name']]}\n.. end of {match['name']}\n", text
    )


def _truth_table() -> str:
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.side import ROWS

    rows = []
    for row in ROWS:
        conditions = {"switch": row.switch, "wish": row.wish, "host sees": row.view, "guest": row.guest}
        when = "; ".join(f"{name} {_words(words)}" for name, words in conditions.items() if words)
        rows.append((f"``{row.case}``", when or "anything else", row.side or "none", _text(row.explanation)))
    return _table(("case", "when", "side", "what it says"), (22, 34, 8, 36), rows)


def _rules(text: str) -> str:
    import yaml

    rules = yaml.safe_load(text)["rules"]
    cited = any(rule.get("references") for rule in rules)
    rows = []
    for rule in rules:
        last = [_text(reference["title"]) for reference in rule.get("references", [])]
        if not cited:
            last = [f"``{id}``" for id in rule.get("supersedes", [])]
        side = rule["side"].replace("_", " ")
        rows.append((f"``{rule['id']}``", rule["severity"], side, _text(rule["title"]), "; ".join(last) or "none"))
    head = ("rule", "severity", "side", "asks for", "rests on" if cited else "goes before")
    return _table(head, (24, 10, 10, 30, 26), rows)


def _facts(scope: str) -> str:
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.documents import read_schema

    schema = read_schema("rules")["$defs"]
    rows = [
        (f"``{name}``", where, _text(field["description"]))
        for where, part in (("yes", "match"), ("no", "facts"))
        for name, field in schema[f"{scope}_{part}"]["properties"].items()
    ]
    return _table(("fact", "in ``match``", "what it is"), (24, 12, 64), rows)


def _table(head: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[str]]) -> str:
    out = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    for row in (head, *rows):
        out += [f"   {'  -' if index else '* -'} {cell}" for index, cell in enumerate(row)]
    return "\n".join(out) + "\n"


def _text(text: str) -> str:
    """Text of others without markup, but for RV(...) of a module; the fields of a template stand for what they hold."""
    shown = re.sub(r"\{(\w+)\}", lambda field: f"<{field[1].replace('_', ' ')}>", " ".join(text.split()))
    escaped = re.sub(r"([*_`|\\])", r"\\\1", shown)
    return re.sub(r"RV\((\S+)\) of (\S+)", lambda value: _returned(*value.groups()), escaped)


def _returned(value: str, module: str) -> str:
    """A return value of a module, both escaped, as it is named in a guide."""
    return "``{}``, as the module ``{}`` returns it".format(*(name.replace("\\", "") for name in (value, module)))


def _words(words: Iterable[str]) -> str:
    return " or ".join(f"``{word}``" for word in words)


if __name__ == "__main__":
    sys.path.insert(0, str(CHECKOUT / ".build" / "import"))
    GUIDE.write_text(generated(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
