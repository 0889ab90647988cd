# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import plain


def host_policy_check(policies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    # Not above: for one filter Ansible imports those of the whole collection, anew in each process it forks.
    from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.check import check_policies

    return dict(check_policies(plain(policies), datetime.now(UTC).date()))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"host_policy_check": host_policy_check}
