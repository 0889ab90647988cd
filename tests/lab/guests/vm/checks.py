# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the virtual machine can show and a container cannot; runs inside and writes a JSON object to a serial line."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from guests.vmbus import control

SOCKET = Path("/run/vmbus.sock")
UNITS = ("hv-kvp-daemon", "hv-vss-daemon", "hv-fcopy-daemon")
CONDITIONAL = """[Unit]
ConditionVirtualization=microsoft
[Service]
Type=oneshot
ExecStart=/bin/touch /run/on-microsoft
"""


def ask(op: str, **arguments: Any) -> dict[str, Any]:
    return control.ask(SOCKET, {"op": op, **arguments})


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def units() -> list[str]:
    return output("systemctl", "is-active", *UNITS).split()


def wait_for_units(*wanted: str) -> list[str]:
    """Return the units' states as soon as all are among those wanted, or after a while."""
    deadline = time.monotonic() + 60
    while not set(units()) <= set(wanted) and time.monotonic() < deadline:
        time.sleep(0.5)
    return units()


def conditional_unit() -> bool:
    """Tell whether systemd runs a unit with ConditionVirtualization=microsoft."""
    Path("/run/systemd/system/on-microsoft.service").write_text(CONDITIONAL, encoding="utf-8")
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "start", "on-microsoft"], check=True)
    return Path("/run/on-microsoft").exists()


def freeze_of_the_own_root() -> dict[str, Any]:
    """Freeze the disk this runs from; a writer waits for the thaw.  Nothing else may write meanwhile, as logs would."""
    written = threading.Event()

    def write() -> None:
        Path("/var/tmp/during-freeze").write_text("x", encoding="utf-8")
        written.set()

    frozen = ask("vss_freeze", only=["/dev/vda"], root=True)
    if not frozen["ok"]:
        return {"frozen": frozen}
    threading.Thread(target=write, daemon=True).start()
    held = not written.wait(3)
    thawed = ask("vss_thaw")
    return {"frozen": frozen, "held": held, "thawed": thawed, "written": written.wait(30)}


def value_from_the_host() -> str:
    ask("kvp_set", pool="external", key="k", value="from the host")
    return Path("/var/lib/hyperv/.kvp_pool_0").read_bytes()[512:].split(b"\0")[0].decode()


def main() -> None:
    found: dict[str, Any] = {
        "virtualization": output("systemd-detect-virt"),
        "conditional_unit": conditional_unit(),
        "units_at_boot": wait_for_units("active"),
        "nodes": sorted(path.name for path in Path("/dev/vmbus").iterdir()),
        "registered": [ask("wait", device=device)["ok"] for device in ("kvp", "vss", "fcopy")],
        "value": value_from_the_host(),
        "freeze": freeze_of_the_own_root(),
    }
    subprocess.run(["systemctl", "stop", "fakevmbus"], check=True)
    found["units_without_devices"] = wait_for_units("failed", "inactive")
    subprocess.run(["systemctl", "start", "fakevmbus"], check=True)
    found["units_with_devices_again"] = wait_for_units("active")
    with open(sys.argv[1], "w", encoding="utf-8") as line:
        line.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
