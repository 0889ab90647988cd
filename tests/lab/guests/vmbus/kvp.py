# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key-value pair exchange: `struct hv_kvp_msg` of include/uapi/linux/hyperv.h and drivers/hv/hv_kvp.c."""

from __future__ import annotations

import struct
from typing import Any

from . import status
from .device import Device

KEY_SIZE, VALUE_SIZE = 512, 2048
MESSAGE_SIZE = 7432  # a header of 4 bytes and the largest body, 7426, padded
OPERATIONS = {"get": 0, "set": 1, "delete": 2, "enumerate": 3, "get_ip_info": 4, "set_ip_info": 5}
REGISTER, REGISTER1 = 4, 100  # daemons before and since kernel 3.13
KERNEL_VERSION = b"3.1"  # HV_DRV_VERSION
TYPE_TEXT = 1  # REG_SZ
POOLS = {"external": 0, "guest": 1, "auto": 2, "auto_external": 3, "auto_internal": 4}
# adapter id, address family, DHCP, addresses, masks, gateways, name servers: UTF-8 in fields meant for UTF-16
IP_INFO = struct.Struct("<256sBB2048s2048s1024s2048s")
FAMILY_IPV4, FAMILY_IPV6 = 1, 2


def terminated(value: str, size: int) -> bytes:
    """Return a text as the kernel passes it: cut to the field, with the NUL that its length counts."""
    return value.encode()[: size - 1] + b"\0"


def item(key: bytes, value: bytes) -> bytes:
    """Return `struct hv_kvp_exchg_msg_value`."""
    sizes = struct.pack("<III", TYPE_TEXT, len(key), len(value))
    return sizes + key.ljust(KEY_SIZE, b"\0") + value.ljust(VALUE_SIZE, b"\0")


def parse_item(body: bytes) -> tuple[str, str]:
    """Return key and value of `struct hv_kvp_exchg_msg_value`."""
    end = 12 + KEY_SIZE
    return status.text(body[12:end]), status.text(body[end : end + VALUE_SIZE])


class Kvp(Device):
    name = "hv_kvp"

    def greet(self, data: bytes) -> tuple[int | None, bytes]:
        if len(data) < MESSAGE_SIZE or data[0] not in (REGISTER, REGISTER1):
            return None, b""
        return data[0], (struct.pack("<BBH", data[0], 0, 0) + KERNEL_VERSION).ljust(MESSAGE_SIZE, b"\0")

    def _call(self, operation: str, pool: int, body: bytes) -> tuple[int, bytes]:
        header = struct.pack("<BBH", OPERATIONS[operation], pool, 0)
        answer = self.transact((header + body).ljust(MESSAGE_SIZE, b"\0"))
        if len(answer) != MESSAGE_SIZE:
            raise ValueError(f"{self.name}: an answer of {len(answer)} bytes, not {MESSAGE_SIZE}")
        return struct.unpack_from("<I", answer)[0], answer[4:]

    def set(self, pool: int | str, key: str, value: str) -> dict[str, Any]:
        """AddKvpItems or ModifyKvpItems of the host."""
        body = item(terminated(key, KEY_SIZE), terminated(value, VALUE_SIZE))
        return status.describe(self._call("set", number(pool), body)[0])

    def get(self, pool: int | str, key: str) -> dict[str, Any]:
        """Ask for one item; as the kernel leaves the value's size 0, daemons answer OK with nothing (so measured)."""
        code, body = self._call("get", number(pool), item(terminated(key, KEY_SIZE), b""))
        return {**status.describe(code), "value": parse_item(body)[1]}

    def delete(self, pool: int | str, key: str) -> dict[str, Any]:
        """RemoveKvpItems of the host."""
        raw = terminated(key, KEY_SIZE)
        return status.describe(self._call("delete", number(pool), struct.pack("<I", len(raw)) + raw)[0])

    def enumerate(self, pool: int | str) -> dict[str, Any]:
        """Return every item in the daemon's order; `items` has the last value where a key comes twice."""
        pairs: list[tuple[str, str]] = []
        while True:
            code, body = self._call("enumerate", number(pool), struct.pack("<I", len(pairs)))
            if code:
                return {"ok": True, "end": status.describe(code)["status"], "items": dict(pairs), "pairs": pairs}
            pairs.append(parse_item(body[4:]))

    def get_ip_info(self, adapter_id: str, family: int = FAMILY_IPV4 | FAMILY_IPV6) -> dict[str, Any]:
        """Ask for the addresses of the adapter with that MAC address."""
        code, body = self._call("get_ip_info", 0, IP_INFO.pack(adapter_id.encode(), family, 0, b"", b"", b"", b""))
        adapter, family, dhcp, *texts = IP_INFO.unpack_from(body)
        ip, mask, gateway, dns = map(status.text, texts)
        return {
            **status.describe(code),
            "adapter_id": status.text(adapter),
            "family": family,
            "dhcp": bool(dhcp),
            "ip": ip,
            "mask": mask,
            "gateway": gateway,
            "dns": dns,
        }

    def set_ip_info(
        self,
        adapter_id: str,
        family: int = FAMILY_IPV4,
        dhcp: bool = False,
        ip: str = "",
        mask: str = "",
        gateway: str = "",
        dns: str = "",
    ) -> dict[str, Any]:
        """SetGuestNetworkAdapterConfiguration of the host; adapter_id is `{GUID}`."""
        texts = (part.encode() for part in (ip, mask, gateway, dns))
        body = IP_INFO.pack(adapter_id.encode(), family, int(dhcp), *texts)
        return status.describe(self._call("set_ip_info", 0, body)[0])


def number(pool: int | str) -> int:
    """Return the number of a pool given by number or name.  Raises ValueError."""
    if isinstance(pool, int):
        return pool
    if pool not in POOLS:
        raise ValueError(f"pool {pool!r} is none of {', '.join(POOLS)}")
    return POOLS[pool]
