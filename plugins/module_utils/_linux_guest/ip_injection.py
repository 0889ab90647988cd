# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Whether the host could set addresses in this guest, as Hyper-V Replica does in a failover."""

import re
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root

SCRIPTS = ("hv_get_dns_info", "hv_get_dhcp_info", "hv_set_ifconfig")
# The folder is compiled into the daemon (KVP_SCRIPTS_PATH), in front of a script's name or of %s.
_COMPILED = re.compile(rb"(/[\x21-\x24\x26-\x7e]*/)(?:hv_get_dns_info|hv_get_dhcp_info|hv_set_ifconfig|%s)")
# systemd's default for services. Source: systemd.exec(5).
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


def read_ip_injection(root: Root, daemon: "str | None", unit: "dict[str, str]") -> "dict[str, Any]":
    """`ip_injection` of the facts. daemon: the path of hv_kvp_daemon; unit: systemd's properties of its unit."""
    problems = []
    scripts = dict.fromkeys(SCRIPTS)
    if daemon is None:
        return {"ready": False, "folder": None, "scripts": scripts, "problems": ["there is no hv_kvp_daemon"]}
    binary = root.data(daemon) or b""
    compiled = _COMPILED.search(binary)
    folder = compiled.group(1).decode().rstrip("/") if compiled else None
    folders = (folder,) if folder else (root.real(daemon).rsplit("/", 1)[0], *_PATH)
    for script in SCRIPTS:
        path = next((f"{place}/{script}" for place in folders if root.exists(f"{place}/{script}")), None)
        if path is None:
            problems.append(f"{script} is not where hv_kvp_daemon looks for it ({', '.join(folders)})")
        elif not root.is_executable(path):
            problems.append(f"{path} is not executable")
        else:
            scripts[script] = path
    # Measured with Debian's unit: a script runs, and may write nothing.
    if unit.get("CapabilityBoundingSet") == "" and "CapabilityBoundingSet" in unit:
        problems.append("the unit of hv_kvp_daemon takes all capabilities away: a script could not set an address")
    if unit.get("ProtectSystem") in ("full", "strict", "yes"):
        problems.append("the unit of hv_kvp_daemon makes system folders read-only: a script could not write there")
    if scripts["hv_set_ifconfig"] == "/usr/sbin/hv_set_ifconfig" and root.names("/etc/netplan"):
        # Source: the script of linux-cloud-tools-common edits /etc/network/interfaces.
        problems.append("hv_set_ifconfig of Ubuntu does not know netplan, which configures this guest's network")
    return {"ready": not problems, "folder": folder, "scripts": scripts, "problems": problems}
