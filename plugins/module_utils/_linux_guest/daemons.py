# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Where a daemon's program is, and whether it really is one."""

from typing import Iterable

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root

FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/lib/hyper-v/bin", "/usr/local/sbin")


def find_daemon(root: Root, names: Iterable[str], kernel: str) -> "tuple[str | None, str | None]":
    """(path, what is wrong): the first of these programs that is installed, None when there is none that would run."""
    wrong = None
    for name in names:
        for folder in FOLDERS:
            path = f"{folder}/{name}"
            if not root.exists(path):
                continue
            wrong = wrong or _defect(root, path, name, kernel)
            if wrong is None:
                return path, None
    return None, wrong


def _defect(root: Root, path: str, name: str, kernel: str) -> "str | None":
    if not root.is_executable(path):
        return f"{path} is not executable"
    # Ubuntu's is a script that runs the one of the kernel's own package. Source: linux-cloud-tools-common.
    head = (root.data(path) or b"")[:4096]
    real = f"/usr/lib/linux-tools/{kernel}/{name}"
    if head.startswith(b"#!") and b"linux-tools" in head and not root.exists(real):
        return f"{path} runs {real}, which is not there"
    return None
