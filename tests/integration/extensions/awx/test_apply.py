# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook that loads the configuration, against a stand-in of AWX's API.

The modules are played by tests/lab/awx/action.py; with HVIS_AWX=<a path of collections that has awx.awx> they are the
real ones.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awx.stand_in import ENDPOINTS, StandIn
from awx_configuration import documents
from awx_configuration.generate import APPLY, COLLECTION, CONFIGURATION, EXTENSION, MODULES
from playbook_runner import Run, run_playbook
from workspace import COLLECTIONS, LAB

SECRET = "S3cret-of-the-hosts"
VARIABLES = {
    "hyperv_awx_host_username": "ansible@EXAMPLE.COM",
    "hyperv_awx_host_password": SECRET,
    "hyperv_awx_guest_username": "ansible",
    "hyperv_awx_guest_key": "key",
    "hyperv_awx_image": "registry.example.com/hyperv-ee:1",
    "hyperv_awx_project_url": "https://git.example.com/hyperv.git",
}


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A path of collections with awx.awx."""
    if real := os.environ.get("HVIS_AWX"):
        return Path(real)
    path = tmp_path_factory.mktemp("collections")
    actions = path / "ansible_collections" / "awx" / "awx" / "plugins" / "action"
    actions.mkdir(parents=True)
    for module in MODULES.values():
        shutil.copy(LAB / "awx" / "action.py", actions / f"{module}.py")
    return path


@pytest.fixture(scope="module")
def loaded(collections: Path) -> Iterator[tuple[StandIn, list[Run]]]:
    """AWX after the configuration was loaded twice."""
    with StandIn() as awx:
        yield awx, [apply(awx, collections, COLLECTION / APPLY) for _time in range(2)]


def apply(awx: StandIn, collections: Path, playbook: Path) -> Run:
    env = awx.environment() | {
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(collections), str(COLLECTIONS)]),
        "PYTHONPATH": str(COLLECTION / "extensions" / "awx"),
    }
    return run_playbook(Path("localhost,"), playbook, "-e", json.dumps(VARIABLES), "-vvv", env=env)


def configuration() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = documents.load((COLLECTION / CONFIGURATION).read_text(encoding="utf-8"))
    return found


def test_everything_is_loaded_and_the_second_time_nothing_changes(loaded: tuple[StandIn, list[Run]]) -> None:
    awx, (first, second) = loaded
    assert first.code == 0, first.output
    assert second.code == 0, second.output
    assert first.recap("localhost")["changed"] == len(MODULES)
    # The real module of workflows compares the approval with fields that it does not have, and says changed each time.
    assert second.recap("localhost")["changed"] == (1 if "HVIS_AWX" in os.environ else 0)
    lists = {module: kind for kind, module in MODULES.items()}
    for endpoint, module in ENDPOINTS.items():
        names = {entry["name"] for entry in awx.objects[endpoint].values()} - {"Machine"}
        assert names == {entry["name"] for entry in configuration()[lists[module]]}


def test_templates_have_their_surveys_credentials_and_labels(loaded: tuple[StandIn, list[Run]]) -> None:
    awx = loaded[0]
    for template in configuration()["controller_templates"]:
        found = awx.one("job_templates", template["name"])
        assert found["survey_spec"] == template["survey_spec"]
        assert found["survey_enabled"] is True
        for field in ("credentials", "labels"):
            numbers = [awx.one(field, name)["id"] for name in template[field]]
            assert sorted(found["associations"].get(field, [])) == sorted(numbers)
        assert found["execution_environment"] == awx.one("execution_environments", "Hyper-V")["id"]


def test_the_workflow_asks_a_person_between_audit_and_enforcement(loaded: tuple[StandIn, list[Run]]) -> None:
    awx = loaded[0]
    nodes = {node["identifier"]: node for node in awx.objects["workflow_job_template_nodes"].values()}
    runs = {name: node["unified_job_template"] for name, node in nodes.items()}
    audit, enforce = (awx.one("job_templates", f"Hyper-V: {name}")["id"] for name in ("audit", "enforce"))
    (approval,) = awx.objects["workflow_approval_templates"].values()
    assert runs == {"audit-before": audit, "approve": approval["id"], "enforce": enforce, "audit-after": audit}
    assert approval["timeout"] == 86400
    identifiers = {node["id"]: name for name, node in nodes.items()}
    links = {
        (name, link, identifiers[number])
        for name, node in nodes.items()
        for link, numbers in node["associations"].items()
        for number in numbers
    }
    assert links == {
        ("audit-before", "success_nodes", "approve"),
        ("approve", "success_nodes", "enforce"),
        ("enforce", "always_nodes", "audit-after"),
    }


def test_secrets_arrive_and_are_shown_nowhere(loaded: tuple[StandIn, list[Run]]) -> None:
    awx, runs = loaded
    assert awx.one("credentials", "Hyper-V hosts")["inputs"]["password"] == SECRET
    injectors = awx.one("credential_types", "Hyper-V host")["injectors"]
    assert injectors["env"]["HYPERV_HOST_PASSWORD"] == "{{ password }}"
    assert set(injectors) == {"env"}
    credentials = [result for run in runs for result in run.results if result.task == "Load credentials"]
    assert len(credentials) == len(runs)
    assert [run.code for run in runs if SECRET in run.output] == []


BROKEN = {
    "a default that is no choice": ("          default: never\n", "          default: no\n", "audit_fail_on"),
    "a playbook that is not there": ("playbook: linux_guests.yml", "playbook: guests.yml", "Playbook not found"),
    "an unknown credential": (
        "    credentials:\n      - Hyper-V hosts\n",
        "    credentials:\n      - Hosts\n",
        "Hosts",
    ),
}


def test_awx_refuses_what_the_check_refuses(collections: Path, tmp_path: Path) -> None:
    """Each in a template of its own, so the check is not alone in what it thinks of AWX."""
    shutil.copytree(COLLECTION / EXTENSION, tmp_path / "awx", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "awx" / "configs" / CONFIGURATION.name
    text = file.read_text(encoding="utf-8")
    for old, new, _text in BROKEN.values():
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")
    with StandIn() as awx:
        run = apply(awx, collections, tmp_path / "awx" / APPLY.name)
    assert run.code != 0
    (refused,) = [result.data["results"] for result in run.results if result.status == "failed"]
    messages = [str(result["msg"]) for result in refused if "msg" in result]
    assert len(messages) == len(BROKEN), refused
    assert [case for case, (_old, _new, text) in BROKEN.items() if not any(text in said for said in messages)] == []
