# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan entries, contradictions and the guard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from powershell_runner import run

ID = "00000000-0000-0000-0000-00000000000{}"
UTILS = ("_Components", "_Text", "_Guard", "_HyperV", "_Selection", "_Plan")
SCRIPT = """
Function ConvertTo-Table { Param($Object) $table = @{}; if ($Object) { foreach ($p in $Object.PSObject.Properties) {
    $value = $p.Value
    if ($value -is [System.Management.Automation.PSCustomObject]) { $value = ConvertTo-Table $value }
    if ($p.Name -eq 'plan' -and $null -ne $value) { $value = @(foreach ($entry in $value) { ConvertTo-Table $entry }) }
    $table[$p.Name] = $value } }; $table }
$problems = [System.Collections.Generic.List[string]]::new()
$entries = @(Get-PlanEntry -Params (ConvertTo-Table $data.params) -Problems $problems)
$vms = foreach ($i in 1..3) { [pscustomobject]@{ Id = [guid]"00000000-0000-0000-0000-00000000000$i"; Name = "vm$i"; Groups = @() } }
$plan = Resolve-Plan -Entry $entries -Index (Get-SelectionIndex -VM $vms) -Protected $data.protected -Problems $problems
@{ problems = @($problems); targets = @($plan.Values | ForEach-Object { @{ name = $_.VM.Name; services = $_.Services; overrides = $_.Overrides } }) }
"""


def resolve(
    pwsh: str, protected: Sequence[str] | None = ("shutdown", "time_synchronization"), **params: Any
) -> dict[str, Any]:
    answer: dict[str, Any] = run(pwsh, UTILS, SCRIPT, {"params": params, "protected": protected})[0]
    return answer


def test_both_forms_end_in_the_same_plan(pwsh: str) -> None:
    entry: dict[str, Any] = {"all": True, "services": {"vss": True, "shutdown": None}}
    single, plan = resolve(pwsh, **entry), resolve(pwsh, plan=[entry])
    assert single == plan
    assert single["targets"] == [{"name": f"vm{i}", "services": {"vss": True}, "overrides": {}} for i in (1, 2, 3)]


def test_null_means_leave_alone_and_all_null_is_an_error(pwsh: str) -> None:
    answer = resolve(pwsh, all=True, services={"vss": None})
    assert answer["targets"] == [{"name": f"vm{i}", "services": {}, "overrides": {}} for i in (1, 2, 3)]
    assert "names no service" in answer["problems"][0]


def test_the_guard_refuses_with_machine_service_reason_and_the_way_out(pwsh: str) -> None:
    (problem,) = resolve(pwsh, name=["vm1", "vm3"], services={"shutdown": False})["problems"]
    for part in ("services.shutdown", "vm1, vm3", "cut its power", "overrides: {shutdown:"):
        assert part in problem


def test_the_guard_cares_for_each_entry(pwsh: str) -> None:
    plan = [
        {
            "name": ["vm1"],
            "services": {"timesync": False, "time_synchronization": False},
            "overrides": {"time_synchronization": "has its own PTP clock"},
        },
        {"name": ["vm2"], "services": {"time_synchronization": False}},
    ]
    (problem,) = resolve(pwsh, plan=plan)["problems"]
    assert problem.startswith("plan[1].services.time_synchronization")


def test_a_reason_is_needed_not_a_formality(pwsh: str) -> None:
    for reason in ("", "       ", "because", "  short  "):
        problems = resolve(pwsh, all=True, services={"shutdown": False}, overrides={"shutdown": reason})["problems"]
        assert any("at least 8 characters" in problem for problem in problems), reason


@pytest.mark.parametrize("protected", [None, [], ["vss"], ["heartbeat", "guest_service_interface"]])
def test_protected_without_shutdown_and_time_protects_them(pwsh: str, protected: Sequence[str] | None) -> None:
    """The option adds: no list takes shutdown or time synchronization out."""
    services = {"shutdown": False, "time_synchronization": False, "vss": False}
    problems = resolve(pwsh, protected, all=True, services=services)["problems"]
    refused = [service for service in services if any(f"services.{service}: refused" in text for text in problems)]
    assert refused == ["shutdown", "time_synchronization", *(["vss"] if "vss" in (protected or ()) else [])]


REASON = "appliance without agent"
NO_OVERRIDES: dict[str, tuple[Any, str]] = {
    "empty dictionary": ({}, "overrides.shutdown {}: a reason is a string of at least 8 characters"),
    "list": ([REASON], 'overrides.shutdown ["appliance without agent"]: a reason is a string'),
    "empty list": ([], "overrides.shutdown []: a reason is a string"),
    "bool": (True, "overrides.shutdown true: a reason is a string"),
    "number": (12345678, "overrides.shutdown 12345678: a reason is a string"),
    "unknown field": ({"reason": REASON, "expires": "2099-12-31"}, "expires: an override has no such field"),
    "bad day": ({"reason": REASON, "until": "soon"}, "until 'soon': write the last day, as in 2026-12-31"),
    "ended": (
        {"reason": REASON, "until": "2020-01-01"},
        "services.shutdown: refused to disable the protected service on vm1, vm2, vm3, because the host can no longer shut "
        "the guest down, only cut its power: data may be lost. The override (appliance without agent) ended on 2020-01-01. "
        "If it still has to be, renew it: ",
    ),
}


@pytest.fixture(scope="module")
def refusals(pwsh: str) -> dict[str, list[list[str]]]:
    """Return for each of NO_OVERRIDES the problems of the task, of an entry of its plan, and of a task with a plan."""
    script = f"foreach ($case in $data) {{ $data = $case; & {{ {SCRIPT} }} }}"
    cases: list[dict[str, Any]] = []
    for value, _said in NO_OVERRIDES.values():
        task = {"all": True, "services": {"shutdown": False}, "overrides": {"shutdown": value}}
        plan = {"overrides": task["overrides"], "plan": [{"all": True, "services": {"shutdown": False}}]}
        cases += [{"protected": [], "params": params} for params in (task, {"plan": [task]}, plan)]
    answers = [answer["problems"] for answer in run(pwsh, UTILS, script, cases)]
    return {case: answers[3 * number :][:3] for number, case in enumerate(NO_OVERRIDES)}


@pytest.mark.parametrize("case", NO_OVERRIDES)
def test_override_in_a_wrong_form_is_refused(refusals: dict[str, list[list[str]]], case: str) -> None:
    """The message names the option with its value, in the task and inside plan."""
    in_task, in_entry, beside_plan = refusals[case]
    option = "services.shutdown: refused" if case == "ended" else "overrides.shutdown "
    assert in_task[0].startswith(option)
    assert in_entry[0].startswith(f"plan[0].{option}")
    assert beside_plan[0].startswith(f"plan[0].{option}" if case == "ended" else option)
    assert all(NO_OVERRIDES[case][1] in problems[0] for problems in refusals[case])


def test_override_of_an_unprotected_service_is_not_one(pwsh: str) -> None:
    """A reason for a service that needs none is neither returned nor warned about."""
    answer = resolve(pwsh, name=["vm1"], services={"vss": False}, overrides={"vss": "not used at all"})
    assert answer == {"problems": [], "targets": [{"name": "vm1", "services": {"vss": False}, "overrides": {}}]}


def test_override_holds_with_a_last_day_to_come(pwsh: str) -> None:
    override = {"reason": f" {REASON} ", "until": "2999-12-31"}
    answer = resolve(pwsh, name=["vm1"], services={"shutdown": False}, overrides={"shutdown": override})
    assert (answer["problems"], answer["targets"][0]["overrides"]) == ([], {"shutdown": REASON})


def test_only_used_overrides_are_kept(pwsh: str) -> None:
    overrides = {"shutdown": "is an appliance", "time_synchronization": "not used at all"}
    answer = resolve(
        pwsh, name=["vm1"], services={"shutdown": False, "time_synchronization": True}, overrides=overrides
    )
    assert answer["problems"] == []
    assert answer["targets"][0]["overrides"] == {"shutdown": "is an appliance"}


def test_overrides_of_the_task_serve_all_entries_and_those_of_an_entry_go_first(pwsh: str) -> None:
    plan = [
        {"name": ["vm1"], "services": {"shutdown": False}},
        {"name": ["vm2"], "services": {"shutdown": False}, "overrides": {"shutdown": "the entry's reason"}},
    ]
    answer = resolve(pwsh, plan=plan, overrides={"shutdown": "the task's reason"})
    assert [t["overrides"]["shutdown"] for t in answer["targets"]] == ["the task's reason", "the entry's reason"]


def test_contradictions_name_both_entries(pwsh: str) -> None:
    plan = [{"all": True, "services": {"vss": True}}, {"name": ["vm2"], "services": {"vss": False}}]
    (problem,) = resolve(pwsh, plan=plan)["problems"]
    assert "plan[0].services.vss=True" in problem
    assert "plan[1].services.vss=False" in problem
    assert "vm2" in problem
    assert ID.format(2) in problem


def test_entries_that_agree_are_no_contradiction(pwsh: str) -> None:
    plan = [{"all": True, "services": {"vss": True}}, {"name": ["vm2"], "services": {"vss": True, "heartbeat": True}}]
    answer = resolve(pwsh, plan=plan)
    assert answer["problems"] == []
    assert answer["targets"][1]["services"] == {"vss": True, "heartbeat": True}


def test_names_in_messages_are_bounded(pwsh: str) -> None:
    script = 'Format-NameList -Name @(1..12 | ForEach-Object { "vm$_" })'
    assert run(pwsh, ("_Text",), script) == ["vm1, vm2, vm3, vm4, vm5, vm6, vm7, vm8, vm9, vm10 and 2 more"]
