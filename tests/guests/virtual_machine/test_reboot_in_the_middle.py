# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that reboots while the role works on it: the next run finishes what the first one began."""

from __future__ import annotations

import pytest

from guests.virtual_machine import VirtualMachine
from linux_role import changed, run_role

HOOK = 'DPkg::Post-Invoke { "sh /var/tmp/after-apt"; };'
# Once, when apt has installed the package of that name; apt, and so the role, does not get to go on.
REBOOT = """
if [ ! -e /var/tmp/rebooted ] && dpkg -s %s >/dev/null 2>&1; then
  touch /var/tmp/rebooted
  systemctl --no-block reboot
  sleep 300
fi
"""
UNITS = ("hv-kvp-daemon", "hv-vss-daemon", "chrony")


@pytest.mark.parametrize("package", ["hyperv-daemons", "chrony"])
def test_role_finishes_after_a_reboot_in_its_middle(suite: str, package: str) -> None:
    with VirtualMachine(suite) as vm:
        vm.shell(f"echo '{REBOOT % package}' >/var/tmp/after-apt; echo '{HOOK}' >/etc/apt/apt.conf.d/99after")
        boot = vm.boot()
        interrupted = run_role(vm)
        assert interrupted.recap(vm.name)["unreachable"] == 1, interrupted.output
        vm.wait_for_boot_after(boot)
        assert changed(vm, run_role(vm))
        assert vm.run("systemctl", "is-active", *UNITS).stdout.split() == ["active"] * len(UNITS)
        assert changed(vm, run_role(vm)) == []
