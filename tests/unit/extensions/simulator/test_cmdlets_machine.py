# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

MakeLab = Callable[..., Any]


def names(reply: Any) -> list[str]:
    return [item["Name"] for item in reply["objects"]]


def test_get_vm_lists_the_machines_of_this_host_alone(lab: MakeLab) -> None:
    fleet = lab(
        hosts=[
            {"name": "a", "cluster": "x", "virtual_machines": ["one", {"name": "own", "clustered": False}]},
            {"name": "b", "cluster": "x", "virtual_machines": ["two"]},
        ]
    )
    reply = fleet.read("Get-VM", host="A")
    assert [(item["Name"], item["IsClustered"], item["ComputerName"]) for item in reply["objects"]] == [
        ("one", True, "a"),
        ("own", False, "a"),
    ]
    groups = fleet.ask({"op": "cluster_groups", "host": "a"})["groups"]
    assert groups == [
        {"Name": "one", "OwnerNode": "a", "GroupType": "VirtualMachine", "State": "Online"},
        {"Name": "two", "OwnerNode": "b", "GroupType": "VirtualMachine", "State": "Online"},
    ]
    assert fleet.read("Get-VM", host="a", ClusterObject={"Name": "two"})["objects"][0]["ComputerName"] == "b"
    assert [line["command"] for line in fleet.ask({"op": "ledger"})["lines"]][1] == "Get-ClusterGroup"


def test_a_host_without_a_cluster_has_no_groups(lab: MakeLab) -> None:
    from hyperv_simulator.errors import SimulatorError

    with pytest.raises(SimulatorError, match="cluster service"):
        lab("a").ask({"op": "cluster_groups", "host": "hv"})


def test_names_are_patterns_and_case_does_not_matter(lab: MakeLab) -> None:
    fleet = lab("web01", "WEB02", "db[1]", "db1")
    assert names(fleet.read("Get-VM", Name=["web*"])) == ["web01", "WEB02"]
    assert names(fleet.read("Get-VM", Name=["Db[1]"])) == ["db1"]
    assert names(fleet.read("Get-VM", Name=["db`[1`]"])) == ["db[1]"]
    assert names(fleet.read("Get-VM", Name=["WEB01", "web*"])) == ["web01", "WEB02"]


def test_a_name_may_stand_for_several_machines(lab: MakeLab) -> None:
    assert names(lab("a", "A").read("Get-VM", Name=["a"])) == ["a", "A"]


@pytest.mark.parametrize(
    ("culture", "text"),
    [("en", 'Hyper-V was unable to find a virtual machine with name "nix".'), ("ja", "「nix」という")],
)
def test_a_name_without_a_machine(lab: MakeLab, culture: str, text: str) -> None:
    reply = lab("a", culture=culture).read("Get-VM", Name=["nix", "a", "x*"])
    assert names(reply) == ["a"]
    (error,) = reply["errors"]
    assert (error["reason"], error["category"], error["target"]) == ("InvalidParameter", "InvalidArgument", "nix")
    assert text in error["message"]


def test_other_cmdlets_say_object_not_found(lab: MakeLab) -> None:
    reply = lab("a").read("Get-VMIntegrationService", VMName=["nix"])
    assert [error["reason"] for error in reply["errors"]] == ["ObjectNotFound"]


def test_a_broken_pattern_is_an_error(lab: MakeLab) -> None:
    assert [error["reason"] for error in lab("a").read("Get-VM", Name=["a["])["errors"]] == ["InvalidParameter"]


def test_by_id(lab: MakeLab) -> None:
    fleet = lab("a", "b")
    assert names(fleet.read("Get-VM", Id=fleet.vm("b").id.upper())) == ["b"]
    gone = fleet.read("Get-VM", Id="5c8d6f6e-0000-4000-8000-000000000009")
    assert [error["reason"] for error in gone["errors"]] == ["InvalidParameter"]


def test_properties_of_a_machine(lab: MakeLab) -> None:
    fleet = lab(
        {
            "name": "a",
            "groups": ["tier1"],
            "replication": "Primary",
            "isolation": "SNP",
            "uptime": 100,
            "operational_status": ["InService", "MigratingVirtualMachine"],
            "checkpoints": [{"name": "one"}, {"name": "two"}],
            "ip_addresses": ["192.0.2.7"],
        },
        culture="de",
    )
    (vm,) = fleet.read("Get-VM")["objects"]
    assert vm["OperationalStatus"] == (11, 32774)
    assert (vm["PrimaryOperationalStatus"], vm["SecondaryOperationalStatus"]) == (11, 32774)
    assert (vm["Uptime"], vm["Heartbeat"], vm["ReplicationMode"], vm["ReplicationState"]) == (100, 6, 1, 4)
    assert vm["CreationTime"] == "2026-12-16T08:00:00+00:00"
    assert (vm["GuestStateIsolationType"], vm["ParentSnapshotName"]) == ("SNP", "two")
    assert [group["Name"] for group in vm["Groups"]] == ["tier1"]
    assert vm["NetworkAdapters"][0]["IPAddresses"] == ("192.0.2.7",)


def test_addresses_come_by_data_exchange(lab: MakeLab) -> None:
    silent = {"key_value_pair_exchange": {"guest": "missing"}}
    fleet = lab({"name": "a", "ip_addresses": ["192.0.2.7"], "services": silent})
    assert fleet.read("Get-VM")["objects"][0]["NetworkAdapters"][0]["IPAddresses"] == ()


def test_a_machine_without_addresses_has_an_adapter(lab: MakeLab) -> None:
    (adapter,) = lab("a").read("Get-VM")["objects"][0]["NetworkAdapters"]
    assert (adapter["Name"], adapter["IPAddresses"]) == ("Network Adapter", ())


def test_new_vm_is_off_without_a_system_and_names_need_not_be_unique(lab: MakeLab) -> None:
    fleet = lab("a", os_build=26100)
    reply = fleet.change("New-VM", Name="a", Generation=2, MemoryStartupBytes=1 << 28)
    (vm,) = reply["objects"]
    assert (vm["State"], vm["Generation"], vm["Version"], vm["MemoryStartup"]) == (3, 2, "12.0", 1 << 28)
    assert vm["CreationTime"] == "2027-01-15T08:00:00+00:00"
    assert names(fleet.read("Get-VM", Name=["a"])) == ["a", "a"]
    assert fleet.vm(vm["Id"]).guest == "none"


def test_new_vm_has_a_localised_default_name(lab: MakeLab) -> None:
    assert names(lab(culture="de").change("New-VM")) == ["Neuer virtueller Computer"]


def test_remove_vm_asks_and_takes_only_what_is_off(lab: MakeLab) -> None:
    fleet = lab("a", {"name": "b", "state": "Off"})
    targets = fleet.request("Remove-VM", "targets", parameters={"Name": ["*"]})["targets"]
    assert all("remove" in target["question"] for target in targets)
    reply = fleet.change("Remove-VM", Name=["*"], Force=True, Passthru=True)
    assert names(reply) == ["b"]
    assert [error["reason"] for error in reply["errors"]] == ["InvalidState"]
    assert names(fleet.read("Get-VM")) == ["a"]
