# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import io

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.delimited import COLUMNS
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import visible


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), strict=True))


def test_a_line_for_each_finding_and_for_what_was_not_seen(audit: Audit) -> None:
    rows = _read(make_report(audit, "csv"))
    assert list(rows[0]) == list(COLUMNS)
    drift = audit["drift"]
    assert drift is not None
    expected = [finding["id"] for finding in audit["findings"] + drift["fixed"]]
    assert [row["id"] for row in rows] == expected + [""] * len(audit["not_seen"])
    assert [row["status"] for row in rows].count("not_seen") == len(audit["not_seen"])
    waived = [row for row in rows if row["status"] == "waived"]
    assert len(waived) == audit["summary"]["waived"] > 0
    assert waived[0]["waiver_reason"] == "replaced in spring"
    assert rows[0]["evidence"].startswith("host: ")


def test_spreadsheets_find_no_formula(hostile: Audit) -> None:
    text = make_report(hostile, "csv")
    rows = _read(text)
    assert len(text.split("\r\n")) == len(rows) + 2  # head, and the end of the last line
    for row in rows:
        assert set(row) == set(COLUMNS)
        for value in row.values():
            assert value.isprintable()
            assert not value.lstrip(" '\"" if not value.startswith("'") else "").startswith(tuple("=+-@＝＋－＠"))
    names = {row["vm"].removeprefix("'") for row in rows if row["vm"]}
    assert {visible(vm["name"]).removeprefix("'") for vm in hostile["virtual_machines"] if vm["name"]} <= names


@pytest.mark.parametrize("mark", [False, True])
def test_byte_order_mark(mark: bool, audit: Audit) -> None:
    assert make_report(audit, "csv", {"byte_order_mark": mark}).startswith("\ufeff") == mark
