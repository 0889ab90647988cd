# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no tool checks: that the repository agrees with itself and holds nothing of one developer's machine."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from tools import run_tool
from workspace import CHECKOUT, LAB

CODE = {".py", ".ps1", ".psm1", ".psd1", ".cs", ".sh"}
# What a file must not say: places of one machine, and names of documents that are not part of this repository.
FOREIGN = re.compile(
    r"(?<![\w.])/(?:work|farm|root|Users)/|/tmp/\w*v[i]s|\bproto[t]ypes?/|\b(?:hyperv|ansible|layout|style)\.m[d]\b"
)


@cache
def repository_files() -> list[Path]:
    """Return the files that are, or could be, committed."""
    listed = run_tool("git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    return [path for path in (CHECKOUT / name for name in listed) if path.is_file()]


def test_nothing_points_out_of_the_repository() -> None:
    found = []
    for path in repository_files():
        if path.suffix == ".lock" or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if FOREIGN.search(line):
                found.append(f"{path.relative_to(CHECKOUT)}:{number}: {line.strip()}")
    assert not found, "\n".join(found)


def test_sources_name_their_licence() -> None:
    def head(path: Path) -> str:
        return "\n".join(path.read_text(encoding="utf-8").splitlines()[:8])

    sources = [path for path in repository_files() if path.suffix in CODE and path.stat().st_size]
    assert [str(path.relative_to(CHECKOUT)) for path in sources if "GPL-3.0-or-later" not in head(path)] == []


def test_action_group_is_every_module_of_the_host() -> None:
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    modules = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("vm_*.ps1"))
    assert runtime["action_groups"]["host"] == modules


@pytest.mark.parametrize(
    "requirements", ["tests/unit/requirements.txt", "meta/ee-requirements.txt", "extensions/simulator/requirements.txt"]
)
def test_versions_are_those_of_the_lock_file(requirements: str) -> None:
    lines = (LAB / "requirements.lock").read_text(encoding="utf-8").lower().splitlines()
    locked = [line.partition(" ")[0] for line in lines]
    wanted = (CHECKOUT / requirements).read_text(encoding="utf-8").lower().splitlines()
    assert [line for line in wanted if line and not line.startswith("#") and line not in locked] == []


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert "exec make test" in (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")


def test_make_help_lists_every_target() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z][a-z-]*):", makefile)) - {"setup-powershell"}
    listed = set(re.findall(r"(?m)^  make (\S+) +\S", run_tool("make", "help")))
    assert listed == targets
