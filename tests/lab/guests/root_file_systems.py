# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian root file systems with the real hyperv-daemons, made by mmdebstrap once and kept in the cache directory."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hyperv_simulator.paths import cache_dir

from . import machine

SUITES = ("bullseye", "bookworm", "trixie", "sid")
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "udev", "kmod", "procps", "iproute2", "e2fsprogs"),
    *("python3", "python3-apt", "ca-certificates", "hyperv-daemons"),
)
# Kept in the guest's apt cache, so that a role can install them without a network.
AT_HAND = ("hyperv-daemons", "chrony", "systemd-timesyncd")
# Releases come from the main archive alone: it changes with point releases only, while the security archive drops the
# files of old ones (bullseye's hyperv-daemons 5.10.262 are listed there, and gone; seen in 2026).
MAIN_ARCHIVE_ONLY = (
    r'for list in "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*; do '
    r'[ ! -f "$list" ] || sed -i -E "/^deb .*-(security|updates) /d" "$list"; done'
)
# One after the other: those that exclude each other could not be installed at once.
KEEP_AT_HAND = (
    f'rm -f "$1"/var/cache/apt/archives/*.deb; for package in {" ".join(AT_HAND)}; do '
    'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -qq --yes --download-only --reinstall --no-install-recommends '
    'install "$package" || exit; done'
)
# What mmdebstrap copies from this machine, and a guest without a network does better without.
FORGET_THE_MACHINE = 'rm -f "$1"/etc/hostname; : >"$1"/etc/resolv.conf'
OPTIONS = (
    "--variant=minbase",
    "--skip=cleanup/apt/lists,cleanup/apt/cache",
    f"--setup-hook={MAIN_ARCHIVE_ONLY}",
    f"--customize-hook={KEEP_AT_HAND}",
    f"--customize-hook={FORGET_THE_MACHINE}",
    # The lists of sid are valid for a week only, those of a frozen mirror or an archived release no longer.
    '--aptopt=Acquire::Check-Valid-Until "false"',
)
DAEMONS = {  # by what they are called in `daemon`
    "kvp": ("hv_kvp_daemon",),
    "vss": ("hv_vss_daemon",),
    "fcopy": ("hv_fcopy_daemon", "hv_fcopy_uio_daemon"),
}


def directory() -> Path:
    """Return where guests are kept."""
    return cache_dir() / "guests"


def chosen_suites() -> list[str]:
    """Return the Debian releases to test: bookworm, or those that HVIS_GUESTS names (`all` for all)."""
    named = os.environ.get("HVIS_GUESTS") or "bookworm"
    chosen = list(SUITES) if named == "all" else named.replace(",", " ").split()
    assert set(chosen) <= set(SUITES), f"HVIS_GUESTS={named} names others than {', '.join(SUITES)}"
    return chosen


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Keep others who make the same thing waiting."""
    directory().mkdir(parents=True, exist_ok=True)
    with open(directory() / f".{name}.lock", "w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def key(suite: str, packages: tuple[str, ...] = PACKAGES) -> str:
    """Return what a change of the recipe changes."""
    recipe = [suite, os.environ.get("HVIS_DEBIAN_MIRROR", ""), *OPTIONS, *packages]
    return hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:12]


def root_file_system(suite: str, packages: tuple[str, ...] = PACKAGES) -> Path:
    """Return the root file system of a Debian release with these packages, made when it is not there yet.

    It is never written to: guests have an overlay of their own.  HVIS_DEBIAN_MIRROR names another package source.
    Raises LabError.
    """
    if suite not in SUITES:
        raise machine.LabError(f"suite {suite!r} is none of {', '.join(SUITES)}")
    root = directory() / f"{suite}-{key(suite, packages)}"
    if root.is_dir():
        return root
    machine.require(machine.FOR_ROOT_FILE_SYSTEMS)
    with locked(suite):
        if not root.is_dir():
            make(suite, root, packages)
    return root


def make(suite: str, root: Path, packages: tuple[str, ...]) -> None:
    """Make a root file system under another name and rename it when it is complete."""
    machine.tell(f"making {root} with mmdebstrap (once, about half a minute)")
    new = root.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        mmdebstrap(suite, new, *OPTIONS, f"--include={','.join(packages)}")
    except machine.LabError:
        shutil.rmtree(new, ignore_errors=True)
        raise
    new.rename(root)
    if "hyperv-daemons" in packages:
        machine.tell(f"{suite}: hyperv-daemons {package_version(root, 'hyperv-daemons')}")


def mmdebstrap(suite: str, target: Path, *options: str) -> None:
    """Run mmdebstrap for a Debian release.  Raises LabError."""
    mirror = os.environ.get("HVIS_DEBIAN_MIRROR")
    command = [*machine.isolated(), "mmdebstrap", "--mode=root", *options, suite, str(target)]
    command += [mirror] if mirror else []
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise machine.LabError(f"mmdebstrap {suite} failed:\n{done.stderr[-3000:]}")


def package_version(root: Path, package: str) -> str:
    """Return the version of an installed package of a root file system."""
    status = (root / "var/lib/dpkg/status").read_text(encoding="utf-8")
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Package") == package:
            return fields["Version"]
    raise machine.LabError(f"{package} is not installed in {root}")


def daemon(suite: str, name: str = "kvp") -> Path:
    """Return the real daemon (kvp, vss or fcopy) of a Debian release.  Raises LabError where the release has none."""
    folder = root_file_system(suite) / "usr" / "sbin"
    for candidate in DAEMONS[name]:
        if (folder / candidate).exists():
            return folder / candidate
    raise machine.LabError(f"{suite} ships no {name} daemon")
