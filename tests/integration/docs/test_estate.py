# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to an estate: its commands in their order, with the files of docs/examples/estate, on six simulated hosts.

Not run are the clone and the two installations: the tests run in a clone, with what was installed from it.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from code_blocks import code_blocks, commands
from playbook_runner import Run, run_playbook
from simulator_runner import CHANGING, Simulator
from workspace import CHECKOUT

GUIDE = CHECKOUT / "docs" / "docsite" / "rst" / "guide_estate.rst"
EXAMPLE = CHECKOUT / "docs" / "examples" / "estate"
TEXT = GUIDE.read_text(encoding="utf-8")
BLOCKS = code_blocks(GUIDE)
SHELL = [words for block in BLOCKS if block.language == "shell" for words in commands(block.text)]
PLAYBOOKS = [words for words in SHELL if words[0] == "ansible-playbook"]
LOOK, ENFORCE, AUDIT, AUDIT_AGAIN, CHECK = PLAYBOOKS


def read(name: str) -> Any:
    return yaml.safe_load((EXAMPLE / name).read_text(encoding="utf-8"))


class Estate:
    """A copy of the example, and its simulated hosts."""

    def __init__(self, directory: Path, simulator: Simulator) -> None:
        self.directory = directory
        self.simulator = simulator
        self.hosts = [host["name"] for host in read("fleet.yml")["hosts"]]
        shutil.copytree(EXAMPLE, directory)
        shutil.copy(simulator.inventory("winrm"), directory / "simulated.yml")

    def run(self, words: list[str]) -> Run:
        """Run a command of the guide, with the inventory that the guide has one add."""
        assert words[:3] == ["ansible-playbook", "-i", "inventory.yml"]
        playbook, *options = words[3:]
        return run_playbook(
            self.directory / "inventory.yml", Path(playbook), "-i", "simulated.yml", *options, cwd=self.directory
        )

    def done(self, words: list[str]) -> Run:
        run = self.run(words)
        assert run.code == 0, run.output
        return run

    def changed(self, run: Run) -> int:
        return sum(run.recap(host)["changed"] for host in self.hosts)

    def report(self, name: str) -> Any:
        return json.loads((self.directory / "reports" / "latest" / name).read_text(encoding="utf-8"))

    def open_findings(self) -> set[tuple[str, str]]:
        """The VM and the rule of each open finding of the last audit."""
        findings = self.report("audit.json")["findings"]
        return {(f["vm"]["name"], f["rule"]) for f in findings if f["vm"] and not f["waived_by"]}


@pytest.fixture
def estate(pwsh: str, tmp_path: Path) -> Iterator[Estate]:
    with Simulator(read("fleet.yml")) as simulator:
        yield Estate(tmp_path / "estate", simulator)


def test_estate_from_clone_to_gate(estate: Estate) -> None:
    """Check, look, enforce, audit; then two weeks: a new finding beside an old one, and green again."""
    simulator = estate.simulator
    estate.done(CHECK)
    assert simulator.ask("ledger")["lines"] == [], "a policy is checked without hosts"

    estate.done(LOOK)
    assert simulator.changes() == 0
    assert estate.changed(estate.done(ENFORCE)) == len(estate.hosts) - 1, "all but hv-par2 have something to change"
    estate.done(AUDIT)
    calls = {host: simulator.calls(host) for host in estate.hosts}
    (most,) = re.findall(r"at most (\d+) calls to Hyper-V on each host", TEXT)
    assert max(sum(counted.values()) for counted in calls.values()) == int(most)
    assert max(counted[name] for counted in calls.values() for name in CHANGING) == 1
    hosts = estate.report("collection.json")["hosts"]
    assert {host["name"]: host["error"] for host in hosts} == dict.fromkeys(estate.hosts)
    decided = {vm["name"]: vm["rules"] for host in hosts for vm in host["plan"]["decisions"]}
    for name, rules in table_of_the_guide().items():
        assert [re.sub(r".*\((.*)\)", r"\1", rule) for rule in decided[name]] == rules
    first = estate.open_findings()
    assert first == {("sql02", "own_silent")}

    simulator.hvsim("fleet", "set", "hv-par2", "web02", "{services: {guest_service_interface: true}}")
    simulator.ask("ledger_reset")
    gate = estate.run(AUDIT_AGAIN)
    assert gate.code != 0
    assert "audit_fail_on_new" in gate.output
    new = estate.open_findings() - first
    assert {name for name, _rule in new} == {"web02"}
    assert estate.open_findings() == first | new
    assert simulator.changes() == 0

    enforced = estate.done(ENFORCE)
    changed = {host for host in estate.hosts if enforced.recap(host)["changed"]}
    assert changed == {"hv-par2"}, "a second run changes nothing but what somebody has changed"
    estate.done(AUDIT_AGAIN)
    assert estate.open_findings() == first
    assert estate.report("audit.json")["summary"]["fixed"] == len(new), "the baseline is the audit that failed"


def table_of_the_guide() -> dict[str, list[str]]:
    """Virtual machine to the names of the rules that decide, from the section about composition."""
    section = TEXT[TEXT.index("How the rules compose") : TEXT.index("The appliance\n")]
    rows = re.findall(r"   \* - ``(\S+)``\n     - (.*)\n", section)
    assert len(rows) > 2
    return {name: rules.split(", ") for name, rules in rows}


def test_steps_are_at_most_eight() -> None:
    steps = TEXT[TEXT.index("Eight steps") : TEXT.index("Try it without Windows")]
    assert len(re.findall(r"(?m)^#\. ", steps)) == 8
    assert steps.count(".. code-block:: shell") == 7, "and one step is the reader's"


def test_files_of_the_guide_are_those_of_the_example() -> None:
    files = {str(path.relative_to(EXAMPLE)) for path in EXAMPLE.rglob("*") if path.is_file()}
    listed = set(re.findall(r"``(\S+\.(?:yml|txt))``", TEXT[TEXT.index("The files") : TEXT.index("Eight steps")]))
    assert listed == files


def test_shown_rule_is_that_of_the_example() -> None:
    (shown,) = [block.data for block in BLOCKS if block.language == "yaml"]
    assert shown == read("group_vars/hyperv_berlin.yml")


def test_hosts_of_the_example_are_six_and_simulated() -> None:
    def hosts(group: dict[str, Any]) -> list[str]:
        children = (group.get("children") or {}).values()
        return [*(group.get("hosts") or {}), *(name for child in children for name in hosts(child))]

    simulated = [host["name"] for host in read("fleet.yml")["hosts"]]
    assert hosts(read("inventory.yml")["hyperv_hosts"]) == simulated
    assert len(simulated) == 6


def test_requirements_of_the_example_are_installed_here() -> None:
    lines = (EXAMPLE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = [re.split(r"[\[>=]", line)[0] for line in lines if not line.startswith("#")]
    assert {"ansible-core", "pywinrm", "jmespath", "jsonschema"} == {name for name in names if version(name)}
