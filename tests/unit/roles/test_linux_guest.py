# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packages that linux_guest_info names as a remedy are those that the role linux_guest installs."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.distribution import FAMILIES, PACKAGES
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import (
    LINUX_SERVICES,
    UIO_COPY_DAEMONS,
    UIO_COPY_UNITS,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import USUAL, WISHES
from code_blocks import code_blocks
from workspace import CHECKOUT

ROLE = CHECKOUT / "roles" / "linux_guest"
VARS = ROLE / "vars"
MATRIX = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in VARS.glob("*.yml")}
FAMILY = {name: data["__linux_guest_family"] for name, data in MATRIX.items() if "__linux_guest_family" in data}
WITH_DAEMON = {service.key: service for service in LINUX_SERVICES if service.daemons}


@pytest.mark.parametrize("family", sorted(FAMILY))
def test_the_packages_are_the_same(family: str) -> None:
    found = {key: service["packages"] for key, service in FAMILY[family].get("services", {}).items()}
    assert PACKAGES.get(family, {key: [] for key in found}) == found


def test_every_family_has_a_file() -> None:
    assert set(FAMILIES.values()) - set(FAMILY) == set()


def services_of(family: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    layers = [family, *family.get("rows", []), *family.get("variants", [])]
    return [pair for layer in layers for pair in layer.get("services", {}).items()]


@pytest.mark.parametrize("family", sorted(FAMILY))
def test_the_module_knows_every_unit_and_daemon_by_name(family: str) -> None:
    for key, service in services_of(FAMILY[family]):
        more = (UIO_COPY_UNITS, UIO_COPY_DAEMONS) if key == "guest_service_interface" else ((), ())
        if service.get("unit"):
            assert service["unit"] in WITH_DAEMON[key].units + more[0]
        if service.get("daemon"):
            assert service["daemon"].rpartition("/")[2] in WITH_DAEMON[key].daemons + more[1]


def load(path: str) -> Any:
    return yaml.safe_load((ROLE / path).read_text(encoding="utf-8"))


def test_argument_specs_and_defaults_agree() -> None:
    options = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {name: option["default"] for name, option in options.items()} == load("defaults/main.yml")
    services = options["linux_guest_services"]
    assert {key: option["default"] for key, option in services["options"].items()} == services["default"] == USUAL
    assert all(tuple(option["choices"]) == WISHES for option in services["options"].values())


def test_readme_describes_every_variable() -> None:
    readme = (ROLE / "README.md").read_text(encoding="utf-8")
    assert [name for name in load("defaults/main.yml") if f"`{name}`" not in readme] == []


def test_variables_in_the_documentation_are_accepted() -> None:
    options = load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    documents = [ROLE / "README.md", *(CHECKOUT / "docs" / "docsite" / "rst").glob("*.rst")]
    blocks = [block for document in documents for block in code_blocks(document) if block.kind == "variables"]
    assert blocks != []
    for block in blocks:
        assert ArgumentSpecValidator(options).validate(block.data).error_messages == [], block.label


@pytest.mark.parametrize("family", sorted(FAMILY))
def test_a_row_says_how_sure_it_is_and_a_file_where_it_is_from(family: str) -> None:
    text = (VARS / f"{family}.yml").read_text(encoding="utf-8")
    assert family == "unknown" or "Source" in text
    for row in FAMILY[family]["rows"]:
        assert row["evidence"] in ("measured", "package", "code", "doc", "inferred", "unverified")


@pytest.mark.parametrize("family", sorted(FAMILY))
def test_what_is_not_packaged_has_a_reason_and_a_way_out(family: str) -> None:
    for _key, service in services_of(FAMILY[family]):
        if service.get("packages") == []:
            assert service["reason"]
            assert service["remedy"]


def test_only_builtin_modules_and_no_restart_but_that_of_chrony() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in ROLE.glob("*/*.yml") if path.parent.name != "vars")
    used = set(re.findall(r"(?m)^ +([a-z_]+\.[a-z_]+\.[a-z_]+):", text))
    assert {name for name in used if not name.startswith("ansible.builtin.")} == {
        "hyperv.integration.linux_guest_info",
        "hyperv.integration.role_options",
    }
    assert text.count("state: restarted") == 1
    assert load("handlers/main.yml")[0]["name"] == "Restart chrony"
    assert "restarted" in str(load("handlers/main.yml"))
