# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten writers in a booted guest beside its real hv_kvp_daemon, while the host sets and enumerates: nothing is lost."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from guests import Guest
from workspace import CHECKOUT

WRITERS = 10
ITEMS = 10
PACKAGE = Path("ansible_collections", "hyperv", "integration", "plugins", "module_utils")
CODE = "/opt/kvp"

# Unpacks the module's code, given as {path: Base64}, with the Python of the guest.
UNPACK = """
import base64, json, pathlib, sys
for name, text in json.loads(sys.argv[1]).items():
    path = pathlib.Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(text))
"""
WRITE = f"""
import multiprocessing, sys
sys.path.insert(0, {CODE!r})
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import Pool

def put(writer):
    pool = Pool("/var/lib/hyperv/.kvp_pool_1")
    for number in range({ITEMS}):
        assert pool.edit(Edit({{f"writer {{writer}} item {{number}}": "v" * (1 + number * 90)}})).changed

if __name__ == "__main__":
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=put, args=(writer,)) for writer in range({WRITERS})]
    [process.start() for process in processes]
    [process.join() for process in processes]
    sys.exit(sum(process.exitcode for process in processes))
"""
DIE = f"""
import os, signal, sys
sys.path.insert(0, {CODE!r})
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import Pool

class Dying:
    left = int(sys.argv[1])

    def __getattr__(self, name):
        return getattr(os, name)

    def pwrite(self, descriptor, data, offset):
        self.left -= 1
        if not self.left:
            os.pwrite(descriptor, data[: len(data) // 2], offset)
            os.kill(os.getpid(), signal.SIGKILL)
        return os.pwrite(descriptor, data, offset)

edit = Edit({{"status": "x" * 900}}, ["old"])
print(Pool("/var/lib/hyperv/.kvp_pool_1", Dying()).edit(edit).change.leftovers)
"""


@pytest.fixture(scope="module")
def prepared(guest: Guest) -> Guest:
    """The guest, with the code of the module in it."""
    files = {
        f"{CODE}/{PACKAGE}/{path.name}": base64.b64encode(path.read_bytes()).decode()
        for path in (CHECKOUT / "plugins" / "module_utils").glob("_kvp_*.py")
    }
    for name, content in files.items():  # one at a time: an argument has a limit
        guest.run("python3", "-c", UNPACK, json.dumps({name: content}))
    guest.host.ask("wait", device="kvp", timeout=20)
    return guest


def purge(guest: Guest) -> None:
    guest.run("sh", "-c", ": >/var/lib/hyperv/.kvp_pool_1")


def test_ten_writers_beside_the_daemon(prepared: Guest) -> None:
    guest = prepared
    purge(guest)
    stop = threading.Event()
    seen: list[dict[str, Any]] = []
    failures: list[BaseException] = []

    def keep_the_daemon_busy() -> None:
        try:
            number = 0
            while not stop.is_set():
                number += 1
                assert guest.host.ask("kvp_set", pool="external", key=f"host {number % 7}", value=str(number))["ok"]
                seen.append(guest.host.ask("kvp_enumerate", pool="guest")["items"])
        except BaseException as error:
            failures.append(error)

    host = threading.Thread(target=keep_the_daemon_busy)
    host.start()
    try:
        done = guest.run("python3", "-c", WRITE, check=False)
    finally:
        stop.set()
        host.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert failures == []
    wanted = {f"writer {w} item {n}": "v" * (1 + n * 90) for w in range(WRITERS) for n in range(ITEMS)}
    assert guest.host.ask("kvp_enumerate", pool="guest")["items"] == wanted
    # What the host saw on the way was whole, and never less than before.
    for before, after in itertools.pairwise(seen):
        assert before.items() <= after.items()
    print(f"\n{guest.suite}: {len(wanted)} items by {WRITERS} writers, the host asked {len(seen)} times: lost 0")
    assert len(seen) > 1


def test_killed_and_run_again_beside_the_daemon(prepared: Guest) -> None:
    """At each write in turn; the host asks, and changes the pool, before the next run."""
    guest, deaths = prepared, 0
    while True:
        purge(guest)
        for key, value in (("old", "1"), ("status", "1"), ("kept", "2" * 900)):
            assert guest.host.ask("kvp_set", pool="guest", key=key, value=value)["ok"]
        killed = guest.run("python3", "-c", DIE, str(deaths + 1), check=False)
        if killed.returncode == 0:
            break
        deaths += 1
        items = guest.host.ask("kvp_enumerate", pool="guest")["items"]
        assert items["kept"] == "2" * 900
        assert items["status"] in ("1", "x" * 900)
        assert set(items) <= {"old", "status", "kept", ""}
        assert guest.host.ask("kvp_set", pool="guest", key="since", value="by the host")["ok"]
        done = guest.run("python3", "-c", DIE, "0")
        assert int(done.stdout) > 0
        items = guest.host.ask("kvp_enumerate", pool="guest")["items"]
        assert items == {"status": "x" * 900, "kept": "2" * 900, "since": "by the host"}
    print(f"\n{guest.suite}: killed at each of {deaths} writes, and run again: lost 0, mixed 0")
    assert deaths > 6
