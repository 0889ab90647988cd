# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Overrides whose last day is near."""

from __future__ import annotations

from datetime import date
from typing import TypedDict

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.guard import Override


class Ending(TypedDict):
    """service: key. rule: label of the rule that needs the override. until: the last day. days: left until then."""

    service: str
    rule: str
    reason: str
    until: str
    days: int


def find_ending(service: str, rule: str, override: Override, today: date | None, warning_days: int) -> Ending | None:
    """Return what is to be said of an override that ends within that many days, None of any other."""
    if override.until is None or today is None or not 0 <= (override.until - today).days <= warning_days:
        return None
    days = (override.until - today).days
    return Ending(service=service, rule=rule, reason=override.reason, until=str(override.until), days=days)


def ending_text(ending: Ending) -> str:
    """Return it as one line, with what to do."""
    service = ending["service"]
    when = {0: "today", 1: "tomorrow"}.get(ending["days"], f"in {ending['days']} days")
    return (
        f"{ending['rule']}: the override for {service} ({ending['reason']}) ends {when}, on {ending['until']}. "
        f"Renew it, or take services: {{{service}: false}} out of the rule."
    )
