# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""linux_guest_info as Ansible runs it: on this machine, on an image, on what is no image."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import pytest

from guest_tree import Tree
from playbook_runner import Run, run_tasks

MODULE = "hyperv.integration.linux_guest_info"


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """This machine, as the only host."""
    path = tmp_path / "inventory.json"
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    path.write_text(json.dumps({"all": {"hosts": {"guest": variables}}}), encoding="utf-8")
    return path


def look(inventory: Path, *options: str, **arguments: str) -> Run:
    return run_tasks(inventory, [{"name": "look", MODULE: arguments}], *options, hosts="all")


def test_this_machine(inventory: Path) -> None:
    run = look(inventory, "--check")
    assert run.code == 0, run.output
    facts = run.one("look")["linux_guest"]
    assert run.one("look")["changed"] is False
    assert facts["kernel"] == platform.release()
    assert facts["architecture"] == platform.machine()
    # Wherever the tests run: the two say the same.
    assert facts["hyperv"] == (facts["hyperv_evidence"] is not None)
    verdicts = {service["verdict"] for service in facts["services"].values()}
    assert (verdicts == {"not_hyperv"}) == (not facts["hyperv"])


def test_an_image(inventory: Path, tmp_path: Path) -> None:
    image = Tree(tmp_path / "image")
    image.add({"/etc/os-release": "ID=rocky\nVERSION_ID=9.4\n", "/usr/lib/systemd/systemd": ""})
    image.modules("hv_utils", release="5.14.0-427.el9.x86_64").program("/usr/sbin/hypervkvpd")
    facts = look(inventory, root=str(image.path)).one("look")["linux_guest"]
    assert facts["services"]["key_value_pair_exchange"]["verdict"] == "prepared"
    assert facts["services"]["vss"]["remedy"] == "install hypervvssd"


def test_a_root_that_is_not_there(inventory: Path, tmp_path: Path) -> None:
    result = look(inventory, root=str(tmp_path / "none")).one("look")
    assert result.status == "failed"
    assert result.msg == f"root={tmp_path}/none: there is no such directory; mount the image there first"
