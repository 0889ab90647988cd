# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

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
    assert decision.after == {"name": "hv-kvp-daemon", "masked": False, "state": "started"}
    assert decision.expected


def test_what_runs_is_left_alone(make_facts: Make, family: dict[str, Any]) -> None:
    decision = present(family, make_facts(services={KVP: RUNS}))
    assert (decision.install, decision.before, decision.after) == ([], None, None)
    assert decision.expected


def test_masked_unit_that_runs_is_unmasked(make_facts: Make, family: dict[str, Any]) -> None:
    decision = present(family, make_facts(services={KVP: RUNS | {"unit_masked": True}}))
    assert decision.after == {"name": "hv-kvp-daemon", "masked": False, "state": "started"}


def test_without_the_device_nothing_is_started(make_facts: Make, family: dict[str, Any]) -> None:
    decision = present(family, make_facts(services={KVP: {"offered": False, "node_present": False}}))
    assert decision.install == ["hyperv-daemons"]
    assert decision.after == {"name": "hv-kvp-daemon", "masked": False}
    assert decision.expected


def test_unit_that_nothing_starts_at_boot_is_enabled_where_its_device_is(
    make_facts: Make, family: dict[str, Any]
) -> None:
    family["services"][KVP]["boot"] = "enable"
    assert (present(family, make_facts()).after or {})["enabled"] is True
    gone = present(family, make_facts(services={KVP: {"offered": False, "node_present": False}}))
    assert "enabled" not in (gone.after or {})


@pytest.mark.parametrize("isolation", ["VBS", "SNP", "TDX"])
def test_confidential_guest_is_skipped(make_facts: Make, family: dict[str, Any], isolation: str) -> None:
    decision = present(family, make_facts(isolation=isolation))
    assert decision.skipped
    assert isolation in decision.skipped[0]
    assert (decision.install, decision.after, decision.problem, decision.expected) == ([], None, None, False)


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


@pytest.mark.parametrize(("binds", "bind"), [(False, True), (True, False)])
def test_device_of_file_copy_is_bound_by_the_role_or_by_the_unit(
    make_facts: Make, family: dict[str, Any], binds: bool, bind: bool
) -> None:
    family["services"][COPY] |= {"daemon": "/usr/sbin/hv_fcopy_uio_daemon", "binds_itself": binds}
    facts = make_facts(kernel="6.12.1", services={COPY: {"node_present": False, "driver": None}})
    decision = present(family, facts, COPY)
    assert decision.bind is bind
    assert (decision.after or {})["state"] == "started"
    facts["services"][COPY]["offered"] = False
    assert present(family, facts, COPY).bind is False


def test_absent_masks_what_is_here_and_what_will_come(make_facts: Make, family: dict[str, Any]) -> None:
    assert absent(family, make_facts(), COPY).before is None
    assert absent(family, make_facts(), COPY, "another").before is None
    assert absent(family, make_facts(), COPY, "hyperv-daemons").before == {"name": "hv-fcopy-daemon", "masked": True}
    here = make_facts(services={COPY: {"unit": "hyperv-daemons.hv-fcopy-daemon.service", "unit_state": "inactive"}})
    assert absent(family, here, COPY).before == {"name": "hyperv-daemons.hv-fcopy-daemon", "masked": True}
    here["services"][COPY]["unit_masked"] = True
    assert absent(family, here, COPY).before is None


def test_absent_stops_what_runs_but_vss(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(services={KVP: RUNS, VSS: RUNS | {"unit": "hv-vss-daemon.service"}})
    assert absent(family, facts, KVP).before == {"name": "hv-kvp-daemon", "masked": True, "state": "stopped"}
    decision = absent(family, facts, VSS)
    assert decision.before == {"name": "hv-vss-daemon", "masked": True}
    assert "runs on until the next boot" in decision.says[1]


def test_absent_under_openrc(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(init="openrc", services={KVP: RUNS | {"unit": "hv_kvp_daemon"}})
    assert absent(family, facts, KVP).before == {"name": "hv_kvp_daemon", "enabled": False, "state": "stopped"}
    assert absent(family, make_facts(init="openrc"), COPY, "hyperv-daemons").before is None


def test_process_without_a_unit_is_told(make_facts: Make, family: dict[str, Any]) -> None:
    decision = absent(family, make_facts(services={KVP: RUNS | {"unit": None}}), KVP)
    assert decision.skipped == ("hv_kvp_daemon (process 7) runs without a unit", "end it yourself")


@pytest.mark.parametrize(("enabled", "after"), [(True, None), (False, {"name": "hv_kvp_daemon", "state": "started"})])
def test_daemon_that_is_started_at_boot_is_left_alone(
    make_facts: Make, family: dict[str, Any], enabled: bool, after: dict[str, Any] | None
) -> None:
    """Alpine and Arch Linux start a daemon by a runlevel or by systemd alone: the role looked twice at each run."""
    family["services"][KVP] |= {"boot": "enable", "unit": "hv_kvp_daemon"}
    running = RUNS | {"unit": "hv_kvp_daemon", "verdict": "ok", "unit_masked": False, "unit_enabled": enabled}
    decision = present(family, make_facts(init="openrc", services={KVP: running}))
    assert decision.after == (after and {**after, "enabled": True})


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
