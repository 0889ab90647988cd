# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment: what the collection says that it needs, and the definition that users build from."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tools import run_tool
from workspace import CHECKOUT, COLLECTIONS

DEFINITION = CHECKOUT / "extensions" / "awx" / "project" / "execution-environment.yml"


def lines(path: Path) -> list[str]:
    """Requirements of a file, without comments and in lower case."""
    text = path.read_text(encoding="utf-8").lower()
    return [line.partition("#")[0].strip() for line in text.splitlines() if line.partition("#")[0].strip()]


def test_introspect_finds_all_that_the_collection_needs(tmp_path: Path) -> None:
    """As the build of an image does, with the collection as it is installed."""
    python, system = tmp_path / "requirements.txt", tmp_path / "bindep.txt"
    run_tool(
        "ansible-builder", "introspect", "--sanitize", f"--write-pip={python}", f"--write-bindep={system}", COLLECTIONS
    )
    assert lines(python) == lines(CHECKOUT / "meta" / "ee-requirements.txt")
    assert lines(system) == lines(CHECKOUT / "meta" / "ee-bindep.txt")


def test_imports_of_the_controller_are_declared() -> None:
    """What plugins for the controller import of others has to be in an execution environment."""
    given = {"ansible", "ansible_collections", "jinja2", "markupsafe", "yaml"}  # ansible-core's own
    declared = {re.split("[<=>[]", line)[0] for line in lines(CHECKOUT / "meta" / "ee-requirements.txt")}
    imports = re.compile(r"(?m)^\s*(?:from|import) ([a-z]\w*)")
    found = {
        name
        for folder in ("plugin_utils", "filter")
        for path in (CHECKOUT / "plugins" / folder).rglob("*.py")
        for name in imports.findall(path.read_text(encoding="utf-8"))
    }
    assert found - given - declared - set(sys.stdlib_module_names) == set()
    assert "jmespath" in found


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build context that ansible-builder makes of a copy of the project."""
    project = tmp_path_factory.mktemp("ee") / "project"
    shutil.copytree(DEFINITION.parent, project)
    run_tool(
        "ansible-builder",
        "create",
        "--file",
        project / DEFINITION.name,
        "--output-filename",
        "Containerfile",
        cwd=project,
    )
    return project / "context"


def test_create_makes_a_build_context(context: Path) -> None:
    containerfile = (context / "Containerfile").read_text(encoding="utf-8")
    assert re.search(r"(?m)^ARG EE_BASE_IMAGE=\"quay\.io/", containerfile)
    wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert [entry["type"] for entry in wanted["collections"]] == ["git"]
    assert "hyperv.integration.git" in wanted["collections"][0]["name"]


def test_the_image_has_an_ansible_that_the_collection_supports() -> None:
    definition = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
    runtime = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    oldest = runtime["requires_ansible"].removesuffix(".0")
    assert definition["dependencies"]["ansible_core"]["package_pip"].startswith(f"ansible-core{oldest},")
