# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a virtual machine shows: udev's own events, ConditionVirtualization, a freeze of the own root."""

from __future__ import annotations

from typing import Any

import pytest

import needs
from guests import machine, virtual_machine


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    needs.linux_guests(machine.FOR_VIRTUAL_MACHINES)
    return virtual_machine.check("bookworm")


def test_systemd_takes_it_for_hyper_v(found: dict[str, Any]) -> None:
    assert found["virtualization"] == "microsoft"
    assert found["conditional_unit"] is True


def test_udev_starts_every_daemon_at_boot(found: dict[str, Any]) -> None:
    assert found["nodes"] == ["hv_fcopy", "hv_kvp", "hv_vss"]
    assert found["units_at_boot"] == ["active"] * 3
    assert found["registered"] == [True] * 3
    assert found["value"] == "from the host"


def test_the_root_is_frozen_and_thawed(found: dict[str, Any]) -> None:
    freeze = found["freeze"]
    assert freeze["frozen"]["ok"], freeze
    assert (freeze["held"], freeze["thawed"]["ok"], freeze["written"]) == (True, True, True)


def test_devices_that_go_and_come_end_and_start_the_daemons(found: dict[str, Any]) -> None:
    assert set(found["units_without_devices"]) <= {"failed", "inactive"}
    assert found["units_with_devices_again"] == ["active"] * 3
