# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Directories and files that are opened step by step, each from the one before, so that no link leads elsewhere.

The path of an image goes through directories that others have filled. A check of the path before it is opened would not
be enough: what was a directory can be a link a moment later.
"""

import errno
import os
import stat


def open_directory(path: str, follow_links: bool) -> int:
    """Return a descriptor for dir_fd, which can neither be read nor be synced.

    Raises OSError: with the number ELOOP and the name of the link for a symbolic link that is not to be followed.
    """
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    if follow_links:
        return os.open(path, flags)
    walked = "/"
    descriptor = os.open(walked, flags)
    for part in os.path.abspath(path).strip("/").split("/"):
        walked = os.path.join(walked, part)
        try:
            following = os.open(part or ".", flags | os.O_NOFOLLOW, dir_fd=descriptor)
        except OSError as error:
            # Linux says ENOTDIR of a link here, as of a file.
            if error.errno == errno.ENOTDIR and is_link(part, descriptor):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), walked) from error
            raise
        finally:
            os.close(descriptor)
        descriptor = following
    return descriptor


def open_file(name: str, flags: int, directory: int, mode: int = 0o600) -> int:
    """Return a descriptor of a file in an opened directory, without waiting for one that is a pipe.

    Raises OSError: with the number ELOOP for a symbolic link.
    """
    return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode, dir_fd=directory)


def is_link(name: str, directory: int) -> bool:
    return stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
