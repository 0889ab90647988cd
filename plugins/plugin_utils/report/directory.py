# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of audits on the control node: written at once, and the oldest directories removed."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

# Named by the time of the audit in UTC.
DATED = re.compile(r"[0-9]{8}T[0-9]{6}Z")


def write(texts: Mapping[Path, str]) -> None:
    """Write each text (path to text) for owner and group alone, with its directory. Raises OSError.

    Nobody ever reads half a file: the text is written beside it, and then takes its name.
    """
    for path, text in texts.items():
        _create(path.parent)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with open(descriptor, "wb") as file:
                file.write(text.encode("utf-8", "replace"))  # hosts and guests may return half a surrogate pair
            os.chmod(name, 0o640)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise


def keep_newest(newest: Path, number: int, names: Collection[str]) -> list[Path]:
    """Point the link latest to this directory of an audit, keep that many, and return those that were removed.

    Removed are only directories that audits have created: by their name, and if they hold nothing but files of these
    names. Raises OSError.
    """
    _point(newest.parent / "latest", newest.name)
    dated = [path for path in newest.parent.iterdir() if DATED.fullmatch(path.name) and _is_own_directory(path)]
    removed = []
    for old in sorted(dated)[:-number]:
        files = list(old.iterdir())
        if all(file.name in names and file.is_file() for file in files):
            for file in files:
                file.unlink()
            old.rmdir()
            removed.append(old)
    return removed


def _create(directory: Path) -> None:
    """A directory that exists keeps its mode."""
    for missing in reversed([path for path in (directory, *directory.parents) if not path.exists()]):
        missing.mkdir()
        missing.chmod(0o750)


def _is_own_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _point(link: Path, target: str) -> None:
    if link.exists() and not link.is_symlink():
        raise FileExistsError(0, "something else is where the link to the newest reports belongs: move it", str(link))
    other = link.with_name(f".latest.{os.getpid()}")
    other.symlink_to(target)
    os.replace(other, link)
