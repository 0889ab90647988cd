# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""What the VMBus and the firmware tell: whether this is Hyper-V, what the host offers, and what is bound to it."""

import re
from typing import Any, Callable

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import LINUX_SERVICES, UIO_DRIVER

DEVICES = "/sys/bus/vmbus/devices"
# The chassis of every virtual machine in Azure. Source: cloud-init, sources/azure/identity.py (ChassisAssetTag).
_AZURE = "7783-7084-3265-9085-8269-3286-77"
# Low four bits of "Group B" of the line that the kernel logs. Source: enum hv_isolation_type and
# ms_hyperv_info.cvm_type (include/asm-generic/mshyperv.h), arch/x86/kernel/cpu/mshyperv.c.
_ISOLATION = {0: "none", 1: "VBS", 2: "SNP", 3: "TDX"}
_LOGGED = re.compile(r"Hyper-V: Isolation Config: Group A 0x[0-9a-f]+, Group B 0x([0-9a-f]+)", re.IGNORECASE)
# Source: systemd src/basic/confidential-virt.c (option --cvm since 254).
_DETECTED = {"sev-snp": "SNP", "tdx": "TDX", "none": "none"}

Run = Callable[["list[str]"], "str | None"]


def find_evidence(root: Root) -> "str | None":
    """What shows that this is a Hyper-V guest: `vmbus`, `dmi`, or nothing.

    `ansible_virtualization_type` says VirtualPC there (measured with ansible-core 2.19), so it is not asked.
    """
    if root.names(DEVICES):
        return "vmbus"
    if is_root_partition(root):
        return None
    vendor, product = (root.line(f"/sys/class/dmi/id/{name}") for name in ("sys_vendor", "product_name"))
    return "dmi" if (vendor, product) == ("Microsoft Corporation", "Virtual Machine") else None


def is_root_partition(root: Root) -> bool:
    """Whether this runs the guests of Hyper-V, and is none itself (inferred).

    Its firmware is that of a virtual machine where virtualization is nested, but it has no VMBus, and runs guests
    through /dev/mshv. Source: drivers/hv/mshv_root_main.c.
    """
    return root.exists("/dev/mshv") and not root.names(DEVICES)


def is_azure(root: Root) -> bool:
    """Whether the host is Azure's: what the host offers is not for the owner of the guest to change."""
    return root.line("/sys/class/dmi/id/chassis_asset_tag") == _AZURE


def find_uio_devices(root: Root) -> "list[dict[str, str | None]]":
    """`{device, class, uio}` of the devices other than file copy's that uio_hv_generic has: DPDK's network cards, say.

    One more device of this driver may change which of them is /dev/uio0. Source: linux-hyperv list, May 2026.
    """
    copy = {service.class_guid for service in LINUX_SERVICES}
    found = []
    for name in root.names(f"/sys/bus/vmbus/drivers/{UIO_DRIVER}"):
        path = f"{DEVICES}/{name}"
        kind = (root.line(f"{path}/class_id") or "").strip("{}").lower()
        if kind and kind not in copy:
            found.append({"device": path, "class": kind, "uio": next(iter(root.names(f"{path}/uio")), None)})
    return found


def find_devices(root: Root) -> "dict[str, dict[str, Any]]":
    """Service key -> `{path, driver, override, uio}` of each service that the host offers.

    Source: Documentation/ABI/stable/sysfs-bus-vmbus (Linux).
    """
    keys = {service.class_guid: service.key for service in LINUX_SERVICES}
    found = {}
    for name in root.names(DEVICES):
        path = f"{DEVICES}/{name}"
        key = keys.get((root.line(f"{path}/class_id") or "").strip("{}").lower())
        if key:
            override = root.line(f"{path}/driver_override")
            found[key] = {
                "path": path,
                "driver": root.link_name(f"{path}/driver"),
                "override": None if override in (None, "", "(null)") else override,
                "uio": next(iter(root.names(f"{path}/uio")), None),
            }
    return found


def find_isolation(root: Root, run: Run) -> "str | None":
    """How the host isolates this guest: none, VBS, SNP or TDX; None when nothing tells.

    Linux refuses data exchange, VSS and file copy in a confidential guest.
    """
    logged = _LOGGED.search(run(["dmesg"]) or "")
    if logged:
        return _ISOLATION.get(int(logged.group(1), 16) & 0xF)
    for node, isolation in (("/dev/sev-guest", "SNP"), ("/dev/tdx_guest", "TDX")):
        if root.exists(node):
            return isolation
    return _DETECTED.get((run(["systemd-detect-virt", "--cvm"]) or "").strip())
