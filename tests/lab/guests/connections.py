# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible collections whose connection plugins reach the guests: out of the `ansible` bundle, for tests only."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from workspace import COLLECTIONS

from . import machine
from .root_file_systems import directory, locked

BUNDLE = "14.5.0"
SHA256 = "245623ccc2d31d0f6f4bdb63168d550cad305fb032cc43d96e8f61ce8ab0ba84"
WANTED = ("ansible_collections/community/docker/", "ansible_collections/containers/podman/")


def environment() -> dict[str, str]:
    """Return the variables with which Ansible reaches guests by this collection and those plugins.  Raises LabError."""
    return {
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(COLLECTIONS), str(collections())]),
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), machine.PATH]),
    }


def collections() -> Path:
    """Return a folder for ANSIBLE_COLLECTIONS_PATH, made when it is not there yet.  Raises LabError."""
    made = directory() / f"collections-{BUNDLE}"
    if made.is_dir():
        return made
    with locked("collections"):
        if not made.is_dir():
            extract(download(), made)
    return made


def download() -> Path:
    """Return the bundle's wheel from the package index, its checksum verified by pip.  Raises LabError."""
    machine.tell(f"downloading ansible {BUNDLE} (once, 51 MB) for its connection plugins")
    folder = directory() / "downloads"
    folder.mkdir(exist_ok=True)
    wanted = folder / "bundle.txt"
    wanted.write_text(f"ansible=={BUNDLE} --hash=sha256:{SHA256}\n", encoding="utf-8")
    # Nothing of it is installed, so that it may want another Python than this one.
    options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "-q", "download", *options, "-d", str(folder), "-r", str(wanted)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise machine.LabError(f"Downloading ansible {BUNDLE} failed:\n{done.stderr[-2000:]}")
    (wheel,) = folder.glob(f"ansible-{BUNDLE}-*.whl")
    return wheel


def extract(wheel: Path, target: Path) -> None:
    """Put the wanted collections into a folder, whole or not at all, and remove the wheel."""
    new = target.with_suffix(".new")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(new, [name for name in archive.namelist() if name.startswith(WANTED)])
    new.rename(target)
    wheel.unlink()
