# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test run that is killed leaves behind: no process, no mount."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import needs
from hyperv_simulator.paths import cache_dir
from workspace import CHECKOUT, LAB

BOOT = """
import sys, time
sys.path[:0] = sys.argv[1:3]
from guests import Guest
with Guest(sys.argv[3]) as guest:
    print(guest.pid, guest.directory, flush=True)
    time.sleep(600)
"""


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_guest_and_its_host_end_with_a_process_that_is_killed(suite: str) -> None:
    needs.linux_guests()
    command = [sys.executable, "-c", BOOT, str(LAB), str(CHECKOUT / "extensions" / "simulator"), suite]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"HVIS_CACHE": str(cache_dir())}) as owner:
        assert owner.stdout
        words = owner.stdout.readline().split()
        pid, directory = int(words[0]), words[1]
        assert exists(pid)
        assert directory in Path("/proc/mounts").read_text(encoding="utf-8")
        owner.kill()
    deadline = time.monotonic() + 10
    while exists(pid) or directory in Path("/proc/mounts").read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, f"left behind: process {pid} or mounts below {directory}"
        time.sleep(0.1)
