# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the packages of distributions, and compares them with the role's rows and with the fabricated releases.

Without options: every release whose packages an archive in reach has (Debian, Ubuntu) is downloaded and compared.
With --package, files are read instead, as of the release that --release names. With --recorded, nothing is downloaded:
the extracts in `recorded` are compared. With --record, what was downloaded is written there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

LAB = Path(__file__).resolve().parents[1]
if str(LAB) not in sys.path:
    sys.path.insert(0, str(LAB))

import workspace  # noqa: E402

if __name__ == "__main__":
    workspace.link_imports()
    sys.path.insert(0, str(workspace.IMPORTS))

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.row import choose_row, matches  # noqa: E402
from fabricated.facts import facts_of  # noqa: E402
from fabricated.matrix import family_of  # noqa: E402
from fabricated.recipe import Recipe, names, release  # noqa: E402
from guest_facts.archives import SUITES, ArchiveError, archive  # noqa: E402
from guest_facts.claims import (  # noqa: E402
    Difference,
    Packages,
    compare_kernels,
    compare_release,
    compare_row,
    other_versions,
    sources_of_family,
    sources_of_release,
    without_source,
)
from guest_facts.extract import Extract, extract  # noqa: E402
from guest_facts.packages import PackageError, read_package  # noqa: E402

RECORDED = Path(__file__).with_name("recorded")
# Not a release: the metapackages of kernels, by the release whose archive has them.
KERNELS = "kernels"
# What is asked of every release besides the daemons.
CLOCK = ("chrony", "systemd-timesyncd", "udev")


def wanted_packages(name: str) -> list[str]:
    """The packages that a release and its row speak of."""
    facts = facts_of(Recipe(name, name))
    row = choose_row(family_of(facts), facts)
    carriers = [package for service in row["services"].values() for package in service["carriers"]]
    return [*release(name)["packages"], *carriers, *CLOCK]


def download(name: str) -> Packages:
    """The packages of a release from its archive, with those of the kernel that they depend on."""
    found: dict[str, Extract] = {}
    new = wanted_packages(name)
    while new:
        packages = [extract(read_package(path)) for path in archive(SUITES[name]).download(new).values()]
        found |= {package["package"]: package for package in packages}
        needed = {other for package in packages for other in package["depends"] if "cloud-tools-" in other}
        new = sorted(needed - set(found))
    return found


def read_recorded(name: str) -> Packages:
    """The packages of a release as they were recorded."""
    listed = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return {package["package"]: package for package in listed}


def record(name: str, packages: Packages) -> None:
    """Write what was downloaded of a release."""
    _write(name, list(packages.values()))
    if SUITES[name].distribution == "ubuntu":
        _write(KERNELS, recorded_kernels() | {name: archive(SUITES[name]).kernels()})


def recorded_kernels() -> dict[str, dict[str, list[str]]]:
    """The metapackages of kernels by release, as they were recorded."""
    found: dict[str, dict[str, list[str]]] = json.loads((RECORDED / f"{KERNELS}.json").read_text(encoding="utf-8"))
    return found


def _write(name: str, data: object) -> None:
    (RECORDED / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def differences(name: str, packages: Packages, complete: bool) -> Iterator[Difference]:
    """All that is said of a release otherwise than its packages say it."""
    facts = facts_of(Recipe(name, name))
    family = family_of(facts)
    yield from compare_release(f"{name}.yml", release(name), packages, complete)
    row = choose_row(family, facts)
    yield from compare_row(f"{facts['distribution']['family']}.yml ({name})", row, facts, packages, complete)


def different_kernels(name: str, kernels: dict[str, list[str]]) -> Iterator[Difference]:
    """What is said of Ubuntu's metapackages otherwise than the archive of a release has them."""
    facts = facts_of(Recipe(name, name))
    family = family_of(facts)
    row, *_others = (row for row in family["rows"] if matches(row["when"], facts))
    yield from compare_kernels(f"ubuntu.yml ({name})", family, row.get("follows", family["follows"]), kernels)


def missing_sources() -> Iterator[Difference]:
    """What does not say where it is from."""
    for path in sorted((workspace.CHECKOUT / "roles" / "linux_guest" / "vars").glob("*.yml")):
        family = yaml.safe_load(path.read_text(encoding="utf-8")).get("__linux_guest_family")
        if family:
            yield from without_source(path.name, sources_of_family(family))
    for name in names():
        yield from without_source(f"{name}.yml", sources_of_release(release(name)))


def notes(name: str, packages: Packages) -> list[str]:
    """What was read in another version than the archive has now."""
    facts = facts_of(Recipe(name, name))
    row: dict[str, object] = next((r for r in family_of(facts)["rows"] if matches(r.get("when", {}), facts)), {})
    said = {**sources_of_release(release(name)), "row": row.get("source")}
    return other_versions(name, said, packages)


def look(name: str, packages: Packages, complete: bool) -> list[Difference]:
    """Print what was read, and what differs."""
    versions = ", ".join(f"{package['package']} {package['version']}" for package in packages.values())
    print(f"{name}: {versions}")
    found = tell(differences(name, packages, complete))
    for note in notes(name, packages):
        print(f"    {note}")
    return found


def tell(differences: Iterable[Difference]) -> list[Difference]:
    """Print differences."""
    found = list(differences)
    for difference in found:
        print(f"    DIFFERS {difference}")
    return found


def read_files(paths: Iterable[Path]) -> Packages:
    packages = [extract(read_package(path)) for path in paths]
    return {package["package"]: package for package in packages}


def main() -> None:
    parser = argparse.ArgumentParser(prog="guest-facts", description=__doc__)
    parser.add_argument("--package", nargs="+", type=Path, help="files to read (deb, rpm, apk) instead of an archive")
    parser.add_argument("--release", choices=names(), help="the release that the files of --package belong to")
    parser.add_argument("--recorded", action="store_true", help="compare what was recorded, without a network")
    parser.add_argument("--record", action="store_true", help="write what was downloaded to the recorded extracts")
    parser.add_argument("releases", nargs="*", metavar="RELEASE", help=f"of {', '.join(SUITES)}; all by default")
    options = parser.parse_args()
    if bool(options.package) != bool(options.release):
        parser.error("--package and --release belong together: name the release that the files are of")
    unknown = [name for name in options.releases if name not in SUITES]
    if unknown:
        parser.error(f"no archive of {', '.join(unknown)} is known: use --release {unknown[0]} --package FILE ...")
    found = tell(missing_sources())
    try:
        if options.package:
            found += look(options.release, read_files(options.package), complete=False)
        for name in [] if options.package else options.releases or SUITES:
            packages = read_recorded(name) if options.recorded else download(name)
            found += look(name, packages, complete=True)
            if SUITES[name].distribution == "ubuntu":
                kernels = recorded_kernels()[name] if options.recorded else archive(SUITES[name]).kernels()
                found += tell(different_kernels(name, kernels))
            if options.record:
                record(name, packages)
    except (ArchiveError, PackageError) as error:
        sys.exit(f"guest-facts: {error}")
    print(f"{len(found)} differences")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
