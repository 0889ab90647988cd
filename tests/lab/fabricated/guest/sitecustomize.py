# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes Python in a fabricated guest see the guest's kernel and machine, not those of the host around it.

And compiles what Ansible sends, which is the same for most modules and guests, once: that is half of what a module
costs (measured: 0.2 of 0.4 seconds).
"""

from __future__ import annotations

import _imp
import json
import marshal
import os
import zipimport

with open("/usr/lib/fabricated/guest.json", encoding="utf-8") as _file:
    _guest = json.load(_file)
_real = os.uname()
_uname = os.uname_result((_guest["system"], "guest", _guest["kernel"], _real.version, _guest["architecture"]))
os.uname = lambda: _uname


_KEPT = "/opt/compiled"  # the same directory in all guests
_compile = zipimport._compile_source  # type: ignore[attr-defined]  # CPython's own


def _compile_once(path: str, source: bytes) -> object:
    file = f"{_KEPT}/{_imp.source_hash(len(source), source).hex()}"
    try:
        with open(file, "rb") as kept:
            return marshal.load(kept)
    except FileNotFoundError:
        pass
    code = _compile(path, source)
    part = f"{file}.{os.getpid()}"
    with open(part, "wb") as new:
        marshal.dump(code, new)
    os.replace(part, file)
    return code


zipimport._compile_source = _compile_once  # type: ignore[attr-defined]
