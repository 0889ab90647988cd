# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status codes of integration services (`HV_E_FAIL` and so on in the kernel's include/uapi/linux/hyperv.h)."""

from __future__ import annotations

from typing import Any

NAMES = {
    0x0: "OK",
    0x80004005: "E_FAIL",
    0x80070103: "S_CONT",  # no more items, or no such item
    0x80041002: "GUID_NOTFOUND",
    0x80070050: "ALREADY_EXISTS",
    0x80070070: "DISK_FULL",
    0x80070057: "INVALIDARG",
}


def describe(code: int) -> dict[str, Any]:
    """Return a code as an answer of the control socket."""
    return {"ok": code == 0, "error": code, "status": NAMES.get(code, hex(code))}


def text(raw: bytes) -> str:
    """Return what stands before the first NUL; garbage may follow it."""
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")
