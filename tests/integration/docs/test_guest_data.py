# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks of the guide to data of guests, run on this machine in place of a guest."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import KEY_SIZE, VALUE_SIZE
from code_blocks import Block, code_blocks
from kvp_guest import KVP, KVP_INFO, LocalGuest
from kvp_samples import RECORDED, pool_of
from playbook_runner import Run, run_playbook
from workspace import CHECKOUT

GUIDE = CHECKOUT / "docs" / "docsite" / "rst" / "guide_guest_data.rst"
PLAYBOOKS = [block for block in code_blocks(GUIDE) if block.kind == "playbook"]


def run(block: Block, guest: LocalGuest, directory: Path) -> Run:
    """Run a playbook of the guide with the pools of the test, and without becoming root."""
    plays = yaml.safe_load(block.text)
    for play in plays:
        play["module_defaults"] = {name: {"directory": str(guest.pools)} for name in (KVP, KVP_INFO)}
        for task in play["tasks"]:
            task.pop("become", None)
    path = directory / "playbook.yml"
    path.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    done = run_playbook(guest.inventory, path)
    assert done.code == 0, done.output
    return done


@pytest.mark.parametrize("block", PLAYBOOKS, ids=lambda block: block.file_name)
def test_playbooks_run(block: Block, tmp_path: Path) -> None:
    guest = LocalGuest(tmp_path)
    guest.write_pool(pool_of(("org.example/owner", "team")), 0)
    guest.write_pool((RECORDED / "cloud-init-25.1.4.bin").read_bytes())
    guest.write_pool((RECORDED / "hv_kvp_daemon-6.1" / "kvp_pool_3.bin").read_bytes(), 3)
    last = run(block, guest, tmp_path).results[-1]
    match block.file_name:
        case "guest_data.yml":
            assert last.data["msg"] == {"host": "HV-BERLIN", "name": "web01", "items": {"org.example/owner": "team"}}
            assert guest.pool().endswith(pool_of(("org.example/role", "web"), ("org.example/release", "2026.11")))
        case "generalize.yml":
            assert guest.pool() == b""
        case "provisioning.yml":
            assert [text.startswith('script failed: "exit 1"') for text in last.data["msg"]] == [True]
        case other:
            pytest.fail(f"{other} has no expectation here")


def test_the_limits_of_the_guide_hold() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for number in (254, 1022, KEY_SIZE - 1, VALUE_SIZE - 1):
        assert f"     - {number} " in text
    assert Edit({"k" * 254: "v" * 1022}).wanted
