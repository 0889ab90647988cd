# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks of the guide to Linux guests and of the role's README, in a fabricated guest."""

from __future__ import annotations

from pathlib import Path

import pytest

from code_blocks import CHECKOUT, code_blocks
from fabricated.recipe import Recipe
from fabricated.world import World
from playbook_runner import run_playbook

DOCUMENTS = ["docs/docsite/rst/guide_linux_guests.rst", "roles/linux_guest/README.md"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_playbooks_run(document: str, tmp_path: Path) -> None:
    playbooks = []
    for block in code_blocks(CHECKOUT / document):
        if block.kind == "playbook":
            playbooks.append(tmp_path / f"line{block.line}.yml")
            playbooks[-1].write_text(block.text.replace("hyperv_linux_guests", "guests"), encoding="utf-8")
    assert len(playbooks) >= 2
    with World([Recipe("guest", "debian-12")], tmp_path / "world") as world:
        inventory = world.inventory({"guest": {"ansible_become": False}})
        done = run_playbook(inventory, playbooks[-1], *map(str, playbooks[:-1]), env=world.environment())
    assert done.code == 0, done.output
    assert done.recap("guest")["changed"] > 0
