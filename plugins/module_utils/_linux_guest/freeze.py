# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What the VSS daemon would do to each mount when the host asks it to freeze the file systems for a backup."""

from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root

# Source: vss_operate() of tools/hv/hv_vss_daemon.c, the same in 5.10 to 7.3.
_SKIPPED_TYPE = "vfat"
# File systems with freeze_fs or freeze_super. Without, FIFREEZE answers EOPNOTSUPP (fs/ioctl.c), and the backup fails.
_FREEZABLE = {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "gfs2", "jfs", "nilfs2", "reiserfs", "xfs"}
_NOT_FREEZABLE = {
    "exfat": "exFAT cannot be frozen",
    "fuseblk": "a FUSE file system cannot be frozen",
    "hfs": "HFS cannot be frozen",
    "hfsplus": "HFS+ cannot be frozen",
    "minix": "Minix cannot be frozen",
    "ntfs3": "NTFS cannot be frozen",
    "udf": "UDF cannot be frozen",
}
# Types on something else than a device, whose data a backup of the disk holds or misses without a freeze.
_NETWORK = {"9p", "ceph", "cifs", "nfs", "nfs4", "smb3", "glusterfs"}


def read_freeze(root: Root) -> "dict[str, Any]":
    """`freeze` of the facts: frozen, skipped, failing and unknown, in the order of /proc/mounts."""
    result: dict[str, list[Any]] = {"frozen": [], "skipped": [], "failing": [], "unknown": []}
    for line in (root.text("/proc/mounts") or "").splitlines():
        fields = line.split(" ")
        if len(fields) < 4:
            continue
        source, mount, kind, options = (_unescaped(field) for field in fields[:4])
        reason = _skipped(root, source, kind, options.split(","))
        if reason == "":
            continue  # holds no data of a disk
        if reason:
            result["skipped"].append({"mount": mount, "reason": reason})
        elif kind in _NOT_FREEZABLE:
            result["failing"].append({"mount": mount, "reason": _NOT_FREEZABLE[kind]})
        elif kind == "fuse" or kind.startswith("fuse."):
            # Its source is /dev/fuse where the program names none: /etc/pve of Proxmox VE. No file system of FUSE has a
            # freeze_fs (fs/fuse/inode.c).
            result["failing"].append({"mount": mount, "reason": _NOT_FREEZABLE["fuseblk"]})
        elif kind in _FREEZABLE:
            result["frozen"].append(mount)
        else:
            result["unknown"].append({"mount": mount, "reason": f"whether {kind} can be frozen is not known"})
    return result


def _skipped(root: Root, source: str, kind: str, options: "list[str]") -> "str | None":
    """Why the daemon leaves a mount alone; empty when nobody would expect it to do otherwise; None when it does not."""
    if not source.startswith("/dev/"):
        if kind == "zfs":
            return "ZFS is not frozen: a backup of the disk is not consistent for it"
        if kind in _NETWORK:
            return f"{kind} lies on another machine"
        if kind == "overlay":
            return "an overlay is frozen with the file system that its upper directory lies on"
        return ""
    if "ro" in options:
        return "read-only"
    if kind == _SKIPPED_TYPE:
        return "vfat is not frozen"
    device = root.real(source).rsplit("/", 1)[-1]
    below = root.names(f"/sys/class/block/{device}/slaves")
    if device.startswith("loop") or any(name.startswith("loop") for name in below):
        return "a loop device is not frozen: what is in its file is frozen with the file system that holds the file"
    return None


def _unescaped(field: str) -> str:
    """Blank, tab, line feed and backslash are octal in /proc/mounts."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
