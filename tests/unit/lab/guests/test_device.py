# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node as the kernel has it: one opener, a greeting first, one transaction at a time."""

from __future__ import annotations

import errno
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from guests.vmbus import kvp
from guests.vmbus.device import Device
from guests.vmbus.fcopy import CREATE_PATH, OVERWRITE, START, Fcopy
from guests.vmbus.kvp import Kvp
from guests.vmbus.vss import FreezeRefusedError, Vss, freezable

Answer = Callable[[bytes], bytes]


class Daemon:
    """A daemon in a thread: opens a device, greets, and answers each message."""

    def __init__(self, device: Device, greeting: bytes, answer: Answer, pid: int = 1) -> None:
        self.device, self.answer = device, answer
        self.waiting = threading.Semaphore(0)
        device.readable = self.waiting.release
        assert device.guest_open(pid) == 0
        assert device.guest_write(greeting) == 0
        self.greeted = self.read() if device.out else b""
        self.seen: list[bytes] = []
        threading.Thread(target=self.serve, daemon=True).start()

    def read(self) -> bytes:
        self.waiting.acquire()
        return self.device.out.popleft()

    def serve(self) -> None:
        while True:
            message = self.read()
            self.seen.append(message)
            self.device.guest_write(self.answer(message))


def silent(_line: str) -> None:
    pass


def kvp_greeting(operation: int = kvp.REGISTER1) -> bytes:
    return bytes([operation]).ljust(kvp.MESSAGE_SIZE, b"\0")


def kvp_answer(code: int, body: bytes = b"") -> bytes:
    return (struct.pack("<I", code) + body).ljust(kvp.MESSAGE_SIZE, b"\0")


def test_a_second_opener_is_kept_out() -> None:
    device = Kvp(silent)
    assert device.guest_open(1) == 0
    assert device.guest_open(2) == errno.EBUSY
    device.guest_close()
    assert device.guest_open(2) == 0
    assert device.state()["opens"] == 2


def test_a_rescinded_node_is_gone_for_openers_and_writers() -> None:
    device = Kvp(silent)
    device.guest_open(1)
    device.offer(False)
    assert device.guest_write(kvp_greeting()) == errno.EBADF
    device.guest_close()
    assert device.guest_open(1) == errno.ENOENT
    device.offer(True)
    assert device.guest_open(1) == 0


@pytest.mark.parametrize("device", [Kvp(silent), Vss(silent), Fcopy(silent)])
def test_what_is_no_greeting_is_refused(device: Device) -> None:
    device.guest_open(1)
    assert device.guest_write(b"\7\0\0\0\0") == errno.EINVAL
    assert not device.registered.is_set()


def test_an_answer_nobody_asked_for_is_refused() -> None:
    device = Kvp(silent)
    device.guest_open(1)
    assert device.guest_write(kvp_greeting()) == 0
    assert device.guest_write(kvp_answer(0)) == errno.EINVAL


def test_a_daemon_that_does_not_answer_is_named() -> None:
    device = Kvp(silent)
    with pytest.raises(TimeoutError, match="hv_kvp: no daemon has registered"):
        device.transact(b"", 0.01)
    device.guest_open(1)
    device.guest_write(kvp_greeting())
    with pytest.raises(TimeoutError, match="has not answered"):
        device.transact(b"", 0.01)


def test_a_daemon_that_ends_in_a_transaction_is_told() -> None:
    device = Kvp(silent)
    device.guest_open(1)
    device.guest_write(kvp_greeting())
    threading.Timer(0.05, device.guest_close).start()
    with pytest.raises(ConnectionResetError, match="closed the device"):
        device.transact(b"", 10)


@pytest.mark.parametrize("operation", [kvp.REGISTER, kvp.REGISTER1])
def test_kvp_greets_with_the_kernels_version(operation: int) -> None:
    daemon = Daemon(Kvp(silent), kvp_greeting(operation), lambda _message: kvp_answer(0))
    assert (daemon.greeted[0], daemon.greeted[4:8]) == (operation, b"3.1\0")
    assert len(daemon.greeted) == kvp.MESSAGE_SIZE


def test_kvp_set_counts_the_nul_and_cuts_to_the_field() -> None:
    device = Kvp(silent)
    daemon = Daemon(device, kvp_greeting(), lambda _message: kvp_answer(0))
    assert device.set("external", "ü", "v" * 3000) == {"ok": True, "error": 0, "status": "OK"}
    (message,) = daemon.seen
    operation, pool, _pad, kind, key_size, value_size = struct.unpack_from("<BBHIII", message)
    assert (operation, pool, kind, key_size, value_size) == (1, 0, 1, 3, 2048)
    assert message[16:19] == b"\xc3\xbc\0"
    assert message[16 + 512 + 2047] == 0


def test_kvp_enumerates_in_order_past_garbage_and_duplicates() -> None:
    pairs = [("a", "1"), ("b", "2"), ("a", "3")]

    def answer(message: bytes) -> bytes:
        index: int = struct.unpack_from("<I", message, 4)[0]
        if index >= len(pairs):
            return kvp_answer(0x80070103)
        key, value = (part.encode() + b"\0left over" for part in pairs[index])
        return kvp_answer(0, struct.pack("<I", index) + kvp.item(key, value))

    device = Kvp(silent)
    Daemon(device, kvp_greeting(), answer)
    listed = device.enumerate("guest")
    assert (listed["pairs"], listed["items"], listed["end"]) == (pairs, {"a": "3", "b": "2"}, "S_CONT")


def test_kvp_passes_addresses_both_ways() -> None:
    device = Kvp(silent)
    daemon = Daemon(device, kvp_greeting(), lambda message: kvp_answer(0, message[4:]))
    ip = "192.0.2.1;192.0.2.2"
    sent = device.set_ip_info("{GUID}", ip=ip, mask="255.255.255.0", gateway="192.0.2.254", dns="192.0.2.53")
    assert sent["ok"]
    assert daemon.seen[0][0] == 5
    assert len(daemon.seen[0]) == kvp.MESSAGE_SIZE
    _adapter, family, dhcp, raw, *_rest = kvp.IP_INFO.unpack_from(daemon.seen[0], 4)
    assert (family, dhcp, raw.rstrip(b"\0").decode()) == (1, 0, ip)
    assert device.get_ip_info("00:15:5d:00:00:01")["adapter_id"] == "00:15:5d:00:00:01"


def test_kvp_refuses_a_pool_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="pool 'guests' is none of external, guest"):
        Kvp(silent).set("guests", "k", "v")


MOUNTS = """overlay / overlay rw 0 0
proc /proc proc rw 0 0
/dev/vda1 /run/host/incoming ext4 rw 0 0
/dev/loop0 /media iso9660 ro 0 0
/dev/vda1 /etc/hosts ext4 rw 0 0
devtmpfs /dev devtmpfs rw 0 0
"""


def test_what_a_freeze_would_reach() -> None:
    assert freezable(MOUNTS) == ["/dev/loop0", "/dev/vda1"]
    assert freezable("overlay / overlay rw 0 0\n") == []


@pytest.fixture
def proc(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The mounts of process 7, which does not share the root of this one."""
    shown = {"mounts": ""}
    read = Path.read_text

    def read_text(path: Path, *args: Any, **kwargs: Any) -> str:
        return shown["mounts"] if path == Path("/proc/7/mounts") else read(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr("os.path.samestat", lambda _one, _other: False)
    monkeypatch.setattr("os.stat", lambda _path: None)
    yield shown
    monkeypatch.undo()


def vss_with_a_daemon(answer: int = 0) -> tuple[Vss, Daemon]:
    device = Vss(silent)
    greeting = struct.pack("<B7xI", 129, 0)
    return device, Daemon(device, greeting, lambda _message: struct.pack("<I8x", answer), pid=7)


@pytest.mark.parametrize("only", [[], ["/dev/vda1"], ["/dev/loop0", "/dev/vda1", "/dev/zram1"]])
def test_a_freeze_that_reaches_other_devices_is_refused_unsent(proc: dict[str, str], only: list[str]) -> None:
    proc["mounts"] = MOUNTS
    device, daemon = vss_with_a_daemon()
    with pytest.raises(FreezeRefusedError, match="process 7 sees"):
        device.freeze(only)
    assert daemon.seen == []


def test_a_freeze_of_what_is_expected_is_sent(proc: dict[str, str]) -> None:
    proc["mounts"] = "overlay / overlay rw 0 0\n/dev/zram1 /srv ext4 rw 0 0\n"
    device, daemon = vss_with_a_daemon()
    assert daemon.greeted == struct.pack("<I", 129)
    assert device.freeze(["/dev/zram1"])["ok"]
    assert device.thaw()["ok"]
    assert [message[0] for message in daemon.seen] == [5, 6]


def test_a_daemon_on_the_root_of_this_machine_is_never_frozen(
    proc: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    proc["mounts"] = "/dev/vda / ext4 rw 0 0\n"
    device, daemon = vss_with_a_daemon()
    monkeypatch.setattr("os.path.samestat", lambda _one, _other: True)
    with pytest.raises(FreezeRefusedError, match="the root of this process"):
        device.freeze(["/dev/vda"])
    assert daemon.seen == []


def test_fcopy_sends_a_file_in_fragments() -> None:
    device = Fcopy(silent)
    daemon = Daemon(device, struct.pack("<I", 1), lambda _message: struct.pack("<I", 0))
    assert device.copy("a.txt", "/srv/", "x" * 7000, create_path=True, overwrite=True)["ok"]
    assert [(struct.unpack_from("<I", message)[0], len(message)) for message in daemon.seen] == [
        (START, 1088),
        (1, 6196),
        (1, 6196),
        (2, 36),
    ]
    assert struct.unpack_from("<IQ", daemon.seen[0], 36 + 1040) == (OVERWRITE | CREATE_PATH, 7000)
    assert struct.unpack_from("<QI", daemon.seen[2], 36 + 4) == (6144, 856)


def test_fcopy_cancels_a_copy_that_fails_midway() -> None:
    device = Fcopy(silent)

    def answer(message: bytes) -> bytes:
        return struct.pack("<I", 0x80070070 if message[0] == 1 else 0)

    daemon = Daemon(device, struct.pack("<I", 1), answer)
    assert device.copy("a", "/", "x")["status"] == "DISK_FULL"
    assert [message[0] for message in daemon.seen] == [0, 1, 3]
