# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import audit_guide
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import parse_rules
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.side import ROWS, VIEWS


def test_tables_of_the_guide_are_those_of_the_code() -> None:
    text = audit_guide.GUIDE.read_text(encoding="utf-8")
    assert audit_guide.generated(text) == text, "write them: python tests/lab/audit_guide.py"


def test_every_table_is_in_the_guide() -> None:
    text = audit_guide.GUIDE.read_text(encoding="utf-8")
    assert sorted(match["name"] for match in audit_guide.MARK.finditer(text)) == sorted(audit_guide.tables())
    words = [rule.id for rule in parse_rules([])[0]] + [row.case for row in ROWS] + list(VIEWS)
    assert [word for word in words if f"``{word}``" not in text] == []


def test_stale_table_is_made_anew() -> None:
    text = audit_guide.GUIDE.read_text(encoding="utf-8")
    stale = re.sub(r"(?m)^   \* - ``unread``\n", "", text, count=1)
    assert stale != text
    assert audit_guide.generated(stale) == text


def test_return_value_is_shown_without_the_markup_of_modules() -> None:
    text = audit_guide.tables()["facts_of_guest"]
    assert "RV(" not in text
    assert "     - ``linux_guest``, as the module ``linux_guest_info`` returns it\n" in text
