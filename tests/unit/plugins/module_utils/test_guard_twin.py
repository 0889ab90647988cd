# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module and policy accept and refuse the same overrides: one table, both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.guard import check_override
from override_cases import ACCEPTED, REFUSED, Read
from powershell_runner import CULTURES, run

SCRIPT = """
foreach ($value in $data) {
    if ($value -is [System.Management.Automation.PSCustomObject]) {
        $table = [System.Collections.Generic.Dictionary[string, object]]::new()
        foreach ($property in $value.PSObject.Properties) {
            $table[$property.Name] = $property.Value
        }
        $value = $table
    }
    ConvertTo-Override -Value $value
}
"""


@pytest.mark.parametrize("culture", CULTURES)
def test_overrides_in_the_module(pwsh: str, culture: str) -> None:
    """The module reads each override as the table says, whatever the culture of the host."""
    values = [value for value, _expected in (*ACCEPTED, *REFUSED)]
    read = run(pwsh, ("_Components", "_Text", "_Guard"), SCRIPT, values, culture)
    accepted, refused = read[: len(ACCEPTED)], read[len(ACCEPTED) :]
    assert [(each["Problem"], each["Reason"], each["Until"]) for each in accepted] == [
        (None, expected.reason, expected.until) for _value, expected in ACCEPTED
    ]
    for each, (value, said) in zip(refused, REFUSED, strict=True):
        assert said in (each["Problem"] or ""), value


@pytest.mark.parametrize(("value", "expected"), ACCEPTED)
def test_accepted_override_in_the_policy(value: Any, expected: Read) -> None:
    override = check_override(value)
    assert (override.reason, override.until and override.until.isoformat()) == expected


@pytest.mark.parametrize(("value", "said"), REFUSED)
def test_refused_override_in_the_policy(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        check_override(value)
