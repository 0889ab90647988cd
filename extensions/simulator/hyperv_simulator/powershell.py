# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a PowerShell that really runs, or fetch the official one into the cache directory.

Standard library only: set-up asks before anything else is installed.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from .paths import cache_dir

MINIMUM = (7, 4)
RELEASE = "7.6.0"
RELEASE_URL = f"https://github.com/PowerShell/PowerShell/releases/download/v{RELEASE}"
# Source: hashes.sha256 of the release.
SHA256 = {
    "linux-x64": "04517472cf57d7f9cbd93897da9bed467c73ca6063c29d7655ebc20aa1d6023f",
    "linux-arm64": "dddf7564fb3b52dc26be5580fc5b4e08eb3fa65b094488aae6d4b3cad5fea460",
    "osx-x64": "7c6279cfead06324451a10ff741883086c9a00f024baea924bb9d3c106fe0c82",
    "osx-arm64": "bb52db90e964ee0b91e93f559b350878c6b27c12fd51830d8eca1793712b9639",
}
CHECKOUT = Path(__file__).resolve().parents[3]
# Beside the checkout.  `pwsh` is a link into `runtime`; where links are checked out as text, only the latter runs.
NEIGHBOURS = ("../shared/powershell/pwsh", "../shared/powershell/runtime/pwsh")

# They name the directories below which PowerShell creates its own at each start; without them it takes ~/.cache and
# ~/.local/share (observed with 7.6).
HOME_VARIABLES = ("XDG_CACHE_HOME", "XDG_DATA_HOME")

INSTALL = f"""\
To install PowerShell {MINIMUM[0]}.{MINIMUM[1]} or newer:
  Debian, Ubuntu   https://learn.microsoft.com/powershell/scripting/install/linux-overview
                   or: sudo snap install powershell --classic
  macOS            brew install powershell
  anywhere         unpack {RELEASE_URL}/powershell-{RELEASE}-<platform>.tar.gz
                   and set HVIS_PWSH=/path/to/pwsh
It needs ICU: sudo apt-get install libicu72 (Debian 12), libicu74 (Ubuntu 24.04)."""


class PowerShellNotFound(Exception):
    """No usable PowerShell; the message says what was tried and how to install one."""


class Unusable(Exception):
    """One candidate does not do; the message says why."""


@dataclass(frozen=True)
class Download:
    """Where the official archive comes from, and how long it may take.  Tests point it at a server of their own."""

    base_url: str = RELEASE_URL
    sha256: Mapping[str, str] = field(default_factory=lambda: SHA256)
    silence: float = 20  # seconds without a byte
    total: float = 600  # seconds for all of it


def find_powershell(
    *,
    environ: Mapping[str, str] | None = None,
    checkout: Path = CHECKOUT,
    cache: Path | None = None,
    download: Download | None = Download(),
    tell: Callable[[str], None] = lambda line: None,
) -> str:
    """Return the path of the first PowerShell that works.

    In this order: HVIS_PWSH (of `environ`, by default this process's), `pwsh` on PATH, the neighbour of the checkout,
    the official archive in the cache directory (fetched when it is not there, unless `download` is None).
    `tell` receives a line when a download begins.

    Raises PowerShellNotFound when none works, and when HVIS_PWSH is set but does not work: what somebody chose
    is not silently replaced.
    """
    environ = os.environ if environ is None else environ
    tried: list[str] = []
    chosen = environ.get("HVIS_PWSH")
    if chosen:
        try:
            require_usable(chosen)
        except Unusable as exc:
            way_out = "Correct it, or unset it to have PowerShell looked for."
            raise PowerShellNotFound(f"HVIS_PWSH={chosen} {exc}. {way_out}\n{INSTALL}") from exc
        return chosen
    tried.append("HVIS_PWSH: not set")

    on_path = shutil.which("pwsh", path=environ.get("PATH", os.defpath))
    candidates = [("pwsh on PATH", on_path)]
    candidates += [(f"{path} beside the checkout", str((checkout / path).resolve())) for path in NEIGHBOURS]
    for label, candidate in candidates:
        if candidate is None or not Path(candidate).exists():
            tried.append(f"{label}: not there")
            continue
        try:
            require_usable(candidate)
        except Unusable as exc:
            tried.append(f"{label}: {candidate}: {exc}")
        else:
            return candidate

    try:
        return cached_release(cache or cache_dir(), download, tell)
    except Unusable as exc:
        tried.append(str(exc))
    lines = "\n".join(f"  * {line}" for line in tried)
    raise PowerShellNotFound(f"No PowerShell {MINIMUM[0]}.{MINIMUM[1]} or newer. Tried:\n{lines}\n{INSTALL}")


def require_usable(pwsh: str) -> None:
    """Run `pwsh` for its version.  Raises Unusable when it does not run or is too old."""
    command = [pwsh, "-NoLogo", "-NoProfile", "-NonInteractive", "-Command", "$PSVersionTable.PSVersion.ToString()"]
    try:
        with tempfile.TemporaryDirectory(prefix="hvis-pwsh-") as scratch:
            env = {**os.environ, **dict.fromkeys(HOME_VARIABLES, scratch)}
            answer = subprocess.run(
                command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
            )
    except OSError as exc:
        raise Unusable(f"cannot be run ({exc.strerror or exc})") from exc
    except subprocess.TimeoutExpired as exc:
        raise Unusable("gives no answer within 60 seconds") from exc
    version = re.match(r"(\d+)\.(\d+)", answer.stdout.strip())
    if answer.returncode != 0 or not version:
        said = (answer.stderr.strip() or answer.stdout.strip() or "nothing").splitlines()[0]
        raise Unusable(f"does not run (exit status {answer.returncode}, it says: {said[:200]})")
    if (int(version[1]), int(version[2])) < MINIMUM:
        raise Unusable(f"is version {answer.stdout.strip()}, {MINIMUM[0]}.{MINIMUM[1]} or newer is needed")


def cached_release(cache: Path, download: Download | None, tell: Callable[[str], None]) -> str:
    """Return `pwsh` of the official release in the cache directory, fetched and verified when it is not there yet.

    Raises Unusable; nothing half-written is left then.
    """
    name = this_platform()
    home = cache / f"powershell-{RELEASE}-{name}"
    pwsh = home / "pwsh"
    if pwsh.exists():
        require_usable(str(pwsh))
        return str(pwsh)
    if download is None:
        raise Unusable(f"{home}: not there, and no download was asked for")
    url = f"{download.base_url}/powershell-{RELEASE}-{name}.tar.gz"
    tell(f"fetching PowerShell {RELEASE} from {url}")
    made_cache = not cache.exists()
    cache.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".powershell-", dir=cache) as scratch:
            archive, unpacked = Path(scratch, "archive"), Path(scratch, "unpacked")
            try:
                fetch(url, archive, download.sha256[name], download)
                with tarfile.open(archive) as tar:
                    tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Debian 12's Python has none yet
                    tar.extractall(unpacked)
                (unpacked / "pwsh").chmod(0o755)  # the archive has it without the x bits
            except (OSError, http.client.HTTPException, tarfile.TarError, Unusable) as exc:
                raise Unusable(f"{url}: {getattr(exc, 'reason', exc)}") from exc
            try:
                require_usable(str(unpacked / "pwsh"))
            except Unusable as exc:
                raise Unusable(f"{url}: fetched, but it {exc}") from exc
            unpacked.rename(home)
    except BaseException:
        if made_cache:
            cache.rmdir()
        raise
    return str(pwsh)


def this_platform() -> str:
    """Return the release's name of this machine, such as `linux-x64`.  Raises Unusable where there is no archive."""
    system = {"Linux": "linux", "Darwin": "osx"}.get(platform.system())
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower())
    name = f"{system}-{machine}"
    if name not in SHA256:
        raise Unusable(f"PowerShell {RELEASE}: no archive is known for {platform.system()} on {platform.machine()}")
    return name


def fetch(url: str, target: Path, sha256: str, limits: Download) -> None:
    """Write what `url` holds to `target`.

    Raises OSError or Unusable when it stalls, ends early or has another checksum.
    """
    deadline = time.monotonic() + limits.total
    with urllib.request.urlopen(url, timeout=limits.silence) as answer, target.open("wb") as out:
        digest = copy_until(deadline, answer, out)
        expected = answer.headers.get("Content-Length")
    if expected is not None and target.stat().st_size != int(expected):
        raise Unusable(f"ended after {target.stat().st_size} of {expected} bytes")
    if digest != sha256:
        raise Unusable(f"has SHA-256 {digest} instead of {sha256}")


def copy_until(deadline: float, source: http.client.HTTPResponse, target: BinaryIO) -> str:
    """Copy and return the SHA-256.  Raises Unusable when the monotonic clock passes `deadline`."""
    digest = hashlib.sha256()
    while chunk := source.read1(1 << 18):  # what has come, so that a trickle meets the deadline too
        if time.monotonic() > deadline:
            raise Unusable("took longer than its time limit")
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()
