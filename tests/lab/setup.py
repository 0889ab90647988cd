# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First half of set-up: find the newest Python that really runs and go on with it in workspace.py.

Runs on whatever `python3` there is (3.8 or newer), standard library only.
"""

from __future__ import annotations

import glob
import os
import subprocess
import sys

# Newer ones are left alone until the lock file has been tried with them.
SUPPORTED = [(3, 14), (3, 13), (3, 12), (3, 11)]
HERE = os.path.dirname(os.path.abspath(__file__))
PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"


def candidates(environ: dict[str, str]) -> list[str]:
    """Return the paths of interpreters worth a try, those that promise the newest version first."""
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    # A pyenv shim on PATH may not run although the version it is named after is installed.
    roots = [environ.get("PYENV_ROOT", ""), os.path.expanduser("~/.pyenv")]
    roots += [os.path.dirname(folder) for folder in folders if os.path.basename(folder) == "shims"]
    found = []
    for version in ["%d.%d" % pair for pair in SUPPORTED]:
        for root in filter(None, roots):
            found += sorted(glob.glob(os.path.join(root, "versions", version + ".*", "bin", "python" + version)))[::-1]
        found += [os.path.join(folder, "python" + version) for folder in folders]
    found += [os.path.join(folder, "python3") for folder in folders] + [sys.executable]
    return [path for path in dict.fromkeys(found) if os.access(path, os.X_OK)]


def version_of(python: str) -> tuple[int, int] | None:
    """Return the version of an interpreter that runs and can make virtual environments, else None."""
    try:
        answer = subprocess.check_output([python, "-c", PROBE], stderr=subprocess.DEVNULL, timeout=30)
        major, minor = answer.decode().strip().split(".")
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return int(major), int(minor)


def find_python(environ: dict[str, str]) -> str:
    """Return the newest supported interpreter.  Exits with what to install when there is none."""
    chosen = environ.get("HVIS_PYTHON")
    if chosen:
        if version_of(chosen) not in SUPPORTED:
            sys.exit(
                "HVIS_PYTHON=%s is not a Python 3.11 to 3.14 that runs and has the venv module. "
                "Correct it, or unset it to have the newest one looked for." % chosen
            )
        return chosen
    for path in candidates(environ):
        if version_of(path) in SUPPORTED:
            return path
    sys.exit(
        "No Python 3.11 to 3.14 with the venv module was found on PATH or under ~/.pyenv/versions.\n"
        "  Debian, Ubuntu   sudo apt-get install python3 python3-venv\n"
        "  elsewhere        install one, or set HVIS_PYTHON=/path/to/python3"
    )


if __name__ == "__main__":
    if sys.version_info < (3, 8):
        sys.exit("python3 is %d.%d; set-up needs 3.8 to start: sudo apt-get install python3" % sys.version_info[:2])
    python = find_python(dict(os.environ))
    os.execv(python, [python, os.path.join(HERE, "workspace.py")] + sys.argv[1:])
