# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS, PROTECTED
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.profiles import PROFILES, Profile

ROLE = Path(__file__).parents[3] / "roles" / "host_policy"


def load(path: str) -> Any:
    return yaml.safe_load((ROLE / path).read_text(encoding="utf-8"))


def test_argument_specs_and_defaults_agree() -> None:
    options = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {name: option["default"] for name, option in options.items()} == load("defaults/main.yml")


def test_profiles_are_the_choices_of_the_default() -> None:
    options = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert options["host_policy_default"]["choices"] == list(PROFILES)


def holds(profile: Profile) -> str:
    """What the documentation of the role says that a profile holds."""
    verbs = {True: "enables", False: "disables", None: "leaves alone"}
    parts = []
    for wanted, verb in verbs.items():
        services = [key for key in KEYS if profile.services[key] is wanted]
        if services:
            parts.append(f"{verb} {'all services' if len(services) == len(KEYS) else ', '.join(services)}")
    if profile.in_contact:
        parts.append(f"reports guests that do not answer on {', '.join(profile.in_contact)}")
    return f"V({profile.name}) {'; '.join(parts)}."


def test_argument_spec_says_what_each_profile_holds() -> None:
    """So does ansible-doc."""
    description = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]["host_policy_default"][
        "description"
    ]
    assert description[1:] == [holds(profile) for profile in PROFILES.values()]


def test_readme_says_what_each_profile_holds() -> None:
    lines = (ROLE / "README.md").read_text(encoding="utf-8").splitlines()
    for profile in PROFILES.values():
        (row,) = [line for line in lines if line.startswith(f"| `{profile.name}` |")]
        cells = [cell.strip() for cell in row.split("|")][2:8]
        words = {True: "on", False: "off", None: "–"}
        expected = [
            words[profile.services[key]] + (", has to answer" if key in profile.in_contact else "") for key in KEYS
        ]
        assert cells == expected, profile.name


def test_protected_by_default_is_what_cannot_be_dropped() -> None:
    assert load("defaults/main.yml")["host_policy_protected"] == list(PROTECTED)


def test_the_modules_guard_protects_them_whatever_the_variables_say() -> None:
    (act,) = [task for task in load("tasks/main.yml") if task["name"] == "Apply the plan"]
    arguments = act["hyperv.integration.vm_integration_service"]
    assert arguments["protected"].startswith(f"{{{{ {list(PROTECTED)} | union(")
    assert list(act).count("loop") == 0


def test_collection_readme_names_what_defaults_disable() -> None:
    """What the README says of the defaults that disable something is all that they disable."""
    default = PROFILES[load("defaults/main.yml")["host_policy_default"]]
    guest = yaml.safe_load((ROLE.parent / "linux_guest" / "defaults" / "main.yml").read_text(encoding="utf-8"))
    unwanted = [key for key, wanted in guest["linux_guest_services"].items() if wanted == "absent"]
    assert [key for key, wanted in default.services.items() if wanted is False] == ["guest_service_interface"]
    assert unwanted == []
    readme = (ROLE.parents[1] / "README.md").read_text(encoding="utf-8")
    assert (
        "The defaults of one role disable a service: `host_policy` disables the Guest Service Interface on the host."
    ) in readme


def test_readme_describes_every_variable_and_profile() -> None:
    readme = (ROLE / "README.md").read_text(encoding="utf-8")
    assert not [name for name in load("defaults/main.yml") if f"`{name}`" not in readme]
    assert not [name for name in PROFILES if f"`{name}`" not in readme]
