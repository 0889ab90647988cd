# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS

MakeFacts = Callable[..., dict[str, Any]]


@pytest.fixture
def vm() -> MakeFacts:
    """Make the facts of a virtual machine as vm_integration_service_info returns them."""

    def make(name: str, /, *, off: tuple[str, ...] = ("guest_service_interface",), **facts: Any) -> dict[str, Any]:
        services = {key: {"offered": True, "enabled": key not in off, "verdict": "ok"} for key in KEYS}
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
            "name": name,
            "state": "Running",
            "state_code": 2,
            "groups": [],
            "generation": 2,
            "isolation": None,
            "notes": "",
            "replication": {"mode": "None", "mode_code": 0},
            "services": services,
            **facts,
        }

    return make
