# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict table of _Verdict.psm1: every row, under cultures that bend comparisons."""

from __future__ import annotations

from typing import Any

import pytest

from powershell_runner import CULTURES, run

RUNNING, OFF, SAVED, STARTING = 2, 3, 6, 10

# enabled, primary, secondary, state, booting, isolated, key -> verdict, reason
CASES: list[tuple[bool | None, int | None, int | None, int, bool, bool, str, str, str]] = [
    (None, None, None, RUNNING, False, False, "vss", "not_applicable", "not_offered"),
    (None, None, None, OFF, False, False, "vss", "not_applicable", "not_offered"),
    (False, 2, None, RUNNING, False, False, "vss", "disabled", "host_switch"),
    (False, 12, None, RUNNING, True, True, "vss", "disabled", "host_switch"),
    (False, 2, None, OFF, False, False, "vss", "disabled", "host_switch"),
    (True, 2, 2, OFF, False, False, "heartbeat", "not_applicable", "vm_off"),
    (True, None, None, SAVED, False, False, "heartbeat", "not_applicable", "vm_saved"),
    (True, 12, None, STARTING, True, False, "heartbeat", "not_applicable", "vm_starting"),
    (True, 12, None, RUNNING, False, True, "vss", "not_applicable", "isolated"),
    (True, None, None, RUNNING, False, True, "guest_service_interface", "not_applicable", "isolated"),
    (True, 2, None, RUNNING, False, True, "key_value_pair_exchange", "ok", "in_contact"),
    (True, 12, None, RUNNING, False, True, "shutdown", "no_contact", "guest_silent"),
    (True, None, None, RUNNING, False, False, "vss", "no_contact", "no_status"),
    (True, 2, None, RUNNING, False, False, "vss", "ok", "in_contact"),
    (True, 2, 2, RUNNING, False, False, "heartbeat", "ok", "in_contact"),
    (True, 2, 32775, RUNNING, False, False, "vss", "protocol_mismatch", "older_protocol"),
    (True, 3, 32775, RUNNING, False, False, "vss", "protocol_mismatch", "older_protocol"),
    (True, 2, 32782, RUNNING, False, False, "heartbeat", "degraded", "application_critical"),
    (True, 2, 32783, RUNNING, False, False, "vss", "lost_communication", "communication_failed"),
    (True, 2, 32784, RUNNING, False, False, "vss", "lost_communication", "communication_failed"),
    (True, 3, None, RUNNING, False, False, "vss", "degraded", "degraded"),
    (True, 12, None, RUNNING, True, False, "vss", "no_contact", "booting"),
    (True, 12, None, RUNNING, False, False, "vss", "no_contact", "guest_silent"),
    (True, 13, None, RUNNING, True, False, "vss", "lost_communication", "guest_lost"),
    (True, 7, None, RUNNING, False, False, "vss", "error", "incompatible_protocol"),
    (True, 6, None, RUNNING, False, False, "vss", "error", "error"),
    (True, 32896, None, RUNNING, False, False, "vss", "disabled", "status_disabled"),
    (True, 4711, None, RUNNING, False, False, "vss", "error", "unknown_status"),
    (True, 2, 4711, RUNNING, False, False, "vss", "error", "unknown_status"),
    (True, 0, None, RUNNING, False, False, "vss", "error", "unknown_status"),
]

SCRIPT = """
foreach ($case in $data) {
    $component = $null
    if ($null -ne $case.enabled) {
        $component = [pscustomobject]@{
            Enabled = $case.enabled
            PrimaryOperationalStatus = $case.primary
            SecondaryOperationalStatus = $case.secondary
        }
    }
    Get-Verdict -Key $case.key -Component $component -State $case.state -StateName $case.state_name -Booting $case.booting -Isolation $case.isolation
}
"""
STATE_NAMES = {RUNNING: "Running", OFF: "Off", SAVED: "Saved", STARTING: "Starting"}


@pytest.mark.parametrize("culture", CULTURES)
def test_every_row_of_the_table(pwsh: str, culture: str) -> None:
    names = ("enabled", "primary", "secondary", "state", "booting", "isolated", "key")
    data: list[dict[str, Any]] = [dict(zip(names, case, strict=False)) for case in CASES]
    for case in data:
        case["state_name"] = STATE_NAMES[case["state"]]
        case["isolation"] = "SNP" if case["isolated"] else "TrustedLaunch"
    answers = run(pwsh, ("_Verdict",), SCRIPT, data, culture)
    assert [(a["verdict"], a["reason"]) for a in answers] == [case[-2:] for case in CASES]
    assert all(a["explanation"].endswith(".") for a in answers)


def test_no_combination_falls_through(pwsh: str) -> None:
    """All enum values of primary x secondary, with and without what changes the meaning: one verdict of the eight each."""
    script = """
    $status = $null, 2, 3, 6, 7, 12, 13, 15, 32775, 32782, 32783, 32784, 32896, 1
    $flags = @{ Key = 'vss'; StateName = 'X' }
    $verdicts = foreach ($enabled in $true, $false) {
        foreach ($primary in $status) {
            foreach ($secondary in $status) {
                $component = [pscustomobject]@{ Enabled = $enabled; PrimaryOperationalStatus = $primary; SecondaryOperationalStatus = $secondary }
                foreach ($state in 2, 3, 9, 32785) {
                    foreach ($flag in $true, $false) {
                        $isolation = @{ $true = 'SNP'; $false = '' }[$flag]
                        @(Get-Verdict @flags -Component $component -State $state -Booting $flag -Isolation $isolation | ForEach-Object { $_.verdict }) -join ','
                    }
                }
            }
        }
    }
    $verdicts | Group-Object | ForEach-Object { @{ verdict = $_.Name; count = $_.Count } }
    """
    verdicts = {answer["verdict"]: answer["count"] for answer in run(pwsh, ("_Verdict",), script)}
    assert set(verdicts) == {
        "ok",
        "degraded",
        "protocol_mismatch",
        "no_contact",
        "lost_communication",
        "error",
        "disabled",
        "not_applicable",
    }
    assert sum(verdicts.values()) == 2 * 14 * 14 * 4 * 2


def test_a_busy_virtual_machine_is_told_apart(pwsh: str) -> None:
    script = """
    foreach ($case in $data) {
        (Get-BusyReason -VM ([pscustomobject]@{ Id = 'it'; State = $case.state; OperationalStatus = @($case.status) })).Count -eq 1
    }
    """
    calm = [(2, [2]), (3, []), (6, [2]), (9, [2]), (32785, [32795])]
    busy = [(4, [2]), (10, [2]), (32773, [2]), (2, [32774]), (2, [11, 32774]), (2, [32776]), (3, [32773])]
    data = [{"state": state, "status": status} for state, status in calm + busy]
    assert run(pwsh, ("_Verdict",), script, data) == [False] * len(calm) + [True] * len(busy)


def test_isolation_is_read_with_a_guard_for_older_modules(pwsh: str) -> None:
    script = """
    foreach ($value in 'SNP', 'Disabled', '', $null) { "$(Get-Isolation -VM ([pscustomobject]@{ GuestStateIsolationType = $value }))" }
    "$(Get-Isolation -VM ([pscustomobject]@{ Name = 'without the property' }))"
    """
    assert run(pwsh, ("_Verdict",), script) == ["SNP", "", "", "", ""]
