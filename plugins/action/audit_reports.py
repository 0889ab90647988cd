# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import plain, plain_or_json
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.directory import keep_newest, write
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, wanted = self.validate_argument_spec(
            argument_spec={
                "audit": {"type": "str", "required": True},
                "collection": {"type": "str", "required": True},
                "files": {"type": "dict", "required": True},
                "formats": {"type": "list", "elements": "str", "required": True},
                "options": {"type": "dict", "default": {}},
                "keep": {"type": "int", "default": 0},
            }
        )
        paths = {str(kind): Path(path) for kind, path in plain(wanted["files"]).items()}
        options = plain(wanted["options"])
        try:
            audit = plain_or_json(wanted["audit"])
            texts = {paths["collection"]: plain(wanted["collection"])}
            texts |= {paths[kind]: make_report(audit, kind, options.get(kind)) for kind in plain(wanted["formats"])}
        except KeyError as error:
            raise AnsibleActionFail(f"files has no path for {error}: add one") from error
        except ValueError as error:  # a ReportError is one
            raise AnsibleActionFail(str(error)) from error

        removed: list[Path] = []
        if not self._task.check_mode:
            try:
                write(texts)
                if wanted["keep"]:
                    names = {path.name for path in paths.values()}
                    removed = keep_newest(paths["collection"].parent, wanted["keep"], names)
            except OSError as error:
                raise AnsibleActionFail(f"{error.filename}: {error.strerror}") from error
        return {"changed": False, "removed": [str(path) for path in removed]}
