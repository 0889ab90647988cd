# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens in a fabricated guest before anybody looks: the host's devices, the driver, the time daemon."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import state  # type: ignore[import-not-found]  # beside this file in the guest


def main() -> None:
    guest = state.guest()
    # What was installed before this boot is there before udev sees a device; its scripts ran long ago.
    before = [*(["chrony"] if guest["chrony_installed"] else []), *guest["installed"]]
    state.install(state.missing_packages(before), scripts=False)
    if guest["hyperv"]:
        # The disk: also a guest that is offered no service at all has a VMBus.
        state.write(
            f"{state.VMBUS}/devices/00000000-0000-8899-0000-000000000000/class_id",
            "{ba6163d9-04a1-4d29-b605-72e2ffb1dc7f}\n",
        )
        state.write("/sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n")
        state.write("/sys/class/dmi/id/product_name", "Virtual Machine\n")
        for key in guest["offered"]:
            state.offer(key)
        if guest["driver"] == "loaded":
            state.load_module("hv_utils")
    for unit in state.names("/etc/systemd/system/multi-user.target.wants"):
        state.start(unit)
    if guest["timesyncd"]:
        state.write(
            "/usr/lib/systemd/system/systemd-timesyncd.service",
            "[Service]\nExecStart=/usr/lib/systemd/systemd-timesyncd\n[Install]\nWantedBy=sysinit.target\n",
        )
        state.link(
            "/usr/lib/systemd/system/systemd-timesyncd.service",
            "/etc/systemd/system/multi-user.target.wants/systemd-timesyncd.service",
        )
        state.spawn("systemd-timesyncd.service", "/usr/lib/systemd/systemd-timesyncd", "")
    if guest["ntpd"]:
        state.spawn("ntpd.service", "/usr/sbin/ntpd", "")
    state.write(f"{state.STATE}/ledger", "")


if __name__ == "__main__":
    main()
