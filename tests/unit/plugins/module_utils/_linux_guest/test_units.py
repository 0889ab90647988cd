# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd's and OpenRC's units, whatever they are called."""

from __future__ import annotations

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.units import (
    device_unit,
    find_init,
    find_unit,
    read_states,
    stopped_at,
    waits_for,
)
from guest_tree import SERVICES, Tree

NAMES = SERVICES["key_value_pair_exchange"].units
SHOWN = """Id=hv-kvp-daemon.service
LoadState=loaded
ActiveState=active
CapabilityBoundingSet=
BindsTo="sys-devices-virtual-misc-vmbus\\\\x21hv_kvp.device"
ProtectSystem=full

Id=hv-vss-daemon.service
LoadState=masked
ActiveState=inactive
"""


def test_inits(tree: Tree) -> None:
    assert find_init(tree.root) == "other"
    tree.add({"/sbin/openrc": ""})
    assert find_init(tree.root) == "openrc"
    tree.add({"/usr/lib/systemd/systemd": ""})
    assert find_init(tree.root) == "systemd"
    tree.add({"/run/openrc/started/x": ""})
    assert find_init(tree.root) == "openrc"  # what runs counts more than what is installed


def test_each_distribution_calls_it_otherwise(tree: Tree) -> None:
    assert find_unit(tree.root, "systemd", NAMES) is None
    tree.add({"/usr/lib/systemd/system/hypervkvpd.service": ""})
    assert find_unit(tree.root, "systemd", NAMES) == "hypervkvpd.service"
    tree.add({"/etc/systemd/system/hv-kvp-daemon.service": "->/dev/null"})  # masked, and there
    assert find_unit(tree.root, "systemd", NAMES) == "hv-kvp-daemon.service"
    assert find_unit(tree.root, "openrc", NAMES) is None
    tree.add({"/etc/init.d/hv_kvp_daemon": ""})
    assert find_unit(tree.root, "openrc", NAMES) == "hv_kvp_daemon"


def test_states_of_systemd_are_asked_for_at_once(tree: Tree) -> None:
    asked = []

    def run(command: list[str]) -> str | None:
        asked.append(command)
        return SHOWN

    states = read_states(tree.root, "systemd", ["hv-vss-daemon.service", "hv-kvp-daemon.service"], run)
    assert len(asked) == 1
    assert asked[0][-2:] == ["hv-kvp-daemon.service", "hv-vss-daemon.service"]
    assert states["hv-kvp-daemon.service"]["ActiveState"] == "active"
    assert states["hv-kvp-daemon.service"]["CapabilityBoundingSet"] == ""
    assert states["hv-vss-daemon.service"]["LoadState"] == "masked"


def test_no_answer_is_no_state(tree: Tree) -> None:
    assert read_states(tree.root, "systemd", ["hv-kvp-daemon.service"], lambda command: None) == {}
    assert read_states(tree.root, "systemd", [], lambda command: "x") == {}


def test_states_of_openrc(tree: Tree) -> None:
    tree.add({"/run/openrc/started/hv_kvp_daemon": "->/etc/init.d/hv_kvp_daemon"})
    tree.add({"/etc/runlevels/default/hv_vss_daemon": "->/etc/init.d/hv_vss_daemon"})
    states = read_states(tree.root, "openrc", ["hv_kvp_daemon", "hv_vss_daemon"], lambda command: None)
    assert {unit: state["UnitFileState"] for unit, state in states.items()} == {
        "hv_kvp_daemon": "disabled",
        "hv_vss_daemon": "enabled",
    }
    assert {unit: state["ActiveState"] for unit, state in states.items()} == {
        "hv_kvp_daemon": "active",
        "hv_vss_daemon": "inactive",
    }


def test_sysvinit_is_told_from_what_is_not_known(tree: Tree) -> None:
    assert find_init(tree.root) == "other"
    tree.add({"/etc/inittab": "id:2:initdefault:\n", "/etc/init.d/rc": "#!/bin/sh\n"})
    assert find_init(tree.root) == "sysvinit"
    tree.add({"/lib/systemd/systemd": "ELF"})
    assert find_init(tree.root) == "systemd"


def test_unit_waits_for_the_device_that_it_is_bound_to(tree: Tree) -> None:
    """The answer is that of systemctl 252: it quotes the name of the device, and doubles the backslash."""
    states = read_states(
        tree.root, "systemd", ["hv-kvp-daemon.service", "hv-vss-daemon.service"], lambda command: SHOWN
    )
    assert waits_for(states["hv-kvp-daemon.service"], "/dev/vmbus/hv_kvp")
    assert not waits_for(states["hv-kvp-daemon.service"], "/dev/vmbus/hv_vss")
    assert not waits_for(states["hv-vss-daemon.service"], "/dev/vmbus/hv_vss")


def test_unit_of_a_device_is_named_as_packages_do() -> None:
    assert device_unit("/dev/vmbus/hv_kvp") == "sys-devices-virtual-misc-vmbus\\x21hv_kvp.device"


@pytest.mark.parametrize(("began", "ended", "found"), [("5", "7", True), ("7", "5", False), ("0", "0", False)])
def test_only_what_ran_and_ended_was_stopped(began: str, ended: str, found: bool) -> None:
    shown = {"ActiveEnterTimestampMonotonic": began, "InactiveEnterTimestampMonotonic": ended}
    assert (stopped_at(shown) is not None) == found
    assert stopped_at({}) is None
