# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to Molecule: its files as they are written, in an empty directory, with the collection that was built."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from code_blocks import code_blocks, commands
from molecule_recap import recaps
from workspace import BUILD, CHECKOUT, UNWANTED

GUIDE = CHECKOUT / "docs" / "docsite" / "rst" / "guide_molecule.rst"
BLOCKS = code_blocks(GUIDE)
TOOLS = Path(sys.executable).parent


class Project:
    """A directory with the files of the guide, and a home of its own for all that is installed and written."""

    def __init__(self, directory: Path, collections: Path, pwsh: str) -> None:
        self.directory = directory / "project"
        self.home = directory / "home"
        for block in BLOCKS:
            if block.file_name:
                path = self.directory / block.file_name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
        inherited = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        self.environment = {
            **{name: value for name, value in inherited.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))},
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "HOME": str(self.home),
            "HVIS_PWSH": pwsh,
            "NO_COLOR": "1",
            "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            words,
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command to its end, and return its output."""
        return ended(self.start(*words), code)

    @property
    def ports(self) -> set[int]:
        """The ports of the hosts that `create` has put into inventories."""
        inventories = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in self.leftovers("simulator.yml")]
        return {host["ansible_port"] for found in inventories for host in found["hyperv_hosts"]["hosts"].values()}

    def leftovers(self, name: str = "*imulator*") -> list[Path]:
        """What is there of fleets: run directories and inventories."""
        return list((self.home / ".ansible" / "tmp").rglob(name))

    def processes(self) -> list[str]:
        """The command lines of what runs on behalf of this project, simulators and their PowerShells."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"HOME={self.home}\0".encode() in path.read_bytes():
                    found.append(path.with_name("cmdline").read_bytes().decode().replace("\0", " "))
            except OSError:  # it has ended, or is not ours
                continue
        return found


def ended(process: subprocess.Popen[str], code: int = 0) -> str:
    """Return the output of a command that ends with that code."""
    output = process.communicate()[0]
    assert process.returncode == code, output
    return output


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built collection, installed as its users do."""
    path = tmp_path_factory.mktemp("collections")
    (archive,) = (BUILD / "artifact").glob("*.tar.gz")
    command = [str(TOOLS / "ansible-galaxy"), "collection", "install", "--offline", "--no-deps", str(archive)]
    subprocess.run(command, env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(path)}, check=True, capture_output=True)
    return path


@pytest.fixture
def project(tmp_path: Path, collections: Path, pwsh: str) -> Iterator[Project]:
    made = Project(tmp_path, collections, pwsh)
    yield made
    if made.processes():
        made.run("molecule", "destroy", "--all")


def test_the_example_as_it_is_written(project: Project) -> None:
    output = project.run("molecule", "test", "--report")
    assert recaps(output) == [("default", 9, 9)], output
    assert (project.leftovers(), project.processes()) == ([], [])


def test_side_by_side_again_and_gone(project: Project) -> None:
    """Two scenarios at once, one of them over PSRP; steps that are repeated; one ends, and the other goes on."""
    both = [project.start("molecule", "create", "-s", name) for name in ("default", "psrp")]
    for process in both:
        ended(process)
    assert len(project.ports) == 2
    assert len([line for line in project.processes() if " hyperv_simulator up " in line]) == 2
    project.run("molecule", "destroy")
    assert len(project.ports) == 1
    output = project.run("molecule", "converge", "-s", "psrp")
    assert ("already created" in output, "changed=1" in output) == (True, True), output
    project.run("molecule", "destroy", "--all")
    assert (project.leftovers(), project.processes()) == ([], [])


def test_a_create_that_fails_half_way_leaves_nothing(project: Project) -> None:
    """The hosts are up already when it is asked for an inventory that cannot be."""
    path = project.directory / "molecule" / "default" / "create.yml"
    plays = yaml.safe_load(path.read_text(encoding="utf-8"))
    plays[0]["vars"] = {"simulator_connection": "ssh"}
    path.write_text(yaml.safe_dump(plays), encoding="utf-8")
    output = project.run("molecule", "create", code=2)
    assert "invalid choice: 'ssh'" in output
    assert re.search(r"(?m)^TASK \[Start the hosts\] \*+\nchanged: ", output), output
    assert (project.leftovers(), project.processes()) == ([], [])


def test_the_packages_are_those_of_the_simulator() -> None:
    text = (CHECKOUT / "extensions" / "simulator" / "requirements.txt").read_text(encoding="utf-8")
    needed = {line.partition("==")[0] for line in text.splitlines() if not line.startswith("#")}
    (shell,) = [block.text for block in BLOCKS if block.language == "shell" and "pip install" in block.text]
    (install,) = [words for words in commands(shell) if "pip" in words]
    assert needed <= set(install)
    (workflow,) = [block.data for block in BLOCKS if block.kind == "workflow"]
    runs = [step["run"].split() for step in workflow["jobs"]["molecule"]["steps"] if "run" in step]
    assert needed <= set(runs[0])
    assert runs[-1] == ["molecule", "test", "--all"]


def test_the_loop_of_a_developer_names_commands_that_exist() -> None:
    found = [words for block in BLOCKS if block.language == "shell" for words in commands(block.text)]
    steps = {words[1] for words in found if words[0] == "molecule"}
    helped = subprocess.run([str(TOOLS / "molecule"), "--help"], capture_output=True, text=True, check=True).stdout
    assert steps == {"test", "converge", "verify", "destroy"}
    assert [step for step in sorted(steps) if not re.search(rf"(?m)^ +{step} ", helped)] == []
