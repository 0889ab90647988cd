# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock file: every package that set-up installs is known by the hashes of its files."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import cores
import workspace
from workspace import LAB

LOCKED = (LAB / "requirements.lock").read_text(encoding="utf-8")
# A package with its version, perhaps a marker, then its hashes, each on a line of its own.
ENTRY = re.compile(r"[A-Za-z0-9._-]+==[^\s;]+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+")


def test_every_package_of_the_lock_file_has_hashes() -> None:
    comment, *entries = re.split(r"\n(?! )", LOCKED.strip())
    assert comment.startswith("# requirements.in, resolved by `make lock`")
    assert [entry for entry in entries if not ENTRY.fullmatch(entry)] == []
    assert len(entries) > 100


def test_every_requirement_is_locked_in_its_version() -> None:
    wanted = [line for line in (LAB / "requirements.in").read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    missing = [line for line in wanted if f"\n{line.partition(';')[0].strip().lower()}" not in LOCKED.lower()]
    assert missing == []


@pytest.mark.parametrize("series", cores.CORES)
def test_each_ansible_core_is_locked_in_its_version(series: str) -> None:
    found = cores.entries(cores.lock_of(series).read_text(encoding="utf-8"))
    assert [name for name, entry in found.items() if not ENTRY.fullmatch(entry.strip())] == []
    assert found["ansible-core"].startswith(f"ansible-core=={cores.CORES[series].version} ")
    assert set(found) <= set(cores.entries(LOCKED))


def test_lock_file_names_no_index() -> None:
    assert "://" not in LOCKED
    assert "index" not in LOCKED


def test_setup_refuses_a_package_whose_content_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command of set-up, with a package of the locked name and version that somebody has changed."""
    wheel = tmp_path / "changed-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("changed.py", "")
        file.writestr("changed-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: changed\nVersion: 1.0\n")
        file.writestr("changed-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("changed-1.0.dist-info/RECORD", "")
    lock = tmp_path / "requirements.lock"
    commands: list[list[str]] = []
    monkeypatch.setattr(workspace, "run", lambda command, *_: commands.append(command))
    lock.write_text(f"changed==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    workspace.install_packages(Path(sys.executable), lock)
    for line in (lock.read_text(encoding="utf-8"), "changed==1.0\n"):
        lock.write_text(line, encoding="utf-8")
        here = ["--no-index", "--find-links", str(tmp_path), "--dry-run"]
        done = subprocess.run([*commands[0], *here], capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "hash" in done.stderr.lower()
