# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The integration services that have a switch on a Hyper-V host.

This table is the one home of these facts in Python; _Components.psm1 is its twin in PowerShell, and a test proves
the two equal. PowerShell Direct is not in it: its only switch is the service in the guest.
"""

from typing import NamedTuple


class Component(NamedTuple):
    """One integration service as the host sees it.

    key: what users write, and the key in every result.
    guid: what follows the last backslash of a component's Id, upper case. The only way to recognise a service:
        names are localised. Source: identical in the sources of Vagrant, Packer and HyperVDsc, and in recorded objects.
    aliases: other words accepted for the key.
    display_name: the name shown on an English host. For messages only, never to be compared with.
    protected: whether it may be switched off only with a reason, unless the user says otherwise.
    impact: what is lost when it is off.
    enabled_by_default: its switch on a new virtual machine.

    Source of impact and enabled_by_default: Microsoft, "Hyper-V Integration Services" reference and "Manage Hyper-V
    Integration Services". That the two with high impact are protected is a decision of this collection.
    """

    key: str
    guid: str
    aliases: "tuple[str, ...]"
    display_name: str
    protected: bool
    impact: str
    enabled_by_default: bool


COMPONENTS: "tuple[Component, ...]" = (
    Component(
        key="heartbeat",
        guid="84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47",
        aliases=(),
        display_name="Heartbeat",
        protected=False,
        impact="the host no longer sees whether the operating system in the guest lives",
        enabled_by_default=True,
    ),
    Component(
        key="shutdown",
        guid="9F8233AC-BE49-4C79-8EE3-E7E1985B2077",
        aliases=(),
        display_name="Shutdown",
        protected=True,
        impact="the host can no longer shut the guest down, only cut its power: data may be lost",
        enabled_by_default=True,
    ),
    Component(
        key="time_synchronization",
        guid="2497F4DE-E9FA-4204-80E4-4B75C46419C0",
        aliases=("timesync",),
        display_name="Time Synchronization",
        protected=True,
        impact="the clock of the guest drifts unless it has another time source",
        enabled_by_default=True,
    ),
    Component(
        key="key_value_pair_exchange",
        guid="2A34B1C2-FD73-4043-8A5B-DD2159BC743F",
        aliases=("kvp",),
        display_name="Key-Value Pair Exchange",
        protected=False,
        impact="the host no longer sees the name, the addresses and the operating system of the guest",
        enabled_by_default=True,
    ),
    Component(
        key="vss",
        guid="5CED1297-4598-4915-A5FC-AD21BB4D02A4",
        aliases=("backup",),
        display_name="VSS",
        protected=False,
        impact="backups of the running guest are no longer consistent for its applications",
        enabled_by_default=True,
    ),
    Component(
        key="guest_service_interface",
        guid="6C09BB55-D683-4DA0-8931-C9BF705F6480",
        aliases=("gsi",),
        display_name="Guest Service Interface",
        protected=False,
        impact="the host can no longer copy files into the guest",
        enabled_by_default=False,
    ),
)

KEYS: "tuple[str, ...]" = tuple(component.key for component in COMPONENTS)
BY_KEY: "dict[str, Component]" = {component.key: component for component in COMPONENTS}
PROTECTED: "tuple[str, ...]" = tuple(component.key for component in COMPONENTS if component.protected)

# Words are compared exactly: keys are lower case ASCII, so no language's rules for letter case can interfere.
_KEY_OF_WORD: "dict[str, str]" = {
    word: component.key for component in COMPONENTS for word in (component.key, *component.aliases)
}
WORDS: "tuple[str, ...]" = tuple(_KEY_OF_WORD)


def service_key(word: str) -> "str | None":
    """Return the key for a key or an alias, and None when there is no such service."""
    return _KEY_OF_WORD.get(word)
