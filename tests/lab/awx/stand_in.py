# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the part of AWX's API that loads a configuration, on the loopback interface.

It holds objects in memory, knows them by id and name, and refuses what AWX refuses: surveys by AWX's rules, answers
that no question asks for, playbooks that the project does not have, references to nothing. It is stricter with fields
that it does not know: they are an error, where AWX overlooks them. Source of the shapes: awx/api of ansible/awx 24.6.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from awx_configuration.check import BUILT_IN_SECRETS, OPTIONS, PLAYBOOK
from awx_configuration.generate import COLLECTION, PROJECT
from awx_configuration.survey import answer_problems, rrule_problems, spec_problems

TOKEN = "loopback"
ENDPOINTS = {
    "labels": "label",
    "credential_types": "credential_type",
    "credentials": "credential",
    "execution_environments": "execution_environment",
    "projects": "project",
    "inventories": "inventory",
    "inventory_sources": "inventory_source",
    "job_templates": "job_template",
    "workflow_job_templates": "workflow_job_template",
    "schedules": "schedule",
}
NODES, APPROVALS = "workflow_job_template_nodes", "workflow_approval_templates"
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates", APPROVALS)
NODE_FIELDS = {"identifier", "workflow_job_template", "unified_job_template", "extra_data", "all_parents_must_converge"}
# What the modules keep for themselves, or send in another way.
NOT_SENT = {
    "state",
    "new_name",
    "copy_from",
    "labels",
    "credentials",
    "survey_spec",
    "workflow_nodes",
    "update_secrets",
}
FOREIGN = {
    "organization": ("organizations",),
    "credential_type": ("credential_types",),
    "execution_environment": ("execution_environments",),
    "default_environment": ("execution_environments",),
    "project": ("projects",),
    "source_project": ("projects",),
    "inventory": ("inventories",),
    "workflow_job_template": ("workflow_job_templates",),
    "unified_job_template": UNIFIED,
}
ASSOCIATIONS = {
    "labels": ("labels",),
    "credentials": ("credentials",),
    "success_nodes": (NODES,),
    "failure_nodes": (NODES,),
    "always_nodes": (NODES,),
}
PATH = re.compile(r"^/api/v2/(?P<kind>\w+)/(?:(?P<id>\d+)/(?:(?P<sub>\w+)/)?)?$")


class RefusedError(Exception):
    def __init__(self, status: int, detail: Any, key: str = "detail") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.key = key


class StandIn:
    """A running server, as a context. url: for CONTROLLER_HOST. requests: what was asked, as (method, path)."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[int, dict[str, Any]]] = {
            kind: {} for kind in (*ENDPOINTS, "organizations", NODES, APPROVALS)
        }
        self.requests: list[tuple[str, str]] = []
        self._next = iter(range(1, 1_000_000))
        self._lock = Lock()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
                with stand_in._lock:
                    status, found = stand_in._answer(self.command, self.path, json.loads(body or "{}"), allowed)
                text = json.dumps(found).encode() if found is not None else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = answer

            def log_message(self, *_arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._add("organizations", {"name": "Default"})
        self._add("credential_types", {"name": "Machine", "kind": "ssh", "inputs": {}, "injectors": {}})

    def __enter__(self) -> StandIn:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self) -> dict[str, str]:
        """What the modules of awx.awx find the server by."""
        return {"CONTROLLER_HOST": self.url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "no_proxy": "127.0.0.1"}

    def one(self, kind: str, name: str) -> dict[str, Any]:
        """The object as it is kept, secrets included."""
        (found,) = [
            entry for entry in self.objects[kind].values() if entry.get("name", entry.get("identifier")) == name
        ]
        return found

    def _add(self, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        number = next(self._next)
        self.objects[kind][number] = {**fields, "id": number, "associations": {}}
        return self.objects[kind][number]

    def _answer(self, method: str, path: str, data: dict[str, Any], allowed: bool) -> tuple[int, Any]:
        split = urlsplit(path)
        self.requests.append((method, split.path))
        try:
            if not allowed:
                raise RefusedError(401, "Authentication credentials were not provided.")
            match = PATH.match(split.path)
            if not match or (match["kind"] not in self.objects and match["kind"] != "unified_job_templates"):
                raise RefusedError(404, "Not found.")
            return self._route(method, match, data, dict(parse_qsl(split.query)))
        except RefusedError as refused:
            return refused.status, {refused.key: refused.detail}

    def _route(self, method: str, match: re.Match[str], data: dict[str, Any], query: dict[str, str]) -> tuple[int, Any]:
        kind, sub = match["kind"], match["sub"]
        if match["id"] is None:
            if method == "GET":
                return 200, self._list(self._search(kind, query))
            return 201, self._shown(kind, self._create(kind, data))
        entry = self.objects[kind].get(int(match["id"]))
        if entry is None:
            raise RefusedError(404, "Not found.")
        if sub == "survey_spec":
            if method == "POST":
                self._refuse(spec_problems(data), "error")
                entry["survey_spec"] = data
            return 200, entry.get("survey_spec", {})
        if sub == "create_approval_template" and method == "POST":
            about: dict[str, Any] = {key: data[key] for key in ("name", "description", "timeout") if key in data}
            approval = self._add(APPROVALS, about)
            entry["unified_job_template"] = approval["id"]
            return 201, self._shown(APPROVALS, approval)
        if sub in ASSOCIATIONS:
            associated = entry["associations"].setdefault(sub, [])
            if method == "GET":
                return 200, self._list(
                    [self._shown(ASSOCIATIONS[sub][0], self._by_id(sub, number)) for number in associated]
                )
            self._by_id(sub, data["id"])
            if data.get("disassociate"):
                associated.remove(data["id"])
            elif data["id"] not in associated:
                associated.append(data["id"])
            return 204, None
        if sub is not None:
            raise RefusedError(404, "Not found.")
        if method == "PATCH":
            fields = {key: value for key, value in data.items() if kind != APPROVALS or key in entry}
            self._validate(kind, {**entry, **fields}, fields)
            entry.update(fields)
        return 200, self._shown(kind, entry)

    def _search(self, kind: str, query: dict[str, str]) -> list[dict[str, Any]]:
        kinds = UNIFIED if kind == "unified_job_templates" else (kind,)
        query.pop("page_size", None)
        shown = [self._shown(one, entry) for one in kinds for entry in self.objects[one].values()]
        for key in query:
            if shown and not any(key in entry for entry in shown) and key != "identifier":
                raise RefusedError(400, f"{kind} has no field named {key!r}")
        return [entry for entry in shown if all(str(entry.get(key)) == value for key, value in query.items())]

    @staticmethod
    def _list(found: list[dict[str, Any]]) -> dict[str, Any]:
        return {"count": len(found), "next": None, "previous": None, "results": found}

    def _by_id(self, association: str, number: Any) -> dict[str, Any]:
        for kind in ASSOCIATIONS[association]:
            if number in self.objects[kind]:
                return self.objects[kind][number]
        raise RefusedError(400, f"{association}: there is no {number}")

    def _create(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        if any(
            entry.get(key) == data.get(key) for entry in self.objects[kind].values() for key in ("name",) if key in data
        ):
            raise RefusedError(400, [f"{kind} with this name already exists."], "__all__")
        self._validate(kind, data, data)
        if kind == "job_templates":  # its organization is that of the project
            data = {**data, "organization": self.objects["projects"][data["project"]].get("organization")}
        return self._add(kind, data)

    def _refuse(self, problems: Iterator[str], key: str = "__all__") -> None:
        if found := list(problems):
            raise RefusedError(400, found, key)

    def _validate(self, kind: str, whole: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
        self._refuse(self._problems(kind, whole, fields))

    def _problems(self, kind: str, whole: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterator[str]:
        if kind in ENDPOINTS:
            known = set(OPTIONS[ENDPOINTS[kind]]) - NOT_SENT | {"managed"}
            yield from (f"{field}: unknown field" for field in fields if field not in known)
        elif kind == NODES:
            yield from (f"{field}: unknown field" for field in fields if field not in NODE_FIELDS)
        for field, value in fields.items():
            if field in FOREIGN and not any(value in self.objects[one] for one in FOREIGN[field]):
                yield f"{field}: there is no {value}"
            if field in ("extra_vars", "variables") and not isinstance(json.loads(value), dict):
                yield f"{field}: must be JSON of a mapping"
        if kind == "job_templates" and whole.get("playbook") not in playbook_files():
            yield "playbook: Playbook not found for project."
        if kind == "schedules":
            yield from rrule_problems(whole["rrule"])
        if kind in ("schedules", NODES):
            yield from self._answers(whole, required=kind == "schedules")

    def _answers(self, whole: Mapping[str, Any], required: bool) -> Iterator[str]:
        started = whole.get("unified_job_template")
        template = self.objects["job_templates"].get(started) if isinstance(started, int) else None
        if template is None:
            return
        questions = {item["variable"]: item for item in template.get("survey_spec", {}).get("spec", [])}
        answers = whole.get("extra_data") or {}
        if not template.get("survey_enabled"):
            questions = {}
        for name in set(answers) - set(questions):
            yield f"extra_data: Variables {name} are not allowed on launch."
        for name, item in questions.items():
            yield from answer_problems(item, answers)
            if required and item["required"] and name not in answers:
                yield f"'{name}' value missing"

    def _shown(self, kind: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        """As a client sees it: no secret, and the way to what belongs to it."""
        url = f"/api/v2/{kind}/{entry['id']}/"
        found = {key: value for key, value in entry.items() if key not in ("associations", "survey_spec")}
        related = {"survey_spec": f"{url}survey_spec/"} if kind in ("job_templates", "workflow_job_templates") else {}
        if kind == NODES and (number := entry.get("unified_job_template")) in self.objects[APPROVALS]:
            related["unified_job_template"] = f"/api/v2/{APPROVALS}/{number}/"
        if kind == "projects":
            found["scm_revision"] = "0" * 40
        if kind == "credentials":
            fields = self.objects["credential_types"][entry["credential_type"]]["inputs"].get("fields", [])
            secret = {field["id"] for field in fields if field.get("secret")} | set(BUILT_IN_SECRETS)
            found["inputs"] = {key: "$encrypted$" if key in secret else value for key, value in entry["inputs"].items()}
        return {"type": ENDPOINTS.get(kind, kind[:-1]), "url": url, "related": related, "summary_fields": {}, **found}


def playbook_files() -> list[str]:
    """What AWX would find in the project."""
    folder = COLLECTION / PROJECT
    return [path.name for path in folder.glob("*.yml") if PLAYBOOK.search(Path(path).read_text(encoding="utf-8"))]
