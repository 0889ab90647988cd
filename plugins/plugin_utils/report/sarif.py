# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings as SARIF 2.1.0 (OASIS), for code scanning dashboards and whatever else gathers results of analysers."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit, Finding, RuleText
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import jsonable
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.words import (
    cited,
    heading,
    not_seen,
    statuses,
    web_address,
)

HOMEPAGE = "https://github.com/hyperv-integration/hyperv.integration"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# "none" goes with results that are only for information: SARIF allows no other level there.
_LEVELS = {"high": "error", "medium": "warning", "low": "note", "info": "none"}
# GitHub's scale of 0 to 10, in the middle of its bands (high from 7.0, medium from 4.0).
_SECURITY_SEVERITY = {"high": "8.0", "medium": "5.5", "low": "2.0", "info": "0.0"}
_BASELINE_STATES = {"new": "new", "unchanged": "unchanged", None: "new"}


def to_sarif(audit: Audit) -> str:
    """Return a log with one run. Virtual machines are logical locations: there are no files that a result could be in.

    The id of a finding is its partial fingerprint, a waiver is a suppression, drift is the state against the baseline,
    and what was not seen is a notification of the run.
    """
    rules = {**audit["rules"]}
    for _status, finding in statuses(audit):
        rules.setdefault(finding["rule"], _unknown_rule(finding))
    index = {rule: number for number, rule in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "hyperv.integration audit",
                "informationUri": HOMEPAGE,
                "rules": [_rule(id, text) for id, text in rules.items()],
            }
        },
        "automationDetails": {"id": "hyperv.integration/audit/", "description": _message(audit["title"])},
        "invocations": [
            {
                "executionSuccessful": True,
                "startTimeUtc": audit["collected_at"],
                "endTimeUtc": audit["evaluated_at"],
                "toolExecutionNotifications": [
                    {"level": "warning", "message": _message(f"Not seen: {not_seen(item)}")}
                    for item in audit["not_seen"]
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(audit, status, finding, index) for status, finding in statuses(audit)],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(jsonable(log), indent=1, ensure_ascii=False) + "\n"


def _unknown_rule(finding: Finding) -> RuleText:
    rule = finding["rule"]
    return RuleText(title=rule, severity=finding["severity"], description=rule, references=finding["references"])


def _rule(id: str, text: RuleText) -> dict[str, Any]:
    addresses = [address for item in text["references"] if (address := web_address(item["url"]))]
    return {
        "id": id,
        "shortDescription": _message(text["title"]),
        "fullDescription": _message(text["description"]),
        "help": _message("\n".join([text["description"], *map(cited, text["references"])])),
        "helpUri": addresses[0] if addresses else HOMEPAGE,
        "defaultConfiguration": {"level": _LEVELS[text["severity"]]},
        "properties": {"severity": text["severity"], "security-severity": _SECURITY_SEVERITY[text["severity"]]},
    }


def _result(audit: Audit, status: str, finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    informational = finding["severity"] == "info"
    result: dict[str, Any] = {
        "ruleId": finding["rule"],
        "ruleIndex": index[finding["rule"]],
        "kind": "informational" if informational else "fail",
        "level": _LEVELS[finding["severity"]],
        "message": _message(f"{heading(audit, finding)}: {finding['explanation']} Remedy: {finding['remedy']}"),
        "locations": [{"logicalLocations": _logical_locations(finding)}],
        "partialFingerprints": {"hypervIntegrationFinding/v1": finding["id"]},
        "suppressions": [],
        "properties": {
            "finding": heading(audit, finding),
            "severity": finding["severity"],
            "side": finding["side"],
            "evidence": finding["evidence"],
            "references": finding["references"],
        },
    }
    waiver = finding["waived_by"]
    if waiver:  # where one result has suppressions all must have, an empty list meaning none (SARIF 3.27.23)
        details = {"waiver": waiver["id"], "owner": waiver["owner"], "until": waiver["until"]}
        accepted = {"kind": "external", "status": "accepted", "justification": waiver["reason"], "properties": details}
        result["suppressions"] = [accepted]
    if audit["drift"]:
        result["baselineState"] = "absent" if status == "fixed" else _BASELINE_STATES[finding["drift"]]
    return result


def _logical_locations(finding: Finding) -> list[dict[str, str]]:
    vm, parts, locations = finding["vm"], [], []
    names = {
        "host": finding["host"],
        "virtualMachine": vm["name"] if vm else None,
        "guest": None if vm else finding["guest"],
        "service": finding["service"],
    }
    for kind, name in names.items():
        if name is not None:
            parts.append(name)
            # The id tells virtual machines of the same name apart.
            parts += [vm["id"]] if kind == "virtualMachine" and vm else []
            locations.append({"name": name, "fullyQualifiedName": "/".join(parts), "kind": kind})
    return locations[::-1] or [{"name": "audit", "fullyQualifiedName": "audit", "kind": "audit"}]


def _message(text: str) -> dict[str, str]:
    """Return a message that viewers show as it is: braces doubled and links torn, see SARIF 3.11.5 and 3.11.6."""
    return {"text": text.replace("{", "{{").replace("}", "}}").replace("](", "] (")}
