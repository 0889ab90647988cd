# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where root file systems are kept, and what is read out of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from guests import LabError, daemon, machine, root_file_system
from guests import root_file_systems as module

STATUS = """Package: adduser
Version: 3.134

Package: hyperv-daemons
Status: install ok installed
Version: 6.1.176-1
Description: Support daemons
 Version: not this one
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HVIS_CACHE", str(tmp_path))
    monkeypatch.delenv("HVIS_DEBIAN_MIRROR", raising=False)
    monkeypatch.setattr(machine, "require", lambda commands: None)
    return tmp_path / "guests"


def fake_mmdebstrap(monkeypatch: pytest.MonkeyPatch, code: int = 0) -> list[list[str]]:
    commands: list[list[str]] = []

    def run(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        new = Path(next(word for word in command if word.endswith(".new")))
        (new / "var/lib/dpkg").mkdir(parents=True)
        (new / "var/lib/dpkg/status").write_text(STATUS, encoding="utf-8")
        (new / "usr/sbin").mkdir(parents=True)
        (new / "usr/sbin/hv_kvp_daemon").touch()
        return subprocess.CompletedProcess(command, code, "", "E: no such package")

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_one_is_made_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = fake_mmdebstrap(monkeypatch)
    first = root_file_system("bookworm")
    assert first == root_file_system("bookworm")
    assert first.parent == cache
    assert len(commands) == 1
    assert not list(cache.glob("*.new"))


def test_another_mirror_or_recipe_makes_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = fake_mmdebstrap(monkeypatch)
    keys = {module.key("bookworm"), module.key("sid")}
    monkeypatch.setenv("HVIS_DEBIAN_MIRROR", "http://localhost/debian")
    keys.add(module.key("bookworm"))
    root_file_system("bookworm")
    assert commands[0][-1] == "http://localhost/debian"
    monkeypatch.setattr(module, "OPTIONS", (*module.OPTIONS, "--include=chrony"))
    keys.add(module.key("bookworm"))
    assert len(keys) == 4


def test_one_that_fails_leaves_nothing_and_says_why(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_mmdebstrap(monkeypatch, code=25)
    with pytest.raises(LabError, match=r"(?s)mmdebstrap trixie failed:.*no such package"):
        root_file_system("trixie")
    assert not list(cache.glob("trixie*"))


def test_what_a_release_does_not_ship_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_mmdebstrap(monkeypatch)
    assert daemon("trixie").name == "hv_kvp_daemon"
    with pytest.raises(LabError, match="trixie ships no fcopy daemon"):
        daemon("trixie", "fcopy")
    with pytest.raises(LabError, match="suite 'buster' is none of bullseye"):
        root_file_system("buster")


def test_a_packages_version_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS, encoding="utf-8")
    assert module.package_version(tmp_path, "hyperv-daemons") == "6.1.176-1"
    with pytest.raises(LabError, match="chrony is not installed"):
        module.package_version(tmp_path, "chrony")
