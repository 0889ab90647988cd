# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role with its defaults: from a fresh image, over what its host and its boots bring, in the order of a life.

AppArmor, udev, systemd, the kernel's PTP class and chrony are Debian's own; the host is not (see the lab's README).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from guests.services import DEFAULT
from guests.virtual_machine import VirtualMachine
from linux_role import changed, run_role
from playbook_runner import Run
from thinning import thinned

# The maintainer scripts of Ubuntu and of the RHEL family do not have udev look again. Debian's do: without that call of
# its postinst, its package is like linux-cloud-tools-common 6.8.0-151 (Ubuntu) or Fedora's hyperv-daemons (spec). apt
# has dpkg unpack and configure in two calls, and dpkg runs this after each.
POSTINST = "/var/lib/dpkg/info/hyperv-daemons.postinst"
SILENCE = f"post-invoke=sed -i 's/udevadm trigger/true/' {POSTINST} || true"
PACKAGES = ("triggering", "silent")
CONDITIONAL = """[Unit]
ConditionVirtualization=microsoft
[Service]
Type=oneshot
ExecStart=/bin/touch /run/on-microsoft
"""
DAEMONS = {"key_value_pair_exchange": "hv-kvp-daemon", "vss": "hv-vss-daemon"}
NODES = {"key_value_pair_exchange": "kvp", "vss": "vss"}
# Seconds by which the host's clock is ahead of the system's.
DISTANCE = """
import os, time
clock = os.open("/dev/ptp0", os.O_RDONLY)
print(time.clock_gettime((~clock << 3) | 3) - time.time())
"""
CLOSE = 0.1  # seconds: chrony gets far closer, QEMU's emulator and a busy machine do not always


def until(what: str, condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition; fail when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} seconds: {what}"
        time.sleep(0.5)


def is_active(vm: VirtualMachine, unit: str) -> bool:
    return vm.run("systemctl", "is-active", unit, check=False).stdout.strip() == "active"


def distance(vm: VirtualMachine) -> float:
    """Return by how many seconds the host's clock is ahead of the machine's."""
    return float(vm.run("python3", "-c", DISTANCE).stdout)


def assert_synchronized_to_the_host(vm: VirtualMachine) -> None:
    """chronyd has selected the PTP clock, and the system's clock is where the host's is."""
    vm.run("chronyc", "-n", "waitsync", "60", str(CLOSE), "0", "1")
    selected = [line for line in vm.run("chronyc", "-n", "-c", "sources").stdout.splitlines() if line[2] == "*"]
    assert [line.split(",")[:3] for line in selected] == [["#", "*", "PHC0"]], selected
    assert vm.run("chronyc", "-n", "-c", "tracking").stdout.split(",")[1] == "PHC0"
    assert abs(distance(vm)) < CLOSE


def assert_daemons_run(vm: VirtualMachine) -> None:
    for key, unit in DAEMONS.items():
        assert is_active(vm, unit), vm.run("systemctl", "status", unit, check=False).stdout
        assert vm.ask("wait", device=NODES[key], timeout=20)["registered"], key


@pytest.fixture(
    scope="module", params=thinned("kinds of packages in virtual machines", full=PACKAGES, sample=["silent"])
)
def fresh(request: pytest.FixtureRequest, suite: str) -> Iterator[VirtualMachine]:
    """A machine with a fresh image, whose package of the daemons has udev look again at the devices, or does not."""
    with VirtualMachine(suite) as vm:
        if request.param == "silent":
            vm.run("sh", "-euc", f'echo "{SILENCE}" >/etc/dpkg/dpkg.cfg.d/silence')
        yield vm
        triggers = vm.run("grep", "-c", "udevadm trigger", POSTINST, check=False).stdout.strip()
        assert triggers == {"silent": "0", "triggering": "1"}[request.param], (
            f"the lab's package is not {request.param}"
        )


@pytest.fixture(scope="module")
def converged(fresh: VirtualMachine) -> Run:
    """The role, once."""
    return run_role(fresh)


def test_fresh_image_is_what_a_guest_of_hyper_v_is(fresh: VirtualMachine) -> None:
    """The lab: what it poses as is there before anything else is believed."""
    assert fresh.run("systemd-detect-virt").stdout.strip() == "microsoft"
    fresh.shell(
        f"echo '{CONDITIONAL}' >/run/systemd/system/on-microsoft.service; systemctl daemon-reload; "
        "systemctl start on-microsoft; test -e /run/on-microsoft"
    )
    assert fresh.shell("cat /sys/module/apparmor/parameters/enabled") == "Y"
    assert fresh.shell("cat /sys/class/ptp/*/clock_name") == "hyperv"
    assert fresh.shell("ls /dev/vmbus").split() == ["hv_kvp", "hv_vss"]
    assert len(fresh.shell("ls /sys/bus/vmbus/devices").split()) == len(DEFAULT)
    assert 2 < distance(fresh) < 3
    # The rule that tags the devices comes with the daemons, and the devices have been looked at already.
    for node in NODES.values():
        assert not is_active(fresh, f"sys-devices-virtual-misc-vmbus\\x21hv_{node}.device")


def test_default_role_brings_daemons_and_a_synchronized_clock(fresh: VirtualMachine, converged: Run) -> None:
    assert converged.code == 0, converged.output
    assert_daemons_run(fresh)
    fresh.ask("kvp_set", pool="external", key="k", value="from the host")
    assert "from the host" in fresh.shell("tr -d '\\0' </var/lib/hyperv/.kvp_pool_0")
    assert_synchronized_to_the_host(fresh)


@pytest.mark.usefixtures("converged")
def test_apparmor_confines_chronyd_and_forbids_nothing(fresh: VirtualMachine) -> None:
    assert "/usr/sbin/chronyd (enforce)" in fresh.shell("cat /sys/kernel/security/apparmor/profiles")
    assert fresh.shell('cat /proc/"$(cat /run/chrony/chronyd.pid)"/attr/current').endswith("chronyd (enforce)")
    assert fresh.shell("dmesg | grep 'apparmor=\"DENIED\"' || true") == ""


@pytest.mark.usefixtures("converged")
def test_second_run_changes_nothing(fresh: VirtualMachine) -> None:
    assert changed(fresh, run_role(fresh)) == []


@pytest.mark.usefixtures("converged")
@pytest.mark.parametrize("key", list(DAEMONS))
def test_service_disabled_and_enabled_on_the_host_stops_and_starts_the_daemon(fresh: VirtualMachine, key: str) -> None:
    unit = DAEMONS[key]
    fresh.disable(key)
    until(f"{unit} stops", lambda: not is_active(fresh, unit))
    fresh.enable(key)
    until(f"{unit} starts", lambda: is_active(fresh, unit))
    assert fresh.ask("wait", device=NODES[key], timeout=20)["registered"]


@pytest.mark.usefixtures("converged")
def test_clock_disabled_on_the_host_leaves_chronyd_running(fresh: VirtualMachine) -> None:
    fresh.disable("time_synchronization")
    until("the PTP clock goes", lambda: fresh.shell("ls /sys/class/ptp") == "")
    assert is_active(fresh, "chrony")
    fresh.enable("time_synchronization")
    until("the PTP clock comes", lambda: fresh.shell("cat /sys/class/ptp/*/clock_name || true") == "hyperv")
    assert is_active(fresh, "chrony")


@pytest.mark.usefixtures("converged")
def test_own_root_is_frozen_and_thawed(fresh: VirtualMachine) -> None:
    """The disk that the machine runs from: a writer waits for the thaw."""
    fresh.run("python3", "/usr/local/lib/lab/freeze.py")


@pytest.mark.usefixtures("converged")
def test_boot_with_the_clock_keeps_time_with_it(fresh: VirtualMachine) -> None:
    fresh.reboot()
    assert_daemons_run(fresh)
    assert_synchronized_to_the_host(fresh)
    assert changed(fresh, run_role(fresh)) == []


@pytest.mark.usefixtures("converged")
def test_boot_without_the_clock_starts_chronyd(fresh: VirtualMachine) -> None:
    fresh.reboot(DEFAULT - {"time_synchronization"})
    assert_daemons_run(fresh)
    assert is_active(fresh, "chrony"), fresh.run("journalctl", "-u", "chrony", "--no-pager").stdout
    fresh.enable("time_synchronization")
    assert run_role(fresh).code == 0
    assert_synchronized_to_the_host(fresh)
