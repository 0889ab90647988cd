# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports modules by their full names, under a Python as old as 3.6: import_all.py FOLDER MODULE...

FOLDER goes on the path. What Ansible would send along is a stand-in: its newest release has dropped those Pythons.
"""

import importlib
import sys
import types

for name in ("ansible", "ansible.module_utils", "ansible.module_utils.basic"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["ansible.module_utils.basic"].AnsibleModule = None  # type: ignore[attr-defined]

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
failed = []
for name in sys.argv[2:]:
    try:
        importlib.import_module(name)
    except Exception as exc:
        failed.append(f"{name}: {type(exc).__name__}: {exc}")
sys.exit("\n".join(failed) or 0)
