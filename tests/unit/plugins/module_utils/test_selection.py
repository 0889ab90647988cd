# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Selection of virtual machines: exact names, duplicates, wildcards, groups, exclusion, and every message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from powershell_runner import CULTURES, run

ID = "00000000-0000-0000-0000-00000000000{}"
FLEET = (
    {"Id": ID.format(1), "Name": "web01", "Groups": ["tier1"]},
    {"Id": ID.format(2), "Name": "Web02", "Groups": ["tier1", "odd"]},
    {"Id": ID.format(3), "Name": "twin", "Groups": []},
    {"Id": ID.format(4), "Name": "TWIN", "Groups": []},
    {"Id": ID.format(5), "Name": "we[b]*", "Groups": []},
    {"Id": ID.format(6), "Name": "TITLE", "Groups": ["IIS"]},
)
SCRIPT = """
$vms = foreach ($vm in $data.fleet) {
    [pscustomobject]@{ Id = [guid]$vm.Id; Name = $vm.Name; Groups = @($vm.Groups | ForEach-Object { [pscustomobject]@{ Name = $_ } }) }
}
$problems = [System.Collections.Generic.List[string]]::new()
$selection = @{}
foreach ($property in $data.selection.PSObject.Properties) { $selection[$property.Name] = $property.Value }
$index = Get-SelectionIndex -VM @($vms)
$index.Owners = [System.Collections.Generic.Dictionary[string,string]]::new([StringComparer]::OrdinalIgnoreCase)
foreach ($owner in $data.owners) { $index.Owners[$owner] = 'hv-other' }
$selected = @(Select-VirtualMachine -Index $index -Selection $selection -Label 'plan[1].' -Problems $problems)
@{ selected = @($selected | ForEach-Object { $_.Name } | Sort-Object); problems = @($problems) }
"""


def select(
    pwsh: str, culture: str = "en_US.UTF-8", fleet: Iterable[Any] = FLEET, owners: Iterable[str] = (), **selection: Any
) -> tuple[list[str], list[str]]:
    data = {"fleet": list(fleet), "selection": selection, "owners": list(owners)}
    (answer,) = run(pwsh, ("_Components", "_HyperV", "_Selection"), SCRIPT, data, culture)
    return sorted(answer["selected"]), answer["problems"]


@pytest.mark.parametrize("culture", CULTURES)
def test_names_compare_without_case_in_any_culture(pwsh: str, culture: str) -> None:
    assert select(pwsh, culture, name=["WEB01", "title"]) == (["TITLE", "web01"], [])


@pytest.mark.parametrize("culture", CULTURES)
def test_patterns_and_groups_compare_without_case_in_any_culture(pwsh: str, culture: str) -> None:
    assert select(pwsh, culture, pattern=["ti*"], group=["iis"]) == (["TITLE"], [])


def test_a_name_is_never_a_wildcard(pwsh: str) -> None:
    assert select(pwsh, name=["we[b]*"]) == (["we[b]*"], [])
    selected, problems = select(pwsh, name=["web*"])
    assert selected == []
    assert problems == [
        "plan[1].name 'web*': this host has no virtual machine of that name. "
        "Names are exact, never wildcards: use the option pattern for those"
    ]


def test_an_ambiguous_name_tells_the_ids(pwsh: str) -> None:
    selected, problems = select(pwsh, name=["Twin"])
    assert selected == []
    assert ID.format(3) in problems[0]
    assert ID.format(4) in problems[0]


def test_a_name_owned_by_another_node_names_the_node(pwsh: str) -> None:
    problems = select(pwsh, owners=["db01"], name=["DB01"])[1]
    assert "owned by the cluster node 'hv-other'" in problems[0]


def test_an_empty_host_hints_at_missing_rights(pwsh: str) -> None:
    problems = select(pwsh, fleet=[], name=["web01"])[1]
    assert "Hyper-V Administrators" in problems[0]


def test_ids_are_guids_in_any_form(pwsh: str) -> None:
    assert select(pwsh, id=["{" + ID.format(4).upper() + "}"]) == (["TWIN"], [])
    problems = select(pwsh, id=["web01", ID.format(9)])[1]
    assert "not a GUID" in problems[0]
    assert "no virtual machine of that id" in problems[1]


def test_exclusion_takes_names_ids_and_patterns(pwsh: str) -> None:
    assert select(pwsh, all=True, exclude=["we[b]*", "twin", ID.format(6)]) == (
        [],
        [
            f"plan[1].selection (all=True; exclude=we[b]*,twin,{ID.format(6)}): selects none of the 6 virtual machines of this host"
        ],
    )
    assert select(pwsh, group=["tier1"], exclude=["*02"]) == (["web01"], [])


def test_a_group_that_nobody_is_in_is_an_error(pwsh: str) -> None:
    selected, problems = select(pwsh, group=["tier1", "tier2"])
    assert selected == ["Web02", "web01"]
    assert problems == ["plan[1].group 'tier2': no virtual machine of this host is in a group of that name"]


def test_all_problems_are_told_at_once(pwsh: str) -> None:
    problems = select(pwsh, name=["a", "b"], id=["c"])[1]
    assert len(problems) == 3


def test_nothing_selected_tells_the_options(pwsh: str) -> None:
    assert select(pwsh) == ([], ["plan[1].selection: selects nothing; give name, id, pattern, group or all=true"])


@pytest.mark.parametrize("option", ["name", "id", "pattern", "group"])
def test_empty_list_selects_nothing(pwsh: str, option: str) -> None:
    """A list that is empty is an error that names the option, never all virtual machines."""
    selection: dict[str, Any] = {option: [], "exclude": ["web01"]}
    selected, problems = select(pwsh, **selection)
    assert selected == []
    assert len(problems) == 1
    assert problems[0].startswith(f"plan[1].{option} []: an empty list selects no virtual machine")


def test_empty_options_are_named_together(pwsh: str) -> None:
    selected, problems = select(pwsh, name=[], group=[], all=False)
    assert selected == []
    assert [problem.split(":")[0] for problem in problems] == [
        "plan[1].name []",
        "plan[1].group []",
        "plan[1].all false",
    ]


def test_empty_list_next_to_a_selection_adds_nothing(pwsh: str) -> None:
    assert select(pwsh, name=["web01"], group=[], all=False, exclude=[]) == (["web01"], [])


def test_lists_of_an_empty_string_select_nothing(pwsh: str) -> None:
    """Ansible makes a list with one empty string of an empty string."""
    selected, problems = select(pwsh, name=[""], id=[""], pattern=[""], group=[""])
    assert selected == []
    assert [problem.split(":")[0] for problem in problems] == ["plan[1].name ''", "plan[1].id ''", "plan[1].group ''"]


def test_bad_patterns_are_refused(pwsh: str) -> None:
    """The message names option and value and what to write."""
    bad = ["web[", "[z-a]"]
    problems = select(pwsh, name=["web01"], pattern=bad, exclude=bad)[1]
    assert [problem.split(":")[0] for problem in problems] == [
        f"plan[1].{option} '{text}'" for option in ("pattern", "exclude") for text in bad
    ]
    assert all("not a wildcard pattern" in problem and "write `[" in problem for problem in problems)


def test_name_that_is_no_pattern_can_be_excluded(pwsh: str) -> None:
    fleet = [{"Id": ID.format(1), "Name": "web[", "Groups": []}, {"Id": ID.format(2), "Name": "web", "Groups": []}]
    assert select(pwsh, fleet=fleet, all=True, exclude=["WEB["]) == (["web"], [])
