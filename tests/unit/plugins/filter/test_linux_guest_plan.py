# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.filter.linux_guest_plan import FilterModule

FACTS = {
    "hyperv": False,
    "container": None,
    "root_partition": False,
    "kernel": "6.1.0",
    "architecture": "x86_64",
    "distribution": {"id": "debian", "version": "12", "name": "Debian 12"},
}
FAMILY: dict[str, Any] = {"name": "Debian", "services": {}, "time": None, "rows": []}


def test_filter_plans() -> None:
    plan = FilterModule().filters()["linux_guest_plan"](FACTS, FAMILY, {})
    assert plan["act"] is False
    assert "no guest of Hyper-V" in plan["reason"]


def test_bad_wish_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match="linux_guest_services"):
        FilterModule().filters()["linux_guest_plan"](FACTS, FAMILY, {"services": {"vss": "on"}})
