# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolves requirements.in into a lock file that is exact on every supported Python found here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import groupby

import setup
from workspace import LAB, tool_environment

HEADER = "# requirements.in, resolved by `make lock` for Python {versions}.\n"


def interpreters() -> dict[str, str]:
    """Return an interpreter for each supported version that is installed, oldest first."""
    found = {setup.version_of(path): path for path in reversed(setup.candidates(dict(os.environ)))}
    return {"{}.{}".format(*version): found[version] for version in reversed(setup.SUPPORTED) if version in found}


def resolve(python: str) -> dict[str, str]:
    """Return what pip would install: version by package."""
    command = [python, "-m", "pip", "install", "-qq", "--dry-run", "--ignore-installed", "--report", "-"]
    report = subprocess.check_output([*command, "-r", str(LAB / "requirements.in")], env=tool_environment(), text=True)
    return {item["metadata"]["name"]: item["metadata"]["version"] for item in json.loads(report)["install"]}


def lines(resolved: dict[str, dict[str, str]]) -> list[str]:
    """Return the lines of a lock file; what is not the same on each Python gets a marker."""
    pythons = list(resolved)
    locked = []
    for package in sorted(set().union(*resolved.values()), key=str.lower):
        for version, group in groupby(pythons, key=lambda python: resolved[python].get(package, "")):
            same = list(group)
            bounds = [f'python_version >= "{same[0]}"'] if same[0] != pythons[0] else []
            bounds += [f'python_version <= "{same[-1]}"'] if same[-1] != pythons[-1] else []
            if version:
                locked.append("; ".join(filter(None, [f"{package}=={version}", " and ".join(bounds)])))
    return locked


def main() -> None:
    pythons = interpreters()
    if missing := {"{}.{}".format(*version) for version in setup.SUPPORTED} - set(pythons):
        print(f"Not installed here, so not resolved for: Python {', '.join(sorted(missing))}", file=sys.stderr)
    header = HEADER.format(versions=", ".join(pythons))
    locked = lines({version: resolve(python) for version, python in pythons.items()})
    (LAB / "requirements.lock").write_text(header + "\n".join(locked) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
