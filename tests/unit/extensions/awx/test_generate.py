# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The generated files are in the repository as they are generated, and what cannot be generated is refused by name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from awx_configuration import documents
from awx_configuration.generate import APPLY, COLLECTION, CONFIGURATION, PROJECT, SOURCE, generate
from awx_configuration.problems import RefusedError

PLAYBOOKS = ("audit", "check_policy", "enforce", "linux_guests", "report_only")
AGREE = ("type", "elements", "choices", "default")


def load(*path: str) -> Any:
    return yaml.safe_load(Path(COLLECTION, *path).read_text(encoding="utf-8"))


def options_of(playbook: str) -> dict[str, Any]:
    options: dict[str, Any] = load("playbooks", f"{playbook}.meta.yml")["argument_specs"][playbook]["options"]
    return options


def test_everything_is_in_the_repository_byte_for_byte() -> None:
    different = [str(path) for path, text in generate().items() if (COLLECTION / path).read_bytes() != text.encode()]
    assert different == [], "make awx"


def test_every_playbook_has_a_specification_and_a_place_in_the_project() -> None:
    found = {path.name.partition(".")[0] for path in (COLLECTION / "playbooks").glob("*.yml")}
    assert found == set(PLAYBOOKS)
    files = {Path("playbooks", f"{name}.meta.yml") for name in PLAYBOOKS}
    assert set(generate()) == {*files, *(PROJECT / f"{name}.yml" for name in PLAYBOOKS), CONFIGURATION, APPLY}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_playbook_validates_by_its_own_specification(playbook: str) -> None:
    (play,) = load("playbooks", f"{playbook}.yml")
    (task,) = play["pre_tasks"]
    arguments = task["hyperv.integration.role_options"]
    assert arguments["specification"] == f"{{{{ playbook_dir }}}}/{playbook}.meta.yml"
    assert arguments["entry_point"] == playbook
    own = [name for name in options_of(playbook) if name == f"{playbook}_hosts"]
    assert [name for name in own if name not in play["hosts"]] == []


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_options_are_those_of_the_roles(playbook: str) -> None:
    """Asked of the files themselves, whatever made them."""
    roles = {
        name: load("roles", name, "meta", "argument_specs.yml") for name in ("audit", "host_policy", "linux_guest")
    }
    offered = {
        name: option for spec in roles.values() for name, option in spec["argument_specs"]["main"]["options"].items()
    }
    found, own = options_of(playbook), {f"{playbook}_hosts"}
    assert set(found) - own <= set(offered)
    for name in set(found) - own:
        assert {key: found[name].get(key) for key in AGREE} == {key: offered[name].get(key) for key in AGREE}, name


def test_a_playbook_leaves_out_only_what_it_decides_itself() -> None:
    def of_role(name: str) -> set[str]:
        return set(load("roles", name, "meta", "argument_specs.yml")["argument_specs"]["main"]["options"])

    assert of_role("host_policy") <= set(options_of("enforce"))
    assert of_role("linux_guest") <= set(options_of("linux_guests"))
    assert of_role("audit") - set(options_of("audit")) == {"audit_mode", "audit_collection_file"}
    assert [name for name, option in options_of("report_only").items() if option.get("required")] == [
        "audit_collection_file"
    ]


def test_a_survey_asks_for_nothing_that_the_inventory_decides() -> None:
    """An answer, even the default one, outweighs every variable of a group or host."""
    policy = {
        "host_policy_default",
        "host_policy_rules",
        "host_policy_merge",
        "host_policy_protected",
        "host_policy_overrides",
    }
    policy |= {
        "host_policy_selection",
        "audit_selection",
        "audit_hosts",
        "audit_guests",
        "linux_guest_services",
        "linux_guest_time",
    }
    templates = documents.load((COLLECTION / CONFIGURATION).read_text(encoding="utf-8"))["controller_templates"]
    asked = {item["variable"] for template in templates for item in template["survey_spec"]["spec"]}
    assert asked & policy == set()
    assert len(asked) > 5


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What is generated from, to be changed."""
    shutil.copytree(COLLECTION / "roles", tmp_path / "roles")
    (tmp_path / SOURCE).parent.mkdir(parents=True)
    shutil.copy(COLLECTION / SOURCE, tmp_path / SOURCE)
    return tmp_path


def change(root: Path, path: str | Path, old: str, new: str) -> None:
    text = (root / path).read_text(encoding="utf-8")
    assert old in text
    (root / path).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_change_of_a_role_reaches_the_survey(copy: Path) -> None:
    before = generate(copy)
    change(
        copy,
        "roles/host_policy/meta/argument_specs.yml",
        "choices: [none, switch, contact]",
        "choices: [none, switch, all]",
    )
    after = generate(copy)
    changed = {path for path in before if before[path] != after[path]}
    assert changed == {Path("playbooks", "enforce.meta.yml"), CONFIGURATION}
    assert "            - all\n" in after[CONFIGURATION]


REFUSED = {
    "a survey that asks for what is no option": (
        "host_policy_verify: {}",
        "host_policy_verfy: {}",
        "host_policy_verfy",
    ),
    "a survey that asks for a mapping": (
        "host_policy_verify: {}",
        "host_policy_overrides: {}",
        "host_policy_overrides: AWX has no question for an option of type dict",
    ),
    "a survey that asks for a free list": (
        "linux_guest_repair: {}",
        "linux_guest_services: {}",
        "linux_guest_services: AWX has no question for an option of type dict",
    ),
    "a role that is not there": ("roles: {linux_guest: null}", "roles: {linux_gest: null}", "roles/linux_gest/meta"),
    "an option that no role has": (
        "        - host_policy_merge\n",
        "        - host_policy_merg\n",
        "host_policy_merg is none of",
    ),
    "leaving out what is not there": ("without: [audit_mode,", "without: [audit_mod,", "audit_mod is none of"),
    "requiring what is not there": (
        "required: [audit_collection_file]",
        "required: [audit_collection]",
        "audit_collection is none",
    ),
    "a job template for no playbook": (
        "  linux_guests:\n    name:",
        "  linux_gests:\n    name:",
        "linux_gests is none of",
    ),
    "a schedule for no job template": (
        "    template: enforce\n    rrule",
        "    template: enforced\n    rrule",
        "enforced is none of",
    ),
    "a node for no job template": (
        "        template: enforce\n",
        "        template: enforced\n",
        "node enforce: enforced is none of",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_by_name(copy: Path, case: str) -> None:
    old, new, text = REFUSED[case]
    change(copy, SOURCE, old, new)
    with pytest.raises(RefusedError, match=re.escape(text)):
        generate(copy)
