# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes and the devices that they hold."""

from __future__ import annotations

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.processes import Processes
from guest_tree import Tree

NODE = "/dev/vmbus/hv_kvp"


def test_the_holder_of_a_device(guest: Tree) -> None:
    assert Processes(guest.root).holder(NODE, ["hv_kvp_daemon"]) == ({"pid": 412, "name": "hv_kvp_daemon"}, True)
    assert Processes(guest.root).holder("/dev/vmbus/hv_fcopy", ["hv_fcopy_daemon"]) == (None, True)


def test_the_holder_may_be_somebody_else(guest: Tree) -> None:
    guest.add({"/dev/vmbus/hv_fcopy": ""}).process(7, "python3 /opt/probe.py", "/dev/vmbus/hv_fcopy")
    holder, complete = Processes(guest.root).holder("/dev/vmbus/hv_fcopy", ["hv_fcopy_daemon"])
    assert complete
    assert holder == {"pid": 7, "name": "python3"}


def test_open_files_of_all_are_read_once_for_all_nodes_and_not_for_a_missing_one(
    guest: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest with 45 000 open files takes half a second for each look at them all (measured)."""
    looks: list[str] = []
    names = Root.names

    def noted(root: Root, path: str) -> list[str]:
        looks.append(path)
        return names(root, path)

    monkeypatch.setattr(Root, "names", noted)
    processes = Processes(guest.root)
    looks.clear()
    assert processes.holder("/dev/vmbus/hv_fcopy", ["hv_fcopy_daemon"]) == (None, True)
    assert looks == []
    for number in (412, 413):
        for file in (guest.path / f"proc/{number}/fd").iterdir():
            file.unlink()
    guest.add({"/dev/vmbus/hv_fcopy": ""})
    for node in ("hv_kvp", "hv_vss", "hv_fcopy"):
        assert processes.holder(f"/dev/vmbus/{node}", []) == (None, True)
    assert sorted(looks) == ["/proc/412/fd", "/proc/413/fd"]


def test_programs_go_by_their_command_line_else_by_their_short_name(tree: Tree) -> None:
    tree.process(1, "/usr/lib/systemd/systemd-timesyncd").process(2, "")
    tree.add({"/proc/2/cmdline": "", "/proc/2/comm": "kworker/0:1\n", "/proc/self": "->2", "/proc/3/other": ""})
    processes = Processes(tree.root)
    assert processes.running(["systemd-timesyncd"]) == 1
    assert processes.running(["kworker/0:1"]) == 2
    assert processes.running(["chronyd"]) is None
