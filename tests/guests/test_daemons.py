# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab itself: unmodified daemons under their unmodified units serve the fake host."""

from __future__ import annotations

import base64
import time

import pytest

from guests import Guest, HostError

POOL_RECORD = 2560


def unit_state(guest: Guest, name: str) -> str:
    return guest.run("systemctl", "is-active", name, check=False).stdout.strip()


def wait_for_state(guest: Guest, unit: str, *wanted: str) -> str:
    for _attempt in range(100):
        if (state := unit_state(guest, unit)) in wanted:
            return state
        time.sleep(0.1)
    raise AssertionError(f"{unit} is {state}, not {' or '.join(wanted)}")


def test_guest_is_up_without_a_failed_unit(guest: Guest) -> None:
    assert guest.run("systemctl", "--failed", "--plain", "--no-legend").stdout == ""
    assert guest.run("hostname").stdout.strip() == guest.name


def test_kvp_and_vss_daemons_register_from_their_own_units(guest: Guest) -> None:
    for device, handshake in (("kvp", 100), ("vss", 129)):
        state = guest.host.ask("wait", device=device, timeout=20)
        assert (state["registered"], state["handshake"]) == (True, handshake)
        assert unit_state(guest, f"hv-{device}-daemon") == "active"
    units = guest.run("systemctl", "show", "-P", "FragmentPath", "-P", "DropInPaths", "hv-kvp-daemon").stdout.split()
    assert len(units) == 1  # as packaged: no drop-in
    assert units[0].endswith("/lib/systemd/system/hv-kvp-daemon.service")


def test_a_value_set_by_the_host_is_in_the_guests_file(guest: Guest) -> None:
    assert guest.host.ask("kvp_set", pool="external", key="naïve", value="grüße")["ok"]
    record = base64.b64decode(guest.run("base64", "-w0", "/var/lib/hyperv/.kvp_pool_0").stdout)
    assert len(record) == POOL_RECORD
    assert record[:512].split(b"\0")[0].decode() == "naïve"
    assert record[512:].split(b"\0")[0].decode() == "grüße"
    assert guest.host.ask("kvp_enumerate", pool="external")["items"] == {"naïve": "grüße"}
    assert guest.host.ask("kvp_delete", pool="external", key="naïve")["ok"]
    assert guest.host.ask("kvp_delete", pool="external", key="naïve")["status"] == "S_CONT"


def test_the_daemon_tells_the_host_about_the_guest(guest: Guest) -> None:
    items = guest.host.ask("kvp_enumerate", pool="auto")["items"]
    assert items["OSName"].startswith("Debian")
    assert items["OSBuildNumber"] == guest.run("uname", "-r").stdout.strip()
    assert items["IntegrationServicesVersion"] == "3.1"


def test_a_second_opener_is_kept_out(guest: Guest) -> None:
    done = guest.run("sh", "-c", "exec 3<>/dev/vmbus/hv_kvp", check=False)
    assert done.returncode != 0
    assert "busy" in done.stderr


def test_the_host_is_refused_a_freeze_of_this_machines_disk(guest: Guest) -> None:
    assert guest.host.ask("vss_hot_backup")["ok"]
    with pytest.raises(HostError, match="refused to freeze"):
        guest.host.ask("vss_freeze", only=[])


def test_a_service_the_host_disables_ends_and_comes_back(guest: Guest) -> None:
    guest.disable("key_value_pair_exchange")
    assert wait_for_state(guest, "hv-kvp-daemon", "failed", "inactive")
    assert guest.run("ls", "/dev/vmbus").stdout.split() == ["hv_vss"]
    guest.enable("key_value_pair_exchange")
    assert guest.host.ask("wait", device="kvp", timeout=20)["registered"]
    assert wait_for_state(guest, "hv-kvp-daemon", "active")


def test_files_are_copied_where_the_release_has_the_legacy_daemon(guest: Guest) -> None:
    if guest.run("test", "-x", "/usr/sbin/hv_fcopy_daemon", check=False).returncode != 0:
        assert guest.suite in ("trixie", "sid")  # none, and the daemon for /dev/uio
        return
    guest.enable("guest_service_interface")
    assert guest.host.ask("wait", device="fcopy", timeout=20)["handshake"] == 1
    text = "".join(f"line {number}\n" for number in range(2000))
    copy = {"name": "copied.txt", "path": "/srv/new/", "data": text}
    assert guest.host.ask("fcopy", **copy, create_path=True)["ok"]
    assert guest.run("cat", "/srv/new/copied.txt").stdout == text
    assert guest.host.ask("fcopy", **copy)["status"] == "ALREADY_EXISTS"
    assert guest.host.ask("fcopy", **{**copy, "data": "x"}, overwrite=True)["ok"]
    assert guest.run("cat", "/srv/new/copied.txt").stdout == "x"
