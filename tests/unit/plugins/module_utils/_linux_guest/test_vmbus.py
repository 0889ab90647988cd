# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What VMBus, firmware and kernel log tell."""

from __future__ import annotations

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.vmbus import (
    find_devices,
    find_evidence,
    find_isolation,
    find_uio_devices,
    is_azure,
)
from guest_tree import SERVICES, Tree


def test_evidence(tree: Tree) -> None:
    assert find_evidence(tree.root) is None
    tree.add({"/sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n"})
    assert find_evidence(tree.root) is None  # a Surface has that vendor
    tree.add({"/sys/class/dmi/id/product_name": "Virtual Machine\n"})
    assert find_evidence(tree.root) == "dmi"
    tree.device("heartbeat")
    assert find_evidence(tree.root) == "vmbus"


def test_devices_are_known_by_their_class(tree: Tree) -> None:
    tree.device("key_value_pair_exchange").device("vss", driver=None, driver_override="(null)\n")
    tree.device("guest_service_interface", "uio_hv_generic", driver_override="uio_hv_generic\n")
    tree.add({"/sys/bus/vmbus/devices/eb765408-105f-49b6-b4aa-c123b64d17d4/uio/uio0/dev": "247:0\n"})
    # A network adapter has an instance GUID of its own; a service's may be written in either case.
    tree.add({"/sys/bus/vmbus/devices/4487b255/class_id": "{f8615163-df3e-46c5-913f-f2d2f965ed0e}\n"})
    upper = SERVICES["shutdown"].class_guid.upper()
    tree.add({"/sys/bus/vmbus/devices/b6650ff7/class_id": f"{{{upper}}}\n"})
    found = find_devices(tree.root)
    assert sorted(found) == ["guest_service_interface", "key_value_pair_exchange", "shutdown", "vss"]
    assert found["key_value_pair_exchange"]["driver"] == "hv_utils"
    assert (found["vss"]["driver"], found["vss"]["override"]) == (None, None)
    copy = found["guest_service_interface"]
    assert (copy["driver"], copy["override"], copy["uio"]) == ("uio_hv_generic", "uio_hv_generic", "uio0")


@pytest.mark.parametrize(
    ("answers", "nodes", "isolation"),
    [
        ({"dmesg": "[    0.0] Hyper-V: Isolation Config: Group A 0x1, Group B 0xba2\n"}, [], "SNP"),
        ({"dmesg": "[    0.0] Hyper-V: Isolation Config: Group A 0x1, Group B 0x3\n"}, [], "TDX"),
        ({"dmesg": "[    0.0] Hyper-V: Isolation Config: Group A 0x0, Group B 0x0\n"}, ["/dev/sev-guest"], "none"),
        ({"dmesg": "nothing of it"}, ["/dev/tdx_guest"], "TDX"),
        ({}, ["/dev/sev-guest"], "SNP"),
        ({"systemd-detect-virt": "sev-snp\n"}, [], "SNP"),
        ({"systemd-detect-virt": "none\n"}, [], "none"),
        ({"systemd-detect-virt": "sev\n"}, [], None),
        ({}, [], None),
    ],
)
def test_isolation(tree: Tree, answers: dict[str, str], nodes: list[str], isolation: str | None) -> None:
    tree.add(dict.fromkeys(nodes, ""))
    assert find_isolation(tree.root, lambda command: answers.get(command[0])) == isolation


def test_root_partition_whose_firmware_is_that_of_a_virtual_machine_is_no_guest(tree: Tree) -> None:
    tree.add(
        {
            "/sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n",
            "/sys/class/dmi/id/product_name": "Virtual Machine\n",
        }
    )
    assert find_evidence(tree.root) == "dmi"
    tree.add({"/dev/mshv": ""})
    assert find_evidence(tree.root) is None
    tree.device("heartbeat")  # a paravisor, or a guest that runs guests of its own
    assert find_evidence(tree.root) == "vmbus"


def test_azure_is_told_by_the_tag_of_the_chassis(tree: Tree) -> None:
    assert not is_azure(tree.root)
    tree.add({"/sys/class/dmi/id/chassis_asset_tag": "7783-7084-3265-9085-8269-3286-78\n"})
    assert not is_azure(tree.root)
    tree.add({"/sys/class/dmi/id/chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77\n"})
    assert is_azure(tree.root)


def test_devices_of_uio_hv_generic_that_are_not_file_copys(tree: Tree) -> None:
    network = "/sys/bus/vmbus/devices/3a1b2c3d-0000-0000-0000-000000000001"
    bound = "/sys/bus/vmbus/drivers/uio_hv_generic"
    tree.device("guest_service_interface", "uio_hv_generic")
    copy = SERVICES["guest_service_interface"].instance_guid
    tree.add({f"{bound}/{copy}": f"->../../devices/{copy}", f"{bound}/new_id": ""})
    assert find_uio_devices(tree.root) == []
    tree.add(
        {
            f"{network}/class_id": "{f8615163-df3e-46c5-913f-f2d2f965ed0e}\n",
            f"{network}/uio/uio0/dev": "",
            f"{bound}/{network.rpartition('/')[2]}": f"->../../devices/{network.rpartition('/')[2]}",
        }
    )
    assert find_uio_devices(tree.root) == [
        {"device": network, "class": "f8615163-df3e-46c5-913f-f2d2f965ed0e", "uio": "uio0"}
    ]
