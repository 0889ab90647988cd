# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of users: what they can do, and that a broken one is named with its line before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit import documents
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.evaluate import audit_problems, evaluate
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import built_in_files, parse_rules
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy import expression

Make = Callable[..., dict[str, Any]]
Judge = Callable[..., Audit]
Told = Callable[[Audit], list[tuple[Any, ...]]]

RULE = """\
version: 1
rules:
  - id: my_rule
    title: Databases have VSS
    severity: high
    scope: service
    match:
      service: vss
    where: vm.name == 'sql01' && side
    side: truth_table
    description: Databases are backed up while they run.
    explanation: "{vm.name} cannot be backed up: {explanation}"
    supersedes: [own_silent]
    references:
      - title: Our handbook, 4.2
        url: https://example.org/handbook
"""


def problems(text: str, path: str = "my_rules.yml") -> list[str]:
    return parse_rules([{"path": path, "text": text}])[1]


def changed(before: str, after: str) -> str:
    assert before in RULE
    return RULE.replace(before, after)


def test_the_rules_that_are_built_in_are_right() -> None:
    rules, found = parse_rules([])
    assert found == []
    assert len(rules) >= 60
    assert [file["path"] for file in built_in_files()] == [
        "rules/baselines.yml",
        "rules/bpa.yml",
        "rules/microsoft.yml",
        "rules/own.yml",
    ]


def test_rules_are_titled_as_requirements_and_word_their_findings() -> None:
    """A heading that says what should be is read as what is."""
    for rule in parse_rules([])[0]:
        assert " must " in rule.data["title"], rule.id
        assert rule.data.get("finding"), rule.id
        assert " must " not in rule.data["finding"], rule.id
    findings = [rule.data["finding"] for rule in parse_rules([])[0]]
    assert len(set(findings)) == len(findings), "each says something of its own"


def test_rule_of_a_user_speaks_in_its_own_words(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    machines = [vm(name, services={"vss": "guest_silent"}) for name in ("sql01", "web01")]
    result = audit(host(*machines), rules=RULE)
    assert told(result) == [("my_rule", "unknown", "sql01", "vss"), ("own_silent", "unknown", "web01", "vss")]
    finding = result["findings"][0]
    assert finding["explanation"].startswith("sql01 cannot be backed up: vss is enabled on the host, but the guest")
    assert finding["remedy"].startswith("Look into the guest"), "that of the truth table"
    titles = [reference["title"] for reference in finding["references"]]
    assert titles[0] == "Our handbook, 4.2"
    assert any(title.startswith("own_silent: ") for title in titles)
    assert any(title.startswith("bpa_enable_all: ") for title in titles), "what own_silent supersedes is buried, too"
    assert result["rules"]["my_rule"]["title"] == "Databases have VSS"
    assert result["rules"]["my_rule"]["finding"] == "Databases have VSS", "the title, unless it has one of its own"
    worded = audit(host(), rules=changed("    severity: high", "    finding: Database lacks VSS\n    severity: high"))
    assert worded["rules"]["my_rule"]["finding"] == "Database lacks VSS"


def test_scalars_and_lists_are_compared_with_their_types(vm: Make, host: Make, audit: Judge, told: Told) -> None:
    text = changed(
        "match:\n      service: vss", "match:\n      service: [vss, heartbeat]\n      freeze_failing: [null, 0]"
    )
    text = text.replace("where: vm.name == 'sql01' && side\n", "where: verdict == 'ok'\n")
    result = audit(host(vm()), rules=text)
    assert [item[3] for item in told(result)] == ["heartbeat", "vss"]
    assert told(audit(host(vm()), rules=text.replace("freeze_failing: [null, 0]", "freeze_failing: 1"))) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("version: 1\nrules: [", "my_rules.yml:2: not YAML: "),
        ("version: 1\nrules:\n\t- x", "my_rules.yml:3: not YAML: found character '\\t' that cannot start any token"),
        ("", "my_rules.yml:1: None is not of type 'object'"),
        ("- x\n", "my_rules.yml:1: ['x'] is not of type 'object'"),
        ("version: 1\n", "my_rules.yml:1: rules is missing"),
        ("version: 2\nrules: []\n", "my_rules.yml:1: version: 1 was expected"),
        (
            "version: 1\nrules: []\nrulez: []\n",
            "my_rules.yml:3: rulez: there is no such field; there are version, rules",
        ),
        (
            changed("    severity: high\n", "    severity: high\n    severity: low\n"),
            "my_rules.yml:6: not YAML: the key severity is there twice",
        ),
        (
            "version: 1\nrules: &a\n  - *a\n",
            "my_rules.yml:3: not YAML: aliases are not read",
        ),
        (changed("    title: Databases have VSS\n", ""), "my_rules.yml:3: rules[0]: title is missing"),
        (
            changed("severity: high", "severity: urgent"),
            "my_rules.yml:5: rules[0].severity: 'urgent' is not one of ['high', 'medium', 'low', 'info']",
        ),
        (
            changed("    where:", "    wher:"),
            "my_rules.yml:9: rules[0].wher: there is no such field; there are id, title, finding, severity, scope,",
        ),
        (
            changed("      service: vss", "      servis: vss"),
            "my_rules.yml:8: rules[0].match.servis: there is no such field; there are service, protected,",
        ),
        (
            changed("      service: vss", "      service: vsss"),
            "my_rules.yml:8: rules[0].match.service: 'vsss' is not one of ['heartbeat',",
        ),
        (
            changed("      service: vss", "      enabled: 'off'"),
            "my_rules.yml:8: rules[0].match.enabled: 'off' is not of type 'boolean', 'null', 'array'",
        ),
        (
            changed("      service: vss", "      case: off"),
            "my_rules.yml:8: rules[0].match.case: False is not one of ['unread',",
        ),
        (
            changed("scope: service", "scope: host").replace("truth_table", "host\n    remedy: none"),
            "my_rules.yml:8: rules[0].match.service: there is no such field; there are name, reachable, error,",
        ),
        (
            changed("scope: service", "scope: virtual_machine").replace("      service: vss", "      name: sql01"),
            "my_rules.yml:10: rules[0].side: 'truth_table' is not one of ['host', 'guest',",
        ),
        (
            changed("side: truth_table", "side: host"),
            "my_rules.yml:3: rules[0]: remedy is missing",
        ),
        (
            changed("    match:\n      service: vss\n    where: vm.name == 'sql01' && side\n", ""),
            "my_rules.yml:3: rules[0]: give match, where or both",
        ),
        (
            changed("vm.name == 'sql01' && side", "vm.name == "),
            "my_rules.yml:9: rule my_rule: where 'vm.name ==': not a JMESPath expression:",
        ),
        (
            changed("vm.name == 'sql01' && side", "starts_wiht(vm.name, 'sql')"),
            "my_rules.yml:9: rule my_rule: where \"starts_wiht(vm.name, 'sql')\": JMESPath has no function",
        ),
        (
            changed("vm.name == 'sql01' && side", "starts_with(vm.name)"),
            "my_rules.yml:9: rule my_rule: where 'starts_with(vm.name)': the function starts_with takes 2",
        ),
        (
            changed("vm.name == 'sql01' && side", "vm.name == 'sql01' && !sied"),
            "my_rules.yml:9: rule my_rule: where \"vm.name == 'sql01' && !sied\": there is no fact sied; there are ba",
        ),
        (
            changed("{vm.name} cannot", "{wm.name} cannot"),
            "my_rules.yml:12: rule my_rule: explanation: there is no fact wm; there are baseline_enabled,",
        ),
        (
            changed("    supersedes: [own_silent]", "    evidence: [sied]"),
            "my_rules.yml:13: rule my_rule: evidence: there is no fact sied;",
        ),
        (
            changed("supersedes: [own_silent]", "supersedes: [own_silnet]"),
            "my_rules.yml:3: rule my_rule: supersedes own_silnet, which does not exist",
        ),
        (
            changed("supersedes: [own_silent]", "supersedes: [my_rule]"),
            "my_rules.yml:3: rule my_rule: supersedes itself, perhaps by others",
        ),
        (
            changed("id: my_rule", "id: own_silent").replace("    supersedes: [own_silent]\n", ""),
            "my_rules.yml:3: rule own_silent: the id is taken by the rule at rules/own.yml:",
        ),
        (changed("id: my_rule", "id: My rule"), "my_rules.yml:3: rules[0].id: 'My rule' does not match"),
        (
            changed("url: https://example.org/handbook", "url: javascript:alert(1)"),
            "my_rules.yml:16: rules[0].references[0].url: 'javascript:alert(1)' does not match",
        ),
    ],
)
def test_broken_rule_is_named_with_its_line(text: str, found: str) -> None:
    told = problems(text)
    assert [problem for problem in told if problem.startswith(found)], told
    assert len(told) == 1


def test_all_problems_of_all_files_are_told_at_once() -> None:
    files = [
        {
            "path": "a.yml",
            "text": changed("severity: high", "severity: urgent").replace("    title: Databases have VSS\n", ""),
        },
        {"path": "b.yml", "text": "version: ["},
        {"path": "c.yml", "text": changed("&& side", "&& sied")},
    ]
    told = audit_problems({"evaluated_at": "2026-11-27T09:30:00Z", "rules": files, "disabled_rules": ["nonsense"]})
    assert [problem.partition(" ")[0] for problem in told] == ["a.yml:3:", "a.yml:4:", "b.yml:1:", "c.yml:9:"]


def test_two_rules_that_supersede_each_other() -> None:
    second = RULE.replace("my_rule", "other").replace("[own_silent]", "[my_rule]").partition("rules:\n")[2]
    assert problems(changed("[own_silent]", "[other]") + second) == [
        "my_rules.yml:3: rule my_rule: supersedes itself, perhaps by others",
        "my_rules.yml:17: rule other: supersedes itself, perhaps by others",
    ]


def test_rule_that_cannot_be_evaluated_for_a_machine_is_a_finding_about_it(
    vm: Make, host: Make, audit: Judge, told: Told
) -> None:
    """Else one odd machine would end the audit of all, or silence the rule for itself."""
    text = changed("vm.name == 'sql01' && side", "length(vm.notes) > `0`")
    assert problems(text) == []
    assert audit(host(vm()), rules=text)["findings"] == []
    result = audit(host(vm("web01"), vm("sql01", notes=None)), rules=text)
    assert told(result) == [("my_rule", "unknown", "sql01", "vss")]
    (finding,) = result["findings"]
    assert "my_rules.yml:3: where 'length(vm.notes) > `0`': " in finding["explanation"]
    assert (finding["severity"], finding["references"][0]["title"]) == ("high", "Our handbook, 4.2")
    silent = {"services": {"vss": "guest_silent"}, "notes": None}
    assert ("own_silent", "unknown", "sql01", "vss") in told(audit(host(vm("sql01", **silent)), rules=text)), (
        "what it would supersede speaks"
    )


def test_disabled_rule_is_silent_and_lets_what_it_supersedes_speak(
    vm: Make, host: Make, audit: Judge, told: Told
) -> None:
    fleet = host(vm("web01", services={"vss": "guest_silent"}))
    result = audit(fleet, disabled_rules=["own_silent"])
    assert told(result) == [("bpa_enable_all", "unknown", "web01", "vss")]
    assert "own_silent" not in result["rules"]
    with pytest.raises(AuditError, match="disabled_rules: there is no rule own_silnet"):
        audit(fleet, disabled_rules=["own_silnet"])


def test_without_its_libraries_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "Draft202012Validator", None)
    monkeypatch.setattr(expression, "jmespath", None)
    told = "an audit needs Python libraries on the controller: pip install jmespath jsonschema"
    assert audit_problems({}) == [told]
    with pytest.raises(AuditError, match=told):
        evaluate({}, {})
