# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read under a root stays in it, and what may not be read is known."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root
from guest_tree import Tree


def test_links_stay_inside_of_the_root(tree: Tree) -> None:
    tree.add({"/usr/lib/os-release": "inside", "/etc/os-release": "->/usr/lib/os-release", "/a": "->../../../b"})
    tree.add({"/b": "->etc/os-release"})
    assert tree.root.text("/etc/os-release") == "inside"
    assert tree.root.real("/a") == "/usr/lib/os-release"
    assert tree.root.text("/a") == "inside"
    assert tree.root.link("/b") == "etc/os-release"


def test_a_loop_of_links_is_nothing_to_read(tree: Tree) -> None:
    tree.add({"/x": "->/y", "/y": "->/x"})
    assert tree.root.text("/x") is None
    assert not tree.root.exists("/x")
    assert tree.root.names("/x") == []


def test_a_root_that_is_a_link_itself(tree: Tree, tmp_path: Path) -> None:
    tree.add({"/etc/hostname": "guest\n"})
    (tmp_path / "link").symlink_to(tree.path)
    assert Root(str(tmp_path / "link")).line("/etc/hostname") == "guest"


def test_what_is_not_there_is_nothing(tree: Tree) -> None:
    tree.add({"/file": "text"})
    assert (tree.root.text("/none"), tree.root.names("/none"), tree.root.link("/file")) == (None, [], None)
    assert tree.root.names("/file") == []
    assert tree.root.denied == set()


def test_odd_bytes_do_not_hinder(tree: Tree) -> None:
    tree.add({"/odd": b"\xff\x00a\n"})
    assert tree.root.text("/odd") == "\ufffd\x00a\n"
    assert tree.root.data("/odd") == b"\xff\x00a\n"


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # the child calls nothing that locks
def test_what_may_not_be_read_is_remembered(shared_folder: Path) -> None:
    tree = Tree(shared_folder / "root").add({"/secret/file": "text", "/hidden": "text"})
    for name in ("secret", "hidden"):
        (tree.path / name).chmod(0)

    def look() -> list[object]:
        return [tree.root.names("/secret"), tree.root.text("/hidden"), sorted(tree.root.denied)]

    assert as_nobody(look) == [[], None, ["/hidden", "/secret"]]


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A directory that every user may look into, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        yield Path(path)


def as_nobody(function: Callable[[], object]) -> object:
    """What a function returns when a user without rights calls it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            os.write(writing, json.dumps(function()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer)
