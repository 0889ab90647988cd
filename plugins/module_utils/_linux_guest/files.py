# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Reading files under a root: this guest's own, or that of an image that is not booted."""

import os
from typing import Callable

_MOST_LINKS = 40  # as the kernel: more are a loop


class Root:
    """Everything is a path as the guest sees it; links stay inside of the root.

    denied: paths that this user may not read.
    """

    def __init__(self, path: str = "/") -> None:
        self.path = os.path.abspath(path)
        self.denied: set[str] = set()

    @property
    def booted(self) -> bool:
        """Whether this is the running guest, so that commands tell something about it."""
        return self.path == "/"

    def real(self, path: str) -> str:
        """The path without links, as the guest sees it. Raises OSError for a loop."""
        done: list[str] = []
        left = [part for part in path.split("/") if part]
        links = 0
        while left:
            part = left.pop(0)
            if part == "..":
                del done[-1:]
                continue
            if part == ".":
                continue
            try:
                target = os.readlink(self._outside([*done, part]))
            except OSError:
                done.append(part)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise OSError(f"too many links: {path}")
            if target.startswith("/"):
                done = []
            left = [name for name in target.split("/") if name] + left
        return "/" + "/".join(done)

    def text(self, path: str) -> "str | None":
        """What is in a file, None when there is none or it cannot be read."""
        data = self.data(path)
        return None if data is None else data.decode("utf-8", "replace")

    def data(self, path: str) -> "bytes | None":
        try:
            with open(self._inside(path), "rb") as file:
                return file.read()
        except PermissionError:
            self.denied.add(path)
        except OSError:
            pass
        return None

    def line(self, path: str) -> "str | None":
        """A file of one line, as sysfs has them."""
        text = self.text(path)
        return None if text is None else text.strip().strip("\0")

    def exists(self, path: str) -> bool:
        return self._test(os.path.exists, path)

    def is_dir(self, path: str) -> bool:
        return self._test(os.path.isdir, path)

    def is_executable(self, path: str) -> bool:
        return self._test(lambda name: os.path.isfile(name) and bool(os.stat(name).st_mode & 0o111), path)

    def modified(self, path: str) -> "float | None":
        """When a file or directory was changed last, in seconds; None when there is none."""
        try:
            return os.stat(self._inside(path)).st_mtime
        except OSError:
            return None

    def changed_at(self, path: str) -> "float | None":
        """When a file or its attributes last changed, in seconds since the epoch: nobody can set that back."""
        try:
            return os.stat(self._inside(path)).st_ctime
        except OSError:
            return None

    def names(self, path: str) -> "list[str]":
        """The sorted names in a directory, none when there is none."""
        try:
            return sorted(os.listdir(self._inside(path)))
        except PermissionError:
            self.denied.add(path)
        except OSError:
            pass
        return []

    def link(self, path: str) -> "str | None":
        """Where a link points, as it is written; None when it is none or cannot be read."""
        try:
            return os.readlink(self._outside(path.strip("/").split("/")))
        except PermissionError:
            self.denied.add(path)
        except OSError:
            pass
        return None

    def link_name(self, path: str) -> "str | None":
        """The last part of where a link points: the name of a driver, for one."""
        target = self.link(path)
        return None if target is None else os.path.basename(target)

    def attribute(self, path: str, name: str) -> "bytes | None":
        """An extended attribute, None without one."""
        try:
            return os.getxattr(self._inside(path), name)
        except (OSError, AttributeError):
            return None

    def _test(self, test: Callable[[str], bool], path: str) -> bool:
        try:
            return test(self._inside(path))
        except OSError:
            return False

    def _inside(self, path: str) -> str:
        return self._outside(self.real(path).strip("/").split("/"))

    def _outside(self, parts: "list[str]") -> str:
        return os.path.join(self.path, *parts)
