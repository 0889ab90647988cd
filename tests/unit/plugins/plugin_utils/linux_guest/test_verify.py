# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.plan import make_plan
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.verify import remaining_problems

Make = Callable[..., dict[str, Any]]
KVP, VSS = "key_value_pair_exchange", "vss"
WELL = {KVP: {"verdict": "ok"}, VSS: {"verdict": "ok"}}
UNUSED = {"uses_ptp": False, "refclock": None}
STOPPED = {"verdict": "daemon_stopped", "explanation": "nobody holds it", "remedy": "systemctl start it"}


def problems(family: dict[str, Any], facts: dict[str, Any], **wishes: Any) -> list[str]:
    return remaining_problems(facts, make_plan(facts, family, wishes))  # type: ignore[arg-type]


def test_all_is_well(make_facts: Make, family: dict[str, Any]) -> None:
    assert problems(family, make_facts(services=WELL)) == []


def test_service_that_does_not_work_is_told_with_its_remedy(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(services={**WELL, VSS: STOPPED})
    assert problems(family, facts) == ["vss: daemon_stopped: nobody holds it. Remedy: systemctl start it."]
    assert problems(family, facts, services={VSS: "unmanaged"}) == []


def test_image_may_have_its_kvp_daemon_stopped_and_no_other(make_facts: Make, family: dict[str, Any]) -> None:
    assert problems(family, make_facts(services={**WELL, KVP: STOPPED}), state="generalized") == []
    assert problems(family, make_facts(services={**WELL, VSS: STOPPED}), state="generalized") != []


def test_forced_off_hyper_v_the_daemon_has_to_be_there(make_facts: Make, family: dict[str, Any]) -> None:
    off = {"verdict": "not_hyperv", "explanation": "no guest", "remedy": None, "daemon": "/usr/sbin/d"}
    facts = make_facts(hyperv=False, services={KVP: off, VSS: off}, time=UNUSED)
    assert problems(family, facts, force=True, time="none") == []
    facts["services"][VSS]["daemon"] = None
    assert problems(family, facts, force=True, time="none") == ["vss: not_hyperv: no guest."]


def test_driver_that_the_guest_keeps_out_is_told_and_a_switch_of_the_host_is_not(
    make_facts: Make, family: dict[str, Any]
) -> None:
    facts = make_facts(services={**WELL, "shutdown": {"verdict": "host_disabled"}})
    assert problems(family, facts) == []
    facts["services"]["shutdown"] |= {"verdict": "driver_blocked", "explanation": "kept out"}
    assert problems(family, facts)[0].startswith("shutdown: driver_blocked: kept out.")


def test_clock(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(services=WELL, time=UNUSED | {"clock_source": "none"})
    found = problems(family, facts)
    assert "confdir /etc/chrony/conf.d" in found[0]
    assert "chrony does not run" in found[1]
    assert problems(family, facts, time="none") == []


def test_guest_that_must_not_use_the_clock_of_the_host_and_does(make_facts: Make, family: dict[str, Any]) -> None:
    line = {"path": "/etc/chrony/chrony.conf", "line": "refclock PHC /dev/ptp_hyperv poll 3"}
    facts = make_facts(services=WELL, time={"refclock": line, "written": {"files": [], "lines": []}})
    (found,) = problems(family, facts, time="none")
    assert "/etc/chrony/chrony.conf has chrony use the clock of the host (refclock PHC" in found
    assert problems(family, facts) == []


BROKEN = {"verdict": "degraded", "explanation": "chronyd does not start without it", "remedy": "remove the line"}


def test_line_of_somebody_else_without_its_device(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(services=WELL, time={"ptp_device": None, **BROKEN})
    assert problems(family, facts) == ["time: chronyd does not start without it. Remedy: remove the line."]


def test_clock_that_is_not_followed(make_facts: Make, family: dict[str, Any]) -> None:
    """What the role changed just now has not been measured yet."""
    facts = make_facts(services=WELL, time=BROKEN)
    assert problems(family, facts, services=dict.fromkeys((KVP, VSS), "unmanaged")) != []
    facts = make_facts(services=WELL, time=BROKEN | UNUSED | {"written": {"files": [], "lines": []}})
    plan = make_plan(facts, family, {})
    assert remaining_problems(make_facts(services=WELL, time=BROKEN), plan) == []
