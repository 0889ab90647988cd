# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel modules of vm/kernel, built once for each kernel with Debian's headers and compiler for it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from . import machine
from .root_file_systems import MAIN_ARCHIVE_ONLY, directory, locked, mmdebstrap

SOURCES = Path(__file__).parent / "vm" / "kernel"
MODULES = ("hv_vmbus.ko", "hv_utils.ko")


def digest(*sources: Path) -> str:
    """Return what a change of one of the files, or of a file in one of the folders, changes."""
    found = hashlib.sha256()
    for path in sorted(path for source in sources for path in (source, *source.rglob("*")) if path.is_file()):
        if path.suffix != ".pyc":
            found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def kernel_version(root: Path) -> str:
    """Return the version of the one kernel of a root file system."""
    (modules,) = (root / "lib" / "modules").iterdir()
    return modules.name


def kernel_modules(suite: str, version: str) -> Path:
    """Return a folder with the modules for a kernel of a Debian release.  Raises LabError."""
    made = directory() / f"modules-{version}-{digest(SOURCES)}"
    with locked(f"modules-{version}"):
        if not made.is_dir():
            build(suite, version, made)
    return made


def build(suite: str, version: str, made: Path) -> None:
    """Build in a root file system with headers and compiler that is thrown away."""
    machine.tell(f"building the kernel modules for {version} (once, about a minute)")
    new = made.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    source = "/usr/src/lab"
    mmdebstrap(
        suite,
        Path("/dev/null"),
        "--variant=minbase",
        f"--include=make,linux-headers-{version}",
        f"--setup-hook={MAIN_ARCHIVE_ONLY}",
        '--aptopt=Acquire::Check-Valid-Until "false"',
        f'--customize-hook=mkdir "$1{source}"',
        f"--customize-hook=sync-in {SOURCES} {source}",
        f'--customize-hook=chroot "$1" make -s -C /usr/src/linux-headers-{version} M={source} modules',
        f"--customize-hook=copy-out {' '.join(f'{source}/{name}' for name in MODULES)} {new}",
    )
    new.rename(made)
