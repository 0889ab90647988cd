# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolves requirements.in into a lock file for all supported Pythons, with the hashes of all files of each package.

Then each ansible-core of cores.py, with what it needs in another version, into a lock file of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import cores
import setup
from workspace import BUILD, LAB, tool_environment

# Unlike pip, it finds the hashes of files for other machines. Only `make lock` needs it, so requirements.in has it not.
UV = "uv==0.13.9"
HEADER = "# requirements.in, resolved by `make lock` for Python {oldest} to {newest}.\n"


def resolver() -> Path:
    """Return uv, installed into `.build` when it is not there yet."""
    home = BUILD / UV.replace("==", "-")
    if not (home / "bin" / "uv").exists():
        command = [sys.executable, "-m", "pip", "install", "-qq", "--target", str(home), UV]
        subprocess.run(command, env=tool_environment(), check=True)
    return home / "bin" / "uv"


def resolve(requirements: Path, oldest: str, *options: str) -> str:
    """Return the lines of a lock file: versions, markers and hashes, and no name of an index. options: of uv."""
    with tempfile.TemporaryDirectory() as directory:
        locked = Path(directory) / "requirements.lock"
        command = [str(resolver()), "pip", "compile", "-q", "--universal", "--python-version", oldest]
        command += [
            "--generate-hashes",
            "--no-annotate",
            "--no-header",
            "--no-emit-index-url",
            "--system-certs",
            *options,
        ]
        subprocess.run([*command, "-o", str(locked), str(requirements)], env=tool_environment(), check=True)
        return locked.read_text(encoding="utf-8")


def main() -> None:
    oldest, newest = ("{}.{}".format(*version) for version in (setup.SUPPORTED[-1], setup.SUPPORTED[0]))
    locked = resolve(LAB / "requirements.in", oldest)
    (LAB / "requirements.lock").write_text(HEADER.format(oldest=oldest, newest=newest) + locked, encoding="utf-8")
    for series in cores.CORES:
        lock_core(series)


def lock_core(series: str) -> None:
    core = cores.CORES[series]
    with tempfile.TemporaryDirectory() as directory:
        requirements = Path(directory) / "core.in"
        requirements.write_text("\n".join([f"ansible-core=={core.version}", *core.others]), encoding="utf-8")
        locked = resolve(requirements, min(core.pythons), "--no-deps")
    cores.lock_of(series).parent.mkdir(exist_ok=True)
    cores.lock_of(series).write_text(f"# cores.py, resolved by `make lock`.\n{locked}", encoding="utf-8")


if __name__ == "__main__":
    main()
