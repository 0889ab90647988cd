# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's own udev rule and unit: their texts, and which of them a guest needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.own_files import RULE, UNIT_FILE
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import (
    LINUX_SERVICES,
    UIO_COPY_UNITS,
    UIO_DRIVER,
    LinuxService,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import OwnFiles

_MARK = "# Written by the role hyperv.integration.linux_guest, which removes it when it is not needed.\n"
COPY = "guest_service_interface"
_COPY = next(service for service in LINUX_SERVICES if service.key == COPY)
_PLAIN = re.compile(r"[\w.@-]+")

_CLASS = f'{{class_id}}=="{{{_COPY.class_guid}}}"'
# For SUSE, whose unit gives the device to the driver, and waits for the driver to be loaded by a rule of the package's:
# this one is there before the package.
LOADS = f'ACTION=="add", SUBSYSTEM=="vmbus", ATTR{_CLASS}, RUN{{builtin}}+="kmod load {UIO_DRIVER}"'
# Kernels from 6.10 on that do not know the device by themselves (before Linux commit 87d3621ccc63) have to be told.
# Those that do answer "File exists", which nothing minds.
BINDS = f"{LOADS}, RUN+=\"/bin/sh -c 'echo {_COPY.class_guid} > /sys/bus/vmbus/drivers/{UIO_DRIVER}/new_id || :'\""


def starts(node: str, unit: str) -> list[str]:
    """Return the line by which udev has systemd start a unit as soon as the device is there, none for a strange name.

    node: /dev/vmbus/hv_kvp and its like; empty for file copy on uio, whose /dev/uioN has no name of its own: there the
    device on the VMBus and that of uio are named, since some units wait for the second and some make it themselves.
    """
    if not _PLAIN.fullmatch(unit):
        return []
    what = f'KERNEL=="{node.removeprefix("/dev/")}"' if node else f'SUBSYSTEM=="vmbus|uio", ATTRS{_CLASS}'
    return [f'{what}, TAG+="systemd", ENV{{SYSTEMD_WANTS}}+="{unit}.service"']


def unit_text(daemon: str) -> str:
    """Return the role's own unit for file copy on uio. The daemon ends by itself when its device goes."""
    return (
        f"{_MARK}"
        "# No [Install]: udev starts it when the host offers the device, by a rule of the same role.\n"
        "[Unit]\n"
        "Description=Hyper-V file copy\n"
        f"ConditionPathIsDirectory=/sys/bus/vmbus/devices/{_COPY.instance_guid}/uio\n"
        "\n"
        "[Service]\n"
        f"ExecStart={daemon} -n\n"
    )


def kept(there: Mapping[str, Any], service: LinuxService) -> list[str]:
    """Return the lines about a service that the role wrote before. there: path -> text."""
    uio = service.key == COPY
    units = (*service.units, *(UIO_COPY_UNITS if uio else ()))
    nodes = (service.node, "") if uio else (service.node,)
    lines = [
        *([BINDS, LOADS] if uio else []),
        *(line for node in nodes for unit in units for line in starts(node, unit)),
    ]
    # What the guest sends is looked for, and never passed on.
    return [line for line in dict.fromkeys(lines) if line in there.get(RULE, "").splitlines()]


def plan_files(there: Mapping[str, Any], rule: Iterable[str], unit: str | None) -> OwnFiles:
    """Return what to write and what to remove.

    there: path -> text. rule: lines, unit: text; empty when not wanted. A unit of None is left as it is.
    """
    lines = "".join(f"{line}\n" for line in rule)
    wanted = {RULE: f"{_MARK}{lines}" if lines else ""}
    if unit is not None:
        wanted[UNIT_FILE] = unit
    return {
        "write": [{"path": path, "text": text} for path, text in wanted.items() if text and there.get(path) != text],
        "remove": [path for path, text in wanted.items() if not text and path in there],
    }
