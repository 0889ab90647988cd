# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.waivers import parse_waivers

Make = Callable[..., dict[str, Any]]
Judge = Callable[..., Audit]
Told = Callable[[Audit], list[tuple[Any, ...]]]

WAIVER = """\
version: 1
waivers:
  - id: W-1
    rule: own_silent
    match:
      name: web01
      service: vss
    reason: The guest is replaced in December
    owner: web team
    until: 2026-11-27
"""


def waiver(label: str, rule: str = "own_silent", until: str = "2026-12-31", **match: Any) -> str:
    lines = "".join(f"      {key}: {value}\n" for key, value in match.items())
    return (
        f"  - id: {label}\n    rule: {rule}\n    match:\n{lines}    reason: for a good reason\n    owner: me\n"
        f"    until: {until}\n"
    )


@pytest.fixture
def fleet(vm: Make, host: Make) -> list[dict[str, Any]]:
    """web01 and web02 on hv1, whose VSS is silent, and a host that does not answer."""
    groups: dict[str, Any] = {"groups": ["web"], "services": {"vss": "guest_silent"}}
    return [host(vm("web01", **groups), vm("web02", **groups)), host(name="hv2", reachable=False, error="timed out")]


def waived(result: Audit) -> list[str]:
    return [
        (finding["vm"]["name"] if finding["vm"] else finding["host"] or "")
        for finding in result["findings"]
        if finding["waived_by"]
    ]


def test_waived_finding_stays_and_says_by_whom(fleet: list[dict[str, Any]], audit: Judge) -> None:
    result = audit(fleet, waivers=WAIVER)
    assert waived(result) == ["web01"]
    (finding,) = [finding for finding in result["findings"] if finding["waived_by"]]
    assert finding["waived_by"] == {
        "id": "W-1",
        "owner": "web team",
        "reason": "The guest is replaced in December",
        "until": "2026-11-27",
    }
    without = audit(fleet)
    assert [finding["id"] for finding in result["findings"]] == [finding["id"] for finding in without["findings"]]
    assert (result["summary"]["findings"], result["summary"]["waived"]) == (3, 1)
    assert result["summary"]["severities"] == {"high": 1, "medium": 1, "low": 0, "info": 0}
    assert result["summary"]["sides"]["unknown"] == 2


def test_older_word_for_the_last_day_is_still_read(fleet: list[dict[str, Any]], audit: Judge) -> None:
    """Files of before keep their meaning, and what comes out has the new word only."""
    assert audit(fleet, waivers=WAIVER.replace("until:", "expires:")) == audit(fleet, waivers=WAIVER)
    after = audit(fleet, waivers=WAIVER.replace("until:", "expires:"), evaluated_at="2026-11-28T00:00:00Z")
    (finding,) = [finding for finding in after["findings"] if finding["rule"] == "own_waiver_expired"]
    assert {"source": "waiver", "fact": "until", "value": "2026-11-27"} in finding["evidence"]


@pytest.mark.parametrize(
    ("rule", "match", "names"),
    [
        ("own_silent", {"name": "WEB02"}, ["web02"]),
        ("own_silent", {"pattern": "'web*'"}, ["web01", "web02"]),
        ("own_silent", {"group": "web", "service": "backup"}, ["web01", "web02"]),
        ("own_silent", {"host": "[HV1, hv3]"}, ["web01", "web02"]),
        ("own_silent", {"where": "name == 'web01'"}, ["web01"]),
        ("own_silent", {"pattern": "'web*'", "host": "hv2"}, []),
        ("own_silent", {"service": "heartbeat"}, []),
        ("own_silent", {"guest": "web01"}, []),
        ("own_silent", {"id": "11111111-2222-3333-4444-555555555555"}, []),
        ("own_gsi_open", {"pattern": "'*'"}, []),
        ("[own_gsi_open, own_silent]", {"isolation": "false"}, ["web01", "web02"]),
        ("own_host_unreachable", {"host": "hv2"}, ["hv2"]),
        ("own_host_unreachable", {"pattern": "'*'"}, []),
        ("own_host_unreachable", {"host": "hv2", "name": "hv2"}, []),
    ],
)
def test_match(fleet: list[dict[str, Any]], audit: Judge, rule: str, match: dict[str, str], names: list[str]) -> None:
    result = audit(fleet, waivers="version: 1\nwaivers:\n" + waiver("W-1", rule, **match))
    assert waived(result) == names
    seen = audit(fleet[:1], waivers="version: 1\nwaivers:\n" + waiver("W-1", rule, **match))
    unused = [finding for finding in seen["findings"] if finding["rule"] == "own_waiver_unused"]
    elsewhere = "hv2" in match.get("host", "") or "guest" in match
    assert len(unused) == (not names and not elsewhere), "a waiver that fits nothing is told"


def test_waiver_is_not_called_unused_for_what_was_not_seen(fleet: list[dict[str, Any]], audit: Judge) -> None:
    """Whoever removed it would have to write it again when the host is back."""

    def unused(hosts: Any, options: Any = None, **match: str) -> bool:
        text = "version: 1\nwaivers:\n" + waiver("W-1", **match)
        found = audit(hosts, waivers=text, **(options or {}))["findings"]
        return any(finding["rule"] == "own_waiver_unused" for finding in found)

    assert unused(fleet[:1], name="db01")
    assert not unused(fleet, name="db01"), "it may be on the host that did not answer"
    assert not unused(fleet, host="hv2")
    assert unused(fleet, name="db01", host="hv1"), "that host told all"
    assert not unused(fleet[:1], {"limited": True}, name="db01")
    assert not unused([{**fleet[0], "selected": True}], name="db01")
    assert not unused([{**fleet[0], "selected": True}], name="db01", host="hv1")
    assert not unused(fleet[:1], guest="lost01")


def test_waiver_holds_on_its_last_day_and_not_after(fleet: list[dict[str, Any]], audit: Judge, told: Told) -> None:
    after = audit(fleet, waivers=WAIVER, evaluated_at="2026-11-28T00:00:00Z")
    assert waived(after) == []
    assert ("own_waiver_expired", "policy", None, None) in told(after)
    (finding,) = [finding for finding in after["findings"] if finding["rule"] == "own_waiver_expired"]
    assert "W-1 of web team ended on 2026-11-27" in finding["explanation"]
    assert {"source": "waiver", "fact": "file", "value": "my_waivers.yml:3"} in finding["evidence"]


def test_waiver_for_a_rule_that_does_not_exist(fleet: list[dict[str, Any]], audit: Judge) -> None:
    text = "version: 1\nwaivers:\n" + waiver("W-1", "[own_silnet, own_silent]", pattern="'*'")
    result = audit(fleet, waivers=text)
    assert waived(result) == ["web01", "web02"], "its other rule is waived"
    (finding,) = [finding for finding in result["findings"] if finding["rule"].startswith("own_waiver")]
    assert (finding["rule"], finding["severity"]) == ("own_waiver_unknown_rule", "medium")
    disabled = audit(fleet[:1], waivers=text.replace("own_silnet, ", ""), disabled_rules=["own_silent"])
    rules = [finding["rule"] for finding in disabled["findings"]]
    assert "own_waiver_unused" in rules, "a rule that is disabled exists"
    assert "own_waiver_unknown_rule" not in rules


def test_of_two_waivers_the_first_counts_and_both_are_used(fleet: list[dict[str, Any]], audit: Judge) -> None:
    text = "version: 1\nwaivers:\n" + waiver("W-1", name="web01") + waiver("W-2", pattern="'web*'")
    result = audit(fleet, waivers=text)
    by = {f["vm"]["name"]: f["waived_by"]["id"] for f in result["findings"] if f["vm"] and f["waived_by"]}
    assert by == {"web01": "W-1", "web02": "W-2"}
    assert not [finding for finding in result["findings"] if finding["rule"].startswith("own_waiver")]


def test_waiver_does_not_waive_what_is_said_of_waivers(fleet: list[dict[str, Any]], audit: Judge) -> None:
    text = "version: 1\nwaivers:\n" + waiver("W-1", "own_waiver_unused", pattern="'*'")
    assert waived(audit(fleet, waivers=text)) == []


def test_findings_of_several_waivers_have_ids_of_their_own(fleet: list[dict[str, Any]], audit: Judge) -> None:
    text = "version: 1\nwaivers:\n" + waiver("W-1", name="a") + waiver("W-2", name="b")
    told = audit(fleet[:1], waivers=text)["findings"]
    found = [finding for finding in told if finding["rule"] == "own_waiver_unused"]
    assert len({finding["id"] for finding in found}) == 2


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("waivers:", "waivers", "my_waivers.yml:3: not YAML: "),
        ("    owner: web team\n", "", "my_waivers.yml:3: waivers[0]: owner is missing"),
        ("    until: 2026-11-27\n", "", "my_waivers.yml:3: waivers[0]: until is missing"),
        ("2026-11-27", "27.11.2026", "my_waivers.yml:10: waivers[0].until: '27.11.2026' does not match"),
        ("2026-11-27", "2026-02-30", "my_waivers.yml:10: waiver W-1: until: there is no such day"),
        ("until: 2026-11-27", "expires: 2026-02-30", "my_waivers.yml:10: waiver W-1: expires: there is no such day"),
        (
            "    until: 2026-11-27",
            "    until: 2026-11-27\n    expires: 2026-11-27",
            "my_waivers.yml:11: waiver W-1: expires is an older word for until: give until only",
        ),
        ("The guest is replaced in December", "short", "my_waivers.yml:8: waivers[0].reason: 'short' is too short"),
        ("      name: web01\n      service: vss\n", "      {}\n", "my_waivers.yml:5: waivers[0].match: is empty"),
        (
            "name: web01",
            "nmae: web01",
            "my_waivers.yml:6: waivers[0].match.nmae: there is no such field; there are name,",
        ),
        (
            "service: vss",
            "service: vsss",
            "my_waivers.yml:5: waiver W-1: match.service: there is no integration service",
        ),
        ("name: web01", "pattern: 'web['", "my_waivers.yml:5: waiver W-1: match.pattern 'web[': \"[\" opens a set"),
        ("name: web01", "where: 'name =='", "my_waivers.yml:5: waiver W-1: match.where 'name ==': not a JMESPath"),
    ],
)
def test_broken_waiver_is_named_with_its_line(before: str, after: str, found: str) -> None:
    assert before in WAIVER
    _waivers, problems = parse_waivers({"path": "my_waivers.yml", "text": WAIVER.replace(before, after)})
    assert len(problems) == 1
    assert problems[0].startswith(found), problems[0]


def test_id_that_two_waivers_have(fleet: list[dict[str, Any]], audit: Judge) -> None:
    with pytest.raises(
        AuditError, match=r"my_waivers.yml:11: waiver W-1: the id is taken by the waiver at my_waivers.yml:3"
    ):
        audit(fleet, waivers=WAIVER + waiver("W-1", name="web02"))


def test_condition_that_cannot_be_evaluated_waives_nothing_and_is_named(
    fleet: list[dict[str, Any]], audit: Judge
) -> None:
    """One odd machine neither ends the audit nor is waived."""
    fleet[0]["virtual_machines"][0]["notes"] = None
    text = "version: 1\nwaivers:\n" + waiver("W-1", where="length(notes) == `0`")
    result = audit(fleet, waivers=text)
    assert waived(result) == ["web02"]
    (finding,) = [finding for finding in result["findings"] if finding["rule"] == "own_waiver_failed"]
    assert "match.where 'length(notes) == `0`': " in finding["explanation"]
    assert "(host hv1, virtual machine 'web01')" in finding["explanation"]
    assert "my_waivers.yml:3" in finding["remedy"]
