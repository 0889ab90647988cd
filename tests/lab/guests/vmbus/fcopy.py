# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File copy of kernels before 6.10: `struct hv_start_fcopy` and `hv_do_fcopy` of include/uapi/linux/hyperv.h."""

from __future__ import annotations

import struct
from typing import Any

from . import status
from .device import Device

START, WRITE, COMPLETE, CANCEL = 0, 1, 2, 3
HEADER = struct.Struct("<I32x")  # operation, two service ids
START_BODY = struct.Struct("<520s520sIQ")  # name and folder (UTF-8 in fields of 260 UTF-16 units), flags, size
WRITE_BODY = struct.Struct("<4xQI6144s")  # offset, length, one fragment
FRAGMENT = 6144
OVERWRITE, CREATE_PATH = 1, 2
VERSION = 1


class Fcopy(Device):
    name = "hv_fcopy"

    def greet(self, data: bytes) -> tuple[int | None, bytes]:
        if len(data) != 4:
            return None, b""
        version: int = struct.unpack("<I", data)[0]
        return (version, data) if version == VERSION else (None, b"")

    def _call(self, operation: int, body: bytes = b"") -> int:
        code: int = struct.unpack_from("<I", self.transact(HEADER.pack(operation) + body))[0]
        return code

    def copy(
        self, name: str, path: str, data: str, create_path: bool = False, overwrite: bool = False
    ) -> dict[str, Any]:
        """Copy a text to a file in the guest, as Copy-VMFile does; `path` is its folder and ends in a slash."""
        content = data.encode()
        flags = OVERWRITE * overwrite | CREATE_PATH * create_path
        code = self._call(START, START_BODY.pack(name.encode(), path.encode(), flags, len(content)))
        if code:
            return status.describe(code)
        for offset in range(0, len(content), FRAGMENT):
            part = content[offset : offset + FRAGMENT]
            code = self._call(WRITE, WRITE_BODY.pack(offset, len(part), part))
            if code:
                self._call(CANCEL)
                return status.describe(code)
        return status.describe(self._call(COMPLETE))
