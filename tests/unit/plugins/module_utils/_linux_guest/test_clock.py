# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sources of the clock."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.clock import read_clock
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.processes import Processes
from guest_tree import Tree

LINE = "refclock PHC /dev/ptp_hyperv poll 3 dpoll -2 offset 0 stratum 2\n"


# What chronyc 4.3 prints for one call with `-c -m tracking sources` (measured; the numbers of a synchronized guest).
TRACKING = "50484330,PHC0,3,1796061076.389,0.000000213,-0.000000101,0.000000442,-11.2,0.001,0.034,0.0,0.00001,8.0,"
SOURCES = (
    "#,{state},PHC0,2,3,{reach},{last},0.000000012,-0.000000345,0.000001\n^,-,192.0.2.1,2,6,377,33,0.0001,0.0001,0.01\n"
)


def clock(tree: Tree, answer: str | None = None) -> dict[str, Any]:
    return read_clock(tree.running, Processes(tree.running), lambda _command: answer)


def answer(state: str = "*", reach: str = "377", last: int = 5, leap: str = "Normal") -> str:
    return f"{TRACKING}{leap}\n" + SOURCES.format(state=state, reach=reach, last=last)


def synchronized(tree: Tree, **files: str) -> Tree:
    """A guest whose chronyd was given the clock of the host by the role, a while ago."""
    tree.add({"/sys/class/ptp/ptp0/clock_name": "hyperv\n", "/dev/ptp0": "", "/dev/ptp_hyperv": "->ptp0"})
    tree.add({"/etc/chrony/chrony.conf": "confdir /etc/chrony/conf.d\n", "/etc/chrony/conf.d/linux_guest.conf": LINE})
    tree.add({"/proc/uptime": "1000.50 900.0\n", "/proc/9/stat": f"9 (chronyd) S {' '.join(['0'] * 18)} 20000 0\n"})
    tree.add({"/proc/9/cgroup": "0::/system.slice/chrony.service\n", **files})
    return tree.process(9, "/usr/sbin/chronyd -F 1")


def test_a_guest_without_anything(tree: Tree) -> None:
    assert clock(tree) == {
        "ptp_device": None,
        "ptp_link": None,
        "clock_source": "none",
        "unit": None,
        "uses_ptp": False,
        "refclock": None,
        "configuration": None,
        "managed_by": None,
        "makestep": None,
        "servers": [],
        "written": {"files": [], "lines": []},
        "measured": None,
        "kernel_clock_source": None,
        "verdict": "not_configured",
        "explanation": "the clock of the host is not used (the clock is kept by none)",
        "remedy": None,
    }


def test_clock_that_chrony_has_selected_is_measured(tree: Tree) -> None:
    source = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
    found = clock(synchronized(tree).add({source: "hyperv_clocksource_tsc_page\n"}), answer())
    assert found["measured"] == {
        "leap_status": "Normal",
        "offset": 2.13e-07,
        "stratum": 3,
        "selected": "PHC0",
        "host_clock": {"name": "PHC0", "state": "selected", "reachable": True, "last_sample": 5, "offset": -3.45e-07},
    }
    assert (found["verdict"], found["unit"]) == ("ok", "chrony")
    assert found["kernel_clock_source"] == "hyperv_clocksource_tsc_page"


@pytest.mark.parametrize(
    ("output", "part"),
    [
        (answer("?", "0", 4294967295), "no samples of PHC0"),
        (answer("x"), "PHC0, the clock of the host, is falseticker"),
        (answer("-"), "is not_combined"),
        (answer("*", leap="Not synchronised"), "is selected"),
        (TRACKING + "Normal\n^,*,192.0.2.1,2,6,377,33,0.0001,0.0001,0.01\n", "was not there when chronyd started"),
    ],
)
def test_clock_that_is_configured_and_not_followed_is_degraded(tree: Tree, output: str, part: str) -> None:
    found = clock(synchronized(tree), output)
    assert (found["uses_ptp"], found["verdict"]) == (True, "degraded")
    assert part in found["explanation"]
    assert found["remedy"]


@pytest.mark.parametrize(
    "output", [None, "506 Cannot talk to daemon\n", "a,b\n", TRACKING.replace("3,", "x,") + "Normal\n"]
)
def test_chronyd_that_does_not_answer_measures_nothing(tree: Tree, output: str | None) -> None:
    found = clock(synchronized(tree), output)
    assert (found["measured"], found["verdict"]) == (None, "unknown")


def test_chronyd_that_has_just_started_is_not_judged(tree: Tree) -> None:
    tree = synchronized(tree).add({"/proc/uptime": "210.50 900.0\n"})
    found = clock(tree, answer("?", "0", 4294967295))
    assert (found["verdict"], found["explanation"][:24]) == ("unknown", "chronyd started 10 s ago")


def test_chronyc_is_not_asked_where_chronyd_does_not_run(tree: Tree) -> None:
    def run(command: list[str]) -> str:
        raise AssertionError(command)

    tree.add({"/etc/chrony.conf": LINE})
    found = read_clock(tree.running, Processes(tree.running), run)
    assert (found["measured"], found["verdict"]) == (None, "degraded")


def test_one_process_of_chronyc_tells_all(tree: Tree) -> None:
    asked: list[list[str]] = []
    read_clock(synchronized(tree).running, Processes(tree.running), asked.append)
    assert asked == [["chronyc", "-n", "-c", "-m", "tracking", "sources"]]


def test_image_is_not_judged_by_what_runs(tree: Tree) -> None:
    tree.add({"/etc/chrony.conf": LINE, "/sys/class/ptp/ptp0/clock_name": "hyperv\n"})
    found = read_clock(tree.root, Processes(tree.root), lambda _command: None)
    assert (found["uses_ptp"], found["verdict"]) == (True, "unknown")


@pytest.mark.parametrize(
    ("line", "more", "verdict"),
    [
        (LINE, {}, "degraded"),
        (LINE.replace("stratum 2", "stratum 2 optional"), {}, "ok"),
        (LINE, {"/etc/systemd/system/chrony.service.d/linux_guest.conf": "[Service]\n"}, "degraded"),
    ],
)
def test_line_of_others_without_its_device_keeps_chronyd_from_starting(
    tree: Tree, line: str, more: dict[str, str], verdict: str
) -> None:
    tree.add({"/etc/chrony.conf": line, **more}).process(9, "/usr/sbin/chronyd")
    found = clock(tree, answer())
    assert found["verdict"] == verdict
    if verdict == "degraded":
        assert "/etc/chrony.conf names a clock that is not there" in found["explanation"]
        assert "remove the line from /etc/chrony.conf" in found["remedy"]


def test_the_clock_of_the_host_is_known_by_its_name(tree: Tree) -> None:
    tree.add({"/sys/class/ptp/ptp0/clock_name": "mlx5_ptp\n", "/sys/class/ptp/ptp1/clock_name": "hyperv\n"})
    tree.add({"/dev/ptp1": "", "/dev/ptp_hyperv": "->ptp1"})
    assert clock(tree)["ptp_device"] == "/dev/ptp1"
    assert clock(tree)["ptp_link"] == "/dev/ptp_hyperv"


@pytest.mark.parametrize(
    ("files", "uses"),
    [
        ({"/etc/chrony.conf": "pool x iburst\n" + LINE}, True),
        ({"/etc/chrony/chrony.conf": "confdir /etc/chrony/conf.d\n", "/etc/chrony/conf.d/hv.conf": LINE}, True),
        ({"/etc/chrony/chrony.conf": "include /etc/chrony/*.inc\n", "/etc/chrony/a.inc": LINE}, True),
        ({"/etc/chrony/chrony.conf": "include /etc/chrony/*.inc\n", "/etc/chrony/a.conf": LINE}, False),
        ({"/etc/chrony/chrony.conf": "confdir /etc/a /etc/b\n", "/etc/b/x.conf": LINE, "/etc/a/x.conf": "\n"}, False),
        ({"/etc/chrony/chrony.conf": "confdir /etc/a\n", "/etc/a/x.conf.dpkg-old": LINE}, False),
        ({"/etc/chrony.conf": f"#{LINE}! {LINE}"}, False),
        ({"/etc/chrony.conf": "refclock PHC /dev/ptp1:nocrossts poll 3\n"}, True),
        ({"/etc/chrony.conf": "refclock PHC /dev/ptp0 poll 3\n"}, False),
        ({"/etc/chrony.conf": "REFCLOCK phc /dev/ptp_hyperv\n"}, True),
        ({"/etc/chrony.conf": "refclock SHM 0\n"}, False),
        ({"/etc/chrony.conf": "include /etc/chrony.conf\n"}, False),
    ],
)
def test_what_chrony_is_configured_to(tree: Tree, files: dict[str, str], uses: bool) -> None:
    tree.add({"/sys/class/ptp/ptp1/clock_name": "hyperv\n", **files}).process(9, "/usr/sbin/chronyd -F 1")
    assert clock(tree)["uses_ptp"] is uses
    assert (clock(tree)["refclock"] is not None) is uses
    assert clock(tree)["clock_source"] == "chrony"


@pytest.mark.parametrize(
    ("program", "source"),
    [
        ("/lib/systemd/systemd-timesyncd", "systemd-timesyncd"),
        ("/usr/sbin/ntpd -p /run/ntpd.pid", "ntpd"),
        ("/usr/bin/ntp-daemon --config /etc/ntpd-rs/ntp.toml", "ntpd-rs"),
        ("/usr/sbin/phc2sys -s /dev/ptp_hyperv -O 0", "phc2sys"),
        ("/usr/sbin/ptp4l -f /etc/linuxptp/ptp4l.conf", "ptp4l"),
        ("/usr/sbin/openntpd -f /etc/openntpd/ntpd.conf", "ntpd"),
        ("/usr/bin/python3", "none"),
    ],
)
def test_other_sources(tree: Tree, program: str, source: str) -> None:
    assert clock(tree.process(5, program))["clock_source"] == source


@pytest.mark.parametrize("option", ["-f /run/other.conf", "-f/run/other.conf"])
def test_configuration_is_the_one_that_the_running_chronyd_was_given(tree: Tree, option: str) -> None:
    tree.add({"/etc/chrony.conf": "pool x iburst\n", "/run/other.conf": LINE})
    tree.process(9, f"/usr/sbin/chronyd {option}")
    assert clock(tree)["configuration"] == "/etc/chrony.conf"  # a user's, for all that is known
    found = clock(tree.add({"/proc/9/cgroup": "0::/system.slice/chronyd.service\n"}))
    assert (found["configuration"], found["uses_ptp"]) == ("/run/other.conf", True)
    assert found["refclock"] == {"path": "/run/other.conf", "line": LINE.strip()}


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/chronyd-restricted.service\n", "chronyd-restricted"),
        ("12:pids:/\n1:name=systemd:/system.slice/chronyd.service\n0::/\n", "chronyd"),
        ("0::/user.slice/session-1.scope\n", None),
        ("0::/user.slice/user-1000.slice/user@1000.service/system.slice/chronyd.service\n", None),
    ],
)
def test_unit_is_the_one_that_owns_the_running_chronyd(tree: Tree, cgroup: str, unit: str | None) -> None:
    tree.add({"/proc/9/cgroup": cgroup}).process(9, "/usr/sbin/chronyd")
    assert clock(tree)["unit"] == unit


def test_file_of_the_role_timesync_is_known_by_its_header(tree: Tree) -> None:
    tree.add({"/etc/chrony.conf": "#\n# Ansible managed\n#\n# system_role:timesync\n\npool x\n"})
    assert clock(tree)["managed_by"] == "fedora.linux_system_roles.timesync"


def test_what_the_role_wrote_is_told(tree: Tree) -> None:
    block = "# BEGIN hyperv.integration.linux_guest\nmakestep 1.0 -1\n# END hyperv.integration.linux_guest\n"
    tree.add({"/etc/chrony.conf": "makestep 1 3\n" + block, "/etc/chrony.d/linux_guest.conf": LINE})
    found = clock(tree)
    assert found["written"] == {"files": ["/etc/chrony.d/linux_guest.conf"], "lines": ["makestep 1.0 -1"]}
    assert found["makestep"] == "1.0 -1"


def test_servers_of_timesyncd_are_those_of_the_site(tree: Tree) -> None:
    tree.process(5, "/lib/systemd/systemd-timesyncd")
    tree.add({"/etc/systemd/timesyncd.conf": "[Time]\n#NTP=no\nNTP=a b\nFallbackNTP=0.debian.pool.ntp.org\n"})
    assert clock(tree)["servers"] == ["a", "b"]
    tree.add({"/usr/lib/systemd/timesyncd.conf.d/10.conf": "[Time]\nNTP=b c\n"})
    assert clock(tree)["servers"] == ["a", "b", "c"]
    tree.add({"/etc/systemd/timesyncd.conf.d/20.conf": "[Time]\nNTP=\nNTP=ntp.example.org\n"})
    assert clock(tree)["servers"] == ["ntp.example.org"]
    tree.add({"/etc/systemd/timesyncd.conf.d/10.conf": "->/dev/null"})
    assert clock(tree)["servers"] == ["ntp.example.org"]
