# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's own udev rule and unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.own_files import RULE, UNIT_FILE
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import LINUX_SERVICES
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.own_files import (
    BINDS,
    kept,
    plan_files,
    starts,
    unit_text,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.plan import make_plan
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import OwnFiles, Wishes

NOTHING: OwnFiles = {"write": [], "remove": []}
Make = Callable[..., dict[str, Any]]
SERVICE = {service.key: service for service in LINUX_SERVICES}
KVP, VSS, COPY = "key_value_pair_exchange", "vss", "guest_service_interface"
LINE = starts("/dev/vmbus/hv_kvp", "hv_kvp_daemon")


def test_files_are_written_once_and_removed_when_they_are_not_needed() -> None:
    first = plan_files({}, LINE, unit_text("/usr/bin/x"))
    assert [file["path"] for file in first["write"]] == [RULE, UNIT_FILE]
    assert all("hyperv.integration.linux_guest" in file["text"].splitlines()[0] for file in first["write"])
    there = {file["path"]: file["text"] for file in first["write"]}
    assert plan_files(there, LINE, unit_text("/usr/bin/x")) == NOTHING
    assert plan_files(there, [], "") == {**NOTHING, "remove": [RULE, UNIT_FILE]}
    assert plan_files(there, [], None) == {**NOTHING, "remove": [RULE]}
    assert plan_files({}, [], "") == NOTHING


def test_unmanaged_service_keeps_what_the_role_wrote_for_it() -> None:
    copying = starts("", "linux-guest-copy")
    there = {RULE: "".join(f"{line}\n" for line in ["# mark", BINDS, *copying, *LINE])}
    assert kept(there, SERVICE[KVP]) == LINE
    assert kept(there, SERVICE[VSS]) == []
    assert kept(there, SERVICE[COPY]) == [BINDS, *copying]


@pytest.mark.parametrize("text", ["{{ lookup('pipe', 'id') }} vmbus/hv_kvp", f"{LINE[0]} # {{{{ 1 }}}}"])
def test_nothing_that_a_guest_says_of_its_files_is_passed_on(text: str) -> None:
    assert kept({RULE: text}, SERVICE[KVP]) == []


def test_plan_has_the_files_and_rests_when_they_are_there(make_facts: Make, family: dict[str, Any]) -> None:
    family["services"][KVP]["boot"] = "enable"
    runs = {"verdict": "ok", "daemon": "/x", "unit": "hv-kvp-daemon.service", "unit_masked": False}
    facts = make_facts(services={KVP: runs})
    wishes: Wishes = {"services": {VSS: "unmanaged", COPY: "unmanaged"}}
    plan = make_plan(facts, family, wishes)
    (file,) = plan["own_files"]["write"]
    assert (file["path"], plan["at_rest"]) == (RULE, False)
    facts["own_files"] = {RULE: file["text"]}
    assert make_plan(facts, family, wishes)["at_rest"]
    family["services"][KVP]["boot"] = "udev"
    plan = make_plan(facts, family, wishes)
    assert (plan["own_files"]["remove"], plan["at_rest"]) == ([RULE], False)


def test_daemon_that_runs_is_started_again_when_packages_change(make_facts: Make, family: dict[str, Any]) -> None:
    """Scripts of packages stop daemons: those of hyperv-daemons 6.12 and newer, and do not start them again."""
    runs = {"verdict": "ok", "daemon": "/x", "unit": "hv-kvp-daemon.service", "unit_masked": False}
    wishes: Wishes = {"services": {COPY: "unmanaged"}}
    plan = make_plan(make_facts(services={KVP: runs}), family, wishes)
    assert plan["packages"]["install"] == ["hyperv-daemons"]
    assert plan["units"]["after"][0] == {"name": "hv-kvp-daemon", "state": "started"}
    all_run = {KVP: runs, VSS: {**runs, "unit": "hv-vss-daemon.service"}}
    assert make_plan(make_facts(services=all_run), family, wishes)["units"]["after"] == []


def test_every_device_is_told_before_packages_come(make_facts: Make, family: dict[str, Any]) -> None:
    """Scripts of Ubuntu's package start all daemons, also those that nobody asked for, and wait for their devices."""
    unknown = {key: {"node_known": False} for key in (KVP, VSS)}
    wishes: Wishes = {"services": {KVP: "unmanaged", VSS: "unmanaged", COPY: "present"}}
    assert make_plan(make_facts(services=unknown), family, wishes)["tell"] == ["vmbus?hv_kvp", "vmbus?hv_vss"]
    nothing: Wishes = {"services": dict.fromkeys((KVP, VSS, COPY), "unmanaged")}
    assert make_plan(make_facts(services=unknown), family, nothing)["tell"] == []
