# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools in the file system of an image, which others have filled: nothing outside of it is read or written."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils import _kvp_pool
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import Pool, pool_file
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import KvpError
from kvp_samples import pool_of

OLD = pool_of(("a", "1"))
NEW = pool_of(("a", "2"))
PUT = Edit({"a": "2"})
PURGE = Edit({}, purge=True)


class Image:
    """An image at /.../image with a pool, and a host's directory with a file beside it."""

    def __init__(self, place: Path) -> None:
        self.root = place / "image"
        self.pools = self.root / "var" / "lib" / "hyperv"
        self.pools.mkdir(parents=True)
        self.host = place / "host"
        self.host.mkdir()
        self.of_host = self.host / "of_host"
        self.of_host.write_bytes(OLD)
        self.path = self.pools / ".kvp_pool_1"
        self.pool = Pool(pool_file(str(self.pools), "guest"))

    def refuses(self, found: str) -> None:
        """Each way to use the pool is refused, and the host's directory is as it was."""
        before = state_of(self.host)
        uses: list[Callable[[], Any]] = [
            self.pool.read,
            lambda: self.pool.predict(PUT),
            lambda: self.pool.edit(PUT),
            lambda: self.pool.edit(PURGE),
        ]
        for use in uses:
            with pytest.raises(KvpError, match=found):
                use()
        assert state_of(self.host) == before


def state_of(directory: Path) -> list[tuple[str, bytes, int]]:
    return [(path.name, path.read_bytes(), path.lstat().st_mode) for path in sorted(directory.iterdir())]


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Image(tmp_path)


@pytest.mark.parametrize("target", ["of_host", "missing"])
def test_link_in_place_of_pool_is_refused(image: Image, target: str) -> None:
    image.path.symlink_to(image.host / target)
    image.refuses(rf"{re.escape(str(image.path))} is a symbolic link, which can lead out of an image\. Remove the link")


@pytest.mark.parametrize("part", ["var", "var/lib", "var/lib/hyperv"])
def test_link_in_place_of_directory_is_refused(image: Image, part: str) -> None:
    (image.host / ".kvp_pool_1").write_bytes(OLD)
    link = image.root / part
    link.rename(image.root / "moved")
    link.symlink_to(image.host)
    rest = Path("var/lib/hyperv").relative_to(part)
    if rest.parts:
        (image.host / "hyperv").mkdir() if part == "var/lib" else (image.host / "lib" / "hyperv").mkdir(parents=True)
        inside = image.host / rest
        (inside / ".kvp_pool_1").write_bytes(OLD)
        image.host = inside
    image.refuses(rf"{re.escape(str(link))} is a symbolic link")


def test_directory_is_not_created_through_a_link(image: Image) -> None:
    image.pools.rmdir()
    image.pools.parent.rmdir()
    image.pools.parent.symlink_to(image.host)
    with pytest.raises(KvpError, match="is a symbolic link"):
        image.pool.edit(PUT)
    assert [path.name for path in image.host.iterdir()] == ["of_host"]


def test_file_with_second_name_is_refused(image: Image) -> None:
    os.link(image.of_host, image.path)
    image.refuses(r"\.kvp_pool_1 has 2 names \(hard links\)\. It can also be a file outside the image")


def test_directory_that_becomes_a_link_while_it_is_opened_leads_nowhere(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at is what is opened: swapping a component at any of the steps changes nothing outside."""
    (image.host / "hyperv").mkdir()
    outside = image.host / "hyperv" / ".kvp_pool_1"
    real_open = os.open
    counted = 0

    def swapping_open(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
        nonlocal counted
        counted += 1
        if counted == step:
            image.pools.parent.rename(image.root / "moved")
            image.pools.parent.symlink_to(image.host)
        return real_open(path, flags, *arguments, **named)

    step = 1
    while True:
        image.path.write_bytes(OLD)
        outside.write_bytes(OLD)
        counted = 0
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", swapping_open)
            try:
                image.pool.edit(PUT)
            except KvpError as error:
                assert "symbolic link" in str(error)  # noqa: PT017
        assert state_of(image.host / "hyperv") == [(".kvp_pool_1", OLD, outside.stat().st_mode)], step
        if counted < step:
            break
        image.pools.parent.unlink()
        (image.root / "moved").rename(image.pools.parent)
        image.path.unlink(missing_ok=True)
        step += 1
    assert step > 20


def test_links_of_the_running_guest_are_its_own(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon follows a link to its directory; so the module finds the same pools in the guest that runs it."""
    (image.host / ".kvp_pool_1").write_bytes(OLD)
    image.pools.rmdir()
    image.pools.symlink_to(image.host)
    monkeypatch.setattr(_kvp_pool, "DIRECTORY", str(image.pools))
    pool = Pool(pool_file(str(image.pools), "guest"))
    assert pool.edit(PUT).changed
    assert (image.host / ".kvp_pool_1").read_bytes() == NEW
