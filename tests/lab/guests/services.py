# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest sees of the services its host offers: /sys/bus/vmbus, and a udev database that makes device units.

A container has no device units, so units with `BindsTo=` a device could never start.  systemd makes one where the udev
database has an entry for a device that sysfs knows; a misc device that this machine really has poses for each node.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Service:
    """The guest's half of a service: sysfs directory (instance) and class, and, where it has a node, its parts."""

    instance: str
    class_id: str
    node: str = ""  # name in /dev/vmbus
    stand_in: str = ""  # the misc device that poses for the node in the udev database


# GUIDs: include/linux/hyperv.h and drivers/hv/hv_util.c of the kernel; instances as every host has them.
SERVICES = {
    "heartbeat": Service("fd149e91-82e0-4a7d-afa6-2a4166cbd7c0", "57164f39-9115-4e78-ab55-382f3bd5422d"),
    "shutdown": Service("b6650ff7-33bc-4840-8048-e0676786f393", "0e0b6031-5213-4934-818b-38d90ced39db"),
    "time_synchronization": Service("2dd1ce17-079e-403c-b352-a1921ee207ee", "9527e630-d0ae-497b-adce-e80ab0175caf"),
    "key_value_pair_exchange": Service(
        "242ff919-07db-4180-9c2e-b86cb68c8c55", "a9a0f4e7-5a45-4d96-b827-8a841e8c03e6", "hv_kvp", "10:229"
    ),
    "vss": Service("2450ee40-33bf-4fbd-892e-9fb06e9214cf", "35fa2e29-ea23-4236-96ae-3a6ebacba440", "hv_vss", "10:234"),
    "guest_service_interface": Service(
        "eb765408-105f-49b6-b4aa-c123b64d17d4", "34d14be3-dee4-41c8-9ae7-6b174977c192", "hv_fcopy", "10:237"
    ),
}
# As a host offers them by default.
DEFAULT = frozenset(SERVICES) - {"guest_service_interface"}
DRIVER = "hv_utils"
# Units that would fight the hand-made database, or change settings of this machine's kernel.
MASKED = (
    *("systemd-udevd.service", "systemd-udevd-kernel.socket", "systemd-udevd-control.socket"),
    *("systemd-udev-trigger.service", "systemd-sysctl.service", "systemd-modules-load.service"),
    *("systemd-remount-fs.service", "systemd-random-seed.service", "systemd-tmpfiles-setup-dev.service"),
    *("systemd-hwdb-update.service", "systemd-pstore.service", "dev-hugepages.mount"),
    *("sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount"),
)


class OfferedServices:
    """The trees under one directory: `bus` and `module` for /sys, `udev` for /run/udev."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.bus, self.module, self.udev = directory / "bus", directory / "module", directory / "udev"
        self._devices = self.bus / "vmbus" / "devices"
        for folder in (self._devices, self.udev / "data", self.udev / "tags" / "systemd"):
            folder.mkdir(parents=True)
        (self.bus / "vmbus" / "drivers" / DRIVER).mkdir(parents=True)
        for module in (DRIVER, "hv_vmbus"):
            (self.module / module).mkdir(parents=True)
            (self.module / module / "initstate").write_text("live\n", encoding="utf-8")

    def add(self, key: str) -> None:
        """Offer a service, with its driver bound."""
        service = SERVICES[key]
        device = self._devices / service.instance
        device.mkdir()
        relid = str(list(SERVICES).index(key) + 1)
        files = {
            "class_id": f"{{{service.class_id}}}",
            "device_id": f"{{{service.instance}}}",
            "id": relid,
            "state": "3",
        }
        for name, value in files.items():
            (device / name).write_text(value + "\n", encoding="utf-8")
        (device / "driver").symlink_to(f"../../drivers/{DRIVER}")
        if service.node:
            unit = service.node.replace("_", "-") + "-daemon.service"
            (self.udev / "data" / f"c{service.stand_in}").write_text(
                "I:1\n"
                f"E:SYSTEMD_ALIAS=/sys/devices/virtual/misc/vmbus!{service.node} /dev/vmbus/{service.node}\n"
                f"E:SYSTEMD_WANTS={unit}\n"
                "G:systemd\nQ:systemd\nV:1\n",
                encoding="utf-8",
            )
            (self.udev / "tags" / "systemd" / f"c{service.stand_in}").touch()

    def remove(self, key: str) -> None:
        """Take the offer back."""
        service = SERVICES[key]
        shutil.rmtree(self._devices / service.instance)
        if service.node:
            (self.udev / "data" / f"c{service.stand_in}").unlink()
            (self.udev / "tags" / "systemd" / f"c{service.stand_in}").unlink()
