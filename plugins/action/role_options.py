# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase

from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import plain
from ansible_collections.hyperv.integration.plugins.plugin_utils.role_options import Names, read, refusals


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        _result, wanted = self.validate_argument_spec(
            argument_spec={
                "specification": {"type": "path", "default": "meta/argument_specs.yml"},
                "entry_point": {"type": "str", "default": "main"},
                "prefix": {"type": "str"},
                "families": {"type": "list", "elements": "str", "default": []},
                "results": {"type": "list", "elements": "str", "default": []},
                "files": {"type": "list", "elements": "str", "default": []},
                "facts": {"type": "str", "choices": ["fail", "return"], "default": "fail"},
            }
        )
        prefix = f"{variables['role_name']}_" if wanted["prefix"] is None else wanted["prefix"]
        specification = Path(variables.get("role_path", "."), wanted["specification"])
        entry_points = yaml_load(specification.read_text(encoding="utf-8"))["argument_specs"]
        names = Names(prefix, entry_points[wanted["entry_point"]]["options"], wanted["families"], wanted["results"])

        facts = set(plain(variables.get("ansible_facts") or {}))
        refused = refusals(names, facts, variables["inventory_hostname"])
        if refused and wanted["facts"] == "fail":
            raise AnsibleActionFail("\n".join(refused.values()))
        seen = [name for name in variables if name not in facts]
        given, problems = self._given(names.options(seen), {name: variables[name] for name in seen})
        found = read(names, given, seen, wanted["files"], str(Path.cwd()))
        problems += found.problems
        if problems:
            raise AnsibleActionFail("\n".join(problems))
        return {"changed": False, "options": found.options, "refused": refused}

    def _given(self, options: Any, variables: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Return the values of the options that are set, and what cannot be evaluated."""
        values, problems = {}, []
        for name in options:
            if name in variables:
                try:
                    # In a mapping, so that one that is omitted is left out.
                    values.update(plain(self._templar.template({name: variables[name]})))
                except AnsibleError as error:
                    problems.append(f"{name} cannot be evaluated: {error}")
        return values, problems
