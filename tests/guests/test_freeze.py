# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup's freeze and thaw by the real hv_vss_daemon, of a throw-away file system."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import needs
from guests import HostError, LabError, machine
from guests.throw_away import MOUNT_POINT, ThrowAway
from workspace import CHECKOUT

CODE = "/opt/kvp"
PUT = f"""
import sys
sys.path.insert(0, {CODE!r})
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import Pool
assert Pool("{MOUNT_POINT}/.kvp_pool_1").edit(Edit({{sys.argv[1]: "value"}})).changed
"""
LOCK = f"""
import fcntl
with open("{MOUNT_POINT}/.kvp_pool_1", "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""


@pytest.fixture(scope="module")
def daemon(suite: str) -> Iterator[ThrowAway]:
    needs.linux_guests(machine.FOR_FREEZES)
    try:
        running = ThrowAway(suite, "hv_vss_daemon", "-n").__enter__()
    except LabError as exc:
        needs.missing(str(exc))
    try:
        assert running.host.ask("wait", device="vss", timeout=20)["registered"]
        yield running
    finally:
        running.__exit__(None, None, None)


def write(daemon: ThrowAway, name: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(daemon.enter("sh", "-c", f"echo {name} >{MOUNT_POINT}/{name}"))


def test_a_freeze_holds_writers_until_the_thaw(daemon: ThrowAway) -> None:
    assert daemon.freezable() == [daemon.disk.device]  # never freeze before this holds
    assert write(daemon, "before").wait(10) == 0
    assert daemon.host.ask("vss_freeze", only=[daemon.disk.device])["ok"]
    writer = write(daemon, "during")
    time.sleep(1)
    held = writer.poll() is None
    assert daemon.host.ask("vss_thaw")["ok"]
    assert writer.wait(10) == 0
    assert held
    listed = subprocess.run(daemon.enter("ls", MOUNT_POINT), capture_output=True, text=True, check=True).stdout.split()
    assert {"before", "during"} <= set(listed)


def test_writer_of_a_pool_waits_for_the_thaw_without_the_lock_of_the_daemon(daemon: ThrowAway) -> None:
    package = Path("ansible_collections", "hyperv", "integration", "plugins", "module_utils")
    shutil.copytree(CHECKOUT / "plugins" / "module_utils", Path(f"/proc/{daemon.pid}/root{CODE}") / package)
    assert subprocess.run(daemon.enter("python3", "-c", PUT, "before"), check=False).returncode == 0
    assert daemon.freezable() == [daemon.disk.device]  # never freeze before this holds
    assert daemon.host.ask("vss_freeze", only=[daemon.disk.device])["ok"]
    writer = subprocess.Popen(daemon.enter("python3", "-c", PUT, "during"))
    time.sleep(1)
    held = writer.poll() is None
    lock = subprocess.run(daemon.enter("python3", "-c", LOCK), capture_output=True, text=True, check=False)
    assert daemon.host.ask("vss_thaw")["ok"]
    assert writer.wait(10) == 0
    assert held
    assert (lock.returncode, lock.stderr) == (0, "")


def test_the_host_freezes_nothing_but_what_it_names(daemon: ThrowAway) -> None:
    with pytest.raises(HostError, match="refused to freeze"):
        daemon.host.ask("vss_freeze", only=["/dev/sda1"])
    assert write(daemon, "after").wait(10) == 0


def test_a_backup_without_a_freeze_is_answered(daemon: ThrowAway) -> None:
    assert daemon.host.ask("vss_hot_backup") == {"ok": True, "error": 0, "status": "OK"}
