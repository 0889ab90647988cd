# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""systemd's and OpenRC's view of the daemons.

`enabled` decides nothing: Debian and the RHEL family start the daemons from udev, whatever it says (measured, and
read in the packages' rules).
"""

import os
import time
from typing import Iterable

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.vmbus import Run

# In the order of precedence. Source: systemd.unit(5).
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
PROPERTIES = (
    *("Id", "LoadState", "ActiveState", "UnitFileState", "CapabilityBoundingSet", "ProtectSystem"),
    *("BindsTo", "ActiveEnterTimestampMonotonic", "InactiveEnterTimestampMonotonic"),
)


def find_init(root: Root) -> str:
    """systemd, openrc, sysvinit or other: what runs the guest, or would if the image were booted."""
    if root.is_dir("/run/systemd/system"):
        return "systemd"
    if root.is_dir("/run/openrc"):
        return "openrc"
    if root.exists("/usr/lib/systemd/systemd") or root.exists("/lib/systemd/systemd"):
        return "systemd"
    if root.exists("/sbin/openrc"):
        return "openrc"
    # Source: file list of Devuan's and Debian's sysvinit-core; inittab(5).
    return "sysvinit" if root.exists("/etc/inittab") and root.exists("/etc/init.d") else "other"


def find_unit(root: Root, init: str, names: Iterable[str]) -> "str | None":
    """The first of these units that is installed, with `.service` where it is systemd's."""
    for name in names:
        if init == "openrc" and root.exists(f"/etc/init.d/{name}"):
            return name
        if init == "systemd":
            unit = f"{name}.service"
            if any(root.link(f"{folder}/{unit}") or root.exists(f"{folder}/{unit}") for folder in UNIT_FOLDERS):
                return unit
    return None


def device_unit(node: str) -> str:
    """The unit by which systemd knows /dev/vmbus/hv_kvp and its like, and to which packages bind their daemons.

    systemd has it only once udev has tagged the device: a rule with TAG+="systemd" must be there when udev processes
    it (systemd.device(5)).
    """
    return f"sys-devices-virtual-misc-vmbus\\x21{os.path.basename(node)}.device"


def waits_for(properties: "dict[str, str]", node: str) -> bool:
    """Whether a unit starts only when systemd knows the node: it is bound to the unit of the device.

    systemctl quotes that unit's name and doubles its backslash (measured with 252).
    """
    return f"x21{os.path.basename(node)}.device" in properties.get("BindsTo", "")


def stopped_at(properties: "dict[str, str]") -> "float | None":
    """When a unit that ran in this boot ended, in seconds since the epoch; None when it runs, or never did."""
    names = ("ActiveEnterTimestampMonotonic", "InactiveEnterTimestampMonotonic")
    began, ended = (int(properties[name]) if properties.get(name, "").isdigit() else 0 for name in names)
    if not 0 < began <= ended:
        return None
    return time.time() - time.monotonic() + ended / 1e6  # microseconds of CLOCK_MONOTONIC (org.freedesktop.systemd1(5))


def read_states(root: Root, init: str, units: Iterable[str], run: Run) -> "dict[str, dict[str, str]]":
    """Unit -> its properties (see PROPERTIES); units that nothing is known about are left out.

    The unit of a device that systemd does not know is loaded and inactive (measured with 252).

    For OpenRC the only ones are LoadState (loaded), ActiveState (active, inactive) and UnitFileState (enabled when in a
    runlevel, else disabled).
    """
    wanted = sorted(set(units))
    if init == "openrc":
        # Source: librc of OpenRC, rc_service_state reads these links.
        started = set(root.names("/run/openrc/started"))
        running = root.is_dir("/run/openrc")
        levels = {name for level in root.names("/etc/runlevels") for name in root.names(f"/etc/runlevels/{level}")}
        return {
            unit: {
                "LoadState": "loaded",
                "ActiveState": "active" if unit in started else "inactive",
                "UnitFileState": "enabled" if unit in levels else "disabled",
            }
            for unit in wanted
            if running
        }
    if init != "systemd" or not wanted:
        return {}
    text = run(["systemctl", "show", "--property", ",".join(PROPERTIES), "--", *wanted])
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in (text or "").split("\n\n")]
    return {block["Id"]: block for block in blocks if block.get("Id") in wanted}
