# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The Linux half of each integration service: the devices, drivers, nodes, daemons and units that it rests on.

Keys are those of _components.py. What a distribution packages is data of the role `linux_guest`; here are only the
names by which a guest shows what it has, whichever distribution it is.
"""

from typing import NamedTuple


class LinuxService(NamedTuple):
    """One integration service as a Linux guest sees it.

    key: the key in every result.
    class_guid: `class_id` of its VMBus device, lower case, without braces. Source: include/linux/hyperv.h.
    instance_guid: the name of its directory under /sys/bus/vmbus/devices, the same on every host. Source: the same.
    node: the device that its daemon opens; empty for those without a daemon.
    daemons: names of the daemon's binary anywhere. Source: file lists of the packages of Debian, Ubuntu, the RHEL
        family, Fedora, Azure Linux, SUSE, Arch, Alpine, Photon.
    units: names of the daemon's systemd unit (without .service) or OpenRC script anywhere. Source: the same.
    """

    key: str
    class_guid: str
    instance_guid: str
    node: str = ""
    daemons: "tuple[str, ...]" = ()
    units: "tuple[str, ...]" = ()


DRIVER = "hv_utils"
# Kernel 6.10 moved file copy to a generic driver and another daemon. Source: Linux commit ec314f61e4fc.
UIO_DRIVER = "uio_hv_generic"
UIO_COPY_SINCE = (6, 10)

LINUX_SERVICES: "tuple[LinuxService, ...]" = (
    LinuxService(
        key="heartbeat",
        class_guid="57164f39-9115-4e78-ab55-382f3bd5422d",
        instance_guid="fd149e91-82e0-4a7d-afa6-2a4166cbd7c0",
    ),
    LinuxService(
        key="shutdown",
        class_guid="0e0b6031-5213-4934-818b-38d90ced39db",
        instance_guid="b6650ff7-33bc-4840-8048-e0676786f393",
    ),
    LinuxService(
        key="time_synchronization",
        class_guid="9527e630-d0ae-497b-adce-e80ab0175caf",
        instance_guid="2dd1ce17-079e-403c-b352-a1921ee207ee",
    ),
    LinuxService(
        key="key_value_pair_exchange",
        class_guid="a9a0f4e7-5a45-4d96-b827-8a841e8c03e6",
        instance_guid="242ff919-07db-4180-9c2e-b86cb68c8c55",
        node="/dev/vmbus/hv_kvp",
        daemons=("hv_kvp_daemon", "hypervkvpd"),
        # Older Debian packages named theirs hyperv-daemons.hv-kvp-daemon (seen in users' output).
        units=("hv-kvp-daemon", "hypervkvpd", "hv_kvp_daemon", "hyperv-daemons.hv-kvp-daemon", "hv-kvp"),
    ),
    LinuxService(
        key="vss",
        class_guid="35fa2e29-ea23-4236-96ae-3a6ebacba440",
        instance_guid="2450ee40-33bf-4fbd-892e-9fb06e9214cf",
        node="/dev/vmbus/hv_vss",
        daemons=("hv_vss_daemon", "hypervvssd"),
        units=("hv-vss-daemon", "hypervvssd", "hv_vss_daemon", "hyperv-daemons.hv-vss-daemon", "hv-vss"),
    ),
    LinuxService(
        key="guest_service_interface",
        class_guid="34d14be3-dee4-41c8-9ae7-6b174977c192",
        instance_guid="eb765408-105f-49b6-b4aa-c123b64d17d4",
        node="/dev/vmbus/hv_fcopy",
        daemons=("hv_fcopy_daemon", "hypervfcopyd"),
        units=("hv-fcopy-daemon", "hypervfcopyd", "hv_fcopy_daemon", "hyperv-daemons.hv-fcopy-daemon", "hv-fcopy"),
    ),
)

# File copy from kernel 6.10 on. The node is /dev/uioN; some distributions kept the name of the unit. The first is the
# unit of the role linux_guest.
UIO_COPY_DAEMONS: "tuple[str, ...]" = ("hv_fcopy_uio_daemon",)
UIO_COPY_UNITS: "tuple[str, ...]" = (
    *("linux-guest-copy", "hv-fcopy-uio-daemon", "hypervfcopyd", "hv_fcopy_uio_daemon", "hv-fcopy-daemon"),
)
