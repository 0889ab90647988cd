# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two tables of integration services say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._components import COMPONENTS, PROTECTED
from powershell_runner import CULTURES, UTILS, run


def test_the_tables_are_equal(pwsh: str) -> None:
    table = run(pwsh, ("_Components",), "Get-ComponentTable")
    assert [(row["Key"], row["Guid"], row["Protected"], row["Impact"]) for row in table] == [
        (c.key, c.guid, c.protected, c.impact) for c in COMPONENTS
    ]


@pytest.mark.parametrize("culture", CULTURES)
def test_guids_are_found_without_case_in_any_culture(pwsh: str, culture: str) -> None:
    guids = [change(c.guid) for c in COMPONENTS for change in (str.lower, str.upper)]
    found = run(
        pwsh,
        ("_Components",),
        "$keys = Get-ComponentKeyByGuid; foreach ($guid in $data) { $keys[$guid] }",
        guids,
        culture,
    )
    assert found == [c.key for c in COMPONENTS for twice in range(2)]


def test_the_modules_know_the_same_keys_and_protect_the_same_services() -> None:
    source = Path(UTILS.parent, "modules", "vm_integration_service.ps1").read_text(encoding="utf-8")
    protected = ", ".join(f"'{key}'" for key in PROTECTED)
    choices = ", ".join(f"'{c.key}'" for c in COMPONENTS)
    assert f"default = @({protected})" in source
    assert f"choices = @({choices})" in source
    for component in COMPONENTS:
        alias = "".join(f"; aliases = @('{alias}')" for alias in component.aliases)
        assert source.count(f"{component.key} = @{{ type = 'bool'{alias} }}") == 2
        assert source.count(f"{component.key} = @{{ type = 'raw'{alias}") == 2
