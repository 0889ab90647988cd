# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which side is wrong: the truth table of both switches, the policy's wish, and what each side sees.

Four things are known of a service of a virtual machine.

* switch, of the host: on, off, absent (Hyper-V does not offer the service), unread.
* wish, of the policy: on, off, none. A protected service that no override lets go is wished for without any policy.
* view, what the host sees of a service that is on. See VIEWS: many reasons of vm_integration_service_info are one view.
* guest, the guest's own half. See GuestState in shapes.py.

ROWS is tried from the top, and the first row that fits concludes. What is not named in a row may be anything. Each
combination fits a row (a test goes through all of them), and each row is there for a combination.

The order says what counts more: the switch before the status, because a service that is off still reports that all is
well; the policy's "off" before what the guest does, because then nothing else needs mending; that a virtual machine
does not run, boots or is confidential before all that its guest does not answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import GuestState, Side

Switch = Literal["on", "off", "absent", "unread"]
Wish = Literal["on", "off", "none"]
View = Literal[
    "works",  # the guest answers, perhaps by an older protocol: usual with Linux, and for VSS
    "critical",  # the guest answers, and an application in it reports a critical state
    "silent",  # the guest has not made contact
    "booting",  # the guest has not made contact, and was started a short time ago
    "lost",  # the guest was in contact and no longer answers
    "incompatible",  # the protocol of the guest is incompatible
    "disabled",  # Hyper-V reports the service as disabled although its switch is on
    "error",  # Hyper-V reports an error, or a status that is not known
    "isolated",  # Linux refuses the service in a confidential virtual machine, as the host says or confirms
    "not_running",  # the virtual machine does not run
]
SWITCHES: tuple[Switch, ...] = Switch.__args__  # type: ignore[attr-defined]
WISHES: tuple[Wish, ...] = Wish.__args__  # type: ignore[attr-defined]
VIEWS: tuple[View, ...] = View.__args__  # type: ignore[attr-defined]
GUESTS: tuple[GuestState, ...] = GuestState.__args__  # type: ignore[attr-defined]

# Reasons of vm_integration_service_info (Get-Reason in _Verdict.psm1). Those that begin with vm_ are "not_running"; of
# host_switch and not_offered the switch tells all.
_VIEW_OF_REASON: Mapping[str, View] = {
    "in_contact": "works",
    "older_protocol": "works",
    "degraded": "works",
    "application_critical": "critical",
    "guest_silent": "silent",
    "no_status": "silent",
    "booting": "booting",
    "guest_lost": "lost",
    "communication_failed": "lost",
    "incompatible_protocol": "incompatible",
    "status_disabled": "disabled",
    "error": "error",
    "unknown_status": "error",
    "isolated": "isolated",
    "host_switch": "disabled",
    "not_offered": "not_running",
}
# For facts without a reason.
_VIEW_OF_VERDICT: Mapping[str, View] = {
    "ok": "works",
    "degraded": "works",
    "protocol_mismatch": "works",
    "no_contact": "silent",
    "lost_communication": "lost",
    "disabled": "disabled",
    "not_applicable": "not_running",
}
REASONS = (*_VIEW_OF_REASON, "vm_off", "vm_saved", "vm_paused")


def view_of(verdict: str, reason: str | None, uptime: float | None, grace: float) -> View:
    """Return what the host sees. uptime: of the virtual machine in seconds, null when it is not known.

    grace: for how many seconds after the start the silence of a guest counts as booting, whatever the module was told.
    """
    if reason and reason.startswith("vm_"):
        return "not_running"
    view = _VIEW_OF_REASON.get(reason or "") or _VIEW_OF_VERDICT.get(verdict, "error")
    if view in ("silent", "booting") and uptime is not None:
        return "booting" if uptime < grace else "silent"
    return view


@dataclass(frozen=True)
class Row:
    """One row of the truth table. case: its name, unique, for rules. An empty condition is fulfilled by anything.

    side: null when nothing is wrong. explanation, remedy: texts with fields of a service's facts in braces.
    """

    case: str
    side: Side | None
    explanation: str
    remedy: str | None = None
    switch: tuple[Switch, ...] = ()
    wish: tuple[Wish, ...] = ()
    view: tuple[View, ...] = ()
    guest: tuple[GuestState, ...] = ()

    def fits(self, switch: Switch, wish: Wish, view: View, guest: GuestState) -> bool:
        """Tell whether all conditions hold."""
        return all(
            not wanted or value in wanted
            for wanted, value in (
                (self.switch, switch),
                (self.wish, wish),
                (self.view, view),
                (self.guest, guest),
            )
        )


_WITH = "with the module hyperv.integration.vm_integration_service or the role host_policy."
_ENABLE = "Enable {service} on the host " + _WITH
_MEND = "{guest_remedy}"
_BROKEN: tuple[GuestState, ...] = ("stopped", "missing", "blocked")

ROWS: tuple[Row, ...] = (
    Row(
        "unread", "unknown", "The switch could not be read: nothing is known.", "See why, and look again.", ("unread",)
    ),
    # Not offered by Hyper-V: there is no switch that could be wrong.
    Row(
        "contradiction_absent",
        "both",
        "The two sides contradict each other: Hyper-V does not offer the service, yet the guest serves it.",
        "See whether these are the same machine: check what the guest was mapped to.",
        ("absent",),
        guest=("serving",),
    ),
    Row(
        "not_offered",
        "policy",
        "The policy wants the service on, but Hyper-V does not offer it to this virtual machine.",
        "Leave {service} out of what the policy wants of this virtual machine.",
        ("absent",),
        ("on",),
    ),
    Row("absent", None, "Hyper-V does not offer the service.", switch=("absent",)),
    # Off: the status says nothing, for a service that is off still reports that all is well.
    Row(
        "should_be_on_both",
        "both",
        "The switch on the host is off, and with it on the guest would not serve it either: {guest_explanation}",
        f"{_ENABLE} And in the guest: {_MEND}",
        ("off",),
        ("on",),
        guest=_BROKEN,
    ),
    Row(
        "should_be_on",
        "host",
        "The switch on the host is off, and it has to be on.",
        _ENABLE,
        ("off",),
        ("on",),
    ),
    Row(
        "contradiction_off",
        "both",
        "The two sides contradict each other: the switch on the host is off, yet the guest serves it.",
        "Look again: it may have been switched a moment ago. If it stays so, check what the guest was mapped to.",
        ("off",),
        guest=("serving",),
    ),
    # Not "off": without quotes that is no text in YAML.
    Row("switched_off", None, "Switched off on the host, and nobody wants it on.", switch=("off",)),
    # On. That it is to be off comes first: then nothing else needs mending.
    Row(
        "should_be_off",
        "host",
        "The switch on the host is on, and the policy wants it off.",
        "Disable {service} on the host " + _WITH,
        wish=("off",),
    ),
    Row(
        "not_running", None, "On; the virtual machine does not run, so the guest was not asked.", view=("not_running",)
    ),
    Row(
        "isolated_guest",
        None,
        "On, but the guest refuses the service because it is confidential: no finding. {guest_explanation}",
        view=("isolated",),
        guest=("unsupported",),
    ),
    Row(
        "isolated",
        None,
        "On, but Linux refuses the service in a confidential virtual machine ({isolation}): no finding.",
        view=("isolated",),
    ),
    Row(
        "status_disabled",
        "host",
        "The switch on the host is on, but Hyper-V reports the service as disabled.",
        "Switch {service} off and on again on the host; if it stays so, restart the virtual machine.",
        view=("disabled",),
        guest=("not_looked", "unknown", "not_offered", "unsupported", *_BROKEN),
    ),
    Row(
        "contradiction_on",
        "both",
        "The two sides contradict each other: the switch on the host is on ({verdict}), but {guest_explanation}",
        # Source: microsoft/lis-test#734: RHEL 6 always, RHEL 7 before kernel 3.10.0-383.
        "Old kernels (RHEL 6, early RHEL 7) see a new device only after a restart of the guest. Otherwise check what "
        "the guest was mapped to.",
        view=("works", "critical", "silent", "lost", "incompatible", "error"),
        guest=("not_offered",),
    ),
    Row(
        "contradiction_unsupported",
        "both",
        "The guest refuses the service as a confidential VM does, but the host does not confirm that ({verdict}, "
        "isolation {isolation}). The guest says: {guest_explanation}",
        "Check which VM the guest is mapped to. If the mapping is right, find out why the guest says so.",
        view=("works", "critical", "silent", "lost", "incompatible", "error"),
        guest=("unsupported",),
    ),
    Row(
        "contradiction_disabled",
        "both",
        "The two sides contradict each other: Hyper-V reports the service as disabled, yet the guest serves it.",
        "Switch {service} off and on again on the host; if it stays so, check what the guest was mapped to.",
        view=("disabled",),
    ),
    Row(
        "application_critical",
        "guest",
        "The guest answers, and an application in it reports a critical state.",
        "See in the guest which application reports it.",
        view=("critical",),
    ),
    Row(
        "next_boot",
        "guest",
        "The host sees the guest answer, but nothing in the guest will serve it for long: {guest_explanation}",
        _MEND,
        view=("works",),
        guest=_BROKEN,
    ),
    Row("ok", None, "Both sides do their part, as far as they were seen.", view=("works",)),
    # What is not installed or kept out does not come with time; what is stopped may.
    Row(
        "booting",
        None,
        "The guest boots; it has not made contact yet.",
        view=("booting",),
        guest=("serving", "stopped", "not_offered", "unsupported", "unknown", "not_looked"),
    ),
    Row(
        "guest_stopped",
        "guest",
        "On the host it is on; in the guest its driver or daemon does not run: {guest_explanation}",
        _MEND,
        view=("silent", "lost", "incompatible", "error"),
        guest=("stopped",),
    ),
    Row(
        "guest_missing",
        "guest",
        "On the host it is on; the guest lacks what serves it: {guest_explanation}",
        _MEND,
        guest=("missing",),
    ),
    Row(
        "guest_blocked",
        "guest",
        "On the host it is on; what serves it in the guest is kept from running: {guest_explanation}",
        _MEND,
        guest=("blocked",),
    ),
    Row(
        "guest_lost",
        "guest",
        "The guest was in contact and no longer answers: it hangs, is under load, or its driver or daemon stopped.",
        "Restart what serves {service} in the guest, or the guest; then see what its log says.",
        view=("lost",),
    ),
    Row(
        "guest_incompatible",
        "guest",
        "The protocol of the guest is incompatible with this host.",
        "Update the guest: the integration services come with its system.",
        view=("incompatible",),
    ),
    Row(
        "serving_unheard",
        "both",
        "The guest serves it, and the host hears nothing of it: the two did not find each other.",
        "Restart what serves {service} in the guest; if it stays so, restart the guest.",
        view=("silent", "error"),
        guest=("serving",),
    ),
    Row(
        "silent_unknown",
        "unknown",
        "On the host it is on, and the guest has not made contact. Its half was not seen there: {guest_explanation}",
        "Look into the guest again, as root.",
        view=("silent",),
        guest=("unknown",),
    ),
    Row(
        "silent_unseen",
        "unknown",
        "{service} is enabled on the host, but the guest has not responded. "
        "The cause is visible only inside the guest, which this audit did not inspect.",
        "Look into the guest: hyperv.integration.linux_guest_info in Linux, the services vmic* in Windows.",
        view=("silent",),
    ),
    Row(
        "error_unseen",
        "unknown",
        "Hyper-V reports an error of the service ({reason}); the guest's half was not seen.",
        "Look into the guest, and into the event log of the host.",
        view=("error",),
    ),
)


# Cases in which the host setting is not the one that the policy wants.
SETTING = frozenset(("should_be_on", "should_be_on_both", "should_be_off"))
# The switch is on as it should be, and what is wrong is the guest's side, or can be told only together with it.
OF_THE_GUEST = frozenset(row.case for row in ROWS if row.side in ("guest", "both", "unknown") and not row.switch)
# Of these: the host has no contact, or the two sides contradict each other about it.
NO_CONTACT = OF_THE_GUEST - {"application_critical", "next_boot"}


@cache
def conclude(switch: Switch, wish: Wish, view: View, guest: GuestState) -> Row:
    """Return the row that fits: the first."""
    return next(row for row in ROWS if row.fits(switch, wish, view, guest))


def filled(text: str, facts: Mapping[str, Any]) -> str:
    """Return a text with its fields in braces filled in; a path with dots goes into mappings. Null is "unknown"."""
    return PLACEHOLDER.sub(lambda match: _said(look_up(facts, match[1])), text)


PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)*)\}")


def look_up(facts: Any, path: str) -> Any:
    """Return what lies at a path with dots, null where it ends early."""
    for step in path.split("."):
        facts = facts.get(step) if isinstance(facts, Mapping) else None
    return facts


def _said(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, Mapping):  # such as {mount: /srv, reason: ...}
        return ": ".join(map(_said, value.values()))
    return str(value)
