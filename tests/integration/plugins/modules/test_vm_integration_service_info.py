# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The info module through the real Ansible: verdicts, subsets, clusters, clean output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import needs
from playbook_runner import INFO_MODULE, MODULE, run_tasks
from simulator_runner import Simulator

HOST = "hv-de"
# Selections that are given and select nothing.
EMPTY: tuple[dict[str, Any], ...] = (
    {"name": []},
    {"id": []},
    {"pattern": [], "exclude": ["web*"]},
    {"group": []},
    {"all": False},
)
# name -> service -> verdict, reason
EXPECTED = {
    "dc01": {"heartbeat": ("ok", "in_contact"), "guest_service_interface": ("disabled", "host_switch")},
    "db01": {"vss": ("disabled", "host_switch")},
    "old01": {"vss": ("protocol_mismatch", "older_protocol")},
    "bare01": {"shutdown": ("no_contact", "guest_silent")},
    "off01": {"shutdown": ("not_applicable", "vm_off")},
    "saved01": {"vss": ("not_applicable", "vm_saved")},
    "starting01": {"heartbeat": ("not_applicable", "vm_starting")},
    "secret01": {"shutdown": ("ok", "in_contact"), "key_value_pair_exchange": ("not_applicable", "isolated")},
    "odd01": {"vss": ("error", "unknown_status")},
    "daemonless01": {"key_value_pair_exchange": ("no_contact", "guest_silent"), "shutdown": ("ok", "in_contact")},
}


def test_verdicts_and_facts(fresh: Simulator, winrm: Path) -> None:
    result = run_tasks(winrm, [{INFO_MODULE: {}}], hosts=HOST).one()
    machines: dict[str, Any] = {vm["name"]: vm for vm in result["virtual_machines"]}
    seen = {
        name: {
            key: (machines[name]["services"][key]["verdict"], machines[name]["services"][key]["reason"])
            for key in wanted
        }
        for name, wanted in EXPECTED.items()
    }
    assert seen == EXPECTED
    assert result["changed"] is False
    assert dict(fresh.calls(HOST)) == {"Get-VM": 1, "Get-VMIntegrationService": 1}
    odd = machines["odd01"]["services"]["vss"]
    assert (odd["primary_status"], odd["primary_status_code"]) == ("4711", 4711)
    old = machines["old01"]["services"]["vss"]
    assert (old["secondary_status"], old["secondary_status_code"]) == ("ProtocolMismatch", 32775)
    assert machines["secret01"]["isolation"] == "SNP"
    assert machines["db01"]["replication"]["mode"] == "Primary"
    assert machines["db01"]["groups"] == ["tier1", "databases"]
    assert machines["dc01"]["notes"] == "domain controller"
    assert machines["dc01"]["heartbeat_code"] in (5, 6)
    assert (machines["off01"]["heartbeat"], machines["off01"]["uptime_seconds"]) == (None, 0)
    assert machines["moving01"]["operational_status"] == "MigratingVirtualMachine"
    assert sum(result["summary"]["verdicts"].values()) == 6 * len(machines)


def test_subsets_leave_out_what_was_not_gathered(fresh: Simulator, winrm: Path) -> None:
    tasks = [
        {"name": "identity", INFO_MODULE: {"name": ["dc01"], "gather": ["notes"]}},
        {"name": "services", INFO_MODULE: {"pattern": ["d*"], "exclude": ["da*"], "gather": ["services"]}},
        {"name": "missing", INFO_MODULE: {"name": ["nobody"]}},
        *({"name": f"empty {options}", INFO_MODULE: options} for options in EMPTY),
        {"name": "bad pattern", INFO_MODULE: {"pattern": ["web["]}},
        {"name": "all but", INFO_MODULE: {"exclude": ["*"], "gather": ["notes"]}},
    ]
    run = run_tasks(winrm, tasks, "--check", hosts=HOST)
    (identity,) = run.one("identity")["virtual_machines"]
    assert "services" not in identity
    assert "verdicts" not in run.one("identity")["summary"]
    assert identity["notes"] == "domain controller"
    assert [vm["name"] for vm in run.one("services")["virtual_machines"]] == ["db01", "dc01"]
    assert all("notes" not in vm for vm in run.one("services")["virtual_machines"])
    assert run.one("missing").status == "failed"
    for options in EMPTY:
        refused = run.one(f"empty {options}")
        assert refused.status == "failed", refused
        assert refused.msg.startswith(f"{next(iter(options))} ")
        assert "selects no virtual machine" in refused.msg
    assert run.one("bad pattern").msg.startswith("pattern 'web[': not a wildcard pattern")
    # Without an option that selects, all are selected, and exclude takes from them.
    assert "selection (all=True; exclude=*): selects none of the 16" in run.one("all but").msg
    assert fresh.calls(HOST)["Get-VMIntegrationService"] == 1


def test_on_a_cluster_the_owner_of_a_name_is_told(pwsh: str) -> None:
    hosts = [
        {"name": "node1", "cluster": "c", "virtual_machines": [{"name": "here"}]},
        {"name": "node2", "cluster": "c", "culture": "ja", "virtual_machines": [{"name": "there"}]},
    ]
    with Simulator({"hosts": hosts}) as simulator:
        task = {MODULE: {"name": ["here", "There"], "services": {"vss": False}}}
        result = run_tasks(simulator.inventory("winrm"), [task], hosts="node1").one()
        assert result.status == "failed"
        assert "owned by the cluster node 'node2': run the task on that node" in result.msg
        assert simulator.changes() == 0


@pytest.mark.parametrize("locale", ["de_DE.UTF-8", "tr_TR.UTF-8"])
def test_a_bent_locale_bends_nothing(fresh: Simulator, locale: str) -> None:
    """Over a local connection the process itself has the locale: decimal commas, dotless i."""
    needs.local_powershell()
    tasks = [
        {"name": "look", INFO_MODULE: {"name": ["WEB01", "DB01"]}},
        {"name": "change", MODULE: {"group": ["TIER1"], "services": {"guest_service_interface": True, "vss": True}}},
    ]
    bent = [{**task, "environment": {"LC_ALL": locale}} for task in tasks]
    run = run_tasks(fresh.inventory("local"), bent, hosts=HOST)
    assert [vm["name"] for vm in run.one("look")["virtual_machines"]] == ["web01", "db01"], run.output
    assert run.one("change")["summary"]["enabled"] == 2
