# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How packages get into a guest: by Ansible's own module, by a command of the system, after a reboot, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.clock import leave
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import Packages, TimePlan

# None of these changes anything when the packages are there already, or wait for the next boot. Sources: dnf(8);
# rpm-ostree(1), src/app/rpmostree-pkg-builtins.cxx (exit 77 without a change); transactional-update(8).
_COMMANDS = {
    "dnf": ("dnf", "-y", "install"),
    "rpm-ostree": ("rpm-ostree", "install", "--idempotent", "--allow-inactive", "--unchanged-exit-77"),
    "transactional-update": (
        *("transactional-update", "--non-interactive", "--continue", "--drop-if-no-change"),
        *("pkg", "install"),
    ),
}
_IMAGE = {
    "bootc": "this system is deployed from a container image (bootc), and a package of its own would block its updates",
    "ostree": "this system is built by ostree and has no rpm-ostree to add packages with",
}


def plan_packages(names: Sequence[str], facts: Mapping[str, Any]) -> Packages:
    """Return what to install, and how. names: without repetition."""
    installer = facts["installer"]
    return {
        "install": [*names],
        "refresh": bool(names) and installer is None and facts["package_lists"] in ("old", "missing"),
        "command": [*_COMMANDS[installer], *names] if names and installer else [],
        "reboot": bool(names) and facts["immutable"] is not None,
    }


def no_way(facts: Mapping[str, Any]) -> str | None:
    """Return why no package can be installed; None when packages can be."""
    if facts["immutable"] is None or facts["installer"]:
        return None
    return _IMAGE[facts["immutable"]]


def take_clock(time: TimePlan, facts: Mapping[str, Any]) -> tuple[TimePlan, list[str]]:
    """Return the plan for the clock without its package, and that package where a command has to install it.

    Where packages show after the next boot, the clock waits for it.
    """
    package = time["package"]
    if package is None or not (facts["immutable"] or facts["installer"]):
        return time, []
    if facts["immutable"] is None:
        return {**time, "package": None}, [package]
    why = no_way(facts)
    reason = f"{why}: put {package} into the image" if why else f"{package} is there after a reboot: run the role again"
    return {**leave(reason), "wish": time["wish"]}, [] if why else [package]
