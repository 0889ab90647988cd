# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make audit-score`: plants a fleet, audits it for real, and compares what was found with what was planted.

For real: simulated Hyper-V hosts over WinRM, the modules in a real PowerShell, the role audit, and guests' facts by the
code of linux_guest_info. Later audits (see later.py) go through the filters of the role. Ends with 0 only when every
single defect and ENOUGH of the combinations were found on the right side, and nothing else was.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

LAB = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(LAB), str(LAB.parents[1] / "extensions" / "simulator")]

import workspace  # noqa: E402

if __name__ == "__main__":
    workspace.link_imports()
    sys.path.insert(0, str(workspace.IMPORTS))

import yaml  # noqa: E402

from planted.fleet import Combination, Defect, Place, Planted, place_of, speaks  # noqa: E402
from planted.later import later_audits, rebuilt  # noqa: E402
from planted.plant import plant  # noqa: E402
from playbook_runner import Run, run_playbook  # noqa: E402
from simulator_runner import Simulator  # noqa: E402

WIDTH = 40
# Share of the combinations that must be found.
ENOUGH = 0.95
# What the role writes and a score needs.
FILES = ("audit.json", "collection.json")
Kind = TypeVar("Kind")


@dataclass
class Tally(Generic[Kind]):
    """What was planted, by how it was told."""

    found: list[Kind] = field(default_factory=list)
    wrong_side: list[Kind] = field(default_factory=list)
    missed: list[Kind] = field(default_factory=list)

    @property
    def all(self) -> list[Kind]:
        return [*self.found, *self.wrong_side, *self.missed]

    @property
    def recall(self) -> float:
        return len(self.found) / max(1, len(self.all))

    def add(self, planted: Kind, sides: Iterable[bool | None]) -> None:
        """sides: whether each place told the right side, null where it told nothing."""
        told = set(sides)
        (self.missed if None in told else self.wrong_side if False in told else self.found).append(planted)


@dataclass
class Score:
    """false_alarms: findings that nothing planted accounts for. later: what later audits told wrongly, with its drift.

    missing: what later audits did not tell.
    """

    planted: Planted
    defects: Tally[Defect] = field(default_factory=Tally)
    combinations: Tally[Combination] = field(default_factory=Tally)
    false_alarms: list[dict[str, Any]] = field(default_factory=list)
    later: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        told = [*self.defects.found, *self.combinations.found]
        wrong = [*self.defects.wrong_side, *self.combinations.wrong_side, *self.false_alarms, *self.later]
        return len(told) / max(1, len(told) + len(wrong))

    @property
    def passed(self) -> bool:
        """Every single defect, nearly every combination, and no false alarm."""
        wrongly = self.false_alarms or self.later
        return self.defects.recall == 1 and self.combinations.recall >= ENOUGH and not wrongly


def compare(planted: Planted, findings: Iterable[Mapping[str, Any]]) -> Score:
    """Hold open findings against the truth."""
    at: dict[Place, list[dict[str, Any]]] = {}
    for finding in findings:
        if finding["waived_by"] is None:
            at.setdefault(place_of(finding), []).append(dict(finding))
    score = Score(planted)
    for defect in planted.defects:
        score.defects.add(defect, _told(defect, at))
    for combination in planted.combinations:
        score.combinations.add(combination, [told for defect in combination.defects for told in _told(defect, at)])
    # What is left over.
    score.false_alarms = [finding for of_place in at.values() for finding in of_place]
    return score


def _told(defect: Defect, at: Mapping[Place, list[dict[str, Any]]]) -> list[bool | None]:
    """Whether each place of a defect tells the right side, null where none speaks of it. Takes those findings out."""
    found: list[bool | None] = []
    for place in defect.places:
        findings = at.get(place, [])
        speak = [item for item in findings if speaks(item, defect)]
        for finding in [item for item in findings if item in speak or (speak and item["rule"] in defect.also)]:
            findings.remove(finding)
        found.append(speak[0]["side"] == defect.side if speak else None)
    return found


def score_of(planted: Planted, folder: Path, seed: int) -> Score:
    """The score of the audit that was run in a folder, and of later ones against it."""
    read = {name: json.loads((folder / "reports" / name).read_text(encoding="utf-8")) for name in FILES}
    waivers = (folder / "waivers.yml").read_text(encoding="utf-8")
    report = read["audit.json"]
    score = compare(planted, report["findings"])
    for told, wrongly in later_audits(seed, lambda: rebuilt(planted, read["collection.json"], waivers, report)):
        score.later += wrongly
        for item in told:
            score.combinations.add(item.combination, item.sides)
            score.missing += [f"{item.combination.kind}: {what}" for what in item.missing]
    return score


def audit(planted: Planted, folder: Path, connection: str = "winrm") -> tuple[Run, Mapping[str, Any]]:
    """Run the role on the fleet. Returns the run and audit.json."""
    (folder / "guests.json").write_text(json.dumps(planted.collection), encoding="utf-8")
    (folder / "waivers.yml").write_text(yaml.safe_dump({"version": 1, "waivers": planted.waivers}), encoding="utf-8")
    play = {
        "hosts": "hyperv_hosts",
        "gather_facts": False,
        "vars": {
            "host_policy_rules": planted.policy,
            "audit_merge_files": ["guests.json"],
            "audit_waivers_file": "waivers.yml",
            "audit_report_dir": "reports",
            # What boots in this fleet does so for the whole audit, however slow the machine.
            "audit_grace_seconds": 3600,
        },
        "roles": [{"role": "hyperv.integration.audit"}],
    }
    playbook = folder / "audit.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    with Simulator({"hosts": planted.hosts}) as simulator:
        for host in planted.denied:
            simulator.ask("fault_add", rule={"kind": "access_denied", "host": host})
        inventory = simulator.inventory(connection)
        data = yaml.safe_load(inventory.read_text(encoding="utf-8"))
        hosts = data["hyperv_hosts"]["hosts"]
        for host in planted.unreachable:
            # Nobody listens on the port for discarding.
            hosts[host] = {**next(iter(hosts.values())), f"ansible_{connection}_port": 9, "ansible_port": 9}
        inventory.write_text(json.dumps(data), encoding="utf-8")
        run = run_playbook(inventory, playbook, cwd=folder)
    report = folder / "reports" / "audit.json"
    return run, json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}


def table(score: Score) -> str:
    """The score for people."""
    planted = score.planted
    lines = [f"{'planted defect':{WIDTH}}  side     planted  found  missed  wrong side"]
    for kind, side in sorted({(defect.kind, defect.side) for defect in planted.defects}):
        counts = _counts(score.defects, lambda defect: (defect.kind, defect.side), (kind, side))
        lines.append("{:{}}  {:7}  {:7}  {:5}  {:6}  {:10}".format(kind, WIDTH, side, *counts))
    lines += ["", f"{'planted combination':{WIDTH}}           planted  found  missed  wrong side"]
    for group in sorted({combination.group for combination in score.combinations.all}):
        counts = _counts(score.combinations, lambda combination: combination.group, group)
        lines.append("{:{}}           {:7}  {:5}  {:6}  {:10}".format(group, WIDTH, *counts))
    alarms = Counter(place_of(finding) for finding in score.false_alarms)
    lines += ["", f"{'healthy look-alike':{WIDTH}}           planted  false alarms"]
    for kind in sorted({alike.kind for alike in planted.look_alikes}):
        same = [alike for alike in planted.look_alikes if alike.kind == kind]
        wrong = sum(alarms[place] for alike in same for place in alike.places)
        lines.append(f"{kind:{WIDTH}}           {len(same):7}  {wrong:12}")
    lines += ["", *_details(score)]
    for name, tally in (("defects", score.defects), ("combinations", score.combinations)):
        lines.append(
            f"{name} {len(tally.all)}, found {len(tally.found)} ({tally.recall:.1%}), missed {len(tally.missed)}, "
            f"wrong side {len(tally.wrong_side)}"
        )
    lines.append(
        f"look-alikes {len(planted.look_alikes)}; false alarms {len(score.false_alarms) + len(score.later)}; "
        f"precision {score.precision:.1%}"
    )
    return "\n".join(lines)


def _counts(tally: Tally[Kind], key: Callable[[Kind], object], value: object) -> list[int]:
    return [sum(key(one) == value for one in part) for part in (tally.all, tally.found, tally.missed, tally.wrong_side)]


def _details(score: Score) -> list[str]:
    """What is not as it shall be."""
    planted = score.planted
    known = {place: alike.kind for alike in planted.look_alikes for place in alike.places}
    known |= {place: defect.kind for defect in planted.defects for place in defect.places}
    for combination in planted.combinations:
        known |= {place: combination.kind for defect in combination.defects for place in defect.places}
    lines = [f"missed: {one}" for one in (*score.defects.missed, *map(_brief, score.combinations.missed))]
    lines += [f"wrong side: {one}" for one in (*score.defects.wrong_side, *map(_brief, score.combinations.wrong_side))]
    lines += [f"not told: {what}" for what in score.missing]
    lines += [_alarm(f"false {drift}", finding, known) for drift, finding in score.later]
    return lines + [_alarm("false alarm", finding, known) for finding in score.false_alarms]


def _brief(combination: Combination) -> str:
    return f"{combination.group}: {combination.kind}: {combination.defects[0].places[0] if combination.defects else ''}"


def _alarm(what: str, finding: Mapping[str, Any], known: Mapping[Place, str]) -> str:
    place = place_of(finding)
    of = known.get(place, "nothing planted")
    about = f"{finding['rule']}, {finding['service']}, {finding['side']}: {place} ({of})"
    return f"{what}: {about}: {finding['explanation']!a}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="another fleet for each number (default: 1)")
    return max(_score(seed) for seed in parser.parse_args().seed)


def _score(seed: int) -> int:
    """Print the score of one fleet. Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="hvis-planted-") as directory:
        folder = Path(directory)
        planted = plant(seed, folder / "guests")
        machines = sum(len(host["virtual_machines"]) for host in planted.hosts)
        print(f"Seed {seed}: {machines} VMs, {len(planted.guests)} guests inspected.", flush=True)
        run, report = audit(planted, folder)
        if run.code != 0 or not report:
            print(run.output)
            return 1
        score = score_of(planted, folder, seed)
    print(table(score), flush=True)
    return 0 if score.passed else 1


if __name__ == "__main__":
    sys.exit(main())
