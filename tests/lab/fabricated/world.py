# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds guests, hands out an inventory of them, and looks into them from outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import needs
from pythons import machines_python

from .recipe import Recipe

HERE = Path(__file__).parent
# Names of modules that manage packages. The stand-in plays all of them.
MANAGERS = ("apk", "apt", "dnf", "dnf5", "pacman", "pkgng", "portage", "zypper")
TOOLS = ("unshare", "nsenter", "chroot", "mount")
# Prints what every file of a guest is, the machine's own left out.
SNAPSHOT = """
import hashlib, json, os, sys
found = {}
for name in sys.argv[2:]:
    guest = found[name] = {}
    for top in ("root/etc", "root/var", "root/run", "root/proc", "root/sys", "root/dev", "upper"):
        for folder, folders, files in os.walk(os.path.join(sys.argv[1], name, top)):
            for entry in folders + files:
                path = os.path.join(folder, entry)
                shown = os.path.relpath(path, os.path.join(sys.argv[1], name))
                about = os.lstat(path)
                what = [oct(about.st_mode), about.st_uid, about.st_gid]
                if os.path.islink(path):
                    what.append(os.readlink(path))
                elif os.path.isfile(path):
                    what.append(hashlib.sha256(open(path, "rb").read()).hexdigest())
                guest[shown] = what
print(json.dumps(found))
"""


class World:
    """Guests in a mount namespace of their own, as a context. A machine that cannot build them skips the test."""

    def __init__(self, recipes: Iterable[Recipe], directory: Path) -> None:
        self._recipes = {recipe.name: recipe.built() for recipe in recipes}
        self._directory = directory
        self._process: subprocess.Popen[str] | None = None
        self._python = machines_python()

    def __enter__(self) -> World:
        if os.geteuid() != 0:
            needs.missing("fabricated guests need root, for mounts in a namespace of their own")
        absent = [tool for tool in TOOLS if shutil.which(tool) is None]
        if absent:
            needs.missing(f"fabricated guests need the tools {', '.join(absent)}")
        (self._directory / "guests").mkdir(parents=True)
        file = self._directory / "recipes.json"
        file.write_text(json.dumps(list(self._recipes.values())), encoding="utf-8")
        command = ["unshare", "--mount", "--propagation", "private", self._python, str(HERE / "build.py"), str(file)]
        self._process = subprocess.Popen(
            [*command, str(self._directory / "guests")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        if self._process.stdout.readline() != "ready\n":
            errors = self._process.communicate()[1]
            needs.missing("fabricated guests need a machine that mounts overlays in a namespace", errors)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process:
            self._process.communicate()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def inventory(self, variables: dict[str, dict[str, Any]] | None = None) -> Path:
        """An inventory of all guests; variables: more of them for single guests."""
        hosts = {
            name: {
                "ansible_connection": "fabricated",
                "fabricated_pid": self.pid,
                "fabricated_root": str(self._directory / "guests" / name / "root"),
                "ansible_python_interpreter": self._python,
                "ansible_package_use": recipe["manager"],
                "ansible_remote_tmp": "/tmp/.ansible",
                **(variables or {}).get(name, {}),
            }
            for name, recipe in self._recipes.items()
        }
        path = self._directory / "inventory.json"
        path.write_text(json.dumps({"guests": {"hosts": hosts}}), encoding="utf-8")
        return path

    def environment(self) -> dict[str, str]:
        """What Ansible needs to find the connection and the stand-ins for package managers."""
        library = self._directory / "library"
        library.mkdir(exist_ok=True)
        for name in MANAGERS:
            shutil.copy(HERE / "guest" / "package_module.py", library / f"{name}.py")
        return {"ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection"), "ANSIBLE_LIBRARY": str(library)}

    def snapshot(self) -> dict[str, dict[str, list[Any]]]:
        """Guest -> path -> what it is. Two of them are equal when nothing has changed."""
        words = [self._python, "-c", SNAPSHOT, str(self._directory / "guests"), *self._recipes]
        found: dict[str, dict[str, list[Any]]] = json.loads(self._inside(words))
        return found

    def read(self, guest: str, path: str) -> str:
        """A file of a guest; empty when there is none."""
        full = f"{self._directory}/guests/{guest}/root{path}"
        return self._inside(["sh", "-c", 'cat "$1" 2>/dev/null || :', "sh", full])

    def write(self, guest: str, path: str, text: str) -> None:
        """Write a file in a guest."""
        full = f"{self._directory}/guests/{guest}/root{path}"
        self._inside(["sh", "-c", 'printf %s "$2" > "$1"', "sh", full, text])

    def names(self, guest: str, path: str) -> list[str]:
        """The names in a directory of a guest."""
        full = f"{self._directory}/guests/{guest}/root{path}"
        return self._inside(["sh", "-c", 'ls -A "$1" 2>/dev/null || :', "sh", full]).split()

    def run(self, guest: str, *command: str) -> str:
        """Run a command in a guest."""
        root = f"{self._directory}/guests/{guest}/root"
        return self._inside(["chroot", root, "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command])

    def host(self, guest: str, verb: str, key: str) -> None:
        """Have the host `enable` or `disable` a service while the guest runs."""
        self.run(guest, self._python, "-IS", "/usr/lib/fabricated/command.py", "host", verb, key)

    def ledger(self, guest: str) -> list[str]:
        """What the stand-ins of a guest were asked to change."""
        return self.read(guest, "/var/lib/fabricated/ledger").splitlines()

    def running(self, guest: str) -> list[str]:
        """The units that run."""
        return sorted(name for name in self.names(guest, "/run/fabricated") if not name.endswith(".failed"))

    def masked(self, guest: str) -> list[str]:
        root = f"{self._directory}/guests/{guest}/root"
        found = (
            self._inside(["find", f"{root}/etc/systemd/system", "-lname", "/dev/null", "-printf", "%f\n"])
            if self.names(guest, "/etc/systemd/system")
            else ""
        )
        return sorted(found.split())

    def _inside(self, words: list[str]) -> str:
        enter = ["nsenter", "--mount", "--target", str(self.pid)]
        return subprocess.run([*enter, *words], capture_output=True, text=True, check=True).stdout
