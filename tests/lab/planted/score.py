# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make audit-score`: plants a fleet, audits it for real, and compares what was found with what was planted.

For real: simulated Hyper-V hosts over WinRM, the modules in a real PowerShell, the role audit, and guests' facts by the
code of linux_guest_info. Ends with 0 only when all was found, on the right side, and nothing else was.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LAB = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(LAB), str(LAB.parents[1] / "extensions" / "simulator")]

import workspace  # noqa: E402

if __name__ == "__main__":
    workspace.link_imports()
    sys.path.insert(0, str(workspace.IMPORTS))

import yaml  # noqa: E402

from planted.fleet import Defect, Place, Planted, plant  # noqa: E402
from playbook_runner import Run, run_playbook  # noqa: E402
from simulator_runner import Simulator  # noqa: E402

WIDTH = 40


@dataclass
class Score:
    """found, wrong_side, missed: defects. false_alarms: findings that nothing planted accounts for."""

    planted: Planted
    found: list[Defect] = field(default_factory=list)
    wrong_side: list[Defect] = field(default_factory=list)
    missed: list[Defect] = field(default_factory=list)
    false_alarms: list[dict[str, Any]] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return len(self.found) / len(self.planted.defects)

    @property
    def precision(self) -> float:
        return len(self.found) / max(1, len(self.found) + len(self.wrong_side) + len(self.false_alarms))

    @property
    def perfect(self) -> bool:
        return self.recall == self.precision == 1


def place_of(finding: Mapping[str, Any]) -> Place:
    """What a finding is about."""
    if finding["vm"]:
        return Place(finding["host"], finding["vm"]["id"].lower())
    if finding["guest"]:
        return Place(guest=finding["guest"])
    if finding["host"]:
        return Place(finding["host"])
    return Place(waiver=next((item["value"] for item in finding["evidence"] if item["fact"] == "id"), None))


def compare(planted: Planted, findings: Iterable[Mapping[str, Any]]) -> Score:
    """Hold open findings against the truth."""
    at: dict[Place, list[dict[str, Any]]] = {}
    for finding in findings:
        if finding["waived_by"] is None:
            at.setdefault(place_of(finding), []).append(dict(finding))
    score = Score(planted)
    for defect in planted.defects:
        sides = [_said(defect, at.get(place, [])) for place in defect.places]
        if any(side is None for side in sides):
            score.missed.append(defect)
        else:
            (score.found if set(sides) == {defect.side} else score.wrong_side).append(defect)
    # What is left over.
    score.false_alarms = [finding for of_place in at.values() for finding in of_place]
    return score


def _said(defect: Defect, findings: list[dict[str, Any]]) -> str | None:
    """The side that is wrong by the findings at one place, null when none speaks of the defect. Takes those out."""
    speak = [item for item in findings if item["rule"] in defect.rules and item["service"] == defect.service]
    for finding in [item for item in findings if item in speak or (speak and item["rule"] in defect.also)]:
        findings.remove(finding)
    return speak[0]["side"] if speak else None


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
        run = run_playbook(inventory, playbook)
    report = folder / "reports" / "audit.json"
    return run, json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}


def table(score: Score) -> str:
    """The score for people."""
    planted = score.planted
    lines = [f"{'planted defect':{WIDTH}}  side     planted  found  missed  wrong side"]
    for kind, side in sorted({(defect.kind, defect.side) for defect in planted.defects}):
        counts = [
            sum((defect.kind, defect.side) == (kind, side) for defect in defects)
            for defects in (planted.defects, score.found, score.missed, score.wrong_side)
        ]
        lines.append("{:{}}  {:7}  {:7}  {:5}  {:6}  {:10}".format(kind, WIDTH, side, *counts))
    alarms = Counter(place_of(finding) for finding in score.false_alarms)
    lines += ["", f"{'healthy look-alike':{WIDTH}}           planted  false alarms"]
    for kind in sorted({alike.kind for alike in planted.look_alikes}):
        same = [alike for alike in planted.look_alikes if alike.kind == kind]
        wrong = sum(alarms[place] for alike in same for place in alike.places)
        lines.append(f"{kind:{WIDTH}}           {len(same):7}  {wrong:12}")
    lines += ["", *_details(score)]
    lines += [
        f"defects {len(planted.defects)}, found {len(score.found)}, missed {len(score.missed)}, "
        f"wrong side {len(score.wrong_side)}; look-alikes {len(planted.look_alikes)}; "
        f"false alarms {len(score.false_alarms)}",
        f"recall {score.recall:.1%}, precision {score.precision:.1%}",
    ]
    return "\n".join(lines)


def _details(score: Score) -> list[str]:
    """What is not as it shall be."""
    known = {place: alike.kind for alike in score.planted.look_alikes for place in alike.places}
    known |= {place: defect.kind for defect in score.planted.defects for place in defect.places}
    lines = [f"missed: {defect}" for defect in score.missed]
    lines += [f"wrong side: {defect}" for defect in score.wrong_side]
    for finding in score.false_alarms:
        place = place_of(finding)
        of = known.get(place, "nothing planted")
        lines.append(
            f"false alarm: {finding['rule']}, {finding['service']}, {finding['side']}: {place} ({of}): "
            f"{finding['explanation']!a}"
        )
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=1, help="another fleet for each number (default: 1)")
    seed = parser.parse_args().seed
    with tempfile.TemporaryDirectory(prefix="hvis-planted-") as directory:
        folder = Path(directory)
        planted = plant(seed, folder / "guests")
        machines = sum(len(host["virtual_machines"]) for host in planted.hosts)
        print(f"Seed {seed}: {machines} virtual machines, {len(planted.guests)} guests looked into.", flush=True)
        run, report = audit(planted, folder)
    if run.code != 0 or not report:
        print(run.output)
        return 1
    score = compare(planted, report["findings"])
    print(table(score))
    return 0 if score.perfect else 1


if __name__ == "__main__":
    sys.exit(main())
