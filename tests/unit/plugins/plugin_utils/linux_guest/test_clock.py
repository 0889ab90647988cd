# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.clock import plan_time, says
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.row import choose_row
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import TimePlan

Make = Callable[..., dict[str, Any]]
PLAIN = {"clock_source": "none", "uses_ptp": False, "configuration": None}


def plan(family: dict[str, Any], facts: dict[str, Any], wish: str = "chrony_ptp") -> TimePlan:
    return plan_time(facts, choose_row(family, facts)["time"], wish)


def test_chrony_that_uses_it_is_left_alone(make_facts: Make, family: dict[str, Any]) -> None:
    found = plan(family, make_facts())
    assert found["action"] == "configure"
    assert not any((found["package"], found["start"], found["write"], found["stop"], found["link_rule"]))
    assert "chrony already uses it" in says(found)


def test_from_nothing(make_facts: Make, family: dict[str, Any]) -> None:
    found = plan(family, make_facts(time=PLAIN))
    assert (found["package"], found["start"], found["write"]) == ("chrony", True, True)
    assert (found["file"], found["drop_in"]) == ("/etc/chrony/conf.d/linux_guest.conf", True)


def test_without_a_directory_the_main_file_that_is_there(make_facts: Make, family: dict[str, Any]) -> None:
    family["time"]["directory"] = None
    found = plan(family, make_facts(time={"uses_ptp": False, "configuration": "/etc/chrony.conf"}))
    assert (found["file"], found["drop_in"]) == ("/etc/chrony.conf", False)
    assert plan(family, make_facts(time=PLAIN))["file"] == "/etc/chrony/chrony.conf"


def test_without_the_device_there_is_no_line(make_facts: Make, family: dict[str, Any]) -> None:
    gone = make_facts(time={"ptp_device": None})
    assert plan(family, gone)["action"] == "remove"
    assert not plan(family, gone)["write"]
    never = make_facts(time={"ptp_device": None, "uses_ptp": False})
    assert plan(family, never)["action"] == "leave"
    assert "CONFIG_PTP_1588_CLOCK" in plan(family, never)["reason"]
    never["services"]["time_synchronization"]["offered"] = False
    assert "switch it on there" in plan(family, never)["reason"]
    never["hyperv"] = False
    assert "run the role again on the guest" in plan(family, never)["reason"]


def test_a_line_that_no_chrony_reads_yet_goes_too(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(time={"ptp_device": None, **PLAIN})
    assert plan(family, facts)["action"] == "remove"


def test_none(make_facts: Make, family: dict[str, Any]) -> None:
    assert plan(family, make_facts(), "none")["action"] == "remove"
    assert plan(family, make_facts(time={"uses_ptp": None}), "none")["action"] == "remove"
    assert plan(family, make_facts(time={"uses_ptp": False}), "none")["action"] == "leave"


def test_timesyncd_is_stopped_where_no_package_does_it(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(time=PLAIN | {"clock_source": "systemd-timesyncd"})
    assert plan(family, facts)["stop"] == "systemd-timesyncd"
    family["time"]["replaces_timesyncd"] = True
    assert plan(family, facts)["stop"] is None
    facts["time"]["configuration"] = "/etc/chrony/chrony.conf"  # chrony is installed and idle
    assert plan(family, facts)["stop"] == "systemd-timesyncd"


def test_ntpd_is_not_replaced(make_facts: Make, family: dict[str, Any]) -> None:
    found = plan(family, make_facts(time={"clock_source": "ntpd"}))
    assert found["action"] == "leave"
    assert "linux_guest_time: none" in found["reason"]


def test_link_is_made_by_udev_or_not_at_all(make_facts: Make, family: dict[str, Any]) -> None:
    facts = make_facts(time={"ptp_link": None, "uses_ptp": False})
    assert plan(family, facts)["link_rule"]
    assert plan(family, facts | {"init": "openrc"})["action"] == "leave"


def test_unknown_chrony(make_facts: Make, family: dict[str, Any]) -> None:
    family["time"] = None
    assert plan(family, make_facts(time={"configuration": None}))["action"] == "leave"
    known = plan(family, make_facts(time={"uses_ptp": False, "configuration": "/etc/chrony.conf"}))
    assert (known["action"], known["file"], known["package"]) == ("configure", "/etc/chrony.conf", None)
