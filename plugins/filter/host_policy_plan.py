# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import plain


def host_policy_plan(virtual_machines: Sequence[Mapping[str, Any]], policy: Mapping[str, Any]) -> dict[str, Any]:
    # Not above: for one filter Ansible imports those of the whole collection, anew in each process it forks.
    from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.errors import PolicyError
    from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan

    try:
        return dict(make_plan(plain(virtual_machines), plain(policy), datetime.now(UTC).date()))
    except PolicyError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"host_policy_plan": host_policy_plan}
