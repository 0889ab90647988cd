# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong, or only looks wrong, inside Linux guests: trees of files that linux_guest_info reads for real."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.facts import gather
from guest_tree import KERNEL, SERVICES, Tree, healthy

KVP, VSS, COPY = "key_value_pair_exchange", "vss", "guest_service_interface"
# Process and daemon of each service that has one, as `healthy` makes them.
PROCESS = {KVP: 412, VSS: 413, COPY: 414}
DAEMON = {KVP: "kvp", VSS: "vss", COPY: "fcopy"}

Change = Callable[[Tree], object]


class Guest(NamedTuple):
    """change: what to do to a guest in which all works. masked: the unit that systemd says is masked."""

    change: Change = lambda tree: None
    masked: str | None = None

    def facts(self, folder: Path) -> dict[str, Any]:
        """`linux_guest` of linux_guest_info in this guest. folder: an empty place for its files."""
        tree = keep_time(healthy(Tree(folder)))
        self.change(tree)
        answer = f"Id={self.masked}\nLoadState=masked\nActiveState=inactive\n" if self.masked else None
        return gather(tree.running, lambda command: answer if command[0] == "systemctl" else None)


def keep_time(tree: Tree) -> Tree:
    """chrony, with the host's clock among its sources."""
    tree.add({"/etc/chrony/chrony.conf": "pool ntp.example iburst\nrefclock PHC /dev/ptp_hyperv poll 3\n"})
    return tree.process(77, "/usr/sbin/chronyd -F 1")


def _gone(tree: Tree, *paths: str) -> None:
    for path in paths:
        place = tree.path / path.lstrip("/")
        # Several changes may take the same away.
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink(missing_ok=True)


def _device(key: str) -> str:
    return f"/sys/bus/vmbus/devices/{SERVICES[key].instance_guid}"


def stopped(key: str) -> Guest:
    """Its daemon is there and does not run."""
    return Guest(lambda tree: _gone(tree, f"/proc/{PROCESS[key]}"))


def missing(key: str) -> Guest:
    """Its daemon is not installed."""
    program, unit = f"/usr/sbin/hv_{DAEMON[key]}_daemon", f"/lib/systemd/system/hv-{DAEMON[key]}-daemon.service"
    return Guest(lambda tree: _gone(tree, f"/proc/{PROCESS[key]}", program, unit))


def masked(key: str) -> Guest:
    """Its unit is masked."""
    return Guest(stopped(key).change, f"hv-{DAEMON[key]}-daemon.service")


def not_offered(*keys: str) -> Guest:
    """The guest sees no device of these."""

    def change(tree: Tree) -> None:
        for key in keys:
            _gone(tree, _device(key))
            if key in PROCESS:
                _gone(tree, f"/proc/{PROCESS[key]}", f"/dev/vmbus/hv_{DAEMON[key]}")

    return Guest(change)


def _without_driver(tree: Tree) -> None:
    _gone(tree, *(f"{_device(key)}/driver" for key in SERVICES))
    _gone(tree, "/sys/module/hv_utils/initstate", *(f"/proc/{number}" for number in PROCESS.values()))
    _gone(tree, *(f"/dev/vmbus/hv_{name}" for name in DAEMON.values()))


def driver_blocked() -> Guest:
    """A hardening script keeps hv_utils out."""

    def change(tree: Tree) -> None:
        _without_driver(tree)
        tree.add({"/etc/modprobe.d/hardening.conf": "install hv_utils /bin/false\n"})

    return Guest(change)


def driver_missing() -> Guest:
    """The kernel has no hv_utils."""

    def change(tree: Tree) -> None:
        _without_driver(tree)
        tree.modules("hv_netvsc")

    return Guest(change)


def driver_kept_out_next_time() -> Guest:
    return Guest(lambda tree: tree.add({"/etc/modprobe.d/hardening.conf": "blacklist hv_utils\n"}))


def unfreezable(kind: str) -> Guest:
    """A file system for which the whole backup fails."""
    mounts = f"/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /media/stick {kind} rw 0 0\n"
    return Guest(lambda tree: tree.add({"/proc/mounts": mounts}))


def no_clock() -> Guest:
    """Nothing keeps the clock between boots."""
    return Guest(lambda tree: _gone(tree, "/proc/77", "/etc/chrony/chrony.conf"))


def time_from_the_domain() -> Guest:
    return Guest(lambda tree: tree.add({"/etc/chrony/chrony.conf": "server dc1.example iburst\n"}))


def confidential() -> Guest:
    """The kernel refuses the three services, which the host offers in vain."""

    def change(tree: Tree) -> None:
        not_offered(KVP, VSS).change(tree)
        tree.add({"/dev/sev-guest": ""})

    return Guest(change)


def skipped_mounts() -> Guest:
    """File systems that nobody has to freeze."""
    mounts = (
        "/dev/sda1 / xfs rw 0 0\n/dev/sda2 /boot/efi vfat rw 0 0\n/dev/sr0 /media/cd udf ro 0 0\n"
        "nas:/x /srv nfs4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n"
    )
    return Guest(lambda tree: tree.add({"/proc/mounts": mounts}))


def by_hand() -> Guest:
    """The daemon runs, though no unit has started it."""
    return Guest(lambda tree: _gone(tree, "/lib/systemd/system/hv-kvp-daemon.service"))


def driver_built_in() -> Guest:
    """The driver is part of the kernel."""

    def change(tree: Tree) -> None:
        _gone(tree, "/sys/module/hv_utils/initstate")
        tree.modules("hv_netvsc").add({f"/lib/modules/{KERNEL}/modules.builtin": "kernel/drivers/hv/hv_utils.ko\n"})

    return Guest(change)


def no_copy_daemon() -> Guest:
    """No daemon of the Guest Service Interface, which is off anyway."""
    return Guest(lambda tree: _gone(tree, "/usr/sbin/hv_fcopy_daemon", "/lib/systemd/system/hv-fcopy-daemon.service"))


def copy_daemon_missing() -> Guest:
    """The host offers the Guest Service Interface, and nothing is installed that would serve it."""

    def change(tree: Tree) -> None:
        no_copy_daemon().change(tree)
        tree.device(COPY).add({"/dev/vmbus/hv_fcopy": ""})

    return Guest(change)


def copy_daemon_runs() -> Guest:
    """The host offers the Guest Service Interface, and its daemon serves it."""

    def change(tree: Tree) -> None:
        tree.device(COPY).add({"/dev/vmbus/hv_fcopy": ""})
        tree.process(PROCESS[COPY], "/usr/sbin/hv_fcopy_daemon -n", "/dev/vmbus/hv_fcopy")

    return Guest(change)


def altogether(*guests: Guest) -> Guest:
    """All that is changed in any of these, in their order."""

    def change(tree: Tree) -> None:
        for guest in guests:
            guest.change(tree)

    return Guest(change, next((guest.masked for guest in guests if guest.masked), None))
