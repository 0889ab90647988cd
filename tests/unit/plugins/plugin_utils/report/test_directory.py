# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.report.directory import keep_newest, write

NAMES = ("audit.json", "collection.json")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def audits(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    write({path / name: "{}" for path in paths for name in NAMES})
    return paths


def test_new_files_and_directories_are_for_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "20260101T000000Z" / "audit.csv"
    write({path: "ä\r\n"})
    assert path.read_bytes() == "ä\r\n".encode()
    assert [mode(one) for one in (path, path.parent, path.parent.parent)] == [0o640, 0o750, 0o750]
    assert list(path.parent.iterdir()) == [path]


def test_directory_that_exists_keeps_its_mode_and_its_other_files(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "audit.json").write_text("old", encoding="utf-8")
    write({tmp_path / "audit.json": "new"})
    assert mode(tmp_path) == 0o700
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "notes.txt": "mine",
        "audit.json": "new",
    }


def test_half_a_surrogate_pair_costs_no_report(tmp_path: Path) -> None:
    write({tmp_path / "audit.md": "vm\ud800"})
    assert (tmp_path / "audit.md").read_text(encoding="utf-8") == "vm?"


def test_failure_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "audit.json").mkdir()
    with pytest.raises(OSError, match=r"audit\.json"):
        write({tmp_path / "audit.json": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["audit.json"]


def test_oldest_directories_are_removed_and_latest_leads_to_the_newest(tmp_path: Path) -> None:
    first, second, third = audits(tmp_path, "20260101T000000Z", "20260102T000000Z", "20260103T000000Z")
    (tmp_path / "latest").symlink_to(second.name)
    assert keep_newest(third, 2, NAMES) == [first]
    assert (tmp_path / "latest").readlink() == Path(third.name)
    assert {path.name for path in tmp_path.iterdir()} == {second.name, third.name, "latest"}


@pytest.mark.parametrize("what", ["a file of somebody", "a directory", "a hidden file"])
def test_old_directory_with_something_else_stays(tmp_path: Path, what: str) -> None:
    old, newest = audits(tmp_path, "20260101T000000Z", "20260103T000000Z")
    if what == "a directory":
        (old / "audit.json").unlink()
        (old / "audit.json").mkdir()
    else:
        (old / {"a file of somebody": "notes.txt", "a hidden file": ".audit.json"}[what]).touch()
    assert keep_newest(newest, 1, NAMES) == []
    assert old.exists()


def test_names_that_are_no_times_and_links_stay(tmp_path: Path) -> None:
    newest, _mine, _near = audits(tmp_path, "20260103T000000Z", "mine", "20260101T000000Z.old")
    (tmp_path / "20260101T000000Z").symlink_to("mine")
    assert keep_newest(newest, 1, NAMES) == []
    assert len(list((tmp_path / "mine").iterdir())) == 2


def test_latest_that_is_no_link_is_refused(tmp_path: Path) -> None:
    (newest,) = audits(tmp_path, "20260103T000000Z")
    (tmp_path / "latest").mkdir()
    with pytest.raises(FileExistsError, match=r"link to the newest reports belongs: move it: .*latest"):
        keep_newest(newest, 1, NAMES)
    assert (tmp_path / "latest").is_dir()
