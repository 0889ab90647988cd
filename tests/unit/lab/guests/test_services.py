# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest sees of the services its host offers."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.hyperv.integration.plugins.module_utils import _linux_services
from guests.services import SERVICES, OfferedServices


def test_an_offer_is_a_device_with_its_driver_and_an_entry_for_systemd(tmp_path: Path) -> None:
    offered = OfferedServices(tmp_path)
    offered.add("vss")
    device = tmp_path / "bus" / "vmbus" / "devices" / SERVICES["vss"].instance
    assert (device / "class_id").read_text() == "{35fa2e29-ea23-4236-96ae-3a6ebacba440}\n"
    assert (device / "driver").resolve() == tmp_path / "bus" / "vmbus" / "drivers" / "hv_utils"
    entry = (tmp_path / "udev" / "data" / "c10:234").read_text()
    assert "E:SYSTEMD_ALIAS=/sys/devices/virtual/misc/vmbus!hv_vss /dev/vmbus/hv_vss\n" in entry
    assert "E:SYSTEMD_WANTS=hv-vss-daemon.service\n" in entry
    assert (tmp_path / "udev" / "tags" / "systemd" / "c10:234").exists()


def test_nothing_of_an_offer_taken_back_is_left(tmp_path: Path) -> None:
    offered = OfferedServices(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for key in SERVICES:
        offered.add(key)
    assert sorted(tmp_path.rglob("*")) != before
    for key in SERVICES:
        offered.remove(key)
    assert sorted(tmp_path.rglob("*")) == before


def test_services_are_those_the_collection_knows() -> None:
    known = {service.key: (service.instance_guid, service.class_guid) for service in _linux_services.LINUX_SERVICES}
    assert {key: (service.instance, service.class_id) for key, service in SERVICES.items()} == known
