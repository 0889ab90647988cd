# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS, PROTECTED
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.profiles import PROFILES

ON, OFF, ALONE = True, False, None

# heartbeat, shutdown, time synchronization, data exchange, VSS, Guest Service Interface
TABLE = {
    "default_safe": (ON, ON, ON, ON, ON, OFF),
    "domain_controller": (ON, ON, ON, ON, ON, OFF),
    "backup": (ON, ON, ON, ON, ON, OFF),
    "replica": (ON, ON, ON, ON, ON, OFF),
    "hardened": (ON, ON, ON, ALONE, ON, OFF),
    "isolated": (ON, ON, ON, ALONE, ALONE, ALONE),
    "lab": (ON, ON, ON, ON, ON, ON),
    "azure_migrate": (ON, ON, ON, ON, ON, OFF),
    "none": (ALONE, ALONE, ALONE, ALONE, ALONE, ALONE),
}


def test_the_table_is_complete() -> None:
    assert list(PROFILES) == list(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_profile_switches(name: str) -> None:
    assert tuple(PROFILES[name].services.get(key) for key in KEYS) == TABLE[name]


@pytest.mark.parametrize("name", TABLE)
def test_profile_decides_every_service(name: str) -> None:
    """What it leaves alone is null, not missing: a later rule of a merged policy must not decide it."""
    assert list(PROFILES[name].services) == list(KEYS)


@pytest.mark.parametrize("name", TABLE)
def test_no_profile_disables_a_protected_service(name: str) -> None:
    assert not [key for key in PROTECTED if PROFILES[name].services.get(key) is False]


@pytest.mark.parametrize("name", TABLE)
def test_what_must_answer_is_switched_on(name: str) -> None:
    assert all(PROFILES[name].services[key] is True for key in PROFILES[name].in_contact)


def test_domain_controllers_are_told_to_prefer_the_guests_time_provider() -> None:
    (advice,) = PROFILES["domain_controller"].guest
    assert r"W32Time\TimeProviders\VMICTimeProvider" in advice.text
    assert "Enabled = 0" in advice.text
