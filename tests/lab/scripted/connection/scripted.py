# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection plugin to a machine that answers every module with the same file: an honest, lying or broken one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: scripted
short_description: Answers from a file
description: Runs nothing. Returns the content of a file as what a module has printed.
author: [hyperv.integration contributors (@hyperv-integration)]
options:
  answer:
    description: The file. Without one the machine cannot be reached.
    type: str
    vars: [{name: scripted_answer}]
  other_answer:
    description: The file for modules that are not of this collection. By default they get the same.
    type: str
    vars: [{name: scripted_other_answer}]
  code:
    description: The code with which every command ends.
    type: int
    default: 0
    vars: [{name: scripted_code}]
"""


class Connection(ConnectionBase):
    transport = "scripted"
    has_pipelining = True
    always_pipeline_modules = True

    @property
    def module_implementation_preferences(self) -> tuple[str, ...]:
        return (".ps1", "") if getattr(self._shell, "_IS_WINDOWS", False) else (".py", "")

    def _connect(self) -> Connection:
        if not self.get_option("answer"):
            raise AnsibleConnectionFailure("nobody is there")
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        self._connect()
        is_other = in_data and b"ansible_collections.hyperv.integration.plugins.modules" not in in_data
        answer = (is_other and self.get_option("other_answer")) or self.get_option("answer")
        return self.get_option("code"), Path(answer).read_bytes(), b""

    def put_file(self, in_path: str, out_path: str) -> None: ...

    def fetch_file(self, in_path: str, out_path: str) -> None: ...

    def close(self) -> None: ...

    def reset(self) -> Any: ...
