# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard: protected services are switched off only with a reason.

What an override may look like has a twin in PowerShell, module_utils/_Guard.psm1; a test proves that both accept and
refuse the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict

from ansible_collections.hyperv.integration.plugins.module_utils._components import BY_KEY

MINIMUM_REASON = 8

# What serves the purpose better than switching the service off on the host.
_INSTEAD = {
    "time_synchronization": (
        "A domain controller needs no exception: the profile domain_controller keeps the host's switch on and explains "
        "how to prefer the domain's time in the guest."
    ),
}

_OVERRIDE_FIELDS = ("reason", "until")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Refusal(TypedDict):
    """service: key. rule: label of the rule that asked. why: what would be lost. override: how to insist.

    expired: the day on which an override ended that would have permitted it, null when there is none.
    """

    service: str
    rule: str
    why: str
    override: str
    expired: str | None


@dataclass(frozen=True)
class Override:
    """Why a protected service may be off. until: the last day on which it may, null for good."""

    reason: str
    until: date | None = None

    def expired(self, today: date | None) -> bool:
        """Tell whether the last day has passed. today: null when that does not matter."""
        return self.until is not None and today is not None and today > self.until


def check_override(raw: object) -> Override:
    """Return an override written as a text, or as a mapping of reason and, if it has a last day, until.

    Raises ValueError, whose text begins with the field of a mapping that is wrong.
    """
    if not isinstance(raw, Mapping):
        return Override(check_reason(raw))
    for field in raw:
        if field not in _OVERRIDE_FIELDS:
            raise ValueError(f"{field}: an override has no such field; it has {', '.join(_OVERRIDE_FIELDS)}")
    # An until that is there and empty is a day that somebody forgot, not one that never comes.
    return Override(check_reason(raw.get("reason")), _day(raw["until"]) if "until" in raw else None)


def _day(raw: object) -> date:
    # YAML makes a date of what is written without quotes, and a moment of a date with a time.
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    try:
        # The pattern comes first: fromisoformat alone takes weeks, too.
        if isinstance(raw, str) and _DAY.fullmatch(raw):
            return date.fromisoformat(raw)
    except ValueError:
        pass
    raise ValueError(f"until {raw!r}: write the last day, as in 2026-12-31")


def check_reason(reason: object) -> str:
    """Return an override's reason without surrounding blanks; raises ValueError when an auditor would learn nothing."""
    if not isinstance(reason, str) or len(reason.strip()) < MINIMUM_REASON:
        raise ValueError(
            f"a reason is a string of at least {MINIMUM_REASON} characters; say why the service is not needed, "
            "an auditor will read it"
        )
    return reason.strip()


def refuse(service: str, rule: str, ended: Override | None = None) -> Refusal:
    """Return why a rule may not switch a protected service off, and how to insist. ended: an expired override."""
    why = f"{service} is protected, because without it {BY_KEY[service].impact}"
    if ended:
        return Refusal(
            service=service,
            rule=rule,
            why=f"the override ({ended.reason}) ended on {ended.until}, and {why}",
            override=f"If it has to be off still, renew it: overrides: {{{service}: {{reason: ..., until: <day>}}}}.",
            expired=str(ended.until),
        )
    return Refusal(
        service=service,
        rule=rule,
        why=why,
        override=" ".join(
            filter(
                None,
                (
                    _INSTEAD.get(service),
                    f"If it has to be, say why beside it: overrides: {{{service}: <reason of at least "
                    f"{MINIMUM_REASON} characters>}}.",
                ),
            )
        ),
        expired=None,
    )


def refusal_text(refusal: Refusal) -> str:
    """Return a refusal as one line."""
    return f"{refusal['rule']}: services.{refusal['service']} false: refused. {refusal['why']}. {refusal['override']}"
