# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which guest is which virtual machine.

1. By the id that the operator gave (vm_id). A replica has the id of its primary (unverified), so of several with one id
   those that run are meant: the guest answered, so it runs. Of several that run the one on the host that was given.
2. By the name that the operator gave (vm), exactly and without case, on the host that the operator gave, if any.
3. By the id that the guest claims, when nothing was given and no other guest claims it. The claim comes from a file
   that root in the guest can write: such a join is marked untrusted in the evidence, and never displaces a given one.

Never by the name of the guest or of the machine alone. What does not fit is not joined, and a rule tells it.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.guest import read_guest
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import CollectedGuest, CollectedHost
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.names import fold

Key = tuple[str, str]  # name of the host, id of the virtual machine

Outcome = Literal[
    "joined",
    "unmapped",  # the operator gave nothing, and the guest claims nothing
    "no_match",  # no virtual machine fits
    "host_not_seen",  # none fits of those that were seen, and a host that may have it did not tell all
    "several_matches",  # several do
    "contradicts_name",  # the operator gave an id and a name, and they are of different virtual machines
    "contradicts_claim",  # the guest claims another id than that of the virtual machine that the operator gave
    "shared",  # the operator gave several guests the same virtual machine
    "claim_shared",  # several guests claim the same id
    "claim_taken",  # the operator gave the claimed virtual machine another guest
    "not_hyperv",  # the guest says that it is no guest of Hyper-V at all
    "not_running",  # the host says that the virtual machine does not run, yet the guest answered
]
MAPPINGS: tuple[Outcome, ...] = Outcome.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, eq=False)
class Joined:
    """mapping: see Outcome. by: what it was tried by, vm_id, vm or claim, null for nothing.
    key: of the virtual machine when exactly one fits, joined or not. running: whether that one runs, by its host; null
    without one. candidates: how many fit.
    """

    guest: CollectedGuest
    mapping: Outcome
    by: Literal["vm_id", "vm", "claim"] | None
    key: Key | None
    candidates: int
    running: bool | None


def same_id(text: str) -> str:
    """Return the form in which equal ids are equal: recorded objects have them in upper and in lower case."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return fold(text)


def join(hosts: Iterable[CollectedHost], guests: Sequence[CollectedGuest]) -> list[Joined]:
    """Return for each guest, in the order given, what it was joined to or why it was not."""
    hosts = list(hosts)
    # A host that shows nothing may hide all it has from an account without rights.
    unseen = {
        fold(host["name"]) for host in hosts if host["error"] or not host["reachable"] or not host["virtual_machines"]
    }
    machines = {(host["name"], same_id(vm["id"])): vm for host in hosts for vm in host["virtual_machines"]}
    by_id, by_name = defaultdict(list), defaultdict(list)
    for key, vm in machines.items():
        by_id[key[1]].append(key)
        by_name[fold(vm["name"])].append(key)
    claims = Counter(same_id(guest["claimed_vm_id"]) for guest in guests if guest["claimed_vm_id"])

    def find(guest: CollectedGuest) -> Joined:
        by: Literal["vm_id", "vm", "claim"] | None = None
        found: list[Key] = []
        if guest["vm_id"]:
            by, found = "vm_id", by_id[same_id(guest["vm_id"])]
        elif guest["vm"]:
            by, found = "vm", by_name[fold(guest["vm"])]
        elif guest["claimed_vm_id"]:
            by, found = "claim", by_id[same_id(guest["claimed_vm_id"])]
        here = [key for key in found if guest["host"] and fold(key[0]) == fold(guest["host"])]
        if by == "vm" and guest["host"]:
            found = here
        elif by != "vm" and len(found) > 1:
            found = [key for key in found if _runs(machines[key])] or found
        if by == "vm_id" and len(found) > 1:
            found = [key for key in found if key in here] or found
        key = found[0] if len(found) == 1 else None
        mapping = _judge(guest, by, found, machines, claims)
        if mapping == "no_match" and _hidden(guest, by, unseen):
            mapping = "host_not_seen"
        return Joined(guest, mapping, by, key, len(found), _runs(machines[key]) if key else None)

    return _exclusive([find(guest) for guest in guests])


def _runs(vm: Mapping[str, Any]) -> bool:
    return vm.get("state") == "Running"


def _hidden(guest: CollectedGuest, by: str | None, unseen: Collection[str]) -> bool:
    """Whether the virtual machine of a guest may be on a host that did not tell all."""
    return fold(guest["host"]) in unseen if guest["host"] and by == "vm" else bool(unseen)


def _judge(
    guest: CollectedGuest,
    by: str | None,
    found: Sequence[Key],
    machines: Mapping[Key, Mapping[str, Any]],
    claims: Mapping[str, int],
) -> Outcome:
    claimed = same_id(guest["claimed_vm_id"]) if guest["claimed_vm_id"] else None
    if by is None:
        return "unmapped"
    if by == "claim" and claims[claimed or ""] > 1:
        return "claim_shared"
    if len(found) != 1:
        return "several_matches" if found else "no_match"
    vm = machines[found[0]]
    if by == "vm_id" and guest["vm"] and fold(guest["vm"]) != fold(vm["name"]):
        return "contradicts_name"
    if claimed not in (None, found[0][1]) and not _claim_is_stale(guest):
        return "contradicts_claim"
    if guest["facts"] is not None and guest["facts"].get("hyperv") is False:
        return "not_hyperv"
    if guest["facts"] is not None and not _runs(vm):
        return "not_running"
    return "joined"


def _claim_is_stale(guest: CollectedGuest) -> bool:
    """Tell whether the pool that holds the claim is of before: the host writes it through the daemon of data exchange.

    A clone keeps the pool of its image until that daemon runs.
    """
    facts = read_guest(guest)
    return facts is not None and facts.services["key_value_pair_exchange"]["state"] not in ("serving", "unknown")


def _exclusive(joined: Sequence[Joined]) -> list[Joined]:
    """A virtual machine has one guest: what was given goes before a claim, and two that were given exclude both."""
    given = Counter(item.key for item in joined if item.mapping == "joined" and item.by != "claim")

    def settle(item: Joined) -> Joined:
        if item.mapping != "joined" or item.key not in given:
            return item
        if item.by == "claim":
            return replace(item, mapping="claim_taken")
        if given[item.key] > 1:
            return replace(item, mapping="shared")
        return item

    return [settle(item) for item in joined]
