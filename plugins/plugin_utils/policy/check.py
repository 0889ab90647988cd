# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies of all hosts, checked without a look at any host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypedDict

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.explain import some
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.last_days import ending_text
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.rules import policy_endings, policy_problems


class Check(TypedDict):
    """problems: what keeps a policy from being applied as a whole, overrides that have ended included.
    ending: overrides that end soon. Each is a line that begins with the hosts whose policy it is about.
    """

    problems: list[str]
    ending: list[str]


def check_policies(policies: Mapping[str, Mapping[str, Any]], today: date) -> Check:
    """Return what is wrong with the policies (see parse_policy) of hosts, by the hosts' names."""
    return Check(
        problems=_by_text(policies, lambda policy: policy_problems(policy, today=today)),
        ending=_by_text(policies, lambda policy: [ending_text(ending) for ending in policy_endings(policy, today)]),
    )


def _by_text(policies: Mapping[str, Mapping[str, Any]], texts: Callable[[Mapping[str, Any]], list[str]]) -> list[str]:
    """Hosts of a group share their policy: say the same text once."""
    about: dict[str, list[str]] = {}
    for host, policy in policies.items():
        for text in texts(policy):
            about.setdefault(text, []).append(host)
    return [f"{some(hosts)}: {text}" for text, hosts in about.items()]
