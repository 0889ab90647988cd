# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.simulator import SimulatorError, ask, virtual_machine

ID = "6f6b9a3e-0000-4000-8000-00000000000a"
FLEET: dict[str, Any] = {
    "hosts": [
        {"name": "hv-a", "virtual_machines": [{"name": "db01", "id": ID, "services": {"vss": False}}]},
        {
            "name": "hv-b",
            "virtual_machines": [
                {"name": "DB01", "id": "b", "services": {"vss": {"enabled": True, "guest": "missing"}}},
                {"name": "web01", "id": "c", "services": {}},
            ],
        },
    ]
}


def answering(run_dir: Path, reply: bytes) -> threading.Thread:
    """A fleet that gives one answer."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(run_dir / "control.sock"))
    server.listen()

    def answer() -> None:
        with server, server.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(reply)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def test_reply(tmp_path: Path) -> None:
    thread = answering(tmp_path, b'{"ok": true, "lines": [1]}\n')
    assert ask(str(tmp_path), "ledger")["lines"] == [1]
    thread.join()


@pytest.mark.parametrize(
    ("reply", "said"),
    [(b'{"ok": false, "error": {"message": "no host x"}}\n', "no host x"), (b"", "has ended")],
)
def test_refusals(tmp_path: Path, reply: bytes, said: str) -> None:
    thread = answering(tmp_path, reply)
    with pytest.raises(SimulatorError, match=said):
        ask(str(tmp_path), "ledger")
    thread.join()


def test_no_fleet(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match=f"no simulator runs in {tmp_path} .*create"):
        ask(str(tmp_path), "ledger")


def test_a_service_is_always_a_mapping() -> None:
    assert virtual_machine(FLEET, "db01", "hv-a") == {
        "name": "db01",
        "id": ID,
        "host": "hv-a",
        "services": {"vss": {"enabled": False}},
    }
    assert virtual_machine(FLEET, "db01", "HV-B")["services"] == {"vss": {"enabled": True, "guest": "missing"}}


def test_a_virtual_machine_by_id() -> None:
    assert virtual_machine(FLEET, ID.upper())["host"] == "hv-a"


@pytest.mark.parametrize(
    ("name", "host", "said"),
    [
        ("db01", None, f"2 virtual machines 'db01'; {ID} on hv-a; b on hv-b"),
        ("db02", None, "no virtual machines 'db02'"),
        ("web01", "hv-a", "no virtual machines 'web01' on hv-a"),
    ],
)
def test_not_exactly_one(name: str, host: str | None, said: str) -> None:
    with pytest.raises(SimulatorError) as caught:
        virtual_machine(FLEET, name, host)
    assert str(caught.value) == said
