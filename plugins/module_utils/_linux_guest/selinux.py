# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""SELinux: its mode, and the contexts of what the daemons use."""

from typing import Any, Iterable

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root

POOLS = "/var/lib/hyperv"


def read_selinux(root: Root, paths: Iterable[str]) -> "dict[str, Any]":
    """`selinux` of the facts. mode is None where the kernel shows none: SELinux is off or not built in."""
    mode = {"1": "enforcing", "0": "permissive"}.get(root.line("/sys/fs/selinux/enforce") or "")
    contexts: dict[str, str] = {}
    for path in (POOLS, *paths):
        context = root.attribute(path, "security.selinux")
        if context:
            contexts[path] = context.rstrip(b"\0").decode("utf-8", "replace")
    return {"mode": mode, "contexts": contexts}
