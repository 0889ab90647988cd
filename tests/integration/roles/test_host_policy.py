# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role through the real Ansible: what it wants, what it refuses, and that it refuses before any host is touched."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from playbook_runner import Run, run_playbook, run_tasks
from simulator_runner import Simulator

ROLE = "hyperv.integration.host_policy"
HOSTS = "hv-de:hv-ja"
RULES: list[dict[str, Any]] = [
    {
        "name": "controllers",
        "match": {"where": "contains(notes, 'domain controller')"},
        "services": {"timesync": False},
        "overrides": {"timesync": "Takes its time from the domain"},
    },
    {"name": "databases", "match": {"group": "databases"}, "profile": "backup", "reason": "Backups have to be whole"},
    {"name": "movers", "match": {"name": ["moving01", "starting01", "stubborn01"]}, "profile": "none"},
]


def apply(inventory: Path, *options: str, hosts: str = HOSTS, **variables: Any) -> Run:
    """The role with these variables of its own."""
    task = {"ansible.builtin.include_role": {"name": ROLE}, "vars": variables}
    return run_tasks(inventory, [task], *options, hosts=hosts, stop=True)


def acted(run: Run, host: str) -> dict[str, Any]:
    return run.one(f"{ROLE} : Apply the plan", host).data


def test_a_policy_is_enforced_in_one_call_each_and_then_rests(fresh: Simulator, winrm: Path) -> None:
    run = apply(winrm, host_policy_rules=RULES)
    assert run.code == 0, run.output
    for host in ("hv-de", "hv-ja"):
        assert dict(fresh.calls(host)) == {
            "Get-VM": 2,
            "Get-VMIntegrationService": 3,
            "Enable-VMIntegrationService": 1,
            "Disable-VMIntegrationService": 1,
        }
        changed = {vm["name"]: vm["services"] for vm in acted(run, host)["virtual_machines"] if vm["changed"]}
        assert set(changed) == {"web01", "db01", "dc01", "twin", "Twin"}
        assert changed["web01"]["shutdown"] == {"before": False, "after": True, "changed": True}
        assert changed["web01"]["guest_service_interface"]["after"] is False
        assert changed["dc01"]["time_synchronization"]["after"] is False
        assert fresh.vm(host, "moving01")["services"]["vss"] is False
    again = apply(winrm, host_policy_rules=RULES)
    assert again.code == 0, again.output
    assert {again.recap(host)["changed"] for host in ("hv-de", "hv-ja")} == {0}


def test_report_and_check_mode_change_nothing_and_say_the_same(fresh: Simulator, winrm: Path) -> None:
    report = apply(winrm, host_policy_rules=RULES, host_policy_mode="report", hosts="hv-de")
    check = apply(winrm, "--check", "--diff", host_policy_rules=RULES, hosts="hv-de")
    assert (report.code, check.code) == (0, 0), report.output + check.output
    assert fresh.changes() == 0
    told = [run.one(f"{ROLE} : Show the plan")["msg"] for run in (report, check)]
    assert told[0] == told[1]
    assert "  change: shutdown off -> on: web01" in told[0]
    predicted = acted(check, "hv-de")
    assert predicted["summary"]["changed"] == 5
    assert len(predicted["diff"]["after"]) == 5


REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "shutdown without a reason": (
        {"host_policy_rules": [{"name": "bad", "match": {"name": "web01"}, "services": {"shutdown": False}}]},
        ["rule 1 (bad)", "shutdown", "overrides"],
    ),
    "shutdown with a formality": (
        {
            "host_policy_rules": [
                {"match": {"name": "web01"}, "services": {"shutdown": False}, "overrides": {"shutdown": "x"}}
            ]
        },
        ["rule 1", "at least 8 characters"],
    ),
    "shutdown with the protection taken away": (
        {
            "host_policy_rules": [{"match": {"name": "web01"}, "services": {"shutdown": False}}],
            "host_policy_protected": [],
        },
        ["rule 1", "shutdown"],
    ),
    "an unknown service": (
        {"host_policy_rules": [{"name": "typo", "match": {"name": "web01"}, "services": {"shutdwn": True}}]},
        ["rule 1 (typo)", "shutdwn"],
    ),
    "a broken expression": (
        {"host_policy_rules": [{"name": "broken", "match": {"where": "notes[?"}, "profile": "lab"}]},
        ["rule 1 (broken)", "notes[?"],
    ),
    "an unknown profile": (
        {"host_policy_rules": [{"name": "who", "match": {"name": "web01"}, "profile": "labb"}]},
        ["rule 1 (who)", "labb"],
    ),
    "an empty selection": (
        {"host_policy_selection": {"name": [], "exclude": ["web*"]}},
        ["host_policy_selection {'name': [], 'exclude': ['web*']}: selects no virtual machine"],
    ),
    "a selection of nothing": (
        {"host_policy_selection": {"all": False, "group": None}},
        ["host_policy_selection {'all': False, 'group': None}: selects no virtual machine"],
    ),
    "an override that is a list": (
        {
            "host_policy_rules": [
                {"match": {"name": "web01"}, "services": {"shutdown": False}, "overrides": {"shutdown": ["no agent"]}}
            ]
        },
        ["rule 1: overrides.shutdown ['no agent']", "a string of at least 8 characters"],
    ),
    "an unknown default": ({"host_policy_default": "safe"}, ["host_policy_default", "safe"]),
}


@pytest.fixture(scope="module")
def refused(world: Simulator, winrm: Path) -> Run:
    """The role with each of the bad policies, one after the other; none of them reached a host."""
    world.ask("ledger_reset")
    tasks = [
        {
            "block": [{"name": case, "ansible.builtin.include_role": {"name": ROLE}, "vars": variables}],
            "rescue": [{"name": f"said of {case}", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result }}"}}],
        }
        for case, (variables, _parts) in REFUSED.items()
    ]
    run = run_tasks(winrm, tasks, hosts=HOSTS, stop=True)
    assert world.ask("ledger")["lines"] == []
    return run


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_policy_fails_before_any_host_is_touched(refused: Run, case: str) -> None:
    failed = json.dumps([result.data for result in refused.results if result.task == f"said of {case}"])
    for part in REFUSED[case][1]:
        assert part in failed, refused.output


def test_whatever_the_extra_variables_say_shutdown_stays(fresh: Simulator, winrm: Path) -> None:
    """A plan forced in from outside ends at the guard of the module."""
    plan = {
        "module_plan": [{"all": True, "services": {"shutdown": False}}],
        "explanation": [],
        "protected": [],
        "rules": [],
        "summary": dict.fromkeys(("virtual_machines", "to_change", "changes", "refused", "overridden", "ending"), 0),
        "ended": [],
        "ending": [],
    }
    extra = json.dumps({"host_policy_plan": plan})
    run = apply(winrm, "-e", extra, hosts="hv-de")
    assert run.code != 0
    assert "refused to disable the protected service" in run.one(f"{ROLE} : Apply the plan")["msg"]
    assert fresh.changes() == 0


ENDED = {
    "name": "appliance",
    "match": {"name": "dc01"},
    "services": {"timesync": False},
    "overrides": {"timesync": {"reason": "Closed appliance", "until": "2020-12-31"}},
}
FAIL = f"{ROLE} : Fail for overrides that have ended"
SUMMARY = f"{ROLE} : Show the summary of all hosts"


def play(inventory: Path, tmp_path: Path, *options: str, **fields: Any) -> Run:
    """A play of the role alone."""
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([{"gather_facts": False, "roles": [ROLE], **fields}]), encoding="utf-8")
    return run_playbook(inventory, playbook, *options)


def only_on(host: str, rule: dict[str, Any]) -> str:
    """Rules of a play that one host has and the others do not."""
    return f"{{{{ [{rule!r}] if inventory_hostname == '{host}' else [] }}}}"


def test_ended_override_stops_one_service_and_fails_its_host_last(
    fresh: Simulator, winrm: Path, tmp_path: Path
) -> None:
    policy = {"host_policy_rules": [RULES[2]], "host_policy_rules_appliances": only_on("hv-de", ENDED)}
    run = play(winrm, tmp_path, hosts=HOSTS, vars=policy)
    assert run.code != 0
    failed = [(result.host, result.task) for result in run.results if result.status == "failed"]
    assert failed == [("hv-de", FAIL)]
    (line,) = run.one(FAIL, "hv-de")["msg"]
    assert line.startswith(
        "host_policy_rules_appliances rule 1 (appliance): time_synchronization is left as it is: the override "
        "(Closed appliance) ended on 2020-12-31"
    )
    assert "renew it: overrides: {time_synchronization: {reason: ..., until: <day>}}" in line
    assert line.endswith("[dc01]")
    for host in ("hv-de", "hv-ja"):
        assert fresh.vm(host, "web01")["services"]["shutdown"] is True
        assert fresh.vm(host, "dc01")["services"]["time_synchronization"] is True


def test_ended_override_holds_up_no_later_batch(fresh: Simulator, winrm: Path, tmp_path: Path) -> None:
    """Ansible ends a play when a batch fails as a whole; here a batch is one host."""
    policy = {"host_policy_rules": [RULES[2]], "host_policy_rules_appliances": only_on("hv-de", ENDED)}
    run = play(winrm, tmp_path, hosts="hv-de:hv-ja", order="sorted", serial=1, vars=policy)
    assert run.code != 0
    (line,) = run.one(FAIL, "hv-ja")["msg"]
    assert line.startswith("hv-de: host_policy_rules_appliances rule 1 (appliance): time_synchronization is left as")
    assert fresh.vm("hv-ja", "web01")["services"]["shutdown"] is True
    told = [result for result in run.results if result.task == SUMMARY and result.status == "ok"]
    assert [result["msg"][0] for result in told] == ["hosts: 2, assessed: 2"], "once, in the last batch"


def test_report_shows_ended_and_ending_overrides_and_does_not_fail(
    fresh: Simulator, winrm: Path, tmp_path: Path
) -> None:
    tomorrow = str(datetime.now(UTC).date() + timedelta(days=1))
    override = {"timesync": {"reason": "Moves tomorrow", "until": tomorrow}}
    rules = [ENDED, {**ENDED, "match": {"name": "web01"}, "overrides": override}]
    run = play(winrm, tmp_path, hosts="hv-de", vars={"host_policy_rules": rules, "host_policy_mode": "report"})
    assert run.code == 0, run.output
    (warning,) = run.one(f"{ROLE} : Warn of overrides that end soon")["msg"]
    assert warning.startswith("rule 2 (appliance): the override for time_synchronization (Moves tomorrow) ends ")
    told = "\n".join(run.one(f"{ROLE} : Show the plan")["msg"])
    assert "  refused: time_synchronization off: the override (Closed appliance) ended on 2020-12-31" in told


def test_summary_of_the_play_counts_a_failed_host_as_not_assessed(
    fresh: Simulator, winrm: Path, tmp_path: Path
) -> None:
    """It names the rules that decide nothing anywhere, and only those."""
    rules = [
        {"name": "dead", "match": {"name": "nowhere*"}, "profile": "lab"},
        {"name": "alive on hv-de", "match": {"where": "name == 'web01' && host == 'hv-de'"}, "profile": "lab"},
        {"name": "all", "match": {"pattern": "*"}, "profile": "none"},
    ]
    unreachable = {"name": "leave", "ansible.builtin.fail": {}, "when": "inventory_hostname == 'hv-fr'"}
    policy = {"host_policy_rules": rules, "host_policy_mode": "report"}
    run = play(winrm, tmp_path, hosts="hv-de:hv-fr:hv-ja", pre_tasks=[unreachable], vars=policy)
    (told,) = [result["msg"] for result in run.results if result.task == SUMMARY]
    assert told[:2] == ["hosts: 3, assessed: 2", "not assessed: hv-fr"]
    assert told[2].startswith("virtual machines: 32, to change: ")
    assert told[3:] == [
        "rule 1 (dead): decides nothing on any assessed host: no virtual machine is named nowhere* "
        "(a name is exact: wildcards belong into pattern)"
    ]


def test_rules_of_groups_subgroups_and_hosts_are_tried_in_the_order_of_their_names(
    fresh: Simulator, winrm: Path, tmp_path: Path
) -> None:
    rule = {"match": {"pattern": "*"}, "services": {"vss": True}}
    more = {
        "hyperv_hosts": {"vars": {"host_policy_rules": [{**rule, "name": "everyone"}], "host_policy_merge": True}},
        "site": {
            "vars": {"host_policy_rules_50_site": [{**rule, "name": "site", "services": {"gsi": True}}]},
            "children": {"rack": {"hosts": {"hv-de": {"host_policy_rules_10_host": [{**rule, "name": "host"}]}}}},
        },
        "rack": {"vars": {"host_policy_rules_20_rack": [{**rule, "name": "rack", "services": {"kvp": None}}]}},
    }
    inventory = tmp_path / "more.yml"
    inventory.write_text(json.dumps(more), encoding="utf-8")
    run = play(winrm, tmp_path, "-i", str(inventory), hosts=HOSTS, vars={"host_policy_mode": "report"})
    assert run.code == 0, run.output
    first = {host: run.one(f"{ROLE} : Show the plan", host)["msg"][0] for host in HOSTS.split(":")}
    assert first["hv-de"].startswith(
        "host_policy_rules_10_host rule 1 (host), host_policy_rules_20_rack rule 1 (rack), "
        "host_policy_rules_50_site rule 1 (site): "
    )
    assert first["hv-ja"].startswith("rule 1 (everyone): ")


def test_a_host_without_virtual_machines(pwsh: str) -> None:
    with Simulator({"hosts": [{"name": "hv-empty", "virtual_machines": []}]}) as simulator:
        inventory = simulator.inventory("winrm")
        doubted = apply(inventory, hosts="hv-empty")
        allowed = apply(inventory, hosts="hv-empty", host_policy_allow_empty=True)
    assert doubted.code != 0
    assert "Hyper-V Administrators" in doubted.output
    assert allowed.code == 0, allowed.output
