# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as Galaxy, the documentation site and Ansible's users will look at it."""

from __future__ import annotations

import re
from pathlib import Path

import workspace
from tools import INSTALLED, run_tool

# The importer also reports ignore files that are empty, as ours are.
PROBLEM = re.compile(r"(?m)^.*\b(?:ERROR|WARNING)\b(?!.*with 0 statement).*$")


def test_ansible_lint() -> None:
    run_tool("ansible-lint", "--offline", "--nocolor", "-q")


def test_yamllint() -> None:
    run_tool("yamllint", "--strict", ".")


def test_documentation(tmp_path: Path) -> None:
    options = ["--plugin-docs", "--validate-collection-refs", "self"]
    home = {"HOME": str(tmp_path)}  # takes a log file
    run_tool("antsibull-docs", "lint-collection-docs", *options, ".", cwd=INSTALLED, env=home)


def test_changelog(tmp_path: Path) -> None:
    run_tool("antsibull-changelog", "lint", env={"HOME": str(tmp_path)})


def test_galaxy_importer(tmp_path: Path) -> None:
    config = tmp_path / "galaxy-importer.cfg"
    # ansible-lint, in the same profile and on more than is shipped, is a test of its own.
    config.write_text("[galaxy-importer]\nRUN_ANSIBLE_LINT=False\nCHECK_CHANGELOG=True\n", encoding="utf-8")
    (archive,) = (workspace.BUILD / "artifact").glob("*.tar.gz")
    env = {"GALAXY_IMPORTER_CONFIG": str(config), "HOME": str(tmp_path)}
    output = run_tool("python", "-m", "galaxy_importer.main", archive, cwd=tmp_path, env=env)
    assert "Importer processing completed successfully" in output
    problems = PROBLEM.findall(output)
    assert not problems, "\n".join(problems)
