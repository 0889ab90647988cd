# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.clock import plan_time, says
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.plan import make_plan
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.row import choose_row
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import TimePlan

Make = Callable[..., dict[str, Any]]
NOTHING: dict[str, list[str]] = {"files": [], "lines": []}
# chrony runs, and has no line for the clock of the host.
UNUSED = {"uses_ptp": False, "refclock": None, "written": NOTHING}
# No chrony.
PLAIN = UNUSED | {"clock_source": "none", "unit": None, "configuration": None, "makestep": None}
TIMESYNCD = PLAIN | {"clock_source": "systemd-timesyncd"}
MICROSOFT = {"path": "/etc/chrony/chrony.conf", "line": "refclock PHC /dev/ptp_hyperv poll 3"}
REPLACE = "chrony_ptp_replace"


def plan(family: dict[str, Any], facts: dict[str, Any], wish: str = "chrony_ptp", **more: bool) -> TimePlan:
    return plan_time(facts, choose_row(family, facts)["time"], wish, **more)


def does(found: TimePlan) -> list[str]:
    """What a plan changes."""
    return [name for name in ("package", "start", "write", "stop", "rule", "servers", "remove") if found[name]]


def test_chrony_that_uses_it_is_left_alone(make_facts: Make, family: dict[str, Any]) -> None:
    found = plan(family, make_facts())
    assert (found["action"], does(found), found["lines"]) == ("configure", [], None)
    assert "chrony already uses it" in says(found)


def test_line_of_somebody_else_is_left_alone(make_facts: Make, family: dict[str, Any]) -> None:
    found = plan(family, make_facts(time={"refclock": MICROSOFT, "written": NOTHING, "ptp_link": None}))
    assert (found["action"], does(found), found["lines"]) == ("configure", [], None)


def test_from_nothing(make_facts: Make, family: dict[str, Any]) -> None:
    found = plan(family, make_facts(time=PLAIN))
    assert does(found) == ["package", "start", "write", "rule"]
    assert (found["file"], found["drop_in"]) == ("/etc/chrony/conf.d/linux_guest.conf", True)


def test_without_a_directory_the_main_file_includes_what_may_be_missing(
    make_facts: Make, family: dict[str, Any]
) -> None:
    family["time"]["directory"] = None
    found = plan(family, make_facts(time=UNUSED | {"configuration": "/etc/chrony.conf"}))
    assert (found["file"], found["main"]) == ("/etc/chrony_linux_guest.conf", "/etc/chrony.conf")
    assert found["lines"] == ["include /etc/chrony_linux_guest*.conf"]
    assert plan(family, make_facts(time=PLAIN))["main"] == "/etc/chrony/chrony.conf"


def test_without_the_device_what_the_role_wrote_goes(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(time={"ptp_device": None})
    found = plan(family, facts)
    assert (found["action"], does(found)) == ("remove", ["remove"])
    assert found["remove"] == facts["time"]["written"]["files"]
    never = make_facts(time=UNUSED | {"ptp_device": None})
    assert plan(family, never)["action"] == "leave"
    assert "CONFIG_PTP_1588_CLOCK" in plan(family, never)["reason"]
    never["services"]["time_synchronization"]["offered"] = False
    assert "enable it there" in plan(family, never)["reason"]
    never["hyperv"] = False
    assert "run the role again on the guest" in plan(family, never)["reason"]


def test_a_line_that_no_chrony_reads_yet_goes_too(make_facts: Make, family: dict[str, Any]) -> None:
    written = {"files": ["/etc/chrony/conf.d/linux_guest.conf"], "lines": []}
    assert plan(family, make_facts(time=PLAIN | {"ptp_device": None, "written": written}))["action"] == "remove"


def test_image_gets_no_line(make_facts: Make, family: dict[str, Any]) -> None:
    assert does(plan(family, make_facts(time=UNUSED), generalized=True)) == []
    assert does(plan(family, make_facts(time=PLAIN), generalized=True)) == []
    assert plan(family, make_facts(), generalized=True)["action"] == "remove"
    assert make_plan(make_facts(), family, {"state": "generalized"})["time"]["action"] == "remove"


def test_line_of_the_role_that_would_keep_chronyd_from_starting_is_written_anew(
    make_facts: Make, family: dict[str, Any]
) -> None:
    facts = make_facts()
    facts["time"]["written"] = {"files": ["/etc/chrony/conf.d/linux_guest.conf"], "lines": []}
    assert plan(family, facts)["write"]
    assert not plan(family, facts | {"init": "openrc"})["write"]
    facts["time"]["refclock"]["line"] += " optional"
    assert not plan(family, facts)["write"]


def test_none(make_facts: Make, family: dict[str, Any]) -> None:
    assert plan(family, make_facts(), "none")["action"] == "remove"
    foreign = make_facts(time={"refclock": MICROSOFT, "written": NOTHING})
    assert plan(family, foreign, "none")["action"] == "leave"
    assert plan(family, make_facts(time=UNUSED), "none")["action"] == "leave"


def test_none_keeps_the_servers_that_came_from_another_service(make_facts: Make, family: dict[str, Any]) -> None:
    written = {"files": ["/etc/chrony/sources.d/linux_guest.sources"], "lines": ["server a iburst", "makestep 1.0 -1"]}
    found = plan(family, make_facts(time={"written": written}), "none")
    assert (found["action"], found["remove"], found["lines"]) == ("remove", [], ["server a iburst"])


def test_timesyncd_is_replaced_only_when_asked(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(time=TIMESYNCD)
    found = plan(family, facts)
    assert (found["action"], does(found)) == ("leave", [])
    assert "systemd-timesyncd keeps the clock" in found["reason"]
    assert "linux_guest_time: chrony_ptp_replace" in found["reason"]
    assert plan(family, facts, REPLACE)["stop"] == "systemd-timesyncd"
    family["time"]["replaces_timesyncd"] = True
    assert plan(family, facts, REPLACE)["stop"] is None
    facts["time"]["configuration"] = "/etc/chrony/chrony.conf"  # chrony is installed and idle
    assert plan(family, facts, REPLACE)["stop"] == "systemd-timesyncd"
    assert plan(family, facts)["action"] == "leave"


def test_servers_of_timesyncd_are_carried_over(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(time=TIMESYNCD | {"servers": ["ntp1.example.org", "192.0.2.7"]})
    found = plan(family, facts, REPLACE)
    assert (found["servers"], found["lines"]) == (["ntp1.example.org", "192.0.2.7"], None)
    assert found["sources"] == "/etc/chrony/sources.d/linux_guest.sources"
    family["time"]["sources"] = None
    found = plan(family, facts, REPLACE)
    assert (found["servers"], found["lines"]) == ([], ["server ntp1.example.org iburst", "server 192.0.2.7 iburst"])
    later = make_facts(time={"written": {"files": make_facts()["time"]["written"]["files"], "lines": found["lines"]}})
    assert plan(family, later, REPLACE)["lines"] is None


@pytest.mark.parametrize("keeper", ["ntpd", "ntpd-rs", "ptp4l", "phc2sys"])
def test_another_time_service_is_not_replaced(make_facts: Make, family: dict[str, Any], keeper: str) -> None:
    for wish in ("chrony_ptp", REPLACE):
        found = plan(family, make_facts(time=PLAIN | {"clock_source": keeper}), wish)
        assert (found["action"], does(found)) == ("leave", [])
        assert f"{keeper} keeps the clock" in found["reason"]
        assert "linux_guest_time: none" in found["reason"]


def test_chronyd_without_access_to_devices_is_replaced_only_when_asked(
    make_facts: Make, family: dict[str, Any]
) -> None:
    facts = make_facts(time=UNUSED | {"unit": "chronyd-restricted"})
    assert plan(family, facts)["action"] == "leave"
    assert "chronyd-restricted keeps the clock" in plan(family, facts)["reason"]
    found = plan(family, facts, REPLACE)
    assert (found["stop"], found["unit"], found["start"]) == ("chronyd-restricted", "chrony", True)


def test_unit_is_the_one_that_owns_the_running_chronyd(make_facts: Make, family: dict[str, Any]) -> None:
    assert plan(family, make_facts(time=UNUSED | {"unit": "chronyd-site"}))["unit"] == "chronyd-site"


def test_configuration_that_the_system_writes_is_not_changed(make_facts: Make, family: dict[str, Any]) -> None:
    found = plan(family, make_facts(time=UNUSED | {"configuration": "/run/coreos-platform-chrony.conf"}))
    assert (found["action"], does(found)) == ("leave", [])
    assert "/run/coreos-platform-chrony.conf" in found["reason"]


def test_file_of_the_role_timesync_is_not_changed(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(time=UNUSED | {"managed_by": "fedora.linux_system_roles.timesync"})
    assert does(plan(family, facts)) == []
    (problem,) = make_plan(facts, family, {})["problems"]
    assert "timesync_chrony_custom_settings" in problem
    assert "linux_guest_time: none" in problem
    assert make_plan(facts, family, {"time": "none"})["problems"] == []
    used = make_facts(time={"managed_by": "fedora.linux_system_roles.timesync", "refclock": MICROSOFT})
    assert make_plan(used, family, {})["problems"] == []


def test_makestep_is_written_where_it_holds_and_taken_back(make_facts: Make, family: dict[str, Any]) -> None:
    step = "makestep 1.0 -1"
    assert plan(family, make_facts(), makestep=True)["lines"] == [step]
    assert plan(family, make_facts(time={"makestep": "0.5 -1"}), makestep=True)["lines"] is None
    written = make_facts(time={"makestep": "1.0 -1"})
    written["time"]["written"]["lines"] = [step]
    assert plan(family, written, makestep=True)["lines"] is None
    assert plan(family, written)["lines"] == []


def test_link_is_made_by_udev_or_not_at_all(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(time=UNUSED | {"ptp_link": None})
    assert plan(family, facts)["rule"]
    assert plan(family, facts | {"init": "openrc"})["action"] == "leave"


def test_unknown_chrony(make_facts: Make, family: dict[str, Any]) -> None:
    family["time"] = None
    assert plan(family, make_facts(time={"configuration": None}))["action"] == "leave"
    known = plan(family, make_facts(time=UNUSED | {"configuration": "/etc/chrony.conf"}))
    assert (known["action"], known["file"], known["package"]) == ("configure", "/etc/chrony_linux_guest.conf", None)
