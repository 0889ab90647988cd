# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.hyperv.integration.plugins.filter.host_policy_fleet import FilterModule
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan


def test_filter_summarizes() -> None:
    filters = FilterModule().filters()
    found = filters["host_policy_fleet"]({"hv01": make_plan([], {})}, ["hv01", "hv02"], ["hv01"], ["hv01"])
    assert found["not_assessed"] == ["hv02"]
