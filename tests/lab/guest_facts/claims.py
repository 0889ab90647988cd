# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares what is said of packages with what was read in them.

Of packages speak the rows in roles/linux_guest/vars, from which the role takes names and paths, and the fabricated
releases, from which the stand-ins of a fabricated guest take files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from typing import Any, NamedTuple

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.row import has_tools, numbers, uio_copy
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import Clock, Row, Service

from .extract import RULES, UNITS, Extract, conf_lines, rule_lines, unit_lines

WORDS = {"key_value_pair_exchange": "kvp", "vss": "vss", "guest_service_interface": "fcopy"}
# A package and the version that was read, and how where not from the package itself: `hvtools 4.11.9-r4 (APKBUILD)`.
SOURCE = re.compile(r"unverified|[a-z0-9][a-z0-9+.{}-]* \S*\d\S*( \(.+\))?")
Packages = Mapping[str, Extract]


class Difference(NamedTuple):
    """What a file says, and what was found instead."""

    file: str
    field: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: says {self.expected!r}, found {self.found!r}"


# --- sources


def without_source(file: str, layers: Mapping[str, Any]) -> Iterator[Difference]:
    """The parts of a file that do not say which package they are from. layers: part -> its `source`, a list."""
    for name, source in layers.items():
        texts = source if isinstance(source, list) and source else [source]
        for text in texts:
            if not isinstance(text, str) or not SOURCE.fullmatch(text):
                yield Difference(file, f"{name}: source", text, "neither a package and its version nor `unverified`")


def sources_of_family(family: Mapping[str, Any]) -> dict[str, Any]:
    """The layers of a family, each of which has to say where it is from."""
    layers = {"family": family.get("source")}
    layers |= {f"row {row['name']}": row.get("source") for row in family["rows"]}
    return layers | {f"variant {layer['when']}": layer.get("source") for layer in family.get("variants", ())}


def sources_of_release(release: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a fabricated release. Packages without files (metapackages) are their own source."""
    source = release.get("source") or {}
    parts = ["kernel", *(["chrony"] if release.get("chrony") else []), *release.get("packages", {})]
    return {part: source.get(part) for part in parts}


def other_versions(file: str, sources: Mapping[str, Any], packages: Packages) -> list[str]:
    """Notes: what is said was read in another version of the package, and is the same."""
    texts = {text for source in sources.values() for text in (source if isinstance(source, list) else [source])}
    said = [re.match(r"(\S+) (\S+)$", text or "") for text in sorted(map(str, texts))]
    return [
        f"{file} was read in {found[1]} {found[2]}; {packages[found[1]]['version']} is the same"
        for found in said
        if found and found[1] in packages and packages[found[1]]["version"] != found[2]
    ]


# --- fabricated releases


def compare_release(file: str, release: Mapping[str, Any], packages: Packages, complete: bool) -> Iterator[Difference]:
    """What a fabricated release says otherwise. complete: whether packages are all that the archive has of it."""
    for name, claim in release.get("packages", {}).items():
        if name in packages:
            yield from _package(file, name, claim, packages[name], release["init"])
        elif complete:
            yield Difference(file, f"packages.{name}", "a package", "not in the archive")
    if release.get("chrony") and release["chrony"]["package"] in packages:
        yield from _chrony(file, release["chrony"], packages)
    if "udev" in packages:
        links = any('"hyperv"' in rule and "ptp_hyperv" in rule for rule in _rules(packages["udev"]))
        if release["clock_link"] != links:
            yield Difference(file, "clock_link", release["clock_link"], links)


def _package(file: str, name: str, claim: Mapping[str, Any], package: Extract, init: str) -> Iterator[Difference]:
    field = f"packages.{name}"
    files: Mapping[str, str] = claim.get("files", {})
    # Scripts of another init system lie beside the units.
    others = ("/etc/init.d/", "/etc/init/") if init == "systemd" else (UNITS,)
    for path in package["files"]:
        if path not in files and not path.startswith(others):
            yield Difference(file, f"{field}.files", f"no {path}", package["files"][path])
    for path, text in files.items():
        if path not in package["files"]:
            yield Difference(file, f"{field}.files", path, "no such file")
        else:
            yield from _text(file, f"{field}.files.{path}", path, text, package)
    for word in ("enables", "starts"):
        said, found = sorted(claim.get(word, [])), package[word]
        if said != found:
            yield Difference(file, f"{field}.{word}", said, found)
    if claim.get("triggers", False) != package["triggers"]:
        yield Difference(file, f"{field}.triggers", claim.get("triggers", False), package["triggers"])
    needed = {_any_kernel(other) for other in package["depends"]}
    for other in claim.get("requires", []):
        if _any_kernel(other) not in needed:
            yield Difference(file, f"{field}.requires", other, package["depends"])


def _any_kernel(package: str) -> str:
    """A package of a kernel without the kernel's numbers: a metapackage needs the newest one, a guest has an older."""
    return re.sub(r"\d+\.\d+\.\d+-\d+", "*", package)


def _text(file: str, field: str, path: str, text: str, package: Extract) -> Iterator[Difference]:
    if path.startswith(UNITS):
        said, found = unit_lines(text), package["units"][path.removeprefix(UNITS)]
    elif path.startswith(RULES):
        said, found = rule_lines(text), package["rules"].get(path.removeprefix(RULES), [])
    else:
        kind = "script" if text.startswith("#!") else text.strip()
        real = " ".join([package["files"][path], *package["marks"].get(path, [])])
        if kind != real:
            yield Difference(file, field, kind, real)
        return
    yield from (Difference(file, field, line, "no such line") for line in said if line not in found)
    yield from (Difference(file, field, "no such line", line) for line in found if line not in said)


def _chrony(file: str, claim: Mapping[str, Any], packages: Packages) -> Iterator[Difference]:
    package = packages[claim["package"]]
    pairs: dict[str, tuple[object, object]] = {
        "version": (claim["version"], ".".join(map(str, numbers(package["version"])[:2]))),
        "starts": (bool(claim.get("starts")), any(unit in package["starts"] for unit in (claim["unit"],))),
        "main": (claim["main"], next(iter(package["conf"]), None)),
        "unit": (claim["unit"], _unit(package, claim["unit"])),
        "text": (sorted(conf_lines(claim["text"])), sorted(package["conf"].get(claim["main"], []))),
        "removes": (sorted(claim.get("removes", [])), _removed(package, packages)),
        "conflicts": (bool(claim.get("conflicts")), _ends_timesyncd(package, claim["unit"])),
    }
    for name, (said, found) in pairs.items():
        if said != found:
            yield Difference(file, f"chrony.{name}", said, found)


def _unit(package: Extract, unit: str) -> str | None:
    """A unit by one of its names, None when the package does not bring it."""
    names = {unit: unit for unit in package["units"]}
    for known, lines in package["units"].items():
        names |= {alias: unit for line in lines if line.startswith("Alias=") for alias in line[6:].split() if known}
    return names.get(unit)


def _removed(package: Extract, packages: Packages) -> list[str]:
    """Which of the packages have to go for this one."""
    others = [other for other in packages.values() if other["package"] != package["package"]]
    return sorted(
        other["package"] for other in others if {other["package"], *other["provides"]} & set(package["conflicts"])
    )


def _ends_timesyncd(package: Extract, unit: str) -> bool:
    lines = package["units"].get(unit, [])
    return any("systemd-timesyncd.service" in line for line in lines if line.startswith("Conflicts="))


def _rules(package: Extract) -> list[str]:
    return [rule for rules in package["rules"].values() for rule in rules]


# --- kernels of Ubuntu


def compare_kernels(
    file: str, family: Mapping[str, Any], follows: Mapping[str, Any], kernels: Mapping[str, list[str]]
) -> Iterator[Difference]:
    """What is said otherwise of metapackages than an archive has. kernels: see Archive.kernels."""
    for kernel in kernels["images"]:
        if has_tools(kernel, follows) and kernel not in kernels["tools"]:
            yield Difference(file, "follows", f"linux-cloud-tools-{kernel}", "not in the archive")
    without = [flavour for layer in family["variants"] for flavour in layer["when"].get("flavour", ())]
    for flavour in without:
        if flavour in [name.rpartition("-")[2] for name in kernels["flavours"]]:
            yield Difference(file, "variants", f"no linux-cloud-tools of the flavour {flavour}", "in the archive")


# --- rows


def compare_row(
    file: str, row: Row, facts: Mapping[str, Any], packages: Packages, complete: bool
) -> Iterator[Difference]:
    """What the row of the matrix says otherwise that is about a guest."""
    for key, service in row["services"].items():
        found = _service(key, service, facts, packages, complete)
        yield from (Difference(file, f"{row['name']}.{key}.{field}", said, real) for field, said, real in found)
    clock = row["time"]
    if clock and clock["package"] in packages:
        for field, said, real in _clock(clock, packages):
            yield Difference(file, f"{row['name']}.time.{field}", said, real)


def _service(
    key: str, service: Service, facts: Mapping[str, Any], packages: Packages, complete: bool
) -> Iterator[tuple[str, object, object]]:
    carriers = [packages[name] for name in service["carriers"] if name in packages]
    units = {unit: lines for package in carriers for unit, lines in package["units"].items()}
    files = {path for package in packages.values() for path in package["files"]}
    if not service["packages"] or service["own_unit"]:
        # Nothing that could start may be there.
        field, said = ("own_unit", "no unit") if service["own_unit"] else ("packages", service["reason"])
        works = [
            u for u, lines in units.items() if WORDS[key] in _program(lines) and not _never(lines, facts, packages)
        ]
        yield from ((field, f"nothing that works here ({said})", unit) for unit in works)
        if service["own_unit"] and carriers and service["daemon"] not in files:
            yield "daemon", service["daemon"], "no such file"
        return
    for name in service["packages"]:
        if name not in packages and complete:
            yield "packages", name, "not in the archive"
    if not carriers:
        return
    if facts["init"] != "systemd":
        if f"/etc/init.d/{service['unit']}" not in files:
            yield "unit", service["unit"], "no such script"
        return
    unit = f"{service['unit']}.service"
    if unit not in units:
        yield "unit", service["unit"], sorted(name for name in units if WORDS[key] in name)
        return
    yield from _start(service, unit, units[unit], facts, packages)
    if service["daemon"] not in files:
        yield "daemon", service["daemon"], "no such file"


def _start(
    service: Service, unit: str, lines: list[str], facts: Mapping[str, Any], packages: Packages
) -> Iterator[tuple[str, object, object]]:
    """How a unit starts."""
    if _program(lines) != service["daemon"]:
        yield "daemon", service["daemon"], _program(lines)
    wanted = [rule for package in packages.values() for rule in _rules(package) if f'SYSTEMD_WANTS}}+="{unit}"' in rule]
    enabled = any(unit in package["enables"] for package in packages.values())
    if service["boot"] == "udev" and not wanted and not enabled:
        yield "boot", "udev", "no rule and no script starts it"
    if service["boot"] == "enable" and wanted:
        yield "boot", "enable", wanted[0]
    binds = any(line.startswith("ExecStartPre=") and "new_id" in line for line in lines)
    if binds != service["binds_itself"]:
        yield "binds_itself", service["binds_itself"], binds
    never = _never(lines, facts, packages)
    if never:
        yield "unit", f"{unit} starts with kernel {facts['kernel']}", never


def _program(lines: Iterable[str]) -> str:
    """The program of a unit, without the marks before its path."""
    return next((re.sub(r"^[-@:+!]*", "", line[10:].split()[0]) for line in lines if line.startswith("ExecStart=")), "")


def _never(lines: list[str], facts: Mapping[str, Any], packages: Packages) -> str:
    """Why a unit for file copy never starts, or nothing works that it starts; empty when it may."""
    name, kernel = _program(lines).rpartition("/")[2], facts["kernel"]
    uio = uio_copy(facts)
    if "fcopy" in name:
        waits = [
            line for line in lines if re.match(r"ConditionPathExists=/dev/vmbus/hv_fcopy$|BindsTo=.*hv_fcopy", line)
        ]
        if uio and waits:
            return f"{waits[0]}, which this kernel does not have"
        if uio != ("uio" in name):
            return f"{name} is for kernels {'before 6.10' if uio else 'from 6.10 on'}"
    # Ubuntu's programs in /usr/sbin run that of the running kernel.
    tools = packages.get(f"linux-cloud-tools-{kernel}")
    if tools:
        inside = [path for package in packages.values() for path in package["files"]]
        folder = tools["files"].get(f"/usr/lib/linux-tools/{kernel}", "").removeprefix("-> ../")
        if not {f"/usr/lib/linux-tools/{kernel}/{name}", f"/usr/lib/{folder}/{name}"} & set(inside):
            return f"no {name} in the packages of kernel {kernel}"
    return ""


def _clock(clock: Clock, packages: Packages) -> Iterator[tuple[str, object, object]]:
    package = packages[clock["package"]]
    if _unit(package, f"{clock['unit']}.service") is None and f"/etc/init.d/{clock['unit']}" not in package["files"]:
        yield "unit", clock["unit"], sorted(package["units"])
    if clock["main"] not in package["conf"]:
        yield "main", clock["main"], sorted(package["conf"])
        return
    included = [re.match(r"confdir (\S+)$|include (\S+)/\*\.conf$", line) for line in package["conf"][clock["main"]]]
    folders = [found[1] or found[2] for found in included if found]
    if clock["directory"] not in (folders or [None]):
        yield "directory", clock["directory"], folders or None
    servers = [line.split()[1] for line in package["conf"][clock["main"]] if line.startswith("sourcedir /etc/")]
    if clock["sources"] not in (servers or (None,)):
        yield "sources", clock["sources"], servers or None
    allowed = [path.replace("{,**}", "*") for path in package["reads"]]
    if clock["directory"] and allowed and not any(fnmatch(f"{clock['directory']}/x.conf", path) for path in allowed):
        yield "directory", clock["directory"], f"AppArmor lets chronyd read {', '.join(package['reads'])} only"
    removed = "systemd-timesyncd" in _removed(package, packages)
    if "systemd-timesyncd" in packages and removed != clock["replaces_timesyncd"]:
        yield "replaces_timesyncd", clock["replaces_timesyncd"], removed
