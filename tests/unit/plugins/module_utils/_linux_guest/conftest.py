# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests made of files, for the tests of what linux_guest_info sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from guest_tree import DEBIAN, KERNEL, SERVICES, Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty root."""
    return Tree(tmp_path / "root")


@pytest.fixture
def guest(tree: Tree) -> Tree:
    """Debian 12 on Hyper-V, in which every service but file copy works."""
    tree.add(
        {
            "/etc/os-release": DEBIAN,
            "/proc/sys/kernel/osrelease": f"{KERNEL}\n",
            "/proc/cmdline": "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet\n",
            "/proc/mounts": "/dev/sda1 / ext4 rw,relatime 0 0\nproc /proc proc rw 0 0\n",
            "/run/systemd/system/x": "",
            "/sys/module/hv_utils/initstate": "live\n",
            "/sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n",
            "/sys/class/dmi/id/product_name": "Virtual Machine\n",
            "/lib/systemd/system/hv-kvp-daemon.service": "[Unit]\n",
            "/lib/systemd/system/hv-vss-daemon.service": "[Unit]\n",
            "/lib/systemd/system/hv-fcopy-daemon.service": "[Unit]\n",
            "/dev/vmbus/hv_kvp": "",
            "/dev/vmbus/hv_vss": "",
        }
    ).modules("hv_utils")
    for name in ("kvp", "vss", "fcopy"):
        tree.program(f"/usr/sbin/hv_{name}_daemon")
    for key in SERVICES:
        if key != "guest_service_interface":
            tree.device(key)
    tree.process(412, "/usr/sbin/hv_kvp_daemon -n", "/dev/null", "/dev/vmbus/hv_kvp")
    return tree.process(413, "/usr/sbin/hv_vss_daemon -n", "/dev/vmbus/hv_vss")
