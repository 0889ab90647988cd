# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python set-up takes."""

from __future__ import annotations

from pathlib import Path

import pytest

import setup

SHIM = "echo 'pyenv: python: command not found' >&2; exit 127"


class Machine:
    """A machine with these interpreters and no others."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environ = {"PATH": f"{root}/shims:{root}/bin"}

    def has(self, path: str, says: str) -> str:
        python = self.root / path
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text(f"#!/bin/sh\n{says}\n", encoding="utf-8")
        python.chmod(0o755)
        return str(python)

    def find(self) -> str:
        return setup.find_python(self.environ)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.executable", machine.has("old/python3", "echo 3.8"))
    return machine


def test_the_newest_wins(machine: Machine) -> None:
    machine.has("bin/python3.11", "echo 3.11")
    machine.has("bin/python3", "echo 3.11")
    newest = machine.has("bin/python3.13", "echo 3.13")
    assert machine.find() == newest


def test_one_that_has_not_been_tried_is_left_alone(machine: Machine) -> None:
    machine.has("bin/python3", "echo 3.99")
    machine.has("bin/python3.99", "echo 3.99")
    usable = machine.has("bin/python3.12", "echo 3.12")
    assert machine.find() == usable


def test_a_shim_that_does_not_run_is_passed_over(machine: Machine) -> None:
    machine.has("shims/python3.13", SHIM)
    usable = machine.has("bin/python3.11", "echo 3.11")
    assert machine.find() == usable


@pytest.mark.parametrize("versions", ["versions", "home/.pyenv/versions"])
def test_what_lies_behind_a_shim_is_found(machine: Machine, versions: str) -> None:
    machine.has("shims/python3.13", SHIM)
    machine.has("bin/python3.12", "echo 3.12")
    behind = machine.has(f"{versions}/3.13.7/bin/python3.13", "echo 3.13")
    assert machine.find() == behind


def test_one_without_the_venv_module_is_passed_over(machine: Machine) -> None:
    machine.has("bin/python3.13", "echo \"No module named 'ensurepip'\" >&2; exit 1")
    usable = machine.has("bin/python3.12", "echo 3.12")
    assert machine.find() == usable


def test_none_names_the_command_that_installs_one(machine: Machine) -> None:
    machine.has("bin/python3", "echo 3.10")
    with pytest.raises(SystemExit, match="sudo apt-get install python3 python3-venv"):
        machine.find()


def test_the_chosen_one_comes_first(machine: Machine) -> None:
    machine.has("bin/python3.13", "echo 3.13")
    machine.environ["HVIS_PYTHON"] = machine.has("own/python", "echo 3.11")
    assert machine.find() == machine.environ["HVIS_PYTHON"]


@pytest.mark.parametrize("says", [SHIM, "echo 3.10"])
def test_a_choice_that_does_not_do_is_an_error(machine: Machine, says: str) -> None:
    machine.has("bin/python3.13", "echo 3.13")
    machine.environ["HVIS_PYTHON"] = machine.has("own/python", says)
    with pytest.raises(SystemExit, match=r"HVIS_PYTHON=.*own/python is not a Python 3.11"):
        machine.find()
