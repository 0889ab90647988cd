# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is published beside the code agrees with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import audit_schema
from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit import join, side, subjects
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.documents import read_schema
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import SCOPES, built_in_files, fields
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import SEVERITIES, SIDES
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.waivers import parse_waivers, waiver_facts

Make = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("name", ["audit", "collection", "options", "rules", "waivers"])
def test_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(read_schema(name))


def test_schemas_of_audit_and_collection_are_those_of_the_shapes() -> None:
    for path, text in audit_schema.texts().items():
        assert path.read_text(encoding="utf-8") == text, "write it: python tests/lab/audit_schema.py"


def test_schema_of_rules_knows_the_words_of_the_code() -> None:
    definitions = read_schema("rules")["$defs"]
    of_service = definitions["service_match"]["properties"]

    def words(properties: dict[str, Any], field: str) -> list[Any]:
        assert properties[field]["then"]["items"]["enum"] == properties[field]["else"]["enum"]
        found: list[Any] = properties[field]["else"]["enum"]
        return found

    assert words(of_service, "service") == list(KEYS)
    assert words(of_service, "view") == list(side.VIEWS)
    assert words(of_service, "case") == [row.case for row in side.ROWS]
    assert words(of_service, "guest") == list(side.GUESTS)
    assert words(of_service, "side") == [*SIDES, None]
    assert words(definitions["guest_match"]["properties"], "mapping") == list(join.MAPPINGS)
    rule = definitions["rule"]["properties"]
    assert rule["severity"]["enum"] == list(SEVERITIES)
    assert rule["scope"]["enum"] == list(SCOPES)


def test_schema_of_rules_lists_the_facts_that_there_are(vm: Make, host: Make, guest: Make) -> None:
    machine = vm()
    of_host, of_guest = host(machine, policy={}), guest(vm="web01")
    joined = join.join([of_host], [of_guest])  # type: ignore[list-item]
    (subject,) = subjects.virtual_machines([of_host], joined, {}, "2026-11-27", 300)  # type: ignore[list-item]
    text = (
        "version: 1\nwaivers:\n  - {id: W-1, rule: own_drift, match: {host: a}, reason: good reason, owner: me, "
        "until: 2026-12-31}\n"
    )
    ((waiver,), problems) = parse_waivers({"path": "w.yml", "text": text})
    assert problems == []
    facts = {
        "service": subject.services["vss"],
        "virtual_machine": subject.facts,
        "host": subjects.host_facts(of_host),  # type: ignore[arg-type]
        "guest": subjects.guest_facts(joined[0]),
        "waiver": waiver_facts(waiver, frozenset(), "2026-11-27", all_seen=True),
    }
    assert set(facts) == set(SCOPES)
    for scope in SCOPES:
        comparable, known = fields(scope)
        assert known == set(facts[scope]), scope
        values = {field: facts[scope][field] for field in comparable}
        assert [field for field, value in values.items() if isinstance(value, list | dict)] == []


def test_files_of_rules_are_in_the_published_form() -> None:
    for file in built_in_files():
        assert file["text"].startswith("# Copyright"), file["path"]
    json.dumps(read_schema("rules"))
