# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.own_files import RULE, UNIT, UNIT_FILE
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.own_files import BINDS, LOADS
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.row import choose_row
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.services import (
    Decision,
    decide_absent,
    decide_present,
)

Make = Callable[..., dict[str, Any]]
KVP, VSS, COPY = "key_value_pair_exchange", "vss", "guest_service_interface"
RUNS = {
    "daemon": "/usr/sbin/hv_kvp_daemon",
    "unit": "hv-kvp-daemon.service",
    "unit_state": "active",
    "unit_masked": False,
    "process": {"pid": 7, "name": "hv_kvp_daemon"},
    "verdict": "ok",
    "explanation": "hv_kvp_daemon (process 7) serves it",
}


def present(family: dict[str, Any], facts: dict[str, Any], key: str = KVP, **options: bool) -> Decision:
    row = choose_row(family, facts)["services"][key]
    return decide_present(key, facts, row, **{"repair": False, "generalized": False, **options})


def absent(family: dict[str, Any], facts: dict[str, Any], key: str, *arriving: str) -> Decision:
    return decide_absent(key, facts, choose_row(family, facts)["services"][key], set(arriving))


def test_what_lacks_is_installed_and_started(make_facts: Make, family: dict[str, Any]) -> None:
    decision = present(family, make_facts())
    assert decision.install == ["hyperv-daemons"]
    assert decision.after == [{"name": "hv-kvp-daemon", "masked": False, "state": "started"}]
    assert decision.expected


def test_what_runs_is_left_alone(make_facts: Make, family: dict[str, Any]) -> None:
    decision = present(family, make_facts(services={KVP: RUNS}))
    assert (decision.install, decision.before, decision.after) == ([], [], [])
    assert decision.expected


def test_masked_unit_that_runs_is_unmasked(make_facts: Make, family: dict[str, Any]) -> None:
    decision = present(family, make_facts(services={KVP: RUNS | {"unit_masked": True}}))
    assert decision.after == [{"name": "hv-kvp-daemon", "masked": False, "state": "started"}]


def test_without_the_device_nothing_is_started(make_facts: Make, family: dict[str, Any]) -> None:
    decision = present(family, make_facts(services={KVP: {"offered": False, "node_present": False}}))
    assert decision.install == ["hyperv-daemons"]
    assert decision.after == [{"name": "hv-kvp-daemon", "masked": False}]
    assert decision.expected


def test_unit_that_no_rule_starts_gets_one_of_the_roles_also_before_its_device_is_there(
    make_facts: Make, family: dict[str, Any]
) -> None:
    """Then udev starts it when the host enables the service, at once or later."""
    family["services"][KVP]["boot"] = "enable"
    line = 'KERNEL=="vmbus/hv_kvp", TAG+="systemd", ENV{SYSTEMD_WANTS}+="hv-kvp-daemon.service"'
    assert present(family, make_facts()).rule == [line]
    decision = present(family, make_facts(services={KVP: {"offered": False, "node_present": False}}))
    assert (decision.rule, decision.after) == ([line], [{"name": "hv-kvp-daemon", "masked": False}])
    running = present(family, make_facts(services={KVP: RUNS}))
    assert (running.rule, running.after) == ([line], [])
    family["services"][KVP]["boot"] = "udev"
    assert present(family, make_facts()).rule == []


def test_unit_that_no_rule_starts_is_enabled_under_openrc(make_facts: Make, family: dict[str, Any]) -> None:
    family["services"][KVP]["boot"] = "enable"
    decision = present(family, make_facts(init="openrc"))
    assert (decision.after[0]["enabled"], decision.rule) == (True, [])


def test_device_that_systemd_does_not_know_is_told_before_the_unit_starts(
    make_facts: Make, family: dict[str, Any]
) -> None:
    facts = make_facts(services={KVP: {"node_known": False}, VSS: {"node_known": False}})
    assert present(family, facts).tell == ["vmbus?hv_kvp"]
    assert present(family, facts, VSS).tell == ["vmbus?hv_vss"]


@pytest.mark.parametrize(
    ("seen", "generalized"),
    [
        ({"node_known": True}, False),
        ({"node_known": None}, False),
        ({**RUNS, "node_known": False}, False),
        ({"node_known": False}, True),
    ],
    ids=["known", "not seen", "daemon runs", "stays off in an image"],
)
def test_no_device_is_told_where_nothing_waits(
    make_facts: Make, family: dict[str, Any], seen: dict[str, Any], generalized: bool
) -> None:
    assert present(family, make_facts(services={KVP: seen}), generalized=generalized).tell == []


def test_hostile_name_of_a_unit_comes_into_no_rule(make_facts: Make, family: dict[str, Any]) -> None:
    family["services"][KVP]["boot"] = "enable"
    seen = {"unit": 'x", RUN+="/bin/sh {{ 1 }}.service', "verdict": "daemon_stopped"}
    assert present(family, make_facts(services={KVP: seen})).rule == []


@pytest.mark.parametrize("isolation", ["VBS", "SNP", "TDX"])
def test_confidential_guest_is_skipped(make_facts: Make, family: dict[str, Any], isolation: str) -> None:
    decision = present(family, make_facts(isolation=isolation))
    assert decision.skipped
    assert isolation in decision.skipped[0]
    assert (decision.install, decision.after, decision.problem, decision.expected) == ([], [], None, False)


def test_missing_package_is_a_problem_with_a_way_out(make_facts: Make, family: dict[str, Any]) -> None:
    family["services"][COPY] = {"packages": [], "unit": None, "reason": "it is not shipped", "remedy": "do without"}
    decision = present(family, make_facts(), COPY)
    assert decision.problem == "it is not shipped. Way out: do without."
    own = RUNS | {"unit": "mine.service"}
    assert present(family, make_facts(services={COPY: own}), COPY).expected


def test_driver_that_is_kept_out_is_a_problem_unless_it_is_repaired(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(services={KVP: {"verdict": "driver_blocked", "explanation": "kept out", "remedy": "repair"}})
    assert present(family, facts).problem == "kept out. repair"
    assert present(family, facts, repair=True).problem is None
    facts["services"][KVP]["verdict"] = "driver_missing"
    assert present(family, facts, repair=True).problem


@pytest.mark.parametrize(
    ("binds_itself", "boot", "rule"), [(False, "udev", BINDS), (True, "udev", LOADS), (True, "enable", None)]
)
def test_device_of_file_copy_is_bound_by_the_role_or_by_the_unit(
    make_facts: Make, family: dict[str, Any], binds_itself: bool, boot: str, rule: str | None
) -> None:
    """SUSE's unit binds the device, and waits for the driver, which a rule of its package loads; others load it."""
    family["services"][COPY] |= {"daemon": "/usr/sbin/hv_fcopy_uio_daemon", "binds_itself": binds_itself, "boot": boot}
    facts = make_facts(kernel="6.12.1", services={COPY: {"node_present": False, "driver": None}})
    decision = present(family, facts, COPY)
    assert decision.tell == (["eb765408-105f-49b6-b4aa-c123b64d17d4"] if rule else [])
    assert [line for line in decision.rule if "SYSTEMD_WANTS" not in line] == ([rule] if rule else [])
    assert decision.after[0]["state"] == "started"
    facts["services"][COPY]["offered"] = False  # the host may enable it later
    assert (present(family, facts, COPY).tell, present(family, facts, COPY).rule) == ([], decision.rule)


def test_device_that_the_kernel_binds_needs_no_rule_and_that_of_the_role_stays(
    make_facts: Make, family: dict[str, Any]
) -> None:
    family["services"][COPY]["daemon"] = "/usr/sbin/hv_fcopy_uio_daemon"
    facts = make_facts(kernel="6.12.1", services={COPY: {"driver": "uio_hv_generic"}})
    assert present(family, facts, COPY).rule == []
    facts["own_files"] = {RULE: f"# mark\n{BINDS}\n"}
    assert present(family, facts, COPY).rule == [BINDS]


def test_own_unit_is_written_and_started_by_the_roles_rule(make_facts: Make, family: dict[str, Any]) -> None:
    family["services"][COPY] |= {"daemon": "/usr/bin/hv_fcopy_uio_daemon", "binds_itself": False, "own_unit": True}
    # The package has a unit, which does not work.
    seen = {"driver": "uio_hv_generic", "unit": "hv-fcopy-daemon.service", "verdict": "daemon_stopped"}
    facts = make_facts(kernel="7.0.0", services={COPY: {**seen, "daemon": "/usr/bin/hv_fcopy_uio_daemon"}})
    decision = present(family, facts, COPY)
    assert decision.own_unit is not None
    assert "ExecStart=/usr/bin/hv_fcopy_uio_daemon -n\n" in decision.own_unit
    assert decision.after == [{"name": UNIT, "masked": False, "state": "started", "daemon_reload": True}]
    assert decision.rule == [
        'SUBSYSTEM=="vmbus|uio", ATTRS{class_id}=="{34d14be3-dee4-41c8-9ae7-6b174977c192}", TAG+="systemd", '
        'ENV{SYSTEMD_WANTS}+="linux-guest-copy.service"'
    ]
    facts["own_files"] = {UNIT_FILE: decision.own_unit}
    assert "daemon_reload" not in present(family, facts, COPY).after[0]


def test_absent_stops_the_roles_unit_and_masks_that_of_the_package(make_facts: Make, family: dict[str, Any]) -> None:
    """A unit in /etc cannot be masked; its file goes."""
    facts = make_facts(services={COPY: {"unit": f"{UNIT}.service", "unit_state": "active"}})
    decision = absent(family, facts, COPY)
    assert decision.before == [{"name": UNIT, "state": "stopped"}, {"name": "hv-fcopy-daemon", "masked": True}]
    assert (decision.rule, decision.own_unit) == ([], "")


def test_absent_masks_what_is_here_and_what_will_come(make_facts: Make, family: dict[str, Any]) -> None:
    assert absent(family, make_facts(), COPY).before == []
    assert absent(family, make_facts(), COPY, "another").before == []
    assert absent(family, make_facts(), COPY, "hyperv-daemons").before == [{"name": "hv-fcopy-daemon", "masked": True}]
    here = make_facts(services={COPY: {"unit": "hyperv-daemons.hv-fcopy-daemon.service", "unit_state": "inactive"}})
    assert absent(family, here, COPY).before == [{"name": "hyperv-daemons.hv-fcopy-daemon", "masked": True}]
    here["services"][COPY]["unit_masked"] = True
    assert absent(family, here, COPY).before == []


def test_absent_stops_what_runs_but_vss(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(services={KVP: RUNS, VSS: RUNS | {"unit": "hv-vss-daemon.service"}})
    assert absent(family, facts, KVP).before == [{"name": "hv-kvp-daemon", "masked": True, "state": "stopped"}]
    decision = absent(family, facts, VSS)
    assert decision.before == [{"name": "hv-vss-daemon", "masked": True}]
    assert "runs on until the next boot" in decision.says[1]


def test_absent_under_openrc(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(init="openrc", services={KVP: RUNS | {"unit": "hv_kvp_daemon"}})
    assert absent(family, facts, KVP).before == [{"name": "hv_kvp_daemon", "enabled": False, "state": "stopped"}]
    assert absent(family, make_facts(init="openrc"), COPY, "hyperv-daemons").before == []


def test_process_without_a_unit_is_told(make_facts: Make, family: dict[str, Any]) -> None:
    decision = absent(family, make_facts(services={KVP: RUNS | {"unit": None}}), KVP)
    assert decision.skipped == ("hv_kvp_daemon (process 7) runs without a unit", "end it yourself")


@pytest.mark.parametrize(("enabled", "after"), [(True, []), (False, [{"name": "hv_kvp_daemon", "state": "started"}])])
def test_daemon_that_is_started_at_boot_is_left_alone(
    make_facts: Make, family: dict[str, Any], enabled: bool, after: list[dict[str, Any]]
) -> None:
    """Alpine and Arch Linux start a daemon by a runlevel or by systemd alone: the role looked twice at each run."""
    family["services"][KVP] |= {"boot": "enable", "unit": "hv_kvp_daemon"}
    running = RUNS | {"unit": "hv_kvp_daemon", "verdict": "ok", "unit_masked": False, "unit_enabled": enabled}
    decision = present(family, make_facts(init="openrc", services={KVP: running}))
    assert decision.after == [{**unit, "enabled": True} for unit in after]


@pytest.mark.parametrize("init", ["sysvinit", "other"])
def test_guest_without_an_init_that_the_role_manages_is_refused(
    make_facts: Make, family: dict[str, Any], init: str
) -> None:
    problem = str(present(family, make_facts(init=init)).problem)
    assert f"started by {init} here" in problem
    assert "install hyperv-daemons, start the daemon at boot yourself" in problem
    works = make_facts(init=init, services={KVP: RUNS | {"verdict": "ok", "unit": None}})
    assert present(family, works).problem is None
    image = make_facts(init=init, hyperv=False)
    assert present(family, image).install == ["hyperv-daemons"]
