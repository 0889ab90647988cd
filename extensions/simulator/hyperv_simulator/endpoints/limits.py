# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a simulated Windows cannot do, recognised in what Ansible sends, and what the client is told.

Ansible's PowerShell wrappers read lines from their input; one of them is a JSON manifest
`{"scripts": {...}, "actions": [{"name": "async_wrapper.ps1", "params": {...}}, ..., {"params": {"Script": "x.ps1"}}]}`.
Source: executor/powershell/module_manifest.py of ansible-core 2.19 and 2.21.
"""

from __future__ import annotations

import json
import re

_ACTIONS = {  # wrappers that call Windows' native functions, or write to a path with backslashes
    "async_wrapper.ps1": "async",
    "async_watchdog.ps1": "async",
    "become_wrapper.ps1": "become",
    "winrm_put_file.ps1": "copying a file to the host",
    "psrp_put_file.ps1": "copying a file to the host",
    "winrm_fetch_file.ps1": "fetching a file from the host",
    "psrp_fetch_file.ps1": "fetching a file from the host",
}
_MODULES = {"setup": "gathering facts (set gather_facts: false)"}  # by the last part of the module's name
_MODULE_NAME = re.compile(r"(?:.*\.)?(\w+)\.ps1", re.DOTALL)


def refusal(line: str) -> str | None:
    """Return what to tell the client when this line of input asks for something that is not simulated."""
    if '"actions"' not in line:
        return None
    try:
        actions = json.loads(line)["actions"]
        for action in actions:
            module = _MODULE_NAME.fullmatch(str(action.get("params", {}).get("Script", "")))
            feature = _ACTIONS.get(action["name"]) or (_MODULES.get(module[1]) if module else None)
            if feature:
                return f"hyperv_simulator: {feature} is not simulated (see README)"
    except (ValueError, TypeError, KeyError, AttributeError):  # some other text: none of our business
        pass
    return None
