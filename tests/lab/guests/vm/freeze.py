# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inside the virtual machine: has the host freeze the disk that this runs from, and thaw it.

A writer has to wait for the thaw.  Nothing else may write meanwhile: so this is one process, which logs nothing.
"""

from __future__ import annotations

import threading
from pathlib import Path

from guests.vmbus import control

SOCKET = Path("/run/vmbus.sock")
written = threading.Event()


def write() -> None:
    Path("/var/tmp/during-freeze").write_text("x", encoding="utf-8")
    written.set()


frozen = control.ask(SOCKET, {"op": "vss_freeze", "only": ["/dev/vda"], "root": True})
assert frozen["ok"], frozen
threading.Thread(target=write, daemon=True).start()
held = not written.wait(3)
thawed = control.ask(SOCKET, {"op": "vss_thaw"})
assert held, "a write went through while the disk was frozen"
assert thawed["ok"], thawed
assert written.wait(30), "the write did not go through after the thaw"
