# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import plain, plain_or_json


def audit_headlines(
    audit: Mapping[str, Any] | str,
    at_least: str = "info",
    most: int = 10,
    fail_on: str | None = None,
    fail_on_new: str | None = None,
) -> list[str]:
    # Not above: for one filter Ansible imports those of the whole collection, anew in each process it forks.
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.gate import THRESHOLDS
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.headlines import headlines
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import SEVERITIES

    thresholds = {"fail_on": fail_on or "never", "fail_on_new": fail_on_new or "never"}
    for name, value, choices in (
        ("at_least", at_least, SEVERITIES),
        *((name, value, THRESHOLDS) for name, value in thresholds.items()),
    ):
        if value not in choices:
            raise AnsibleFilterError(f"{name} is {value!r}, not one of {', '.join(choices)}")
    return headlines(plain_or_json(audit), plain(at_least), most, **plain(thresholds))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"audit_headlines": audit_headlines}
