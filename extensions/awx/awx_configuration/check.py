# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks a configuration of AWX without AWX: fields, names that refer to something, surveys, secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, meta

from . import documents
from .generate import COLLECTION, MODULES, NAMESPACE, PROJECT
from .problems import Problem
from .survey import answer_problems, question, rrule_problems, spec_problems

Item = Mapping[str, Any]
OPTIONS: dict[str, dict[str, dict[str, Any]]] = json.loads(
    Path(__file__).with_name("modules.json").read_text(encoding="utf-8")
)["modules"]
# Fields that name something else, with the list it has to be in and the rule that says so.
REFERENCES: dict[str, tuple[str, str]] = {
    "labels": ("controller_labels", "unknown-label"),
    "credentials": ("controller_credentials", "unknown-credential"),
    "execution_environment": ("controller_execution_environments", "unknown-execution-environment"),
    "default_environment": ("controller_execution_environments", "unknown-execution-environment"),
    "project": ("controller_projects", "unknown-project"),
    "source_project": ("controller_projects", "unknown-project"),
    "inventory": ("controller_inventories", "unknown-inventory"),
}
# Inputs of AWX's own credential types, by name; those that end the job when they leak are secret.
BUILT_IN: dict[str, tuple[str, ...]] = {
    "Machine": (
        *("username", "password", "ssh_key_data", "ssh_public_key_data", "ssh_key_unlock"),
        *("become_method", "become_username", "become_password"),
    ),
    "Vault": ("vault_password", "vault_id"),
    "Source Control": ("username", "password", "ssh_key_data", "ssh_key_unlock"),
}
BUILT_IN_SECRETS = ("password", "ssh_key_data", "ssh_key_unlock", "become_password", "vault_password")
# Variables of the environment that AWX keeps credentials from setting (ENV_BLOCKLIST), beside ANSIBLE_*.
FORBIDDEN_ENVIRONMENT = {
    *("VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID"),
    *("AD_HOC_COMMAND_ID", "REST_API_URL", "REST_API_TOKEN", "MAX_EVENT_RES", "CALLBACK_QUEUE", "CALLBACK_CONNECTION"),
    *("CACHE", "JOB_CALLBACK_DEBUG", "INVENTORY_HOSTVARS", "AWX_HOST", "PROJECT_REVISION", "SUPERVISOR_CONFIG_PATH"),
}
TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "bool": bool,
    "int": int,
    "float": (int, float),
    "list": list,
    "dict": dict,
}
# How AWX recognises a file as a playbook that a job template may name (could_be_playbook).
PLAYBOOK = re.compile(
    r"(?m)^\s*?-?\s*?(?:hosts|(?:ansible\.builtin\.)?include|(?:ansible\.builtin\.)?import_playbook):"
)
IMPORTED = re.compile(rf"(?m)import_playbook: +{re.escape(NAMESPACE)}\.(\w+)\s*$")


def check(configuration: Mapping[str, Any], root: Path = COLLECTION) -> list[Problem]:
    """Return everything that is wrong with the lists of a configuration."""
    found: list[Problem] = []
    for kind in configuration:
        if kind not in MODULES:
            found.append(Problem("unknown-list", kind, f"is none of {', '.join(MODULES)}"))
    names = {kind: [item.get("name") for item in configuration.get(kind, [])] for kind in MODULES}
    specs = {item.get("name"): spec_of(item, root) for item in configuration.get("controller_templates", [])}
    surveys = {
        item.get("name"): item.get("survey_spec", {}).get("spec", [])
        for item in configuration.get("controller_templates", [])
        if not list(spec_problems(item.get("survey_spec")))
    }
    for kind, module in MODULES.items():
        for item in configuration.get(kind, []):
            where = f"{module} {item.get('name')}"
            found += (Problem(rule, where, text) for rule, text in _item(module, item))
            found += (Problem(rule, where, text) for rule, text in _references(item, names))
            if names[kind].count(item.get("name")) > 1:
                found.append(Problem("duplicate-name", where, "is there more than once"))
            if kind == "controller_templates":
                found += (Problem(rule, where, text) for rule, text in _template(item, specs[item.get("name")]))
            elif kind in SPECIAL:
                found += (Problem(rule, where, text) for rule, text in SPECIAL[kind](item, configuration, surveys))
    return found


def spec_of(template: Item, root: Path = COLLECTION) -> Mapping[str, Any] | None:
    """Return the options of the playbook that a job template names; null when the project has no such playbook."""
    path = root / PROJECT / str(template.get("playbook"))
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    imported = IMPORTED.search(text)
    if not (PLAYBOOK.search(text) and imported):
        return None
    specification = root / "playbooks" / f"{imported[1]}.meta.yml"
    if not (specification.is_file() and specification.with_name(f"{imported[1]}.yml").is_file()):
        return None
    options: Mapping[str, Any] = documents.load(specification.read_text(encoding="utf-8"))["argument_specs"][
        imported[1]
    ]["options"]
    return options


def _item(module: str, item: Item) -> Iterator[tuple[str, str]]:
    options = OPTIONS[module]
    for field, option in options.items():
        if option.get("required") and field not in item:
            yield "missing-field", f"{field} is missing"
    for field, value in item.items():
        if field not in options:
            yield "unknown-field", f"{field} is no option of awx.awx.{module}"
            continue
        option, templated = options[field], isinstance(value, str) and "{{" in value
        if not isinstance(value, TYPES[option.get("type", "str")]) and not templated:
            yield "bad-value", f"{field} must be of the type {option.get('type', 'str')}"
        elif option.get("choices") and value not in option["choices"]:
            yield "bad-value", f"{field}: {value!r} is none of {', '.join(map(str, option['choices']))}"


def _references(item: Item, names: Mapping[str, list[Any]]) -> Iterator[tuple[str, str]]:
    for field, (kind, rule) in REFERENCES.items():
        value = item.get(field, [])
        for name in value if isinstance(value, list) else [value]:
            if name not in names[kind]:
                yield rule, f"{field}: there is no {name} in {kind}"


def _template(item: Item, options: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if options is None:
        yield (
            "missing-playbook",
            f"{item.get('playbook')} is no playbook of the project that imports one of {NAMESPACE}",
        )
    survey = item.get("survey_spec")
    problems = list(spec_problems(survey)) if survey is not None else []
    yield from (("survey", text) for text in problems)
    if survey is None or problems or options is None:
        return
    for asked in survey["spec"]:
        variable = asked["variable"]
        if variable not in options:
            yield "unknown-variable", f"{variable} is no option of {item['playbook']}"
            continue
        given = {key: asked[key] for key in ("min", "max", "default") if key in asked}
        wanted = question(variable, options[variable], given, asked["question_name"])
        for key in ("type", "choices", "default", "required"):
            if asked.get(key) != wanted.get(key):
                yield (
                    "survey-drift",
                    f"{variable}: {key} is {asked.get(key)!r}, and the option says {wanted.get(key)!r}",
                )
    asked_for = {asked["variable"] for asked in survey["spec"]}
    for name, option in options.items():
        if option.get("required") and name not in asked_for and name not in item.get("extra_vars", {}):
            yield "unanswered", f"{name} is required by {item['playbook']}, and neither asked for nor given"
    for name in item.get("extra_vars", {}):
        if name not in options:
            yield "unknown-variable", f"{name} is no option of {item['playbook']}"


def _credential_type(item: Item, _configuration: Item, _surveys: Item) -> Iterator[tuple[str, str]]:
    fields = {field.get("id"): field for field in item.get("inputs", {}).get("fields", [])}
    for name in item.get("inputs", {}).get("required", []):
        if name not in fields:
            yield "undeclared-input", f"required: {name} is none of the inputs"
    for kind, injector in item.get("injectors", {}).items():
        if kind not in ("env", "file", "extra_vars"):
            yield "unknown-injector", f"{kind} is none of env, file, extra_vars"
        for key, template in injector.items():
            if kind == "env" and (key.startswith("ANSIBLE_") or key in FORBIDDEN_ENVIRONMENT):
                yield "forbidden-environment", f"AWX does not let a credential set {key}"
            if not isinstance(template, documents.Unsafe):
                yield "templated-injector", f"{key} must be marked !unsafe: it is for AWX, not for Ansible"
            try:
                used = meta.find_undeclared_variables(Environment().parse(str(template)))
            except TemplateSyntaxError as error:
                yield "undeclared-input", f"{key}: {error}"
                continue
            for name in sorted(used - {"tower"}):
                if name not in fields:
                    yield "undeclared-input", f"{key} uses {name}, which is none of the inputs"
                elif kind == "extra_vars" and fields[name].get("secret"):
                    yield "secret-in-extra-vars", f"{key} would put {name} into the variables of the job in clear"


def _credential(item: Item, configuration: Item, _surveys: Item) -> Iterator[tuple[str, str]]:
    name = item.get("credential_type")
    own = {entry.get("name"): entry for entry in configuration.get("controller_credential_types", [])}
    if name in own:
        fields = {field["id"]: bool(field.get("secret")) for field in own[name]["inputs"]["fields"]}
        required = own[name]["inputs"].get("required", [])
    elif name in BUILT_IN:
        fields, required = {field: field in BUILT_IN_SECRETS for field in BUILT_IN[name]}, []
    else:
        yield "unknown-credential-type", f"there is no credential type {name}"
        return
    inputs = item.get("inputs", {})
    yield from (("missing-input", f"{field} is required by {name}") for field in required if field not in inputs)
    for field, value in inputs.items():
        if field not in fields:
            yield "undeclared-input", f"{field} is no input of {name}"
        elif fields[field] and not re.fullmatch(r"\{\{.+\}\}", str(value)):
            yield "secret-in-clear", f"{field} is secret and must come from a variable"


def _workflow(item: Item, configuration: Item, surveys: Item) -> Iterator[tuple[str, str]]:
    templates = [entry.get("name") for entry in configuration.get("controller_templates", [])]
    nodes = {node["identifier"]: node for node in item.get("workflow_nodes", [])}
    if len(nodes) != len(item.get("workflow_nodes", [])):
        yield "duplicate-node", "an identifier is there more than once"
    links = {
        name: [
            link["identifier"]
            for kind in ("success_nodes", "failure_nodes", "always_nodes")
            for link in node["related"].get(kind, [])
        ]
        for name, node in nodes.items()
    }
    for name, node in nodes.items():
        runs = node["unified_job_template"]
        if runs["type"] == "job_template" and runs["name"] not in templates:
            yield "unknown-template", f"node {name}: there is no job template {runs['name']}"
        yield from (
            ("unknown-node", f"node {name}: leads to {link}, which is none")
            for link in links[name]
            if link not in nodes
        )
        yield from _answers(f"node {name}: ", node.get("extra_data", {}), surveys.get(runs["name"]))
    waiting = dict(links)
    while ready := [name for name in waiting if not any(name in others for others in waiting.values())]:
        for name in ready:
            del waiting[name]
    if waiting:
        yield "workflow-cycle", f"runs in a circle: {', '.join(waiting)}"


def _schedule(item: Item, configuration: Item, surveys: Item) -> Iterator[tuple[str, str]]:
    starts = str(item.get("unified_job_template"))
    known = [
        entry.get("name")
        for kind in ("controller_templates", "controller_workflows")
        for entry in configuration.get(kind, [])
    ]
    if starts not in known:
        yield "unknown-template", f"there is no job template or workflow {starts}"
    yield from (("bad-schedule", f"rrule {text}") for text in rrule_problems(str(item.get("rrule"))))
    yield from _answers("", item.get("extra_data", {}), surveys.get(starts))
    for asked in surveys.get(starts, []):
        if asked["required"] and asked["variable"] not in item.get("extra_data", {}):
            yield "unanswered", f"{asked['variable']} is required, and nobody is there to answer"


def _answers(where: str, answers: Item, questions: list[Item] | None) -> Iterator[tuple[str, str]]:
    """A survey that is wrong itself, or a template that is not there, has been told elsewhere."""
    if questions is None:
        return
    asked = {item["variable"]: item for item in questions}
    yield from (("unknown-variable", f"{where}{name} is not asked for") for name in answers if name not in asked)
    for item in asked.values():
        yield from (("bad-answer", where + text) for text in answer_problems(item, answers))


SPECIAL: dict[str, Callable[[Item, Item, Item], Iterator[tuple[str, str]]]] = {
    "controller_credential_types": _credential_type,
    "controller_credentials": _credential,
    "controller_workflows": _workflow,
    "controller_schedules": _schedule,
}
