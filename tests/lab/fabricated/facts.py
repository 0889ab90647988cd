# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What linux_guest_info tells of a fabricated guest on which nothing was installed yet, without building it.

A test compares it with what the module does tell.
"""

from __future__ import annotations

from typing import Any

from .recipe import COPY, Recipe, release

# What identifies a family in os-release (linux_guest_info knows more of them).
FAMILIES = {
    "almalinux": "redhat",
    "amzn": "amazon",
    "anolis": "redhat",
    "centos": "redhat",
    "mariner": "azurelinux",
    "ol": "redhat",
    "opensuse-leap": "suse",
    "opensuse-tumbleweed": "suse",
    "plamo": "unknown",
    "rhel": "redhat",
    "rocky": "redhat",
    "sles": "suse",
}
DAEMONS = ("key_value_pair_exchange", "vss", COPY)


def facts_of(recipe: Recipe) -> dict[str, Any]:
    """`linux_guest`, as far as a plan looks at it."""
    built, recorded = recipe.built(), release(recipe.release)
    os_release = recorded["os_release"]
    clock = built["clock"]
    chrony = built["chrony"]
    source = {True: "systemd-timesyncd", False: "none"}[built["timesyncd"]]
    return {
        "hyperv": recipe.hyperv,
        "hyperv_evidence": "vmbus" if recipe.hyperv else None,
        "isolation": recipe.isolation if recipe.hyperv else None,
        "container": recipe.container or None,
        "kernel": recorded["kernel"],
        "architecture": recorded["architecture"],
        "distribution": {
            "id": os_release["ID"],
            "version": os_release.get("VERSION_ID", ""),
            "name": os_release["PRETTY_NAME"],
            "family": FAMILIES.get(os_release["ID"], os_release["ID"]),
            "kernel_packages": recorded["images"],
        },
        "init": {"rc": "other"}.get(recorded["init"], recorded["init"]),
        "azure": False,
        "root_partition": False,
        "immutable": None,
        "installer": None,
        "package_lists": ("fresh" if recipe.lists else "missing") if built["lists"] else None,
        "copy_interface": None,
        "uio_devices": [],
        "own_files": {},
        "hv_utils": {"state": recipe.driver, "blocked_by": []},
        "services": {key: _service(key, built) for key in DAEMONS} | {"time_synchronization": {"offered": True}},
        "time": {
            "ptp_device": f"/dev/{clock['name']}" if clock else None,
            "ptp_link": "/dev/ptp_hyperv" if clock and clock["link"] else None,
            "clock_source": "chrony" if built["chrony_installed"] else source,
            "uses_ptp": bool(built["chrony_installed"] and "/dev/ptp_hyperv" in recorded["chrony"]["text"]),
            "configuration": chrony["main"] if chrony and built["chrony_installed"] else None,
            **_chrony(recorded, built["chrony_installed"]),
        },
    }


def _chrony(recorded: dict[str, Any], installed: bool) -> dict[str, Any]:
    """What of chrony's configuration a plan looks at, where the package brings it."""
    chrony = recorded["chrony"]
    lines = chrony["text"].splitlines() if installed else []
    clocks = [line for line in lines if "/dev/ptp_hyperv" in line]
    steps = [line.partition(" ")[2] for line in lines if line.startswith("makestep ")]
    return {
        "unit": chrony["unit"].removesuffix(".service") if installed else None,
        "refclock": {"path": chrony["main"], "line": clocks[0]} if clocks else None,
        "managed_by": None,
        "makestep": steps[-1] if steps else None,
        "servers": [],
        "written": {"files": [], "lines": []},
    }


def _service(key: str, built: dict[str, Any]) -> dict[str, Any]:
    device = built["devices"][key] if key in built["offered"] else None
    bound = device is not None and (device["driver"] == "hv_utils" or built["binds_copy"])
    return {
        "offered": device is not None,
        "driver": device["driver"] if device and bound else None,
        "node_present": bound,
        # Nothing is installed, and no rule is there.
        "node_known": False if device and bound and device["node"] and built["init"] == "systemd" else None,
        "process": None,
        "daemon": None,
        "unit": None,
        "unit_enabled": None,
        "unit_state": None,
        "verdict": "no_daemon",
        "explanation": "the daemon is not installed",
        "remedy": None,
    }
