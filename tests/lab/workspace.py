# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second half of set-up: Python environments, PowerShell, and the built collection.

Started by setup.py with the interpreter it chose; standard library only.  Writes nothing outside the checkout
(`.build`) and the cache directory, and leaves what it found in `.build/env` for the Makefile and the tests.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = CHECKOUT / ".build"
LAB = CHECKOUT / "tests" / "lab"
sys.path.insert(0, str(CHECKOUT / "extensions" / "simulator"))

from hyperv_simulator.paths import cache_dir  # noqa: E402
from hyperv_simulator.powershell import HOME_VARIABLES, PowerShellNotFound, find_powershell  # noqa: E402

# Where an installed collection and a `import ansible_collections...` from the checkout are found.
COLLECTIONS = BUILD / "collections"
IMPORTS = BUILD / "import"
COLLECTION_PATH = Path("ansible_collections", "hyperv", "integration")
# The version of an interpreter, and where it really is.
_IDENTITY = """import os, sys
print("{}.{}.{}".format(*sys.version_info))
print(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))"""
# What the caller may have set and an environment must not see.
UNWANTED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


class SetupError(Exception):
    """Set-up cannot go on; the message says why and what helps."""


def tell(step: str, what: str) -> None:
    """Print one step of set-up."""
    print(f"{step:<12} {what}", flush=True)


def fixed_variables() -> dict[str, str]:
    """Return the variables that send what tools would write into the home directory to the cache or `.build`."""
    return {
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_HOME": str(BUILD / "ansible"),
        "HVIS_CACHE": str(cache_dir()),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(BUILD / "hypothesis"),
        "PIP_CACHE_DIR": str(cache_dir() / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **dict.fromkeys(HOME_VARIABLES, str(cache_dir())),
    }


def tool_environment() -> dict[str, str]:
    """Return the environment for tools: the caller's, without what would lead Python astray, with `fixed_variables`."""
    return {name: value for name, value in os.environ.items() if name not in UNWANTED} | fixed_variables()


def run(command: list[str], why: str, help_text: str = "") -> None:
    """Run quietly.  Raises SetupError with the command's last lines when it fails."""
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=tool_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join("  " + line for line in done.stdout.strip().splitlines()[-15:])
        raise SetupError(f"{why} failed: {shlex.join(command)}\n{said}\n{help_text}".rstrip())


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Keep a second set-up with the same cache directory waiting."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    with open(cache_dir() / f".{name}.lock", "w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def environment() -> Path:
    """Return the virtual environment of tests/lab/requirements.lock, checked.  Raises SetupError."""
    lock = (LAB / "requirements.lock").read_text(encoding="utf-8")
    home = make_environment(sys.executable, "requirements", lock)
    checked = home / ".checked"
    if not checked.exists():
        run([str(home / "bin" / "python"), "-m", "pip", "check"], "Checking tests/lab/requirements.lock")
        checked.touch()
    return home


def make_environment(interpreter: str, name: str, lock: str) -> Path:
    """Return the virtual environment of this text of a lock file, made when it is not there yet.

    It lives in the cache directory, keyed by the lock file and the interpreter.  Raises SetupError.
    """
    version, base = subprocess.check_output([interpreter, "-c", _IDENTITY], text=True).splitlines()
    key = hashlib.sha256("\0".join([lock, version, base]).encode()).hexdigest()[:12]
    home = cache_dir() / "environments" / f"{name}-{version}-{key}"
    complete, python = home / ".complete", home / "bin" / "python"
    with exclusive("environments"):
        if complete.exists() and runs(python):
            tell("environment", f"{home} is ready")
            return home
        tell("environment", f"making {home} (once, about half a minute)")
        shutil.rmtree(home, ignore_errors=True)
        make = [interpreter, "-m", "venv", str(home)]
        package = f"python{version.rpartition('.')[0]}-venv"
        run(make, "Making a virtual environment", f"On Debian or Ubuntu: sudo apt-get install {package}")
        locked = home / "requirements.lock"
        locked.write_text(lock, encoding="utf-8")
        install_packages(python, locked)
        complete.touch()
    return home


def install_packages(python: Path, lock: Path) -> None:
    """Install what a lock file names, and refuse each file of which it has no hash.  Raises SetupError."""
    # Most of what there is to compile would never be imported.
    install = [str(python), "-m", "pip", "install", "-qq", "--no-deps", "--no-compile", "--require-hashes"]
    help_text = "A package index must be in reach: see PIP_INDEX_URL, HTTPS_PROXY."
    run([*install, "-r", str(lock)], "Installing Python packages", help_text)


def runs(python: Path) -> bool:
    """Tell whether an environment's interpreter still runs: the one it was made from may have gone."""
    try:
        return subprocess.run([str(python), "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def powershell(required: bool) -> str | None:
    """Return the path of PowerShell, or None (said so) when there is none and none is required.  Raises SetupError."""
    try:
        found = find_powershell(tell=lambda line: tell("powershell", line))
    except PowerShellNotFound as exc:
        if required:
            raise SetupError(str(exc)) from exc
        tell("powershell", f"none: what needs it will be left out\n{exc}")
        return None
    tell("powershell", found)
    link = BUILD / "bin" / "pwsh"  # for tools that look for `pwsh` on PATH
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(found)
    return found


def source_hash() -> str:
    """Return a hash of every file that could go into the collection, by path, mode and content."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(CHECKOUT):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        for path in sorted(Path(folder, name) for name in files):
            digest.update(f"{path.relative_to(CHECKOUT)}\0{path.lstat().st_mode}\0".encode())
            digest.update(b"link" if path.is_symlink() else hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def install_collection(venv: Path) -> None:
    """Build the collection and install it into `.build/collections`, when a source changed since the last time."""
    stamp, now = COLLECTIONS / ".sources", source_hash() + str(venv)
    if stamp.exists() and stamp.read_text(encoding="utf-8") == now:
        tell("collection", f"{COLLECTIONS} is up to date")
        return
    tell("collection", f"building, and installing into {COLLECTIONS}")
    output, kept = COLLECTIONS / COLLECTION_PATH / "tests" / "output", BUILD / "ansible-test-output"
    if output.exists():  # ansible-test's environments, slow to make
        shutil.rmtree(kept, ignore_errors=True)
        output.rename(kept)
    for stale in (COLLECTIONS, BUILD / "artifact"):
        shutil.rmtree(stale, ignore_errors=True)
    COLLECTIONS.mkdir(parents=True)
    galaxy = [str(venv / "bin" / "ansible-galaxy"), "collection"]
    run([*galaxy, "build", "--output-path", str(BUILD / "artifact")], "Building the collection")
    (archive,) = (BUILD / "artifact").glob("*.tar.gz")
    run(
        [*galaxy, "install", "--offline", "--no-deps", "-p", str(COLLECTIONS), str(archive)],
        "Installing the collection",
    )
    if kept.exists():
        kept.rename(output)
    stamp.write_text(now, encoding="utf-8")


def link_imports() -> None:
    """Make `import ansible_collections.hyperv.integration` mean the checkout, for pytest and mypy."""
    link = IMPORTS / COLLECTION_PATH
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(CHECKOUT)


def write_env(venv: Path, pwsh: str | None) -> None:
    """Leave what was found in `.build/env`, one NAME=value a line, quoted for a shell."""
    values = fixed_variables() | {"HVIS_VENV": str(venv), "HVIS_PWSH": pwsh or ""}
    lines = [f"{name}={shlex.quote(value)}" for name, value in sorted(values.items())]
    (BUILD / "env").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="setup.py", description="Make everything ready that demo and tests need.")
    parser.add_argument(
        "--powershell", action="store_true", help="stop when there is no PowerShell (always so with CI=true)"
    )
    options = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    tell("python", f"{sys.version.split()[0]} ({sys.executable})")
    try:
        venv = environment()
        pwsh = powershell(required=options.powershell or os.environ.get("CI") == "true")
        install_collection(venv)
        link_imports()
        write_env(venv, pwsh)
    except SetupError as exc:
        sys.exit(f"\nSet-up stopped. {exc}")


if __name__ == "__main__":
    main()
