# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One summary of the plans of a play."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.fleet import Fleet, summarize
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.shapes import Plan

MakeFacts = Callable[..., dict[str, Any]]

TODAY = date(2027, 1, 1)
DBS = {"name": "dbs", "match": {"group": "dbs"}, "profile": "backup"}
WEB = {"name": "web", "match": {"pattern": "web*"}, "profile": "lab"}


def ups(until: str) -> dict[str, Any]:
    override = {"reason": "closed appliance", "until": until}
    return {"match": {"name": "ups"}, "services": {"shutdown": False}, "overrides": {"shutdown": override}}


def plan(machines: list[dict[str, Any]], *rules: dict[str, Any], **policy: Any) -> Plan:
    return make_plan(machines, {"rules": list(rules), **policy}, TODAY)


def summary(plans: dict[str, Plan], *failed: str) -> Fleet:
    hosts = [*plans, *failed]
    return summarize(plans, hosts, list(plans), list(plans))


def test_totals_are_those_of_all_assessed_hosts(vm: MakeFacts) -> None:
    plans = {
        "hv01": plan([vm("web01", off=("vss",)), vm("ups")], WEB, ups("2027-01-05"), default="lab"),
        "hv02": plan([vm("web02"), vm("old")], WEB, {"match": {"name": "old"}, "services": {"shutdown": False}}),
    }
    found = summary(plans, "hv03")
    totals = ("virtual_machines", "to_change", "changes", "refused", "overridden", "ending")
    assert {key: found[key] for key in totals} == {  # type: ignore[literal-required]
        "virtual_machines": 4,
        "to_change": 3,
        "changes": 3,
        "refused": 1,
        "overridden": 1,
        "ending": 1,
    }
    assert found["explanation"] == [
        "hosts: 3, assessed: 2",
        "not assessed: hv03",
        "virtual machines: 4, to change: 3 (switches: 3), refused: 1, overridden: 1, ending soon: 1",
    ]


def test_rule_that_decides_on_one_host_is_not_dead(vm: MakeFacts) -> None:
    plans = {"hv01": plan([vm("web01")], DBS, WEB), "hv02": plan([vm("db01", groups=["dbs"])], DBS, WEB)}
    assert summary(plans)["dead_rules"] == []


def test_dead_rule_names_each_reason_with_its_hosts(vm: MakeFacts) -> None:
    everything = {"name": "all", "match": {"pattern": "*"}, "profile": "lab"}
    plans = {
        "hv01": plan([vm("db01", groups=["dbs"])], everything, DBS),
        "hv02": plan([vm("app01")], everything, DBS),
        "hv03": plan([vm("app02")], everything, DBS),
    }
    assert summary(plans)["explanation"][2:] == [
        "rule 2 (dbs): decides nothing on any assessed host: matches db01, but rule 1 (all) decides first (hv01); "
        "no virtual machine is in the group dbs (hv02, hv03)"
    ]


def test_rules_of_one_label_but_other_content_are_two_rules(vm: MakeFacts) -> None:
    """Group variables give each site a first rule of its own."""
    plans = {
        "hv01": plan([vm("web01")], {**WEB, "match": {"name": "web01"}}),
        "hv02": plan([vm("app01")], {**WEB, "match": {"name": "web02"}}),
    }
    assert summary(plans)["explanation"][2:] == [
        "rule 1 (web): decides nothing on the hosts that have it (hv02): no virtual machine is named web02"
    ]


def test_host_fails_for_its_own_ended_overrides(vm: MakeFacts) -> None:
    plans = {"hv01": plan([vm("ups")], ups("2026-12-31")), "hv02": plan([vm("web01")], ups("2026-12-31"))}
    failures = summary(plans)["failures"]
    assert list(failures) == ["hv01"]
    assert failures["hv01"] == plans["hv01"]["ended"] != []


def test_batches_fail_at_the_end_so_that_all_hosts_get_their_policy(vm: MakeFacts) -> None:
    plans = {"hv01": plan([vm("ups")], ups("2026-12-31"))}
    hosts = ["hv01", "hv02", "hv03"]
    first = summarize(plans, hosts, hosts, ["hv01"])
    assert (first["failures"], first["to_come"], first["dead_rules"]) == ({}, ["hv02", "hv03"], [])
    plans |= {"hv02": plan([vm("web01")], WEB)}
    # hv03 has failed before the role, so hv02 was the last.
    last = summarize(plans, hosts, ["hv01", "hv02"], ["hv02"])
    assert last["failures"] == {"hv02": [f"hv01: {line}" for line in plans["hv01"]["ended"]]}
    assert last["not_assessed"] == ["hv03"]


def test_host_that_the_role_passes_over_holds_up_no_failure(vm: MakeFacts) -> None:
    plans = {"hv01": plan([vm("ups")], ups("2026-12-31"))}
    found = summarize(plans, ["hv00", "hv01"], ["hv00", "hv01"], ["hv00", "hv01"])
    assert list(found["failures"]) == ["hv01"]
    assert found["not_assessed"] == ["hv00"]
