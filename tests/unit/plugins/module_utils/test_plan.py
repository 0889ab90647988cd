# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan entries, contradictions and the guard."""

from __future__ import annotations

from typing import Any

from powershell_runner import run

ID = "00000000-0000-0000-0000-00000000000{}"
UTILS = ("_Components", "_HyperV", "_Selection", "_Plan")
SCRIPT = """
Function ConvertTo-Table { Param($Object) $table = @{}; if ($Object) { foreach ($p in $Object.PSObject.Properties) {
    $value = $p.Value
    if ($p.Name -in 'services', 'overrides') { $value = ConvertTo-Table $value }
    if ($p.Name -eq 'plan' -and $null -ne $value) { $value = @(foreach ($entry in $value) { ConvertTo-Table $entry }) }
    $table[$p.Name] = $value } }; $table }
$problems = [System.Collections.Generic.List[string]]::new()
$entries = @(Get-PlanEntry -Params (ConvertTo-Table $data.params) -Problems $problems)
$vms = foreach ($i in 1..3) { [pscustomobject]@{ Id = [guid]"00000000-0000-0000-0000-00000000000$i"; Name = "vm$i"; Groups = @() } }
$plan = Resolve-Plan -Entry $entries -Index (Get-SelectionIndex -VM $vms) -Protected @($data.protected) -Problems $problems
@{ problems = @($problems); targets = @($plan.Values | ForEach-Object { @{ name = $_.VM.Name; services = $_.Services; overrides = $_.Overrides } }) }
"""


def resolve(
    pwsh: str, protected: tuple[str, ...] = ("shutdown", "time_synchronization"), **params: Any
) -> dict[str, Any]:
    answer: dict[str, Any] = run(pwsh, UTILS, SCRIPT, {"params": params, "protected": list(protected)})[0]
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
    assert run(pwsh, UTILS, script) == ["vm1, vm2, vm3, vm4, vm5, vm6, vm7, vm8, vm9, vm10 and 2 more"]
