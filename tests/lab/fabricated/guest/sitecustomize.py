# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes Python in a fabricated guest see the guest's kernel and machine, not those of the host around it."""

from __future__ import annotations

import json
import os

with open("/usr/lib/fabricated/guest.json", encoding="utf-8") as _file:
    _guest = json.load(_file)
_real = os.uname()
_uname = os.uname_result((_guest["system"], "guest", _guest["kernel"], _real.version, _guest["architecture"]))
os.uname = lambda: _uname
