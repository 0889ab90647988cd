# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in cmdlets in a real PowerShell, against a real control server."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hyperv_simulator import standin
from hyperv_simulator.control import ControlServer
from hyperv_simulator.faults import Faults
from hyperv_simulator.ledger import Ledger
from hyperv_simulator.operations import Operations
from hyperv_simulator.state import State, new_state

FLEET: dict[str, Any] = {
    "fleet": 1,
    "hosts": [
        {
            "name": "hv-berlin",
            "culture": "de-DE",
            "cluster": "prod",
            "virtual_machines": [
                {"name": "web01", "groups": ["tier1"], "replication": "Primary", "checkpoints": [{"name": "before"}]},
                {"name": "web02", "isolation": "SNP", "services": {"vss": {"primary": 4711}}},
                {"name": "mute", "services": {"shutdown": {"guest": "stopped"}}},
                {"name": "twin"},
                {"name": "Twin"},
            ],
        },
        {"name": "hv-alone", "virtual_machines": ["only"]},
    ],
}

# Runs the scripts that come as JSON lines and answers each with a line of JSON; -WhatIf talks in between.
LOOP = """
function Get-Problem([scriptblock]$Script) {
    # The errors of a script, as data.
    try { $output = & $Script 2>&1 } catch { $output = $_ }
    foreach ($record in @($output).Where({ $_ -is [System.Management.Automation.ErrorRecord] })) {
        @{
            id = $record.FullyQualifiedErrorId; category = "$($record.CategoryInfo.Category)"
            exception = $record.Exception.GetType().FullName; message = $record.Exception.Message
            target = "$($record.TargetObject)"
        }
    }
}
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $request = $line | ConvertFrom-Json
    foreach ($variable in $request.environment.PSObject.Properties) { Set-Item "env:$($variable.Name)" $variable.Value }
    $output = & ([scriptblock]::Create($request.script))
    [Console]::Out.WriteLine('answer: ' + (ConvertTo-Json -Depth 4 -Compress -InputObject @($output)))
}
"""
COMMANDS = "Microsoft.HyperV.PowerShell.Commands."
TIME_LIMIT = 120  # seconds for one script
EXCEPTIONS = "Microsoft.HyperV.PowerShell."


class Session:
    """A PowerShell that cannot ask anybody and finds the stand-in modules."""

    def __init__(self, pwsh: str) -> None:
        self._process = subprocess.Popen(
            [pwsh, "-NoProfile", "-NonInteractive", "-Command", LOOP],
            env={**os.environ, "PSModulePath": str(standin.build(pwsh)), "NO_COLOR": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def run(self, script: str, environment: dict[str, str]) -> list[Any]:
        """What the script puts out, each item as JSON data; what else was said is in the failure."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        limit = threading.Timer(TIME_LIMIT, self._process.kill)
        limit.start()
        try:
            print(json.dumps({"script": script, "environment": environment}), file=stdin, flush=True)
            said = ""
            for line in stdout:
                if line.startswith("answer: "):
                    items: list[Any] = json.loads(line.removeprefix("answer: "))
                    return items
                said += line
        finally:
            limit.cancel()
        pytest.fail(f"PowerShell ended: {said}")

    def close(self) -> None:
        self._process.communicate()


class Simulated:
    """A fleet, and a PowerShell that plays one of its hosts."""

    def __init__(self, session: Session, socket: str, state: State, faults: Faults, ledger: Ledger) -> None:
        self.environment = {"HVSIM_CONTROL": socket, "HVSIM_HOST": "hv-berlin"}
        self.state = state
        self.faults = faults
        self._session = session
        self._ledger = ledger

    def run(self, script: str, **environment: str) -> list[Any]:
        """What the script puts out."""
        return self._session.run(script, self.environment | environment)

    def one(self, script: str, **environment: str) -> Any:
        """The only item that the script puts out."""
        [item] = self.run(script, **environment)
        return item

    def machine(self, name: str) -> Any:
        [vm] = self.state.host("hv-berlin").find(name)
        return vm

    def ledger(self) -> list[dict[str, Any]]:
        return self._ledger.lines({})


@pytest.fixture(scope="module")
def session(pwsh: str) -> Iterator[Session]:
    session = Session(pwsh)
    yield session
    session.close()


@pytest.fixture
def simulated(session: Session, tmp_path: Path) -> Iterator[Simulated]:
    """A fresh fleet behind a control socket of its own."""
    state, faults, ledger = new_state(FLEET, tmp_path / "journal"), Faults(), Ledger(tmp_path / "ledger")
    operations = Operations(state, ledger, faults, lambda: None, {"ports": {}})
    # pytest's directories may be too deep for the path of a socket.
    with tempfile.TemporaryDirectory(prefix="hvsim-") as directory:
        address = f"{directory}/control.sock"
        server = ControlServer(address, operations)
        server.start()
        yield Simulated(session, address, state, faults, ledger)
        server.close()
    ledger.close()
    state.close()


@pytest.mark.parametrize(
    "first",
    ["Get-VM web01", "Hyper-V\\Get-VM web01", "Import-Module Hyper-V -RequiredVersion 2.0.0.0; Get-VM web01"],
)
def test_found_without_import(pwsh: str, simulated: Simulated, first: str) -> None:
    fresh = Session(pwsh)
    assert fresh.run(f"$({first}).Name", simulated.environment) == ["web01"]
    fresh.close()


def test_names_are_patterns_and_not_unique(simulated: Simulated) -> None:
    names = simulated.run("(Get-VM WEB*).Name; (Get-VM -VMName twin).Name; @(Get-VM nothing*).Count")
    assert names == ["web01", "web02", "twin", "Twin", 0]


def test_objects_carry_the_types_of_the_real_module(simulated: Simulated) -> None:
    item = simulated.one("""
        $vm = Get-VM web02
        $components = Get-VMIntegrationService -VM $vm
        $vss = $components.Where({ $_.Id -like '*5CED1297-4598-4915-A5FC-AD21BB4D02A4' })[0]
        $heartbeat = $components.Where({ $_.Id -like '*84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47' })[0]
        @{
            types = @($components.ForEach({ $_.GetType().Name }) | Sort-Object -Unique)
            text = "$vss", "$vm"; id = $vss.Id; vm_id = "$($vss.VMId)"
            state = $vm.State.GetType().FullName, [int]$vm.State
            heartbeat = @($heartbeat.OperationalStatus.ForEach({ "$_" }))
            unknown = "$($vss.PrimaryOperationalStatus)", ($null -eq $vss.SecondaryOperationalStatus)
            count = $vss.OperationalStatus.Count; alias = "$($vss.VMCheckpointId)"
            isolation = $vm.GuestStateIsolationType; writable = $vm.PSObject.Properties['Notes'].IsSettable
        }
    """)
    vm = simulated.machine("web02")
    assert item["types"] == [
        "DataExchangeComponent",
        "GuestServiceInterfaceComponent",
        "ShutdownComponent",
        "VMIntegrationComponent",
    ]
    assert item["id"] == f"Microsoft:{vm.id.upper()}\\5CED1297-4598-4915-A5FC-AD21BB4D02A4"
    assert item["vm_id"] == vm.id
    assert item["text"] == [
        f"VMIntegrationComponent (Name = 'VSS', VMName = 'web02') [Id = '{item['id']}', VMId = '{vm.id}']",
        f"VirtualMachine (Name = 'web02') [Id = '{vm.id}']",
    ]
    assert item["state"] == ["Microsoft.HyperV.PowerShell.VMState", 2]
    assert item["heartbeat"] == ["Ok", "Ok"]
    assert item["unknown"] == ["4711", True]
    assert item["count"] == 1
    assert item["alias"] == "00000000-0000-0000-0000-000000000000"
    assert item["isolation"] == "SNP"
    assert item["writable"] is False


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("Get-VM nobody", ("InvalidParameter", "GetVM", "InvalidArgument", "VirtualizationException", "nobody")),
        (
            "Start-VM nobody",
            ("ObjectNotFound", "StartVM", "ObjectNotFound", "VirtualizationException", "nobody"),
        ),
        (
            "Get-VMIntegrationService web01 -Name Shutdown",
            (
                "InvalidParameter",
                "GetVMIntegrationService",
                "InvalidArgument",
                "VirtualizationInvalidArgumentException",
                "",
            ),
        ),
    ],
)
def test_errors(simulated: Simulated, script: str, expected: tuple[str, ...]) -> None:
    problem = simulated.one(f"Get-Problem {{ {script} }}")
    reason, command, category, exception, target = expected
    assert problem["id"] == f"{reason},{COMMANDS}{command}"
    assert problem["category"] == category
    assert problem["exception"] == EXCEPTIONS + exception
    assert problem["target"] == target


def test_an_error_of_one_name_leaves_the_others(simulated: Simulated) -> None:
    assert simulated.run("(Get-VM web01, nobody, web02 -ErrorAction SilentlyContinue).Name") == ["web01", "web02"]


def test_error_about_a_component_holds_the_very_object(simulated: Simulated) -> None:
    same = simulated.one("""
        $components = Get-VMIntegrationService -VMName web01
        Stop-VM web01 -TurnOff
        Remove-VM web01 -Force
        $problems = @(Enable-VMIntegrationService -VMIntegrationService $components 2>&1)
        @{
            count = $problems.Count; id = $problems[0].FullyQualifiedErrorId
            same = @(0..5).ForEach({ [object]::ReferenceEquals($problems[$_].TargetObject, $components[$_]) })
        }
    """)
    assert same == {"count": 6, "id": f"ObjectNotFound,{COMMANDS}EnableVMIntegrationService", "same": [True] * 6}


def test_switching_by_object_by_vm_and_by_name(simulated: Simulated) -> None:
    output = simulated.run("""
        $gsi = (Get-VM web01, web02).VMIntegrationService.Where({ $_.Id -like '*6C09BB55-D683-4DA0-8931-C9BF705F6480' })
        Enable-VMIntegrationService -VMIntegrationService $gsi
        Disable-VMIntegrationService VSS -VM (Get-VM web01)
        (Disable-VMIntegrationService VSS web02 -Passthru).Enabled
        (@($gsi[0]) | Disable-VMIntegrationService -Passthru).VMName
    """)
    assert output == [False, "web01"]
    switches = {
        (vm, key): simulated.machine(vm).services[key].enabled
        for vm in ("web01", "web02")
        for key in ("vss", "guest_service_interface")
    }
    assert switches == {
        ("web01", "vss"): False,
        ("web01", "guest_service_interface"): False,
        ("web02", "vss"): False,
        ("web02", "guest_service_interface"): True,
    }


def test_whatif_changes_nothing(simulated: Simulated) -> None:
    simulated.run("""
        Disable-VMIntegrationService -VMIntegrationService (Get-VMIntegrationService -VMName web01) -WhatIf
        Disable-VMIntegrationService -VMName web0* -Name * -WhatIf
        Stop-VM web* -TurnOff -WhatIf
        Remove-VM web* -Force -WhatIf
    """)
    assert simulated.machine("web01").services["shutdown"].enabled
    assert simulated.machine("web02").state == 2
    assert [line["changed"] for line in simulated.ledger()] == [0] * len(simulated.ledger())
    # What was handed in needs no look-up, so nothing is asked.
    assert [line["command"] for line in simulated.ledger()] == [
        "Get-VMIntegrationService",
        "Disable-VMIntegrationService",
        "Stop-VM",
        "Remove-VM",
    ]


def test_a_host_that_cannot_ask_fails_where_confirmation_is_due(simulated: Simulated) -> None:
    problems = simulated.run("""
        Get-Problem { Start-VM web01 -Confirm }
        Get-Problem { $ConfirmPreference = 'Medium'; Save-VM web01 }
        Get-Problem { Stop-VM mute -Confirm:$false }
        Get-Problem { Remove-VM web01 }
    """)
    assert [problem["id"] for problem in problems] == [
        f"InvalidOperation,{COMMANDS}{command}" for command in ("StartVM", "SaveVM", "StopVM", "RemoveVM")
    ]
    assert {simulated.machine(name).state for name in ("web01", "mute")} == {2}
    simulated.run("Stop-VM mute -Force; Save-VM web01 -Confirm:$false; 1")
    assert [simulated.machine(name).state for name in ("mute", "web01")] == [3, 6]


@pytest.mark.parametrize("action", ["Continue", "Stop"])
def test_a_question_that_cannot_be_asked_is_in_the_ledger(simulated: Simulated, action: str) -> None:
    problem = simulated.one(f"Get-Problem {{ Stop-VM mute, nobody* -ErrorAction {action} }}")
    assert problem["id"] == f"InvalidOperation,{COMMANDS}StopVM"
    simulated.run(f"Get-Problem {{ Stop-VM mute, web01 -ErrorAction {action} }}")
    assert [(line["changed"], line["errors"]) for line in simulated.ledger()] == [
        (0, ["InvalidOperation"]),
        (1, ["InvalidOperation"]),
    ]


def test_already_there_is_a_warning(simulated: Simulated) -> None:
    warnings = simulated.run("(Start-VM web0* 3>&1).ForEach({ $_.GetType().Name, $_.Message })")
    assert warnings == ["WarningRecord", "Der virtuelle Computer befindet sich bereits im angegebenen Zustand."] * 2


def test_checkpoints_by_their_other_name(pwsh: str, simulated: Simulated) -> None:
    problem = simulated.one("Get-Problem { Get-VMCheckpoint web01 -Name nothing }")
    assert problem["id"] == f"ObjectNotFound,{COMMANDS}GetVMSnapshot"
    assert (problem["category"], problem["exception"]) == ("ObjectNotFound", f"{EXCEPTIONS}VirtualizationException")
    assert problem["target"] == ""
    fresh = Session(pwsh)
    assert fresh.run("(Get-VMCheckpoint web01).Name", simulated.environment) == ["before"]
    fresh.close()
    assert {line["command"] for line in simulated.ledger()} == {"Get-VMSnapshot"}


def test_pipeline_binds_names_objects_and_properties(simulated: Simulated) -> None:
    output = simulated.run("""
        ('web01', 'web02' | Get-VM).Name
        ((Get-VM web01), (Get-VM web02) | Get-VMIntegrationService -Name VSS).VMName
        ([PSCustomObject]@{ Name = 'new01' } | New-VM).Name
        (Get-VM -Id (Get-VM web02).Id).Name
        ('mute', (Get-VM web01) | Save-VM -Passthru).Name
    """)
    assert output == ["web01", "web02", "web01", "web02", "new01", "web02", "mute", "web01"]
    saves = [line for line in simulated.ledger() if line["command"] == "Save-VM"]
    assert [(line["record"], line["parameter_set"], list(line["parameters"])) for line in saves] == [
        (0, "Name", ["Passthru", "Name"]),
        (1, "VMObject", ["Passthru", "VM"]),
    ]
    assert len({line["invocation"] for line in saves}) == 1


def test_components_of_a_machine_cost_one_query_when_first_read(simulated: Simulated) -> None:
    counts = simulated.run("$vms = Get-VM; $vms[0].VMIntegrationService.Count; $vms[0].VMIntegrationService.Count")
    assert counts == [6, 6]
    assert [line["command"] for line in simulated.ledger()] == ["Get-VM", "VirtualMachine.VMIntegrationService"]


def test_components_of_a_checkpoint(simulated: Simulated) -> None:
    item = simulated.one("""
        $checkpoint = Get-VMSnapshot -VMName web01
        $components = $checkpoint | Get-VMIntegrationService
        @{
            name = $checkpoint.Name; type = "$($checkpoint.SnapshotType)"; count = $components.Count
            id = $components[0].VMCheckpointId -eq $checkpoint.Id; lazy = $checkpoint.VMIntegrationService.Count
        }
    """)
    assert item == {"name": "before", "type": "Standard", "count": 6, "id": True, "lazy": 6}


def test_life_of_a_machine(simulated: Simulated) -> None:
    states = simulated.run("""
        $vm = New-VM -Name new01 -Generation 2 -MemoryStartupBytes 1GB -NoVHD
        "$($vm.State)"
        "$((Start-VM $vm -Passthru).State)"
        "$((Suspend-VM new01 -Passthru).State)"
        "$((Resume-VM new01 -Passthru).State)"
        "$((Save-VM new01 -Passthru).State)"
        Start-VM new01
        "$((Restart-VM new01 -Force -Passthru).State)"
        "$((Stop-VM new01 -TurnOff -Passthru).State)"
        (Remove-VM new01 -Force -Passthru).IsDeleted
        @(Get-VM new*).Count
    """)
    assert states == ["Off", "Running", "Paused", "Running", "Saved", "Running", "Off", True, 0]


def test_host_groups_and_replication(simulated: Simulated) -> None:
    output = simulated.run("""
        (Get-VMHost).Name
        $group = Get-VMGroup tier1
        $group.VMMembers.Name, $group.GroupType.GetType().Name
        (Get-VM web01).Groups[0].Name
        $replication = Get-VMReplication
        "$($replication.VMName) $($replication.ReplicationMode) $([int]$replication.ReplicationState)"
    """)
    assert output == ["hv-berlin", "web01", "GroupType", "tier1", "web01 Primary 4"]


def test_what_is_not_simulated_is_refused(simulated: Simulated) -> None:
    problems = simulated.run("""
        $credential = [pscredential]::new('user', (ConvertTo-SecureString -String 'x' -AsPlainText -Force))
        Get-Problem { Get-VM -ComputerName other }
        Get-Problem { Get-VM -ComputerName localhost -Credential $credential }
        Get-Problem { Start-VM web01 -AsJob }
        Get-Problem { Get-VM -Nonsense }
        (Get-VM web01 -ComputerName HV-BERLIN).Name
    """)
    assert [item["id"] for item in problems[:-1]] == [
        f"NotSimulated,{COMMANDS}GetVM",
        f"NotSimulated,{COMMANDS}GetVM",
        f"NotSimulated,{COMMANDS}StartVM",
        f"NamedParameterNotFound,{COMMANDS}GetVM",
    ]
    assert "-ComputerName is not simulated" in problems[0]["message"]
    assert problems[-1] == "web01"
    assert [line["command"] for line in simulated.ledger()] == ["Get-VM"]


def test_without_a_simulator(simulated: Simulated) -> None:
    for control, said in (("", "HVSIM_CONTROL is not set"), ("/nowhere/control.sock", "hvsim up")):
        problem = simulated.one("Get-Problem { Get-VM }", HVSIM_CONTROL=control)
        assert problem["id"] == f"SimulatorUnavailable,{COMMANDS}GetVM"
        assert said in problem["message"]
    problem = simulated.one("Get-Problem { Get-VM }", HVSIM_HOST="hv-nowhere")
    assert "hv-nowhere" in problem["message"]


def test_a_broken_connection_ends_the_cmdlet(simulated: Simulated) -> None:
    simulated.faults.add({"kind": "disconnect", "command": "Disable-VM*", "where": "after"})
    output = simulated.run("""
        $components = Get-VMIntegrationService -VMName web01 -Name VSS
        try { Disable-VMIntegrationService -VMIntegrationService $components -ErrorAction SilentlyContinue; 'went on' }
        catch { $_.FullyQualifiedErrorId, $_.Exception.GetType().Name }
        (Get-VM web01).Name
    """)
    assert output == [f"Unspecified,{COMMANDS}DisableVMIntegrationService", "VirtualizationException", "web01"]
    assert not simulated.machine("web01").services["vss"].enabled


def test_a_call_that_hangs_can_be_stopped(simulated: Simulated) -> None:
    simulated.faults.add({"kind": "slow", "command": "Get-VM", "seconds": 300})
    state = simulated.one("""
        $shell = [powershell]::Create().AddScript('Get-VM')
        $call = $shell.BeginInvoke()
        Start-Sleep -Milliseconds 1000
        $shell.Stop()
        "$($shell.InvocationStateInfo.State)"
    """)
    assert state == "Stopped"


def test_cluster_groups(simulated: Simulated) -> None:
    output = simulated.run("""
        Import-Module FailoverClusters
        $group = Get-ClusterGroup -Name web01
        "$($group.OwnerNode)", $group.OwnerNode.Name, $group.GroupType, $group.State
        (Get-ClusterGroup).Count
        (Get-ClusterGroup web01 | Get-VM).Name
        (Get-Problem { Get-ClusterGroup nobody }).id
    """)
    assert output == [
        "hv-berlin",
        "hv-berlin",
        "VirtualMachine",
        "Online",
        5,
        "web01",
        "ClusterGroupNotFound,Get-ClusterGroup",
    ]
    alone = simulated.one("Get-Problem { Get-ClusterGroup }", HVSIM_HOST="hv-alone")
    assert alone["id"] == "ClusterUnavailable,Get-ClusterGroup"


def test_warm_up_needs_no_simulator(simulated: Simulated) -> None:
    script = "Import-Module Hyper-V; [Microsoft.HyperV.PowerShell.Simulation.Warmup]::Run(); 'warm'"
    assert simulated.one(script, HVSIM_CONTROL="", HVSIM_HOST="") == "warm"
    assert simulated.ledger() == []
