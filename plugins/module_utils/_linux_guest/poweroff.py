# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The last link of a shutdown: hv_utils asks the kernel, which runs a program of the guest, which asks systemd.

Source: orderly_poweroff() in kernel/reboot.c. Without the program the kernel writes out its buffers and cuts the power.
"""

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root

_SETTING = "/proc/sys/kernel/poweroff_cmd"
_TARGETS = tuple(f"{folder}/poweroff.target" for folder in ("/etc/systemd/system", "/run/systemd/system"))


def find_flaw(root: Root, init: str) -> "tuple[str, str] | None":
    """(what is wrong, remedy); None when the guest would shut down, or the setting cannot be read."""
    words = (root.line(_SETTING) or "").split()
    if words and not root.is_executable(words[0]):
        return (
            f"{words[0]}, which the kernel runs to shut the guest down, is not there: the power is cut",
            f"make {words[0]} a link to the program that is, or name that in kernel.poweroff_cmd (sysctl)",
        )
    masked = next((path for path in _TARGETS if root.link(path) == "/dev/null"), None) if init == "systemd" else None
    if masked:
        return f"poweroff.target is masked ({masked}): the guest does not shut down", "systemctl unmask poweroff.target"
    return None
