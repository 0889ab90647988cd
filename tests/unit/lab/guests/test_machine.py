# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine without the tools is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import needs
from guests import LabError, machine


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Debian machine with an empty PATH, used by root, with nothing asked for."""
    (tmp_path / "fuse").touch()
    (tmp_path / "os-release").write_text('ID="debian"\n', encoding="utf-8")
    monkeypatch.setattr(machine, "PATH", str(tmp_path))
    monkeypatch.setattr(machine, "FUSE", tmp_path / "fuse")
    monkeypatch.setattr(machine, "OS_RELEASE", tmp_path / "os-release")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("HVIS_GUESTS", raising=False)
    return tmp_path


def test_the_command_that_installs_what_is_missing_is_named(bare: Path) -> None:
    with pytest.raises(LabError, match="sudo apt-get install --no-install-recommends systemd-container util-linux"):
        machine.require(machine.FOR_GUESTS)


def test_everything_that_is_missing_is_named_at_once(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    (bare / "fuse").unlink()
    with pytest.raises(LabError) as told:
        machine.require(machine.FOR_GUESTS)
    assert len(str(told.value).splitlines()) == 4
    assert all(word in str(told.value) for word in ("sudo make test-guests", "modprobe fuse", "systemd-container"))


def test_nothing_is_missing_where_the_commands_are(bare: Path) -> None:
    for command in machine.FOR_GUESTS:
        (bare / command).touch(mode=0o755)
    machine.require(machine.FOR_GUESTS)


@pytest.mark.parametrize(("variable", "value"), [("CI", "true"), ("HVIS_GUESTS", "all")])
def test_root_gets_the_packages_where_guests_are_asked_for(
    bare: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    installed: list[str] = []

    def install(packages: list[str]) -> None:
        installed.extend(packages)
        (bare / "mmdebstrap").touch(mode=0o755)

    monkeypatch.setattr(machine, "install", install)
    monkeypatch.setenv(variable, value)
    machine.require(machine.FOR_ROOT_FILE_SYSTEMS)
    assert "mmdebstrap" in installed


def test_other_systems_are_only_told(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "os-release").write_text("ID=fedora\n", encoding="utf-8")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(machine, "install", lambda packages: pytest.fail(f"installs {packages}"))
    with pytest.raises(LabError, match="mmdebstrap"):
        machine.require(machine.FOR_ROOT_FILE_SYSTEMS)


def test_lists_are_renewed_when_a_package_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def run(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        steps.append("update" if "update" in command else "install")
        return subprocess.CompletedProcess(command, 0 if "update" in steps else 100, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    machine.install(["podman"])
    assert steps == ["install", "update", "install"]


def test_tests_are_left_out_or_fail_as_guests_are_welcome_or_asked_for(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"Linux guests need what this machine lacks: .*apt-get install"):
        needs.linux_guests()
    monkeypatch.setenv("HVIS_GUESTS", "all")
    (bare / "os-release").unlink()
    with pytest.raises(pytest.fail.Exception, match="mmdebstrap"):
        needs.linux_guests()
