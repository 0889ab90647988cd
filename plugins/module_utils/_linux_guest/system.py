# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""How packages get into this system: whether it is immutable, which command installs, how old the package lists are."""

import re
import sys
import time

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root

_DAY = 24 * 60 * 60
# Of the Python of EL 8's own dnf. ansible.builtin.dnf starts itself again with it, and ansible-core from 2.17 on cannot
# run there. Source: RHEL 8, python3-dnf 4.7; ansible/ansible issues 83357 and 84560.
_OLD_DNF = "/usr/lib/python3.6/site-packages/dnf"


def find_immutable(root: Root) -> "str | None":
    """ostree, bootc or transactional: a change of packages shows after the next boot; None where it shows at once.

    bootc: the system was deployed from a container image, and an update of the image drops or refuses local packages.
    """
    if root.exists("/run/ostree-booted"):  # Source: ostree(1)
        image = b"container-image-reference" in _origin(root)  # Source: ostree-rs-ext, ORIGIN_CONTAINER
        return "bootc" if root.exists("/usr/bin/bootc") and image else "ostree"
    if root.exists("/usr/sbin/transactional-update") and _read_only(root):
        return "transactional"
    return None


def _origin(root: Root) -> bytes:
    """What the running deployment was made from. Source: ostree-prepare-root(1), the kernel's parameter ostree=."""
    booted = re.search(r"(?:^|\s)ostree=(\S+)", root.text("/proc/cmdline") or "")
    if not booted:
        return b""
    try:
        deployment = root.real(booted.group(1))
    except OSError:
        return b""
    return root.data(f"{deployment}.origin") or b""


def _read_only(root: Root) -> bool:
    mounts = (line.split(" ") for line in (root.text("/proc/mounts") or "").splitlines())
    options = [fields[3].split(",") for fields in mounts if len(fields) > 3 and fields[1] == "/"]
    return bool(options) and "ro" in options[-1]


def find_installer(root: Root, immutable: "str | None") -> "str | None":
    """The command that installs packages where Ansible's own modules cannot; None where they can, or nothing can."""
    if immutable == "transactional":
        return "transactional-update"
    if immutable:
        return "rpm-ostree" if immutable == "ostree" and root.exists("/usr/bin/rpm-ostree") else None
    return "dnf" if root.exists(_OLD_DNF) and sys.version_info[:2] != (3, 6) else None


def read_package_lists(root: Root) -> "str | None":
    """fresh, old (more than a day) or missing: the lists of available packages; None where the manager sees to them.

    dnf and zypper renew theirs themselves.
    """
    if root.is_dir("/var/lib/pacman"):
        # Never old: Arch Linux supports no new lists without an upgrade of the whole system.
        return _age(root, "/var/lib/pacman/sync", ".db", None)
    if root.is_dir("/etc/apk"):
        return _age(root, "/var/cache/apk", ".tar.gz", _DAY)
    if root.is_dir("/var/lib/apt"):
        return _age(root, "/var/lib/apt/lists", "Release", _DAY)  # InRelease, or Release with its signature
    return None


def _age(root: Root, folder: str, ending: str, limit: "int | None") -> str:
    if not any(name.endswith(ending) for name in root.names(folder)):
        return "missing"
    # The folder's own time: the files have the time of their last change on the server (apt, apk).
    renewed = root.modified(folder)
    return "old" if limit and renewed is not None and time.time() - renewed > limit else "fresh"
