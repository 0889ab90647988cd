# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queries run by jq over what the modules return, after the samples of their documentation."""

from __future__ import annotations

from typing import Any

import jq
import pytest
import yaml

from workspace import CHECKOUT

MODULES = CHECKOUT / "plugins" / "modules"
QUERIES = yaml.safe_load((CHECKOUT / "extensions" / "audit" / "event_query.yml").read_text(encoding="utf-8"))
MODULE = "hyperv.integration.vm_integration_service"


def sample(fields: dict[str, Any]) -> dict[str, Any]:
    """What a module would return, after the samples in RETURN."""
    return {
        name: field["sample"] if "sample" in field else [sample(field["contains"])] for name, field in fields.items()
    }


def returned(**more: Any) -> dict[str, Any]:
    fields = yaml.safe_load((MODULES / "vm_integration_service.yml").read_text(encoding="utf-8"))["RETURN"]
    result = sample(fields)
    result["virtual_machines"][0] |= {"error": None, **more}
    return result


def nodes(result: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = jq.compile(QUERIES[MODULE]["query"]).input_value(result).all()
    return found


def test_queries_name_modules_that_there_are() -> None:
    assert list(QUERIES) == [MODULE]
    assert (MODULES / "vm_integration_service.ps1").is_file()


def test_a_managed_virtual_machine_is_a_node() -> None:
    result = returned()
    (node,) = nodes(result)
    assert node["name"] == result["virtual_machines"][0]["name"]
    assert node["canonical_facts"] == {"hyperv_vm_id": result["virtual_machines"][0]["id"]}
    assert node["facts"]["device_type"] == "virtual_machine"


def test_it_is_the_same_node_on_whatever_host_and_in_whatever_spelling() -> None:
    seen = {node["canonical_facts"]["hyperv_vm_id"] for id in ("AB-1", "ab-1") for node in nodes(returned(id=id))}
    assert seen == {"ab-1"}


@pytest.mark.parametrize(
    "result",
    [
        {"failed": True, "msg": "services.shutdown: refused"},
        {"virtual_machines": []},
        {"virtual_machines": None},
        returned(error="vss is not enabled"),
        returned(id=None),
    ],
)
def test_what_was_not_managed_is_no_node(result: Any) -> None:
    assert nodes(result) == []
