# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.verdict import VERDICTS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.guest import GuestFacts, read_guest

Make = Callable[..., dict[str, Any]]
STATES = {
    "ok": "serving",
    "prepared": "unknown",
    "not_hyperv": "not_offered",
    "host_disabled": "not_offered",
    "not_supported_isolated": "unsupported",
    "no_driver": "stopped",
    "driver_missing": "missing",
    "driver_blocked": "blocked",
    "not_packaged": "missing",
    "no_daemon": "missing",
    "daemon_stopped": "stopped",
    "degraded": "stopped",
    "unknown": "unknown",
}


def read(guest: dict[str, Any]) -> GuestFacts:
    found = read_guest(guest)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_every_verdict_of_linux_guest_info_is_known_here() -> None:
    assert tuple(STATES) == VERDICTS


@pytest.mark.parametrize("verdict", VERDICTS)
def test_verdict(guest: Make, verdict: str) -> None:
    found = read(guest(services={"vss": verdict})).services["vss"]
    assert found["state"] == STATES[verdict]
    assert found["explanation"] == f"it is {verdict}"
    assert found["remedy"] == (None if verdict == "ok" else f"mend {verdict}")


def test_masked_unit_is_kept_from_running(guest: Make) -> None:
    services = {"vss": {"verdict": "daemon_stopped", "unit_masked": True}}
    assert read(guest(services=services)).services["vss"]["state"] == "blocked"


def test_verdict_of_a_later_version_and_a_service_that_is_not_there_are_unknown(guest: Make) -> None:
    given = guest(services={"vss": "brilliant"})
    del given["facts"]["services"]["heartbeat"]
    found = read(given)
    assert (found.services["vss"]["state"], found.services["heartbeat"]["state"]) == ("unknown", "unknown")


@pytest.mark.parametrize(("uses_ptp", "clock"), [(True, True), (False, False), (None, None)])
def test_clock(guest: Make, uses_ptp: bool | None, clock: bool | None) -> None:
    assert read(guest(facts={"time": {"uses_ptp": uses_ptp}})).clock is clock


@pytest.mark.parametrize(("isolation", "shown"), [("none", None), (None, None), ("SNP", "SNP")])
def test_isolation(guest: Make, isolation: str | None, shown: str | None) -> None:
    assert read(guest(facts={"isolation": isolation})).isolation == shown


def test_nothing_is_read_where_nobody_looked(guest: Make) -> None:
    given = {**guest(), "facts": None}
    assert read_guest(given) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("system", ["windows", "unknown"])
def test_facts_of_a_system_that_is_not_read_yet_are_unknown(guest: Make, system: str) -> None:
    found = read(guest(system=system))
    assert {found.services[key]["state"] for key in KEYS} == {"unknown"}
    assert (found.system, found.clock) == (system, None)


def test_facts_without_anything_are_unknown(guest: Make) -> None:
    found = read({**guest(), "facts": {}})
    assert {found.services[key]["state"] for key in KEYS} == {"unknown"}
