# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sources of the clock."""

from __future__ import annotations

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.clock import read_clock
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.processes import Processes
from guest_tree import Tree

LINE = "refclock PHC /dev/ptp_hyperv poll 3 dpoll -2 offset 0 stratum 2\n"


def clock(tree: Tree) -> dict[str, object]:
    return read_clock(tree.root, Processes(tree.root))


def test_a_guest_without_anything(tree: Tree) -> None:
    assert clock(tree) == {
        "ptp_device": None,
        "ptp_link": None,
        "clock_source": "none",
        "uses_ptp": False,
        "configuration": None,
    }


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
    assert clock(tree)["clock_source"] == "chrony"


@pytest.mark.parametrize(
    ("program", "source"),
    [
        ("/lib/systemd/systemd-timesyncd", "systemd-timesyncd"),
        ("/usr/sbin/ntpd -p /run/ntpd.pid", "ntpd"),
        ("/usr/bin/python3", "none"),
    ],
)
def test_other_sources(tree: Tree, program: str, source: str) -> None:
    assert clock(tree.process(5, program))["clock_source"] == source
