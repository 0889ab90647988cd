# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a freeze does to each mount."""

from __future__ import annotations

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.freeze import read_freeze
from guest_tree import Tree

MOUNTS = r"""
sysfs /sys sysfs rw 0 0
/dev/mapper/vg-root / xfs rw,relatime 0 0
/dev/sda1 /boot/efi vfat rw 0 0
/dev/sdb1 /media/usb\040disk ext4 rw 0 0
/dev/sdc1 /archive ext4 ro,relatime 0 0
/dev/loop3 /snap/core squashfs ro 0 0
/dev/loop4 /mnt/image ext4 rw 0 0
/dev/mapper/crypt /mnt/crypt ext4 rw 0 0
/dev/sdd1 /mnt/ntfs fuseblk rw 0 0
/dev/sde1 /mnt/exfat exfat rw 0 0
/dev/fuse /etc/pve fuse rw 0 0
/dev/sdf1 /mnt/new newfs rw 0 0
/dev/sdg1 /data btrfs rw,subvol=/a 0 0
tank/data /tank zfs rw 0 0
nas:/export /nas nfs4 rw 0 0
overlay /var/lib/containers overlay rw 0 0
tmpfs /tmp tmpfs rw 0 0
short line
"""


def test_every_kind(tree: Tree) -> None:
    tree.add({"/proc/mounts": MOUNTS, "/dev/mapper/vg-root": "->../dm-0", "/dev/mapper/crypt": "->../dm-1"})
    tree.add({"/sys/class/block/dm-0/slaves/sda3": "", "/sys/class/block/dm-1/slaves/loop7": ""})
    freeze = read_freeze(tree.root)
    assert freeze["frozen"] == ["/", "/media/usb disk", "/data"]
    assert {item["mount"]: item["reason"].split()[0] for item in freeze["skipped"]} == {
        "/boot/efi": "vfat",
        "/archive": "read-only",
        "/snap/core": "read-only",
        "/mnt/image": "a",
        "/mnt/crypt": "a",
        "/tank": "ZFS",
        "/nas": "nfs4",
        "/var/lib/containers": "an",
    }
    assert [item["mount"] for item in freeze["failing"]] == ["/mnt/ntfs", "/mnt/exfat", "/etc/pve"]
    assert [item["mount"] for item in freeze["unknown"]] == ["/mnt/new"]


def test_no_mounts(tree: Tree) -> None:
    assert read_freeze(tree.root) == {"frozen": [], "skipped": [], "failing": [], "unknown": []}
