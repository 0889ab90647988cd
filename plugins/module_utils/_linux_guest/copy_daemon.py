# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Whether the daemon for file copy on uio is of those that cannot copy from a Windows host."""

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import UIO_COPY_DAEMONS

# Until July 2025 it read the host's UTF-16 as wchar_t, which has four bytes on Linux (linux-hyperv list,
# 20250628022217.1514-2). Only those builds call wcstombs: read in linux-cloud-tools 6.11.0-17 and 6.14.0-27 of Ubuntu,
# as against 6.14.0-37, 6.17.0-14 and 7.0.0-44, and hyperv-daemons 7.2.13 and 7.3.4 of Debian.
_MARK = b"wcstombs"


def find_flaw(root: Root, daemon: "str | None", kernel: str) -> "tuple[str, str] | None":
    """(what is wrong, the remedy) with this program, None when nothing is seen.

    kernel: the release of the running kernel, whose own program the script of Ubuntu runs.
    """
    name = (daemon or "").rpartition("/")[2]
    if daemon is None or name not in UIO_COPY_DAEMONS:
        return None
    program = root.data(daemon) or b""
    if program.startswith(b"#!"):
        daemon = f"/usr/lib/linux-tools/{kernel}/{name}"
        program = root.data(daemon) or b""
    if _MARK not in program:
        return None
    return (
        f"{daemon} is a build from before July 2025, which misreads the names that a Windows host sends: "
        "nothing is copied",
        "install a newer package of the daemon, or disable guest_service_interface on the host",
    )
