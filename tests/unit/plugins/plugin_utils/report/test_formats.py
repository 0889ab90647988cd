# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import FORMATS, ReportError, make_report
from hostile_texts import HOSTILE

_HASHES = """
import hashlib, json, sys
sys.path[:0] = json.loads(sys.argv[1])
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import FORMATS, make_report
from hostile_texts import hostile_audit
print(json.dumps({name: hashlib.sha256(make_report(hostile_audit(), name).encode()).hexdigest() for name in FORMATS}))
"""


def test_corpus_is_large_and_reaches_every_kind_of_text(hostile: Audit) -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60
    findings = hostile["findings"]
    assert set(HOSTILE) == {vm["name"] for vm in hostile["virtual_machines"]}
    assert set(HOSTILE) == {finding["explanation"] for finding in findings}
    assert set(HOSTILE) == {finding["remedy"] for finding in findings}
    assert set(HOSTILE) == {item["value"] for finding in findings for item in finding["evidence"]}


def test_same_audit_same_bytes_in_another_process(hostile: Audit) -> None:
    here = {name: hashlib.sha256(make_report(hostile, name).encode()).hexdigest() for name in FORMATS}
    command = [sys.executable, "-c", _HASHES, json.dumps(sys.path)]
    env = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}
    assert json.loads(subprocess.check_output(command, env=env, text=True)) == here


@pytest.mark.parametrize("format", FORMATS)
def test_report_is_utf_8_and_leaves_its_input_alone(format: str, hostile: Audit, tmp_path: Path) -> None:
    before = json.dumps(hostile)
    text = make_report(hostile, format)
    (tmp_path / format).write_text(text, encoding="utf-8")
    assert json.dumps(hostile) == before


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_to_tell_is_told(format: str, healthy: Audit) -> None:
    text = make_report(healthy, format)
    assert text.endswith("\n")
    if format in ("html", "markdown", "terminal"):
        assert "No open findings on 0 virtual machines." in text.replace("\\", "")


@pytest.mark.parametrize("format", sorted({*FORMATS} - {"json"}))
def test_what_was_not_seen_is_in_every_report(format: str, audit: Audit) -> None:
    text = make_report(audit, format)
    assert "connection refused" in text
    assert "hv999.example.com" in text


@pytest.mark.parametrize(
    ("format", "options", "message"),
    [
        ("pdf", {}, r"format 'pdf': choose one of html, json, junit, sarif, csv, markdown, terminal"),
        ("html", {"width": 80}, r"option 'width' of format html: there is no such option \(there are: none\)"),
        ("terminal", {"widht": 80}, r"'widht'.*\(there are: width, color, details\)"),
        ("terminal", {"width": "80"}, r"option 'width' of format terminal: '80' is no int"),
        ("terminal", {"width": True}, r"True is no int"),
        ("terminal", {"color": "yes"}, r"'yes' is no bool"),
    ],
)
def test_bad_request_is_named(format: str, options: dict[str, object], message: str, audit: Audit) -> None:
    with pytest.raises(ReportError, match=message):
        make_report(audit, format, options)
