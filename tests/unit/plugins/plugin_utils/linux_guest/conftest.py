# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts and rows as the tests want them: a Debian 12 guest that lacks everything, unless something else is said."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

SERVICE: dict[str, Any] = {
    "offered": True,
    "driver": "hv_utils",
    "node_present": True,
    "node_known": True,
    "process": None,
    "daemon": None,
    "unit": None,
    "unit_state": None,
    "unit_enabled": None,
    "unit_masked": None,
    "verdict": "no_daemon",
    "explanation": "the daemon is not installed",
    "remedy": "install it",
}
LINE = "refclock PHC /dev/ptp_hyperv poll 3 dpoll -2 offset 0 stratum 2"
WRITTEN = [
    "/etc/chrony/conf.d/linux_guest.conf",
    "/etc/systemd/system/chrony.service.d/linux_guest.conf",
    "/etc/udev/rules.d/61-linux-guest-ptp.rules",
]
FACTS: dict[str, Any] = {
    "hyperv": True,
    "hyperv_evidence": "vmbus",
    "isolation": "none",
    "container": None,
    "kernel": "6.1.0-40-amd64",
    "architecture": "x86_64",
    "distribution": {"id": "debian", "version": "12", "name": "Debian GNU/Linux 12", "family": "debian"},
    "init": "systemd",
    "azure": False,
    "root_partition": False,
    "immutable": None,
    "installer": None,
    "package_lists": "fresh",
    "copy_interface": None,
    "uio_devices": [],
    "hv_utils": {"state": "loaded", "blocked_by": []},
    "own_files": {},
    "services": {
        **dict.fromkeys(("key_value_pair_exchange", "vss", "guest_service_interface"), SERVICE),
        **{key: SERVICE | {"verdict": "ok"} for key in ("heartbeat", "shutdown", "time_synchronization")},
    },
    "time": {
        "ptp_device": "/dev/ptp0",
        "ptp_link": "/dev/ptp_hyperv",
        "clock_source": "chrony",
        "unit": "chrony",
        "uses_ptp": True,
        "refclock": {"path": "/etc/chrony/conf.d/linux_guest.conf", "line": LINE},
        "configuration": "/etc/chrony/chrony.conf",
        "managed_by": None,
        "makestep": "1 3",
        "servers": [],
        "written": {"files": WRITTEN, "lines": []},
        "verdict": "ok",
        "explanation": "chronyd has selected it",
        "remedy": None,
    },
}
ALL = {"packages": ["hyperv-daemons"], "boot": "udev"}
FAMILY: dict[str, Any] = {
    "name": "Debian",
    "services": {
        "key_value_pair_exchange": {**ALL, "unit": "hv-kvp-daemon", "daemon": "/usr/sbin/hv_kvp_daemon"},
        "vss": {**ALL, "unit": "hv-vss-daemon", "daemon": "/usr/sbin/hv_vss_daemon"},
        "guest_service_interface": {**ALL, "unit": "hv-fcopy-daemon", "daemon": "/usr/sbin/hv_fcopy_daemon"},
    },
    "time": {
        "unit": "chrony",
        "main": "/etc/chrony/chrony.conf",
        "directory": "/etc/chrony/conf.d",
        "sources": "/etc/chrony/sources.d",
    },
    "rows": [{"name": "Debian 12", "evidence": "measured", "when": {"versions": ["12"]}}],
}


def merged(value: Any, changes: Any) -> Any:
    if not isinstance(value, dict) or not isinstance(changes, dict):
        return changes
    return value | {key: merged(value.get(key), change) for key, change in changes.items()}


@pytest.fixture
def make_facts() -> Callable[..., dict[str, Any]]:
    def make(**changes: Any) -> dict[str, Any]:
        found: dict[str, Any] = merged(copy.deepcopy(FACTS), changes)
        return found

    return make


@pytest.fixture
def family() -> dict[str, Any]:
    return copy.deepcopy(FAMILY)
