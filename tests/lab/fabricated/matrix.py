# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints what the role linux_guest does with every recorded release: packages, units, verdict and remedy.

With --run the role is run for real on fabricated guests (as root), all three services wanted; else it is told what it
would do. With --rst the table is the one of the guide.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import tempfile
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

LAB = Path(__file__).resolve().parents[1]
if str(LAB) not in sys.path:
    sys.path.insert(0, str(LAB))

import workspace  # noqa: E402

if __name__ == "__main__":
    workspace.link_imports()
    sys.path.insert(0, str(workspace.IMPORTS))

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.plan import make_plan  # noqa: E402
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.row import choose_row  # noqa: E402
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import KEYS, Plan  # noqa: E402
from fabricated.facts import facts_of  # noqa: E402
from fabricated.recipe import Recipe, names  # noqa: E402

ROLE = workspace.CHECKOUT / "roles" / "linux_guest"
SHORT = dict(zip(KEYS, ("kvp", "vss", "gsi"), strict=True))
WIDTHS = (19, 22, 34, 19, 18, 40)
HEAD = ("release", "row (evidence)", "packages", "units", "verdict", "remedy")


class Line(NamedTuple):
    """One release. verdict, remedy: by service, as the role tells them when all three are wanted."""

    release: str
    row: str
    packages: list[str]
    units: list[str]
    verdict: dict[str, str]
    remedy: list[str]


def family_of(facts: dict[str, Any]) -> dict[str, Any]:
    """What the role's variables say about the family of a guest."""
    path = ROLE / "vars" / f"{facts['distribution']['family']}.yml"
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["__linux_guest_family"]
    return found


def plan_for(recipe: Recipe) -> Plan:
    """The plan for a guest on which nothing was installed yet and everything is wanted."""
    facts = facts_of(recipe)
    return make_plan(facts, family_of(facts), {"services": dict.fromkeys(KEYS, "present")})


def row_of(name: str) -> str:
    """The row of the matrix that is about a release."""
    facts = facts_of(Recipe(name, name))
    return choose_row(family_of(facts), facts)["name"]


def one_of_each_row() -> list[str]:
    """Releases enough to have every row of the matrix."""
    return sorted({row_of(name): name for name in reversed(names())}.values())


def predicted(name: str) -> Line:
    """What the plan says of a release."""
    recipe = Recipe(name, name)
    plan = plan_for(recipe)
    facts = facts_of(recipe)
    row = choose_row(family_of(facts), facts)
    if not plan["act"]:
        return Line(name, f"{plan['row']} ({plan['evidence']})", [], [], {}, [plan["reason"].partition(":")[0]])
    known = {key: "degraded" if row["services"][key]["defect"] else "ok" for key in plan["expected"]}
    verdict = {key: known.get(key, "not packaged") for key in KEYS}
    remedies = [row["services"][key]["remedy"] for key in KEYS if key not in plan["expected"]]
    notes = [row["services"][key][field] for key in KEYS if key in plan["expected"] for field in ("note", "defect")]
    return Line(
        name,
        f"{plan['row']} ({plan['evidence']})",
        plan["packages"]["install"],
        [unit["name"] for unit in plan["units"]["after"]],
        verdict,
        list(dict.fromkeys([*remedies, *filter(None, notes)])),
    )


def measured(wanted: Iterable[str]) -> list[Line]:
    """What came of it on fabricated guests."""
    from fabricated.world import World
    from playbook_runner import run_tasks

    lines = {name: predicted(name) for name in wanted}
    wishes = {"linux_guest_services": dict.fromkeys(KEYS, "present"), "linux_guest_verify": False}
    role = {"ansible.builtin.include_role": {"name": "hyperv.integration.linux_guest"}, "vars": wishes}
    look = {"name": "look", "hyperv.integration.linux_guest_info": {}}
    with (
        tempfile.TemporaryDirectory(prefix="hvis-matrix-") as directory,
        World([Recipe(name, name) for name in lines], Path(directory, "world")) as world,
    ):
        run = run_tasks(world.inventory(), [role, look], hosts="guests", stop=True, env=world.environment())
    # Where the role does nothing there is nothing to look at; everywhere else somebody has to have looked.
    seen = {result.host for result in run.results if result.task == "look"}
    unseen = {name for name in lines if plan_for(Recipe(name, name))["act"]} - seen
    if unseen:
        sys.exit(f"The role did not come to its end for {', '.join(sorted(unseen))}:\n{run.output}")
    for result in run.results:
        if result.task == "look" and result.status == "ok":
            services = result["linux_guest"]["services"]
            lines[result.host] = lines[result.host]._replace(
                verdict={key: services[key]["verdict"] for key in KEYS},
                packages=sorted(
                    {name for key in KEYS for name in services[key]["packages"] if services[key]["daemon"]}
                ),
                units=[services[key]["unit"].removesuffix(".service") for key in KEYS if services[key]["unit"]],
                remedy=lines[result.host].remedy
                + [f"{SHORT[key]}: {services[key]['remedy']}" for key in KEYS if services[key]["remedy"]],
            )
    return list(lines.values())


def cells(line: Line) -> list[str]:
    verdict = ", ".join(f"{SHORT[key]} {text}" for key, text in line.verdict.items()) or "nothing to do"
    return [
        line.release,
        line.row,
        ", ".join(line.packages) or "-",
        ", ".join(line.units) or "-",
        verdict,
        "; ".join(line.remedy) or "-",
    ]


def text_table(lines: Iterable[Line]) -> str:
    """A table of which nothing is cut: long texts take more lines."""
    rule = "-+-".join("-" * width for width in WIDTHS)
    out = []
    for row in [list(HEAD), *map(cells, lines)]:
        columns = [textwrap.wrap(cell, width, break_on_hyphens=False) for cell, width in zip(row, WIDTHS, strict=True)]
        for parts in itertools.zip_longest(*columns, fillvalue=""):
            out.append(" | ".join(f"{part:<{width}}" for part, width in zip(parts, WIDTHS, strict=True)).rstrip())
        out.append(rule)
    return "\n".join(out)


def rst_table(lines: Iterable[Line]) -> str:
    """The table of the guide."""
    out = [".. list-table::", "   :header-rows: 1", "   :widths: 14 18 22 18 28", ""]
    rows = [["system", "packages", "units", "verdict", "remedy"]]
    rows += [[cell for index, cell in enumerate(cells(line)) if index != 0] for line in lines]
    for row in rows:
        shown = [re.sub(r"([*_`|\\])", r"\\\1", cell) for cell in row]
        out += [f"   {'* -' if index == 0 else '  -'} {cell}" for index, cell in enumerate(shown)]
    return "\n".join(out) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="matrix.py", description=__doc__)
    parser.add_argument("--run", action="store_true", help="run the role on fabricated guests (needs root)")
    parser.add_argument("--rst", action="store_true", help="print the table of the guide")
    parser.add_argument("release", nargs="*", help="names of recorded releases, all of them by default")
    options = parser.parse_args()
    wanted = options.release or names()
    lines = measured(wanted) if options.run else [predicted(name) for name in wanted]
    print(rst_table(lines) if options.rst else text_table(lines))


if __name__ == "__main__":
    main()
