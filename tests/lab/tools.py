# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the linters and ansible-test for tests; a tool that is not content fails the test with what it printed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import workspace
from hyperv_simulator.paths import cache_dir

# The collection as its users get it, in a place that ansible-test accepts.
INSTALLED = workspace.COLLECTIONS / workspace.COLLECTION_PATH
TOOLS = Path(sys.executable).parent
PYTHON = "{}.{}".format(*sys.version_info)
# The names under which ansible-test 2.19 and 2.20 to 2.22 look for the get-pip.py they use.
GET_PIP = ("get_pip_24_2.py", "get_pip_25_2.py")

# What pip says while ansible-test makes its environments.
NOISE = re.compile(r"(?: |$|Collecting|Downloading|Installing|Looking in|Processing|Running|Successfully|Using cached)")


def run_tool(*command: str | Path, cwd: Path = workspace.CHECKOUT, env: Mapping[str, str] | None = None) -> str:
    """Run a tool, by name from this environment, and return its output.  Fails the test when it ends with an error."""
    name, *arguments = map(str, command)
    path = [str(TOOLS), str(workspace.BUILD / "bin"), *real_pythons(), os.environ["PATH"]]
    variables = workspace.tool_environment() | {"PATH": os.pathsep.join(path)} | dict(env or {})
    done = subprocess.run(
        [shutil.which(name, path=variables["PATH"]) or name, *arguments],
        cwd=cwd,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join(line for line in done.stdout.splitlines() if not NOISE.match(line))
        pytest.fail(f"{shlex.join([name, *arguments])} ended with {done.returncode}:\n{said}", pytrace=False)
    return done.stdout


def real_pythons() -> list[str]:
    """Return the folders of pyenv's interpreters, to go before its shims, which may not run."""
    return [str(path) for path in sorted(Path.home().glob(".pyenv/versions/3.*/bin"), reverse=True)]


def ansible_test(command: str, *arguments: str) -> str:
    """Run ansible-test on the installed collection, with a home directory of its own in the cache."""
    home = cache_dir() / "ansible-test"
    seeds = home / ".ansible" / "test" / "cache"
    seeds.mkdir(parents=True, exist_ok=True)
    for name in GET_PIP:
        shutil.copyfile(workspace.LAB / "get_pip.py", seeds / name)
    env = {
        "HOME": str(home),
        # pip's settings stay the user's.
        "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", str(Path.home() / ".config")),
        # Without it ansible-test asks the surrounding git repository, where everything under .build is ignored.
        "ANSIBLE_TEST_CONTENT_ROOT": str(INSTALLED),
    }
    options = ["--venv", "--python", PYTHON, "--color", "no"]
    return run_tool("ansible-test", command, *options, *arguments, cwd=INSTALLED, env=env)
