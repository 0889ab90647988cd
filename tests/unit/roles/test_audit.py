# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

VARS = Path(__file__).resolve().parents[3] / "roles" / "audit" / "vars" / "main.yml"


@pytest.mark.parametrize(
    ("selection", "name"),
    [
        ({}, "audit.json"),
        ({"exclude": ["web01"]}, "audit.json"),
        ({"name": ["web01"]}, "audit.partial.json"),
        ({"group": ["tier1"]}, "audit.partial.json"),
        ({"all": True}, "audit.json"),
    ],
)
def test_audit_of_a_selection_never_replaces_the_next_baseline(selection: dict[str, Any], name: str) -> None:
    """An exclusion belongs to every audit; a selection is a part that the next audit must not be compared with."""
    loader = DataLoader()
    role = loader.load_from_file(str(VARS), trusted_as_template=True)
    options = {"selection": selection, "partial": None, "keep_reports": 0, "report_dir": "/reports"}
    given = {
        "__audit_options": options,
        "__audit_collects": True,
        "__audit_limited": False,
        "__audit_collection_paths": [],
        "__audit_time": "2026-11-27T09:30:00Z",
        "audit_selection": selection,
        "audit_report_dir": "/reports",
    }
    names = Templar(loader, {**role, **given}).template(role["__audit_file_names"])
    assert names["json"] == f"/reports/{name}"
