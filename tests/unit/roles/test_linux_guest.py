# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packages that linux_guest_info names as a remedy are those that the role linux_guest installs."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.distribution import FAMILIES, PACKAGES
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import (
    LINUX_SERVICES,
    UIO_COPY_DAEMONS,
    UIO_COPY_UNITS,
)
from workspace import CHECKOUT

VARS = CHECKOUT / "roles" / "linux_guest" / "vars"
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
