# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real daemon without a guest: through the shim, which needs no root."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import needs
from guests import FakeHost, LabError, daemon
from guests.fake_host import shim


@pytest.fixture
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeHost]:
    needs.linux_guests()  # for the daemon's package
    try:
        shim()
    except LabError as exc:
        needs.missing(" ".join(str(exc).split()))
    with FakeHost(tmp_path_factory.mktemp("h"), "unix") as started:
        yield started


def test_the_kvp_daemon_serves_the_host_from_another_folder(host: FakeHost, tmp_path: Path) -> None:
    pools = tmp_path / "pools"
    command = [str(daemon("bookworm")), "-n"]
    process = subprocess.Popen(command, env=host.daemon_environment(pools), stdin=subprocess.DEVNULL)
    try:
        assert host.ask("wait", device="kvp", timeout=20)["pid"] == process.pid
        assert host.ask("kvp_set", pool="external", key="k", value="v")["ok"]
        assert (pools / ".kvp_pool_0").read_bytes().startswith(b"k\0")
        # From the other side: a record that a guest's program wrote.
        (pools / ".kvp_pool_1").write_bytes(b"told".ljust(512, b"\0") + b"by the guest".ljust(2048, b"\0"))
        assert host.ask("kvp_enumerate", pool="guest")["items"] == {"told": "by the guest"}
    finally:
        process.terminate()
        process.wait()
