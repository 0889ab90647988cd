# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The threat model names tests that exist, and a test for everything that somebody cannot reach."""

from __future__ import annotations

import ast
import re

from workspace import CHECKOUT

TEXT = (CHECKOUT / "docs" / "docsite" / "rst" / "guide_threat_model.rst").read_text(encoding="utf-8")
ROW = re.compile(r"(?m)^   \* - (?P<who>.*)\n     - (?P<what>.*)\n     - (?P<last>.*)$")
PROOF = re.compile(r"``(tests/\S+\.py)::(test_\w+)``")


def rows(title: str) -> list[re.Match[str]]:
    """The rows of the table of a section, without its head."""
    _head, *found = ROW.finditer(re.split(rf"(?m)^{title}\n-+\n", TEXT)[1].partition("\n\n\n")[0])
    return found


def test_every_named_test_exists() -> None:
    proofs = PROOF.findall(TEXT)
    assert len(proofs) > 20
    missing = []
    for path, name in proofs:
        tree = ast.parse((CHECKOUT / path).read_text(encoding="utf-8"))
        if name not in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}:
            missing.append(f"{path}::{name}")
    assert missing == []


def test_nothing_is_claimed_without_proof() -> None:
    claims = rows("What they cannot reach")
    assert len(claims) > 10
    assert [claim["what"] for claim in claims if not PROOF.search(claim["last"])] == []


def test_everybody_who_may_lie_is_kept_from_something() -> None:
    kept = {who for row in rows("What they cannot reach") for who in row["who"].split(", ")}
    assert {row["who"] for row in rows("Who may lie")} == kept
