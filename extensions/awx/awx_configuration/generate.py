# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the files: argument specifications of the playbooks, playbooks of the project, configuration of AWX."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import documents
from .problems import RefusedError
from .survey import question

COLLECTION = Path(__file__).resolve().parents[3]
NAMESPACE = "hyperv.integration"
EXTENSION = Path("extensions", "awx")
PROJECT = EXTENSION / "project"
CONFIGURATION = EXTENSION / "configs" / "hyperv.yml"
APPLY = EXTENSION / "apply.yml"
SOURCE = EXTENSION / "source.yml"
# Module of awx.awx for each list of infra.aap_configuration, in the order in which they need each other.
MODULES = {
    "controller_labels": "label",
    "controller_credential_types": "credential_type",
    "controller_credentials": "credential",
    "controller_execution_environments": "execution_environment",
    "controller_projects": "project",
    "controller_inventories": "inventory",
    "controller_inventory_sources": "inventory_source",
    "controller_templates": "job_template",
    "controller_workflows": "workflow_job_template",
    "controller_schedules": "schedule",
}
# Kinds that the source holds as they are, with the name of their list.
AS_THEY_ARE = {
    "credential_types": "controller_credential_types",
    "credentials": "controller_credentials",
    "execution_environments": "controller_execution_environments",
    "projects": "controller_projects",
    "inventories": "controller_inventories",
    "inventory_sources": "controller_inventory_sources",
}
WITHOUT_ORGANIZATION = ("credential_types",)
SECRETS = ("credential",)
LINKS = ("success", "failure", "always")


def generate(root: Path = COLLECTION) -> dict[Path, str]:
    """Return the text of every file, by its path in the collection. Raises RefusedError."""
    source = documents.load((root / SOURCE).read_text(encoding="utf-8"))
    specs = {name: playbook_spec(name, playbook, root) for name, playbook in source["playbooks"].items()}
    files = {}
    for name, spec in specs.items():
        files[Path("playbooks", f"{name}.meta.yml")] = documents.dump(
            {
                "short_description": spec["short_description"],
                "description": source["playbooks"][name]["description"],
                "argument_specs": {name: spec},
            },
            f"{SOURCE} and roles/*/meta/argument_specs.yml",
        )
        files[PROJECT / f"{name}.yml"] = documents.dump([imported(name, spec["short_description"])], str(SOURCE))
    lists = configuration(source, specs)
    files[CONFIGURATION] = documents.dump(lists, f"{SOURCE} and playbooks/*.meta.yml")
    files[APPLY] = documents.dump([apply(lists)], str(CONFIGURATION))
    return files


def playbook_spec(name: str, playbook: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Return the argument specification of a playbook: its own options, then those of its roles."""
    options = dict(playbook.get("options", {}))
    for role, only in playbook["roles"].items():
        path = root / "roles" / role / "meta" / "argument_specs.yml"
        if not path.exists():
            raise RefusedError(f"playbook {name}: there is no {path.relative_to(root)}")
        offered = documents.load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
        options |= {option: pick(offered, option, f"playbook {name}, role {role}") for option in only or offered}
    for option in playbook.get("without", []):
        pick(options, option, f"playbook {name}, without")
        del options[option]
    for option in playbook.get("required", []):
        options[option] = {**pick(options, option, f"playbook {name}, required"), "required": True}
    example = {**imported(name, playbook["title"]), "vars": playbook["example"]}
    return {
        "short_description": playbook["title"],
        "options": described(options),
        "examples": documents.body([example]),
    }


def imported(playbook: str, title: str) -> dict[str, Any]:
    return {"name": title, "ansible.builtin.import_playbook": f"{NAMESPACE}.{playbook}"}


def described(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with descriptions of one paragraph, which is all that the schema of these files allows."""
    found = {}
    for name, option in options.items():
        text = option["description"]
        found[name] = {**option, "description": text if isinstance(text, str) else " ".join(text)}
        if "options" in option:
            found[name]["options"] = described(option["options"])
    return found


def configuration(source: Mapping[str, Any], specs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the lists that awx.awx and infra.aap_configuration take, in the order in which they need each other."""
    organization = source["organization"]
    used = [*source["job_templates"].values(), *source["workflows"]]
    labels = sorted({label for entry in used for label in entry["labels"]})
    found: dict[str, Any] = {"controller_labels": [{"name": label, "organization": organization} for label in labels]}
    for key, kind in AS_THEY_ARE.items():
        belongs = {} if key in WITHOUT_ORGANIZATION else {"organization": organization}
        found[kind] = [{**entry, **belongs} for entry in source[key]]
    templates = source["job_templates"]
    found["controller_templates"] = [
        job_template(name, entry, pick(specs, name, "job template"), source) for name, entry in templates.items()
    ]
    found["controller_workflows"] = [workflow(entry, source) for entry in source["workflows"]]
    found["controller_schedules"] = [
        {
            "name": entry["name"],
            "description": entry["description"],
            "organization": organization,
            "unified_job_template": pick(templates, entry["template"], f"schedule {entry['name']}")["name"],
            "rrule": entry["rrule"],
            "extra_data": entry["extra_data"],
            "enabled": True,
        }
        for entry in source["schedules"]
    ]
    return found


def apply(lists: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the play that loads the lists: a task for each, with every field that its entries have."""
    tasks = []
    for kind, module in MODULES.items():
        fields = {field: None for entry in lists[kind] for field in entry}
        always = [field for field in fields if all(field in entry for entry in lists[kind])]
        given = {field: f"{{{{ item.{field}{'' if field in always else ' | default(omit)'} }}}}" for field in fields}
        label = {"loop_control": {"label": "{{ item.name }}"}}
        loud = {} if module not in SECRETS else {"no_log": True}
        name = f"Load {kind.removeprefix('controller_').replace('_', ' ')}"
        tasks.append({"name": name, f"awx.awx.{module}": given, "loop": f"{{{{ {kind} }}}}", **label, **loud})
    about = "Load the job templates, their surveys, and all that they need into AWX"
    return {"name": about, "hosts": "localhost", "connection": "local", "gather_facts": False} | {
        "vars_files": [f"{CONFIGURATION.relative_to(EXTENSION)}"],
        "tasks": tasks,
    }


def job_template(
    playbook: str, entry: Mapping[str, Any], spec: Mapping[str, Any], source: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a job template; what there is one of needs no choice."""
    where, roles = f"job template {entry['name']}", source["playbooks"][playbook]["roles"]
    questions = [
        question(name, pick(spec["options"], name, where), ask, title(name, [playbook, *roles]))
        for name, ask in entry["asks"].items()
    ]
    return {
        "name": entry["name"],
        "description": spec["short_description"],
        "organization": source["organization"],
        "job_type": "run",
        "project": source["projects"][0]["name"],
        "playbook": f"{playbook}.yml",
        "inventory": source["inventories"][0]["name"],
        "execution_environment": source["execution_environments"][0]["name"],
        "credentials": entry["credentials"],
        "labels": entry["labels"],
        # Who needs no credential reaches no host either, and a limit would leave out the controller.
        "ask_limit_on_launch": entry["credentials"] != [],
        "ask_job_type_on_launch": True,
        "ask_verbosity_on_launch": True,
        "diff_mode": True,
        "survey_enabled": True,
        "survey_spec": {"name": entry["name"], "description": spec["short_description"], "spec": questions},
    }


def workflow(entry: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    organization, nodes = {"name": source["organization"]}, []
    for identifier, node in entry["nodes"].items():
        if "approval" in node:
            runs = {"type": "workflow_approval", "name": node["approval"], "organization": organization}
            runs |= {"description": node["description"], "timeout": node["timeout"]}
        else:
            template = pick(source["job_templates"], node["template"], f"workflow {entry['name']}, node {identifier}")
            runs = {"type": "job_template", "name": template["name"], "organization": organization}
        related = {f"{link}_nodes": [{"identifier": name} for name in node.get(link, [])] for link in LINKS}
        extra = {"extra_data": node["extra_data"]} if "extra_data" in node else {}
        nodes.append({"identifier": identifier, "unified_job_template": runs, **extra, "related": related})
    return {
        "name": entry["name"],
        "description": entry["description"],
        "organization": source["organization"],
        "labels": entry["labels"],
        "workflow_nodes": nodes,
    }


def title(option: str, prefixes: list[str]) -> str:
    """Return how a question is headed: the option without the name of its role or playbook."""
    bare = next((option.removeprefix(f"{name}_") for name in prefixes if option.startswith(f"{name}_")), option)
    return bare.replace("_", " ").capitalize()


def pick(offered: Mapping[str, Any], name: str, where: str) -> Any:
    """Raises RefusedError, naming what is not there."""
    if name not in offered:
        raise RefusedError(f"{where}: {name} is none of {', '.join(offered)}")
    return offered[name]
