# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module through the real Ansible and the real connection plugins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from playbook_runner import INFO_MODULE, MODULE, Result, Run, run_tasks
from simulator_runner import CULTURES, Simulator
from thinning import thinned

HOST = "hv-de"
# The script is the same over both; PSRP starts a PowerShell for each host, and WinRM shares one.
PSRP_CULTURES = thinned("languages of hosts over PSRP", full=CULTURES, sample=["en", "de", "ja"])
EVERYTHING_ON = dict.fromkeys(
    ("heartbeat", "shutdown", "time_synchronization", "key_value_pair_exchange", "vss", "guest_service_interface"), True
)


def one(inventory: Path, *options: str, **arguments: Any) -> Result:
    """The module once, on one host."""
    return run_tasks(inventory, [{MODULE: arguments}], *options, hosts=HOST).one()


def neutral(data: dict[str, Any]) -> str:
    """A result without what differs from host to host: its name and the seconds since its start."""
    machines = [{k: v for k, v in vm.items() if k not in ("host", "uptime_seconds")} for vm in data["virtual_machines"]]
    return json.dumps({**data, "virtual_machines": machines}, sort_keys=True)


@pytest.mark.parametrize(("connection", "cultures"), [("winrm", CULTURES), ("psrp", PSRP_CULTURES)])
def test_every_culture_gives_the_same_result(fresh: Simulator, connection: str, cultures: list[str]) -> None:
    """Change and look: over both connection plugins, on hosts in ten languages."""
    plan = [
        {"name": ["web01"], "services": {"shutdown": True, "gsi": False}},
        {"group": ["databases"], "services": {"backup": True}},
        {
            "pattern": ["d[ac]*"],
            "exclude": ["d?[0-9][0-9]?*"],
            "services": {"timesync": False},
            "overrides": {"timesync": "PTP clock"},
        },
    ]
    tasks = [
        {"name": "change", MODULE: {"plan": plan}},
        {"name": "look", INFO_MODULE: {}},
    ]
    hosts = [f"hv-{culture}" for culture in cultures]
    run = run_tasks(fresh.inventory(connection), tasks, stop=True, hosts=":".join(hosts))
    assert run.code == 0, run.output
    for task, changed in (("change", True), ("look", False)):
        results = [run.one(task, host) for host in hosts]
        assert {r["changed"] for r in results} == {changed}
        assert len({neutral(r.data) for r in results}) == 1, task
    summary = run.one("change", "hv-ja")["summary"]
    assert summary == {"selected": 4, "changed": 4, "failed": 0, "enabled": 2, "disabled": 3, "verified": "switch"}


def test_check_mode_predicts_and_changes_nothing(fresh: Simulator, winrm: Path) -> None:
    arguments = {"name": ["web01", "db01", "off01"], "services": {"shutdown": True, "vss": True, "kvp": None}}
    task = {MODULE: arguments}
    predicted = run_tasks(winrm, [task], "--check", "--diff", hosts=HOST).one()
    assert fresh.changes() == 0
    done = run_tasks(winrm, [task], "--diff", hosts=HOST).one()
    again = run_tasks(winrm, [task], "--diff", hosts=HOST).one()
    assert predicted["virtual_machines"] == done["virtual_machines"]
    assert predicted["diff"] == done["diff"]
    assert done["diff"] == {
        "before": {
            "db01 (6f6b9a3e-0000-4000-8000-000000000001)": {"vss": False},
            "web01 (6f6b9a3e-0000-4000-8000-000000000000)": {"shutdown": False},
        },
        "after": {
            "db01 (6f6b9a3e-0000-4000-8000-000000000001)": {"vss": True},
            "web01 (6f6b9a3e-0000-4000-8000-000000000000)": {"shutdown": True},
        },
    }
    assert (predicted["changed"], done["changed"], again["changed"]) == (True, True, False)
    assert again["diff"] == {"before": {}, "after": {}}
    assert [vm["services"]["shutdown"] for vm in done["virtual_machines"] if vm["name"] == "web01"] == [
        {"before": False, "after": True, "changed": True}
    ]
    assert all("key_value_pair_exchange" not in vm["services"] for vm in done["virtual_machines"])
    assert fresh.vm(HOST, "web01")["services"]["guest_service_interface"] is True


REFUSALS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "the guard": (
        {"name": ["web01"], "services": {"shutdown": False}},
        ["refused to disable the protected service on web01"],
    ),
    "all there is against a plan": (
        {
            "plan": [
                {"name": ["web01"], "services": {"shutdown": False}, "overrides": {"shutdown": "   x   "}},
                {"name": ["old01"], "services": {"vss": None}},
            ]
        },
        [
            "at least 8 characters",
            "names no service to enable or disable",
        ],
    ),
    "all there is against a plan on this host": (
        {
            "plan": [
                {"name": ["web*", "TWIN"], "services": {"vss": True}},
                {"id": ["web01"], "services": {"vss": True}},
                {"pattern": ["nothing*"], "services": {"vss": True}},
                {"name": ["dc01"], "services": {"timesync": False}},
                {"name": ["db01"], "services": {"vss": True}},
                {"name": ["db01"], "services": {"backup": False}},
            ]
        },
        [
            "Names are exact, never wildcards",
            "2 virtual machines have this name; select one by id",
            "not a GUID",
            "selects none of the 16 virtual machines",
            "plan[3].services.time_synchronization: refused",
            "plan[4].services.vss=True and plan[5].services.vss=False contradict each other",
        ],
    ),
    "a protected list without shutdown": (
        {"name": ["web01"], "services": {"shutdown": False}, "protected": ["vss"]},
        ["services.shutdown: refused to disable the protected service on web01"],
    ),
    "an empty protected list": (
        {"name": ["dc01"], "services": {"timesync": False}, "protected": []},
        ["services.time_synchronization: refused to disable the protected service on dc01"],
    ),
    "a null protected list": (
        {"plan": [{"name": ["web01"], "services": {"shutdown": False}}], "protected": None},
        ["plan[0].services.shutdown: refused to disable the protected service on web01"],
    ),
    "an override that is no string": (
        {"name": ["web01"], "services": {"shutdown": False}, "overrides": {"shutdown": {}}},
        ["overrides.shutdown {}: a reason is a string of at least 8 characters"],
    ),
    "overrides of a plan that are no strings": (
        {
            "plan": [
                {"name": ["web01"], "services": {"shutdown": False}, "overrides": {"shutdown": []}},
                {
                    "name": ["dc01"],
                    "services": {"timesync": False},
                    "overrides": {"timesync": {"reason": "PTP clock", "til": "2099-12-31"}},
                },
            ]
        },
        [
            "plan[0].overrides.shutdown []: a reason is a string of at least 8 characters",
            "plan[1].overrides.time_synchronization {",
            "til: an override has no such field; it has reason, until",
        ],
    ),
    "an override that ended": (
        {
            "name": ["web01"],
            "services": {"shutdown": False},
            "overrides": {"shutdown": {"reason": "because I say so", "until": "2020-01-01"}},
        },
        ["The override (because I say so) ended on 2020-01-01"],
    ),
    "empty lists": (
        {"name": [], "group": "{{ [] }}", "services": {"vss": True}},
        ["name []: an empty list selects no virtual machine", "group []: an empty list"],
    ),
    "a plan for nothing": (
        {"plan": [{"all": False, "services": {"vss": True}}]},
        ["plan[0].all false: selects no virtual machine"],
    ),
    "a bad pattern": (
        {"pattern": ["web["], "services": {"vss": True}},
        ["pattern 'web[': not a wildcard pattern"],
    ),
    "no selection": ({"services": {"vss": True}}, ["give name, id, pattern, group or all=true"]),
    "an unknown service": ({"all": True, "services": {"vvs": True}}, ["vvs"]),
    "both forms": ({"plan": [], "services": {"vss": True}}, ["mutually exclusive"]),
    "a mixed selection": (
        {"plan": [{"all": True, "services": {"vss": True}}], "name": ["web01"]},
        ["mutually exclusive"],
    ),
    "a misspelt protection": ({"all": True, "services": {"vss": True}, "protected": ["shutdwn"]}, ["shutdwn"]),
}


def test_what_is_wrong_is_refused_before_any_change(fresh: Simulator, winrm: Path) -> None:
    tasks: list[dict[str, Any]] = [{"name": name, MODULE: arguments} for name, (arguments, _said) in REFUSALS.items()]
    tasks += [
        {**task, "name": f"{task['name']}, in check mode", "check_mode": True}
        for task in tasks
        if task["name"] in ("the guard", "all there is against a plan on this host")
    ]
    run = run_tasks(winrm, tasks, hosts=HOST)
    for task in tasks:
        result = run.one(task["name"])
        assert result.status == "failed", result
        for said in REFUSALS[task["name"].removesuffix(", in check mode")][1]:
            assert said in result.msg, result
        assert "check_mode" not in task or "was changed" not in result.msg
        assert not result["changed"], result
    assert fresh.changes() == 0


def test_an_override_is_told(fresh: Simulator, winrm: Path) -> None:
    override = {"reason": "  An appliance that ignores it  ", "until": "2999-12-31"}
    result = one(winrm, name=["dc01"], services={"shutdown": False}, overrides={"shutdown": override})
    assert result.status == "ok"
    assert result["virtual_machines"][0]["overrides"] == {"shutdown": "An appliance that ignores it"}
    (warning,) = result["warnings"]
    assert (
        "shutdown is protected, and an override allows disabling it, because: An appliance that ignores it (on dc01)"
        in warning
    )
    assert fresh.vm(HOST, "dc01")["services"]["shutdown"] is False


def test_the_others_are_done_when_some_cannot(fresh: Simulator, winrm: Path) -> None:
    result = one(winrm, name=["db01", "moving01", "starting01", "stubborn01"], services={"vss": True}, result="changed")
    assert result.status == "failed"
    assert result["changed"] is True
    errors = {vm["name"]: vm["error"] for vm in result["virtual_machines"]}
    assert errors["db01"] is None
    assert "busy (MigratingVirtualMachine)" in errors["moving01"]
    assert "state Starting" in errors["starting01"]
    assert "vss not enabled: Hyper-V reported no error, yet the setting did not change" in errors["stubborn01"]
    assert result["summary"] == {
        "selected": 4,
        "changed": 1,
        "failed": 3,
        "enabled": 1,
        "disabled": 0,
        "verified": "switch",
    }
    assert "3 of 4 virtual machines" in result.msg
    assert fresh.vm(HOST, "db01")["services"]["vss"] is True


def test_contact_names_the_side_that_is_suspected(fresh: Simulator, winrm: Path) -> None:
    arguments = {"services": {"heartbeat": True}, "verify": "contact", "verify_timeout": 1}
    tasks = [
        {"name": "answers", MODULE: {**arguments, "name": ["db01", "old01", "secret01", "off01"]}},
        {"name": "silent", MODULE: {**arguments, "name": ["daemonless01"]}},
    ]
    run = run_tasks(winrm, tasks, hosts=HOST)
    assert run.one("answers").status == "ok", run.output
    silent = run.one("silent")
    assert silent.status == "failed"
    assert (
        "1 of 1 virtual machines could not be brought to the requested state. "
        "Fix the cause below, then run the task again. "
        "daemonless01: no contact within 1 s: key_value_pair_exchange, enabled on the host, so the guest is suspected ("
    ) in silent.msg


@pytest.mark.parametrize(("shown", "names"), [("all", ["web01", "dc01"]), ("changed", ["web01"]), ("summary", [])])
def test_the_result_is_bounded(fresh: Simulator, winrm: Path, shown: str, names: list[str]) -> None:
    result = one(winrm, name=["web01", "dc01"], services={"shutdown": True}, result=shown)
    assert [vm["name"] for vm in result["virtual_machines"]] == names
    assert result["summary"]["selected"] == 2


def calls(run: Run, simulator: Simulator, host: str) -> dict[str, int]:
    assert run.code == 0, run.output
    return dict(simulator.calls(host))


def test_calls_do_not_grow_with_the_fleet(pwsh: str) -> None:
    hosts = [
        {"name": f"hv-{count}", "virtual_machines": [{"name": f"vm{n}"} for n in range(count)]}
        for count in (1, 20, 2000)
    ]
    services = {**EVERYTHING_ON, "heartbeat": False}
    with Simulator({"hosts": hosts}) as simulator:
        run = run_tasks(
            simulator.inventory("winrm"), [{MODULE: {"all": True, "services": services, "result": "summary"}}]
        )
        counted = [calls(run, simulator, f"hv-{count}") for count in (1, 20, 2000)]
        assert run.one(host="hv-2000")["summary"]["changed"] == 2000
    assert counted[0] == counted[1] == counted[2]
    assert counted[0] == {
        "Get-VM": 1,
        "Get-VMIntegrationService": 2,
        "Enable-VMIntegrationService": 1,
        "Disable-VMIntegrationService": 1,
    }
