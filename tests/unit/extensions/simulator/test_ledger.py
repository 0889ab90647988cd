# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hyperv_simulator.ledger import Ledger

MakeLab = Callable[..., Any]


def test_each_pipeline_record_is_a_line(lab: MakeLab) -> None:
    fleet = lab("a", "b")
    for record, name in enumerate("ab"):
        fleet.request("Get-VM", "run", record=record, parameters={"Name": [name]}, caller="x.ps1", parameter_set="Name")
    lines = fleet.ask({"op": "ledger"})["lines"]
    assert [(line["n"], line["record"], line["parameters"]) for line in lines] == [
        (1, 0, {"Name": ["a"]}),
        (2, 1, {"Name": ["b"]}),
    ]
    assert {line["caller"] for line in lines} == {"x.ps1"}
    assert fleet.ask({"op": "ledger", "summary": True})["summary"] == {
        "Get-VM": {"invocations": 1, "records": 2, "changed": 0, "errors": 0}
    }


def test_both_phases_of_a_change_are_one_line(lab: MakeLab) -> None:
    fleet = lab("a", "b")
    fleet.change("Save-VM", Name=["*", "nix"])
    (line,) = fleet.ask({"op": "ledger"})["lines"]
    assert (line["changed"], line["errors"]) == (2, ["ObjectNotFound"])


def test_errors_that_only_the_stand_in_knows_are_in_the_line(lab: MakeLab) -> None:
    fleet = lab("a")
    fleet.faults.add({"kind": "disconnect"})
    fleet.request("Stop-VM", "targets", parameters={"Name": ["a", "nix"]})
    reply = fleet.request("Stop-VM", "apply", confirmed=[], errors=["InvalidOperation"])
    assert (reply["objects"], reply["errors"]) == ([], [])  # nothing was tried, so nothing broke
    (line,) = fleet.ask({"op": "ledger"})["lines"]
    assert (line["changed"], line["errors"]) == (0, ["ObjectNotFound", "InvalidOperation"])


def test_what_if_is_a_line_without_a_change(lab: MakeLab) -> None:
    fleet = lab("a")
    fleet.request("Save-VM", "targets", parameters={"Name": ["a"]})
    (line,) = fleet.ask({"op": "ledger"})["lines"]
    assert line["changed"] == 0
    assert fleet.vm("a").state == 2


def test_long_arrays_are_counted(lab: MakeLab) -> None:
    fleet = lab(*(f"vm{number}" for number in range(21)))
    fleet.read("Get-VMIntegrationService", VM=[{"Id": vm} for vm in fleet.state.host("hv").virtual_machines])
    assert fleet.ask({"op": "ledger"})["lines"][0]["parameters"] == {"VM": {"count": 21}}


def test_filters(lab: MakeLab) -> None:
    fleet = lab(hosts=[{"name": "hv1"}, {"name": "hv2"}])
    fleet.read("Get-VM", host="hv1")
    fleet.read("Get-VM", host="hv2")
    fleet.read("Get-VMHost", host="hv2")

    def count(**filters: Any) -> int:
        return len(fleet.ask({"op": "ledger", **filters})["lines"])

    assert [count(host="HV2"), count(command="get-vm"), count(command="Get-*"), count(since=2)] == [2, 2, 3, 1]
    assert [count(invocation="1"), count(caller="x")] == [1, 0]


def test_reset_forgets_and_numbers_go_on(lab: MakeLab) -> None:
    fleet = lab("a")
    fleet.read("Get-VM")
    fleet.ask({"op": "ledger_reset"})
    assert fleet.ask({"op": "ledger"})["lines"] == []
    fleet.read("Get-VM")
    assert fleet.ask({"op": "ledger"})["lines"][0]["n"] == 2


def test_the_file_goes_on_after_a_daemon(lab: MakeLab) -> None:
    fleet = lab("a")
    fleet.change("Save-VM", Name=["a"])
    path = fleet.directory / "ledger.jsonl"
    assert [json.loads(line)["changed"] for line in path.read_text(encoding="utf-8").splitlines()] == [0, 1]
    again = Ledger(path, resume=True)
    assert [line["changed"] for line in again.lines({})] == [1]
    assert again.open({"host": "hv", "command": "Get-VM"}, 0.0).n == 2
    again.close()
