# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Python with any ansible-core that the collection supports, in an environment of its own: cores.py 2.16 ...

The environment is that of requirements.lock, with what cores/<series>.lock has instead. It lies in the cache.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

import setup
from workspace import LAB, SetupError, make_environment, tool_environment


class Core(NamedTuple):
    """A release, the Pythons of the project on which it runs, the best one first, and what it needs besides."""

    version: str
    pythons: tuple[str, ...]
    others: tuple[str, ...] = ()


_OLD_RESOLVER = ("resolvelib<1.1",)
# Pythons: from requires-python and the classifiers of each release. 2.16 comes with 3.11 in Red Hat's images.
CORES = {
    "2.16": Core("2.16.19", ("3.11", "3.12"), _OLD_RESOLVER),
    "2.17": Core("2.17.14", ("3.12", "3.11"), _OLD_RESOLVER),
    "2.18": Core("2.18.19", ("3.12", "3.13", "3.11"), _OLD_RESOLVER),
    "2.19": Core("2.19.14", ("3.13", "3.12", "3.11")),
    "2.20": Core("2.20.10", ("3.13", "3.14", "3.12")),
    "2.21": Core("2.21.5", ("3.13", "3.14", "3.12")),
    "2.22": Core("2.22.0rc1", ("3.13", "3.14")),
}
OLDEST, NEWEST = next(iter(CORES)), list(CORES)[-1]
# Of the packages in requirements.lock only linters and browser tests need these, the largest.
_UNUSED = ("ansible-lint", "axe-playwright-python", "black", "galaxy-importer", "mypy", "playwright", "ruff", "sphinx")
_ENTRY = re.compile(r"^[A-Za-z0-9._-]+(?===)", re.MULTILINE)


class NoPythonError(SetupError):
    """The machine has no Python on which this ansible-core runs."""


def lock_of(series: str) -> Path:
    return LAB / "cores" / f"{series}.lock"


def entries(text: str) -> dict[str, str]:
    """Return the entries of a lock file by package, those of one package together."""
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?! )", text.strip()):
        name = _ENTRY.match(entry)
        if name:
            found[name[0]] = found.get(name[0], "") + entry + "\n"
    return found


def python_for(series: str) -> str:
    """Return the path of the best Python for a series. Raises NoPythonError."""
    paths = setup.candidates(dict(os.environ))
    for wanted in CORES[series].pythons:
        named = [path for path in paths if os.path.basename(path) in (f"python{wanted}", "python3")]
        for path in named:
            if setup.version_of(path) == tuple(map(int, wanted.split("."))):
                return path
    raise NoPythonError(f"no Python {' or '.join(CORES[series].pythons)} for ansible-core {series}")


def environment(series: str) -> Path:
    """Return the virtual environment of a series, made when it is not there yet. Raises SetupError."""
    everything = entries((LAB / "requirements.lock").read_text(encoding="utf-8"))
    wanted = {**everything, **entries(lock_of(series).read_text(encoding="utf-8"))}
    lock = "".join(entry for name, entry in wanted.items() if name not in _UNUSED)
    return make_environment(python_for(series), f"core-{series}", lock)


def main() -> None:
    series = sys.argv[1] if len(sys.argv) > 1 else ""
    if series not in CORES:
        sys.exit(
            f"{series or 'Nothing'} is no series of ansible-core that is supported: name one of {', '.join(CORES)}"
        )
    try:
        home = environment(series)
    except SetupError as exc:
        sys.exit(f"\nSet-up stopped. {exc}")
    environ = {**tool_environment(), "HVIS_VENV": str(home)}
    environ["PATH"] = os.pathsep.join([str(home / "bin"), environ["PATH"]])
    os.execve(home / "bin" / "python", ["python", *sys.argv[2:]], environ)


if __name__ == "__main__":
    main()
