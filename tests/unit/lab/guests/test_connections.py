# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugins out of the `ansible` bundle."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from guests import connections


def test_only_what_is_wanted_is_kept_and_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVIS_CACHE", str(tmp_path))
    wheel = tmp_path / "ansible.whl"
    plugin = "ansible_collections/community/docker/plugins/connection/nsenter.py"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in (plugin, "ansible_collections/amazon/aws/README.md"):
            archive.writestr(name, "x")
    monkeypatch.setattr(connections, "download", lambda: wheel)
    made = connections.collections()
    assert [path.relative_to(made) for path in made.rglob("*") if path.is_file()] == [Path(plugin)]
    assert not wheel.exists()
    monkeypatch.setattr(connections, "download", lambda: pytest.fail("downloads again"))
    assert connections.collections() == made
