# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes into a plan for a Linux guest, and what it looks like. Everything in it can be written as JSON."""

from __future__ import annotations

from typing import TypedDict

from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import LINUX_SERVICES

# The services that need a daemon, which is what the role looks after. The others are the driver's alone.
KEYS = tuple(service.key for service in LINUX_SERVICES if service.daemons)
# Verdicts on the driver that no package and no unit mends.
KEPT_OUT = ("driver_missing", "driver_blocked")
WISHES = ("present", "absent", "unmanaged")
# What a service gets that the user's mapping does not name.
USUAL = {"key_value_pair_exchange": "present", "vss": "present", "guest_service_interface": "unmanaged"}


class Wishes(TypedDict, total=False):
    """The role's variables, without their prefix."""

    services: dict[str, str]
    time: str
    makestep: bool
    state: str
    repair: bool
    force: bool


class Service(TypedDict):
    """What a distribution has of one service.

    packages, daemon: empty and None where it has none; reason and remedy then say why, and what helps.
    unit: None where it brings none. carriers: packages that bring the unit, if perhaps no daemon that works.
    boot: what starts the unit when its device is there: `udev` by a rule of the package's, or `enable`: nothing does.
    own_unit: whether the role brings the unit, since that of the package is missing or does not work.
    binds_itself: whether the unit gives the device to uio_hv_generic when it starts. note: what else to tell.
    defect: what is wrong with the daemon that is packaged, empty where nothing is known.
    """

    packages: list[str]
    carriers: list[str]
    unit: str | None
    daemon: str | None
    boot: str
    own_unit: bool
    binds_itself: bool
    reason: str
    remedy: str
    note: str
    defect: str


class Clock(TypedDict):
    """chrony in a distribution. directory: one for drop-ins, where the main file reads it; sources: one for servers;
    else None. replaces_timesyncd: whether its package takes systemd-timesyncd away.
    """

    package: str
    unit: str
    main: str
    directory: str | None
    sources: str | None
    replaces_timesyncd: bool


class Row(TypedDict):
    """The row of the matrix that is about a guest. follow: metapackages that bring the daemons of the next kernel,
    and are not installed yet.
    scope: why the role does nothing there at all, or None.
    """

    name: str
    evidence: str
    scope: str | None
    services: dict[str, Service]
    follow: list[str]
    time: Clock | None


class Unit(TypedDict, total=False):
    """What to do with a unit; what is missing is left alone."""

    name: str
    masked: bool
    enabled: bool
    state: str
    daemon_reload: bool


class Skipped(TypedDict):
    service: str
    reason: str
    remedy: str | None


class TimePlan(TypedDict):
    """action: `configure`, `remove` (what the role wrote) or `leave`. wish: the role's option. reason: why.

    problem: why it cannot be had, with the way out, or None. package: to be installed, or None. unit: of chrony.
    start: whether it has to be started and enabled. write: whether the reference clock has to be written, to file;
    drop_in: whether chrony reads file by itself. main: chrony's main file; lines: what the role's block in it has to
    be, or None when it is so. servers: to be written, to sources. remove: files of the role that have to go.
    stop: unit of another time service, or None. rule: whether the udev rule for the clock has to be written.
    """

    action: str
    wish: str
    reason: str
    problem: str | None
    package: str | None
    unit: str
    start: bool
    write: bool
    file: str
    drop_in: bool
    main: str
    lines: list[str] | None
    servers: list[str]
    sources: str
    remove: list[str]
    stop: str | None
    rule: bool


class Kernel(TypedDict):
    """repair: lines of files that keep hv_utils out: path, line, and pattern, a regular expression for it in the file.

    load: whether to load it.
    """

    repair: list[dict[str, str]]
    load: bool


class Packages(TypedDict):
    """install: names. refresh: whether the lists of packages are renewed when that fails.

    command: argv that installs them where Ansible's own module cannot, else empty. reboot: whether they show after one.
    """

    install: list[str]
    refresh: bool
    command: list[str]
    reboot: bool


class Units(TypedDict):
    """before, after: the installation of packages."""

    before: list[Unit]
    after: list[Unit]


class OwnFile(TypedDict):
    path: str
    text: str


class OwnFiles(TypedDict):
    """The role's own udev rule and unit, as far as they are missing or different. remove: paths."""

    write: list[OwnFile]
    remove: list[str]


class Purge(TypedDict):
    """purge: whether the pools have to go. stop: the unit that writes them, or None."""

    purge: bool
    stop: str | None


class Plan(TypedDict):
    """act: whether there is anything to do with this guest; reason says why not.

    problems: what is asked for and cannot be had, each with its way out. expected: services to be verified at the end.
    tell: devices that udev has to process before the daemons start, as `udevadm trigger --sysname-match` takes them.
    at_rest: whether the guest is as it shall be, as far as the facts tell. explanation: lines for people.
    """

    act: bool
    at_rest: bool
    reason: str
    row: str
    evidence: str
    problems: list[str]
    kernel: Kernel
    packages: Packages
    units: Units
    own_files: OwnFiles
    tell: list[str]
    time: TimePlan
    generalize: Purge
    skipped: list[Skipped]
    expected: list[str]
    explanation: list[str]
