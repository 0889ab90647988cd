# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fabricated guest is made of: a recorded release, and the host around it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import LINUX_SERVICES

RELEASES = Path(__file__).parent / "releases"
COPY = "guest_service_interface"
# Linux commit ec314f61e4fc.
UIO_COPY_SINCE = (6, 10)
# Read in the packages chrony 4.0-8+deb11u2, 4.3-2+deb12u3, 4.6.1-3+deb13u2, 4.9-2 (Debian 11 to sid), 3.5-6ubuntu6.2,
# 4.2-2ubuntu2.1, 4.5-1ubuntu4.2 and 4.8-2ubuntu1 (Ubuntu 20.04 to 26.04): the profile is attached by path, and enforced
# whoever calls the program. Measured with 4.3 on Debian 12: any other path is "Permission denied".
WITH_APPARMOR = ("debian", "ubuntu")
APPARMOR_PROFILE = "/etc/apparmor.d/usr.sbin.chronyd"
APPARMOR_TEXT = "/usr/sbin/chronyd {\n  /etc/chrony/{,**} r,\n  /etc/chrony.* r,\n  @{run}/timemaster/* r,\n}\n"


# What the first renewal of a package manager's lists leaves. dnf and zypper renew theirs when they install.
LISTS = {
    "apt": "/var/lib/apt/lists/deb.debian.org_InRelease",
    "apk": "/var/cache/apk/APKINDEX.1.tar.gz",
    "pacman": "/var/lib/pacman/sync/core.db",
}


@cache
def release(name: str) -> dict[str, Any]:
    """What was recorded of a distribution's release."""
    text = (RELEASES / f"{name}.yml").read_text(encoding="utf-8")
    defaults: dict[str, Any] = {
        "architecture": "x86_64",
        "system": "Linux",
        "packages": {},
        "chrony": None,
        "timesyncd": False,
        # Metapackages of kernels, which are installed from the start.
        "images": [],
    }
    return {**defaults, "binds_copy": False, "clock_link": True, **yaml.safe_load(text)}


def names() -> list[str]:
    """The recorded releases."""
    return sorted(path.stem for path in RELEASES.glob("*.yml"))


@dataclass(frozen=True)
class Recipe:
    """A guest. name: its name in the inventory; release: of the distribution.

    hyperv: whether a Hyper-V host is around it. offered: the services that are switched on there.
    driver: state of hv_utils: loaded, available or missing. modprobe: files in /etc/modprobe.d. cmdline: the kernel's.
    clock: whether the kernel has the host's clock. container: what contains it. ntpd: whether that keeps the clock.
    installed: packages that are there from the start. files: more files, by path.
    lists: whether the lists of packages are there. commands: stand-ins that not every guest has.
    """

    name: str
    release: str
    hyperv: bool = True
    offered: tuple[str, ...] = tuple(service.key for service in LINUX_SERVICES)
    isolation: str = "none"
    driver: str = "loaded"
    modprobe: dict[str, str] = field(default_factory=dict)
    cmdline: str = "root=/dev/sda1 ro"
    clock: bool = True
    container: str = ""
    ntpd: bool = False
    installed: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    lists: bool = True
    commands: tuple[str, ...] = ()

    def built(self) -> dict[str, Any]:
        """The recipe with all that is derived from it, for the builder and for the stand-ins in the guest."""
        recorded = release(self.release)
        uio = tuple(int(number) for number in re.findall(r"\d+", recorded["kernel"])[:2]) >= UIO_COPY_SINCE
        chrony = recorded["chrony"]
        excluded = "chrony" in self.installed and "systemd-timesyncd" in chrony.get("removes", [])
        return {
            "name": self.name,
            "system": recorded["system"],
            "kernel": recorded["kernel"],
            "architecture": recorded["architecture"],
            "os_release": recorded["os_release"],
            "init": recorded["init"],
            "manager": recorded["manager"],
            "hyperv": self.hyperv,
            "isolation": self.isolation,
            "driver": self.driver,
            "modprobe": self.modprobe,
            "cmdline": self.cmdline,
            "container": self.container,
            "devices": self._devices(uio),
            "offered": self.offered if self.hyperv else (),
            "binds_copy": uio and recorded["binds_copy"],
            "clock": {"name": "ptp0", "link": recorded["clock_link"]} if self.hyperv and self.clock else None,
            "chrony": {"main": chrony["main"], "version": chrony["version"], "unit": chrony["unit"]}
            if chrony
            else None,
            "chrony_installed": bool(chrony and chrony.get("installed")),
            "timesyncd": recorded["timesyncd"] and not self.ntpd and not excluded,
            "ntpd": self.ntpd,
            "installed": self.installed,
            "packages": {**recorded["packages"], **({"chrony": chrony_package(recorded)} if chrony else {})},
            "files": {**{f"/var/lib/dpkg/info/{name}.list": "" for name in recorded["images"]}, **self.files},
            "lists": LISTS.get(recorded["manager"]),
            "lists_there": self.lists,
            "commands": self.commands,
        }

    def _devices(self, uio: bool) -> dict[str, Any]:
        return {
            service.key: {
                "instance": service.instance_guid,
                "class": service.class_guid,
                "driver": "uio_hv_generic" if service.key == COPY and uio else "hv_utils",
                "node": "" if service.key == COPY and uio else service.node,
            }
            for service in LINUX_SERVICES
        }


def chrony_package(recorded: dict[str, Any]) -> dict[str, Any]:
    """The package of chrony as far as the role meets it."""
    chrony = recorded["chrony"]
    files = {chrony["main"]: chrony["text"], "/usr/sbin/chronyd": "ELF", "/usr/bin/chronyc": "ELF"}
    if recorded["os_release"]["ID"] in WITH_APPARMOR:
        files[APPARMOR_PROFILE] = APPARMOR_TEXT
    if recorded["init"] == "systemd":
        conflicts = "Conflicts=systemd-timesyncd.service\n" if chrony.get("conflicts") else ""
        files[f"/usr/lib/systemd/system/{chrony['unit']}"] = (
            f"[Unit]\n{conflicts}[Service]\nExecStart=/usr/sbin/chronyd\n[Install]\nWantedBy=multi-user.target\n"
        )
    else:
        files[f"/etc/init.d/{chrony['unit']}"] = "#!/sbin/openrc-run\ncommand=/usr/sbin/chronyd\n"
    starts = [chrony["unit"]] if chrony.get("starts") or chrony.get("installed") else []
    return {"files": files, "removes": chrony.get("removes", []), "starts": starts, "enables": starts}
