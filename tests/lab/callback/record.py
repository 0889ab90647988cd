# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Callback plugin that appends each result to the file in HVIS_RECORD, one JSON object a line."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import action_loader, filter_loader, test_loader

DOCUMENTATION = """
name: record
type: notification
short_description: Records results for tests
description: Appends each result to the file that the environment variable HVIS_RECORD names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"

    def __init__(self) -> None:
        super().__init__()
        self._started: dict[tuple[str, str], float] = {}

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Load what each task loads anew in the process that is forked for it: half of what a small task costs."""
        filter_loader.get("ansible.builtin.bool")
        test_loader.get("ansible.builtin.defined")
        action_loader.get("ansible.builtin.normal", class_only=True)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._started[host.get_name(), task._uuid] = time.monotonic()

    def _record(self, status: str, result: Any) -> None:
        # ansible-core 2.19 has the names with an underscore only.
        host, task = result._host, result._task
        line = {
            "status": status,
            "task": task.get_name(),
            "host": host.get_name(),
            # Nobody tells when a meta task starts.
            "seconds": time.monotonic() - self._started.get((host.get_name(), task._uuid), time.monotonic()),
            "result": dict(result._result),
        }
        with Path(os.environ["HVIS_RECORD"]).open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._record("unreachable", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record("skipped", result)
