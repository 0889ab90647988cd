# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Downloads packages of Debian and Ubuntu with apt, into a directory of its own: nothing is installed, nobody is root.

apt checks the signature of each archive, and by the hashes in what is signed every package.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from hyperv_simulator.paths import cache_dir

from .packages import read_package


class ArchiveError(RuntimeError):
    """An archive cannot be asked; the text says which and how to do without."""


class Suites(NamedTuple):
    """Where the packages of a recorded release are. distribution: debian or ubuntu. architecture: in words of dpkg."""

    distribution: str
    names: tuple[str, ...]
    architecture: str = "amd64"


def _ubuntu(name: str) -> Suites:
    return Suites("ubuntu", (name, f"{name}-updates", f"{name}-security"))


# By the name of the recorded release.
SUITES = {
    "debian-11": Suites("debian", ("bullseye",)),
    "debian-12": Suites("debian", ("bookworm",)),
    "debian-13": Suites("debian", ("trixie",)),
    "debian-sid": Suites("debian", ("sid",)),
    "debian-sid-arm64": Suites("debian", ("sid",), "arm64"),
    "ubuntu-20.04": _ubuntu("focal"),
    "ubuntu-22.04-azure": _ubuntu("jammy"),
    "ubuntu-22.04-hwe": _ubuntu("jammy"),
    "ubuntu-24.04": _ubuntu("noble"),
    "ubuntu-24.04-hwe": _ubuntu("noble"),
    "ubuntu-26.04": _ubuntu("resolute"),
}
KEYRINGS = Path("/usr/share/keyrings")


class Archive:
    """The packages of one release. Each object asks once whether the archive has a newer index; see `archive`."""

    def __init__(self, suites: Suites) -> None:
        self._suites = suites
        self._home = cache_dir() / "guest-facts" / "-".join([suites.names[-1], suites.architecture])

    def download(self, names: Iterable[str]) -> dict[str, Path]:
        """Download packages; those that the archive does not have are left out.  Raises ArchiveError."""
        wanted = sorted(set(names) & self.names)
        downloads = self._home / "packages"
        downloads.mkdir(exist_ok=True)
        uris = self._apt("apt-get", "download", "--print-uris", *wanted) if wanted else ""
        files = dict(re.findall(r"/([^/'_]+)_[^/']*' (\S+\.deb)", uris))
        if missing := [name for name in files if not (downloads / files[name]).exists()]:
            self._apt("apt-get", "download", *missing, cwd=downloads)
        return {name: downloads / file for name, file in files.items()}

    @cached_property
    def names(self) -> set[str]:
        """The names of all packages."""
        self._update()
        return set(self._apt("apt-cache", "pkgnames").split())

    def kernels(self) -> dict[str, list[str]]:
        """Names of metapackages without what they begin with: of kernels (images) and of their tools (tools); and the
        flavours of which there are tools for single kernels."""
        one = re.compile(r"linux-cloud-tools-\d+\.\d+\.\d+-\d+-(\S+)")
        metas = [name for name in sorted(self.names) if not re.match(r"linux-[a-z-]+-\d+\.\d+\.\d+-\d+", name)]
        return {
            "images": [name[12:] for name in metas if name.startswith("linux-image-")],
            "tools": [name[18:] for name in metas if name.startswith("linux-cloud-tools-")],
            "flavours": sorted({found[1] for found in map(one.fullmatch, self.names) if found}),
        }

    def _update(self) -> None:
        for folder in ("lists/partial", "archives/partial"):
            (self._home / folder).mkdir(parents=True, exist_ok=True)
        (self._home / "status").touch()
        uri, key = mirror(self._suites.distribution), keyring(self._suites.distribution)
        lines = [f"deb [signed-by={key}] {uri} {name} main\n" for name in self._suites.names]
        (self._home / "sources.list").write_text("".join(lines), encoding="utf-8")
        self._apt("apt-get", "update")

    def _apt(self, program: str, *words: str, cwd: Path | None = None) -> str:
        home = self._home
        options = {
            "Dir::State": home,
            "Dir::State::status": home / "status",
            "Dir::Cache": home,
            "Dir::Etc": home,
            "Dir::Etc::sourcelist": home / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "APT::Architecture": self._suites.architecture,
            "APT::Architectures": self._suites.architecture,
            "APT::Cmd::Pattern-Only": "true",
            "APT::Sandbox::User": "",
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
            "Acquire::Check-Valid-Until": "false",  # archived releases are signed for the past
        }
        command = [program, "-qq", *(f"--option={name}={value}" for name, value in options.items()), *words]
        try:
            done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise ArchiveError(f"{program} is not here: read packages with --package instead") from None
        if done.returncode != 0:
            names = " ".join(self._suites.names)
            raise ArchiveError(f"{program} {words[0]} for {names} failed:\n{done.stderr.strip()}")
        return done.stdout


@cache
def archive(suites: Suites) -> Archive:
    """The archive of a release, the same object for all who ask."""
    return Archive(suites)


def mirror(distribution: str) -> str:
    """The address of an archive: HVIS_DEBIAN_MIRROR or HVIS_UBUNTU_MIRROR, else what apt uses on this machine."""
    variable = f"HVIS_{distribution.upper()}_MIRROR"
    if os.environ.get(variable):
        return os.environ[variable]
    words = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"]
    listed = subprocess.run(words, capture_output=True, text=True, check=False).stdout.lower()
    for line in listed.splitlines():
        origin, _blank, uri = line.partition(" ")
        if origin == distribution and "security" not in uri:
            return uri
    raise ArchiveError(
        f"apt of this machine knows no archive of {distribution.capitalize()}: set {variable} to the address of one, "
        "or name the releases to look at"
    )


def keyring(distribution: str) -> Path:
    """The keys of an archive; those of Ubuntu from Debian's package where they are not installed."""
    installed = KEYRINGS / f"{distribution}-archive-keyring.gpg"
    if distribution == "debian" or installed.exists():
        return installed
    copy = cache_dir() / "guest-facts" / installed.name
    if not copy.exists():
        package = read_package(archive(SUITES["debian-13"]).download(["ubuntu-keyring"])["ubuntu-keyring"])
        copy.write_bytes(package.files[str(installed)])
    return copy
