# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit import shapes
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import jsonable

_SCHEMA = Path(shapes.__file__).parent / "schemas" / "audit.schema.json"


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")), format_checker=FormatChecker())


@pytest.mark.parametrize("which", ["audit", "hostile", "healthy"])
def test_json_is_the_audit_and_fits_the_published_schema(which: str, request: pytest.FixtureRequest) -> None:
    audit: Audit = request.getfixturevalue(which)
    read = json.loads(make_report(audit, "json"))
    assert read == jsonable(audit)
    assert [error.message for error in _validator().iter_errors(read)] == []


def test_texts_are_kept_but_for_lone_surrogates(hostile: Audit) -> None:
    read = json.loads(make_report(hostile, "json"))
    for kept, vm in zip(read["virtual_machines"], hostile["virtual_machines"], strict=True):
        try:
            vm["name"].encode()
        except UnicodeEncodeError:
            assert kept["name"] == "".join(f"<U+{ord(c):04X}>" if "\ud800" <= c <= "\udfff" else c for c in vm["name"])
        else:
            assert kept["name"] == vm["name"]


def test_schema_refuses_what_is_no_audit(audit: Audit) -> None:
    read = json.loads(make_report(audit, "json"))
    read["findings"][0]["severity"] = "terrible"
    del read["summary"]
    assert {error.validator for error in _validator().iter_errors(read)} >= {"enum", "required"}


def test_each_finding_and_machine_is_a_line(audit: Audit) -> None:
    text = make_report(audit, "json")
    assert text.isascii()
    lines = text.splitlines()
    for part in ("findings", "virtual_machines"):
        start = lines.index(f'"{part}": [') + 1
        items = audit[part]
        assert [json.loads(line.rstrip(",")) for line in lines[start : start + len(items)]] == items


def test_what_json_does_not_have_becomes_text(audit: Audit) -> None:
    finding = {**audit["findings"][0], "evidence": [{"source": "host", "fact": "x", "value": float("nan")}]}
    odd = {**audit, "findings": [finding]}
    assert json.loads(make_report(odd, "json"))["findings"][0]["evidence"][0]["value"] == "nan"  # type: ignore[arg-type]
