# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard: protected services are switched off only with a reason."""

from __future__ import annotations

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


class Refusal(TypedDict):
    """service: key. rule: label of the rule that asked. why: what would be lost. override: how to insist."""

    service: str
    rule: str
    why: str
    override: str


def check_reason(reason: object) -> str:
    """Return an override's reason without surrounding blanks; raises ValueError when an auditor would learn nothing."""
    if not isinstance(reason, str) or len(reason.strip()) < MINIMUM_REASON:
        raise ValueError(
            f"a reason has at least {MINIMUM_REASON} characters; say why the service is not needed, "
            "an auditor will read it"
        )
    return reason.strip()


def refuse(service: str, rule: str) -> Refusal:
    """Return why a rule may not switch a protected service off, and how to insist."""
    return Refusal(
        service=service,
        rule=rule,
        why=f"{service} is protected, because without it {BY_KEY[service].impact}",
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
    )


def refusal_text(refusal: Refusal) -> str:
    """Return a refusal as one line."""
    return f"{refusal['rule']}: services.{refusal['service']} false: refused. {refusal['why']}. {refusal['override']}"
