# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup: `struct hv_vss_msg` of include/uapi/linux/hyperv.h, and what keeps a freeze off this machine's disks."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

from . import status
from .device import Device

MESSAGE = struct.Struct("<B7xI")  # operation or error, flags
REGISTER, REGISTER1 = 128, 129
OPERATIONS = {"hot_backup": 2, "freeze": 5, "thaw": 6}
TIMEOUT = 60.0


class FreezeRefusedError(Exception):
    """The daemon would freeze other file systems than those the caller expects."""


def freezable(mounts: str) -> list[str]:
    """Return the sources that hv_vss_daemon would freeze, or try to, from the text of a /proc/PID/mounts.

    The daemon leaves out loop devices, vfat and read-only mounts; here they count too, the safe way round.
    """
    return sorted({line.split()[0] for line in mounts.splitlines() if line.startswith("/dev/")})


class Vss(Device):
    name = "hv_vss"

    def greet(self, data: bytes) -> tuple[int | None, bytes]:
        if len(data) != MESSAGE.size or data[0] not in (REGISTER, REGISTER1):
            return None, b""
        # The kernel answers with the number alone, not with a whole message.
        return data[0], struct.pack("<I", REGISTER1) if data[0] == REGISTER1 else b""

    def _call(self, operation: str) -> dict[str, Any]:
        answer = self.transact(MESSAGE.pack(OPERATIONS[operation], 0), TIMEOUT)
        return status.describe(struct.unpack_from("<I", answer)[0])

    def hot_backup(self) -> dict[str, Any]:
        return self._call("hot_backup")

    def freeze(self, only: list[str], root: bool = False) -> dict[str, Any]:
        """Freeze, when the file systems that the daemon sees come from the devices in `only` and no others.

        In a container the daemon sees this machine's disk (nspawn shows it at /run/host/incoming, podman at
        /etc/hosts), and would freeze it for everybody.  Raises FreezeRefusedError then.  `root` is for the virtual
        machine, where this process and the daemon share a disk that is their own.
        """
        if not self.registered.wait(TIMEOUT) or self.pid is None:
            raise TimeoutError(f"{self.name}: no daemon has registered")
        seen = freezable(Path(f"/proc/{self.pid}/mounts").read_text(encoding="utf-8"))
        shares_root = os.path.samestat(os.stat(Path(f"/proc/{self.pid}", "root")), os.stat("/"))
        if seen != sorted(only) or (shares_root and not root):
            raise FreezeRefusedError(
                f"{self.name}: refused to freeze, as process {self.pid} sees {seen or 'no block device'}"
                f"{' and the root of this process' if shares_root else ''}, and only {sorted(only)} was expected"
            )
        return self._call("freeze")

    def thaw(self) -> dict[str, Any]:
        return self._call("thaw")
