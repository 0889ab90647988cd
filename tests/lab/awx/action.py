# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays the modules of awx.awx that load a configuration, for tests where that collection cannot be had.

The options are those recorded of the modules (modules.json); what is done with them is the least that a module has to
do: names become ids, an object is made or changed, then its survey, associations and nodes. This file is copied to the
name of each module.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from awx_configuration.check import OPTIONS

OPENER = build_opener(ProxyHandler({}))
MODULE = Path(__file__).stem
NODES = "workflow_job_template_nodes"
PLURAL = {
    "organization": "organizations",
    "credential_type": "credential_types",
    "execution_environment": "execution_environments",
    "default_environment": "execution_environments",
    "project": "projects",
    "source_project": "projects",
    "inventory": "inventories",
    "labels": "labels",
    "credentials": "credentials",
    "unified_job_template": "unified_job_templates",
}
MODULES_ONLY = (
    *("state", "labels", "credentials", "survey_spec", "workflow_nodes", "update_secrets"),
    *("destroy_current_nodes", "wait", "update_project", "interval"),
)


def ask(method: str, path: str, data: Any = None) -> Any:
    address = path if path.startswith("/") else f"/api/v2/{path}"
    request = Request(
        os.environ["CONTROLLER_HOST"] + address, method=method, data=json.dumps(data).encode() if data else None
    )
    request.add_header("Authorization", f"Bearer {os.environ['CONTROLLER_OAUTH_TOKEN']}")
    try:
        with OPENER.open(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")
    except HTTPError as error:
        raise AnsibleActionFail(f"{method} {address}: {error.code} {error.read().decode()}") from error


def find(endpoint: str, **query: Any) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = ask("GET", f"{endpoint}/?{urlencode(query)}")["results"]
    return found[0] if found else None


def number_of(field: str, name: str) -> int:
    if (found := find(PLURAL[field], name=name)) is None:
        raise AnsibleActionFail(f"{field}: there is no {name}")
    return int(found["id"])


class ActionModule(ActionBase):
    _supports_check_mode = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        validated = ArgumentSpecValidator(OPTIONS[MODULE]).validate(self._task.args)
        if validated.error_messages:
            raise AnsibleActionFail("; ".join(validated.error_messages))
        given = {key: value for key, value in validated.validated_parameters.items() if value is not None}
        fields = {key: value for key, value in given.items() if key not in MODULES_ONLY}
        fields |= {key: number_of(key, value) for key, value in fields.items() if key in PLURAL}
        self.changed = False
        endpoint = "inventories" if MODULE == "inventory" else f"{MODULE}s"
        entry = self.present(endpoint, {"name": given["name"]}, fields, given.get("update_secrets", True))
        if "survey_spec" in given and ask("GET", entry["related"]["survey_spec"]) != given["survey_spec"]:
            ask("POST", entry["related"]["survey_spec"], given["survey_spec"])
            self.changed = True
        if MODULE != "schedule":
            for field in ("labels", "credentials"):
                if field in given:
                    self.associate(entry, field, [number_of(field, name) for name in given[field]])
        self.nodes(entry["id"], given.get("workflow_nodes", []))
        return {**result, "changed": self.changed, "id": entry["id"]}

    def present(
        self, endpoint: str, query: dict[str, Any], fields: dict[str, Any], secrets: bool = True
    ) -> dict[str, Any]:
        entry = find(endpoint, **query)
        if entry is None:
            self.changed = True
            made: dict[str, Any] = ask("POST", f"{endpoint}/", fields)
            return made
        if any(not same(entry.get(key), value, secrets) for key, value in fields.items()):
            self.changed = True
            ask("PATCH", entry["url"], fields)
        return entry

    def associate(self, entry: dict[str, Any], field: str, numbers: list[int]) -> None:
        there = {other["id"] for other in ask("GET", f"{entry['url']}{field}/")["results"]}
        for number in there ^ set(numbers):
            ask("POST", f"{entry['url']}{field}/", {"id": number} | ({"disassociate": True} if number in there else {}))
            self.changed = True

    def nodes(self, workflow: int, nodes: list[dict[str, Any]]) -> None:
        made = {}
        for node in nodes:
            query, runs = (
                {"identifier": node["identifier"], "workflow_job_template": workflow},
                node["unified_job_template"],
            )
            approval = runs["type"] == "workflow_approval"
            fields = {**query, **({"extra_data": node["extra_data"]} if "extra_data" in node else {})}
            if not approval:
                fields["unified_job_template"] = number_of("unified_job_template", runs["name"])
            made[node["identifier"]] = entry = self.present(NODES, query, fields)
            if approval and not entry["related"]:
                about = {key: runs[key] for key in ("name", "description", "timeout")}
                ask("POST", f"{entry['url']}create_approval_template/", about)
        for node in nodes:
            for link, others in node["related"].items():
                self.associate(made[node["identifier"]], link, [made[other["identifier"]]["id"] for other in others])


def same(there: Any, wanted: Any, secrets: bool) -> bool:
    if isinstance(there, dict) and isinstance(wanted, dict) and not secrets:
        return there.keys() == wanted.keys() and all(there[key] in ("$encrypted$", wanted[key]) for key in wanted)
    return bool(there == wanted)
