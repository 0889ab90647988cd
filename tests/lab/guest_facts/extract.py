# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a package the role and the fabricated releases make claims about. An extract can be written as JSON."""

from __future__ import annotations

import re
from typing import TypedDict

from .packages import Package

UNITS = "/usr/lib/systemd/system/"
RULES = "/usr/lib/udev/rules.d/"
# Files of the Hyper-V daemons, and of the clock: everything else of a package is left out.
_OURS = re.compile(
    rf"{UNITS}|{RULES}|/(s?bin|init\.d|linux-\S*tools\S*)/(hv[_-]|hyperv|lsvmbus|chrony)|/libexec/hypervkvpd/|/lib/hyper-v/"
    r"|/linux-tools/[^/]+$|/apparmor\.d/usr\.sbin\.chronyd$|^/(etc|usr/share)/(chrony/)?chrony\.conf$"
)
# Debian's scripts make the file in /etc of this one (ucf).
_MADE_BY_SCRIPT = {"/usr/share/chrony/chrony.conf": "/etc/chrony/chrony.conf"}
# What tells whether a daemon for file copy on uio can copy from a Windows host. Until July 2025 it read the host's
# UTF-16 as wchar_t, with wcstombs, and took its ring buffer for 16 KB (linux-hyperv list, 20250628022217.1514-2 and
# 20250711060846.9168-1). Read in packages of Ubuntu: 6.11.0-17 and 6.14.0-27 have wcstombs and no text of the ring
# buffer; 6.14.0-37, 6.17.0-14 and 7.0.0-44 the other way round, and Debian's 7.2.13 and 7.3.4 as well.
MARKS = ("wcstombs", "Ring buffer size from")


class Extract(TypedDict):
    """What was read in a package.

    files: path -> `ELF`, `script`, `text` or `-> target` of a link. units: name -> directives, as in `BindsTo=x`, in
    their order. rules: file -> rules. conf: path -> lines of a configuration without comments.
    enables, starts, stops_on_upgrade: units to which the maintainer scripts do that. triggers: whether they ask udev to
    look at all devices again. reads: what AppArmor lets chronyd read where configurations may lie.
    marks: path -> texts in the binary of a daemon for file copy.
    """

    package: str
    version: str
    architecture: str
    form: str
    files: dict[str, str]
    units: dict[str, list[str]]
    rules: dict[str, list[str]]
    conf: dict[str, list[str]]
    enables: list[str]
    starts: list[str]
    stops_on_upgrade: list[str]
    triggers: bool
    reads: list[str]
    marks: dict[str, list[str]]
    depends: list[str]
    provides: list[str]
    conflicts: list[str]


def extract(package: Package) -> Extract:
    """Keep of a package what is claimed of it somewhere."""
    texts = {path: data.decode(errors="replace") for path, data in package.files.items() if _OURS.search(path)}
    units = {path.removeprefix(UNITS): text for path, text in texts.items() if path.startswith(UNITS)}
    # Packages of systemd and chrony have units and rules that nobody here asks for.
    own = {
        name: unit_lines(text)
        for name, text in units.items()
        if re.match(r"(hv|hyperv|chronyd?\.|systemd-timesyncd)", name)
    }
    links = {path: target for path, target in package.links.items() if _OURS.search(path)}
    after = "".join(package.scripts.get(name, "") for name in ("postinst", "postin", "posttrans", "post-install"))
    before = package.scripts.get("preinst", "") + package.scripts.get("prerm", "")
    return {
        "package": package.name,
        "version": package.version,
        "architecture": package.architecture,
        "form": package.form,
        "files": dict(sorted(_files(package, texts, own, links).items())),
        "units": dict(sorted(own.items())),
        "rules": {
            path.rpartition("/")[2]: rules
            for path, text in sorted(texts.items())
            if path.startswith(RULES)
            and (rules := [rule for rule in rule_lines(text) if "vmbus" in rule or "ptp" in rule])
        },
        "conf": {
            _MADE_BY_SCRIPT.get(path, path): conf_lines(text)
            for path, text in sorted(texts.items())
            if path.endswith("/chrony.conf")
        },
        "enables": _enabled(after),
        "starts": sorted(set(_units(r"deb-systemd-invoke (?:start|restart|\$_dh_action)", after))),
        "stops_on_upgrade": sorted(set(_units("deb-systemd-invoke stop", before))),
        "triggers": bool(re.search(r"(?m)^\s*udevadm trigger\b", after)),
        "reads": _reads(texts.get("/etc/apparmor.d/usr.sbin.chronyd", "")),
        "marks": {
            path: [mark for mark in MARKS if mark.encode() in package.files[path]]
            for path in sorted(texts)
            if "fcopy" in path and package.files[path].startswith(b"\x7fELF")
        },
        "depends": package.relations.get("depends", []),
        "provides": package.relations.get("provides", []),
        "conflicts": package.relations.get("conflicts", []),
    }


def _files(
    package: Package, texts: dict[str, str], units: dict[str, list[str]], links: dict[str, str]
) -> dict[str, str]:
    files = {}
    for path in texts:
        name = path.rpartition("/")[2]
        others = (path.startswith(UNITS) and name not in units) or (
            path.startswith(RULES) and "hyper" not in name and "hv" not in name
        )
        if not others:
            data = package.files[path]
            kinds = {b"\x7fELF": "ELF", b"#!": "script"}
            files[_MADE_BY_SCRIPT.get(path, path)] = next((k for m, k in kinds.items() if data.startswith(m)), "text")
    return files | {path: f"-> {target}" for path, target in links.items() if not path.startswith((UNITS, RULES))}


# What makes a process safer, or explains: it decides nothing that is claimed here.
_SILENT = re.compile(
    r"(Description|Documentation|Protect|Private|Restrict|SystemCall|Capability|Ambient|NoNew|Lock|Memory|Remove|Proc"
    r"|ReadWrite|(Configuration|Runtime|Logs)Directory|Device|UMask|PIDFile|EnvironmentFile|User|State|Bus|Watchdog)\w*="
)


def unit_lines(text: str) -> list[str]:
    """The directives of a unit that decide when it starts and what: `BindsTo=x`; lines that go on are joined."""
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = [re.sub(r"\s*=\s*", "=", line.strip(), count=1) for line in joined.splitlines()]
    return [line for line in lines if re.match(r"\w+=", line) and not _SILENT.match(line)]


def rule_lines(text: str) -> list[str]:
    """The rules of udev in a file, without spaces between their parts."""
    joined = re.sub(r"\\\n\s*", "", text)
    lines = [line.strip() for line in joined.splitlines()]
    return [
        re.sub(r",\s*", ", ", re.sub(r"\s*([=!+:-]?=)\s*", r"\1", line)) for line in lines if line and line[0] != "#"
    ]


def conf_lines(text: str) -> list[str]:
    """The lines of a configuration of chrony that are no comments."""
    return [line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] not in "#!;%"]


def _enabled(script: str) -> list[str]:
    """The units that a first installation enables: of those of deb, which debhelper asks for with was-enabled, only
    those for which it does not ask debian-installed before."""
    deb = set(_units(r"was-enabled\b", script)) - set(_units(r"debian-installed\b", script))
    return sorted(deb | set(_units(r"systemctl (?:--no-reload )?(?:preset|enable)\b", script)))


def _units(command: str, script: str) -> list[str]:
    """The units that a command in a script names."""
    lines = re.findall(rf"{command}(.*)", script)
    return [unit for line in lines for unit in re.findall(r"([\w@.-]+\.service)", line)]


def _reads(profile: str) -> list[str]:
    """What a profile of AppArmor lets a program read, but for what no configuration lies in."""
    rules = re.findall(r"(?m)^\s*(?:owner )?(/[^\s:]*) (\w+),", profile)
    others = ("/dev/", "/proc/", "/run/", "/sys/", "/usr/", "/var/")
    return sorted({path for path, access in rules if "r" in access and not path.startswith(others)})
