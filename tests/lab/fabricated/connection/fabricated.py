# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection plugin into a fabricated guest: its mount namespace, then its root."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.connection.local import Connection as LocalConnection

DOCUMENTATION = """
name: fabricated
short_description: Runs in a fabricated guest
description: Enters the mount namespace of a process and the root directory in it.
author: [hyperv.integration contributors (@hyperv-integration)]
options:
  pid:
    description: A process in the mount namespace.
    type: int
    vars: [{name: fabricated_pid}]
  root:
    description: The root directory of the guest.
    type: str
    vars: [{name: fabricated_root}]
  pipelining:
    description: Whether a module goes in by standard input, without a temporary file.
    type: bool
    default: true
"""

ENVIRONMENT = (
    "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin",
    "HOME=/root",
    "LC_ALL=C",
    "PYTHONPATH=/usr/lib/fabricated",
    "PYTHONDONTWRITEBYTECODE=1",
)


class Connection(LocalConnection):
    transport = "fabricated"

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        words = [*self._enter(), "/bin/sh", "-c", cmd]
        result: tuple[int, bytes, bytes] = super().exec_command(shlex.join(words), in_data, sudoable)
        return result

    def put_file(self, in_path: str, out_path: str) -> None:
        code, _output, errors = self.exec_command(f"cat > {shlex.quote(out_path)}", Path(in_path).read_bytes())
        if code:
            raise AnsibleError(f"cannot write {out_path}: {errors!r}")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        code, output, errors = self.exec_command(f"cat {shlex.quote(in_path)}")
        if code:
            raise AnsibleError(f"cannot read {in_path}: {errors!r}")
        Path(out_path).write_bytes(output)

    def _enter(self) -> list[Any]:
        namespace = ["nsenter", "--mount", "--target", str(self.get_option("pid"))]
        return [*namespace, "chroot", self.get_option("root"), "/usr/bin/env", "-i", *ENVIRONMENT]
