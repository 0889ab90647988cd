# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import FORMATS, ReportError, make_report
from audit_samples import RULES
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
        assert "No open findings on 0 VMs." in text.replace("\\", "")


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
        ("terminal", {"widht": 80}, r"'widht'.*\(there are: width, color, details, only_new\)"),
        ("terminal", {"width": "80"}, r"option 'width' of format terminal: '80' is no int"),
        ("terminal", {"width": True}, r"True is no int"),
        ("terminal", {"color": "yes"}, r"'yes' is no bool"),
        ("junit", {"fail_on": "worst"}, r"option 'fail_on' of format junit: 'worst' is not one of high, .*, never"),
        ("junit", {"fail_on_new": ""}, r"option 'fail_on_new' of format junit: '' is not one of high, .*, never"),
        ("html", {"fail_on": None}, r"option 'fail_on' of format html: there is no such option"),
    ],
)
def test_bad_request_is_named(format: str, options: dict[str, object], message: str, audit: Audit) -> None:
    with pytest.raises(ReportError, match=message):
        make_report(audit, format, options)


@pytest.mark.parametrize("format", sorted({*FORMATS} - {"json"}))
def test_findings_are_headed_by_what_is_wrong(format: str, audit: Audit) -> None:
    """The requirement stands in catalogs of rules only; an audit of an earlier version has nothing else."""
    catalogs = ("html", "sarif", "junit")
    text = make_report(audit, format).replace("\\", "")
    rule = audit["rules"]["guest_silent"]
    assert rule["finding"] in text
    assert (rule["title"] in text) == (format in catalogs)
    old: Any = {id: {name: text for name, text in rule.items() if name != "finding"} for id, rule in RULES.items()}
    assert rule["title"] in make_report({**audit, "rules": old}, format).replace("\\", "")


@pytest.mark.parametrize("format", ["html", "markdown", "terminal"])
def test_headline_counts_by_severity_and_what_a_baseline_adds(format: str, audit: Audit) -> None:
    text = make_report(audit, format)
    counts = ", ".join(f"{number} {name}" for name, number in audit["summary"]["severities"].items() if number)
    new = sum(finding["drift"] == "new" and not finding["waived_by"] for finding in audit["findings"])
    told = " ".join(text.replace("\\", "").split())
    assert re.search(
        rf"Open findings: {counts}\. VMs concerned: \d+ of 120\. Since the baseline: {new} new, 1 fixed", told
    )
    assert "Since the baseline" not in make_report({**audit, "drift": None}, format)


@pytest.mark.parametrize("format", ["html", "junit", "markdown", "terminal"])
def test_hosts_not_read_are_not_counted_as_assessed(format: str, audit: Audit) -> None:
    assert "4 of 5 hosts, 120 VMs" in make_report(audit, format)


@pytest.mark.parametrize("format", ["markdown", "terminal"])
def test_only_new_and_fixed_findings(format: str, audit: Audit) -> None:
    """For a chat or a mail: what has changed since the baseline."""
    text = make_report(audit, format, {"only_new": True})
    for finding in audit["findings"]:
        if finding["vm"]:
            shown = re.search(rf"{finding['vm']['name']}\b.*\b{finding['service']}\b", text) is not None
            assert shown == any(
                other["vm"] == finding["vm"] and other["service"] == finding["service"]
                for other in audit["findings"]
                if other["drift"] == "new" and not other["waived_by"]
            )
    assert "web-retired" in text


@pytest.mark.parametrize("format", ["markdown", "terminal"])
def test_only_new_without_a_baseline_is_refused(format: str, audit: Audit) -> None:
    with pytest.raises(ValueError, match="'only_new': this audit has no baseline"):
        make_report({**audit, "drift": None}, format, {"only_new": True})
