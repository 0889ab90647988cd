# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role's rows and the fabricated releases say of packages, beside what was recorded of the packages.

Without a network: `make guest-facts` does the same with what the archives have today.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.row import choose_row
from fabricated.facts import facts_of
from fabricated.matrix import family_of
from fabricated.recipe import Recipe, release
from guest_facts.archives import SUITES
from guest_facts.check import differences, different_kernels, missing_sources, read_recorded, recorded_kernels
from guest_facts.claims import Difference, Packages, compare_kernels, compare_release, compare_row, without_source

KVP, VSS, COPY = "key_value_pair_exchange", "vss", "guest_service_interface"
UNITS = "/usr/lib/systemd/system"
recorded: Callable[[str], Packages] = cache(read_recorded)


@pytest.mark.parametrize("name", SUITES)
def test_release_and_row_say_what_is_in_the_packages(name: str) -> None:
    assert [str(found) for found in differences(name, recorded(name), complete=True)] == []


@pytest.mark.parametrize("name", [name for name in SUITES if name.startswith("ubuntu")])
def test_metapackages_of_kernels_are_those_of_the_archive(name: str) -> None:
    assert [str(found) for found in different_kernels(name, recorded_kernels()[name])] == []


def test_every_row_and_every_release_says_which_package_it_is_from() -> None:
    assert [str(found) for found in missing_sources()] == []


# --- lies


def of_release(name: str, lie: Callable[[dict[str, Any]], object]) -> list[Difference]:
    """What is found when a copy of a fabricated release lies."""
    copied = copy.deepcopy(release(name))
    lie(copied)
    return list(compare_release(f"{name}.yml", copied, recorded(name), complete=True))


def of_row(name: str, lie: Callable[[dict[str, Any]], object]) -> list[Difference]:
    """What is found when a copy of the variables of a release's family lies."""
    facts = facts_of(Recipe(name, name))
    family = copy.deepcopy(family_of(facts))
    lie(family)
    return list(compare_row("family.yml", choose_row(family, facts), facts, recorded(name), complete=True))


def daemons(release: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = release["packages"]["hyperv-daemons"]
    return found


def edit(name: str, old: str, new: str) -> Callable[[dict[str, Any]], object]:
    """A lie in the text of a file."""

    def lie(release: dict[str, Any]) -> None:
        for package in release["packages"].values():
            for path, text in package.get("files", {}).items():
                if path.endswith(f"/{name}"):
                    assert old in text
                    package["files"][path] = text.replace(old, new)

    return lie


def service(key: str, **lies: object) -> Callable[[dict[str, Any]], object]:
    """A lie about a service in what a family has in common, and in every row and variant that speaks of it."""

    def lie(family: dict[str, Any]) -> None:
        for layer in [family, *family["rows"], *family.get("variants", ())]:
            if key in layer.get("services", {}):
                layer["services"][key].update(lies)

    return lie


BINDING = "BindsTo=sys-devices-virtual-misc-vmbus\\x21hv_vss.device\n"
RULE = 'KERNEL=="vmbus/hv_kvp", TAG+="systemd"'
TOOLS = "linux-cloud-tools-6.8.0-31-generic"
# What is lied about -> the release, whether its release or its row lies, the lie, the field that has to be told.
LIES: dict[str, tuple[str, Callable[..., list[Difference]], Callable[[dict[str, Any]], object], str]] = {
    "wrong unit name": ("debian-12", of_row, service(KVP, unit="hypervkvpd"), f"{KVP}.unit"),
    "wrong binary": ("debian-sid", of_row, service(COPY, daemon="/usr/bin/hv_fcopy_uio_daemon"), f"{COPY}.daemon"),
    "wrong package": ("debian-12", of_row, service(VSS, packages=["hypervvssd"]), f"{VSS}.packages"),
    "wrong start at boot": ("debian-12", of_row, service(VSS, boot="enable"), f"{VSS}.boot"),
    "invented binding to uio": ("debian-sid", of_row, service(COPY, binds_itself=True), f"{COPY}.binds_itself"),
    "unit that never starts": (
        *("ubuntu-26.04", of_row),
        service(COPY, own_unit=False, daemon="/usr/sbin/hv_fcopy_uio_daemon"),
        f"{COPY}.unit",
    ),
    "unit of the role's own where that of the package works": (
        *("debian-sid", of_row, service(COPY, own_unit=True)),
        f"{COPY}.own_unit",
    ),
    "daemon that is there after all": (
        *("debian-sid", of_row, lambda it: it["rows"][-1]["services"][COPY].update(packages=[])),
        f"{COPY}.packages",
    ),
    "daemon on ARM": ("debian-sid-arm64", of_row, service(KVP, daemon="/usr/sbin/hv_kvp"), f"{KVP}.daemon"),
    "folder of servers that chrony does not read": (
        *("debian-12", of_row, lambda it: it["time"].update(sources="/etc/chrony/conf.d")),
        "time.sources",
    ),
    "folder that AppArmor forbids": (
        *("debian-12", of_row, lambda it: it["time"].update(directory="/srv/chrony")),
        "time.directory",
    ),
    "wrong configuration of chrony": (
        *("debian-12", of_row, lambda it: it["time"].update(main="/etc/chrony.conf")),
        "time.main",
    ),
    "wrong folder of chrony": ("ubuntu-20.04", of_row, lambda it: it["rows"][0].pop("time"), "time.directory"),
    "invented trigger": (
        *("ubuntu-24.04", of_release, lambda it: it["packages"][TOOLS].update(triggers=True)),
        f"packages.{TOOLS}.triggers",
    ),
    "missing trigger": (
        *("debian-12", of_release, lambda it: daemons(it).pop("triggers")),
        "packages.hyperv-daemons.triggers",
    ),
    "missing file": (
        *("debian-12", of_release, lambda it: daemons(it)["files"].pop("/usr/libexec/hypervkvpd/hv_get_dns_info")),
        "packages.hyperv-daemons.files",
    ),
    "invented file": (
        *("debian-13", of_release, lambda it: daemons(it)["files"].update({"/usr/sbin/hv_fcopy_uio_daemon": "ELF"})),
        "packages.hyperv-daemons.files",
    ),
    "invented udev rule": (
        *("debian-sid", of_release, edit("60-hyperv-daemons.rules", RULE, f'KERNEL=="uio0", RUN+="true"\n{RULE}')),
        "packages.hyperv-daemons.files./usr/lib/udev/rules.d/60-hyperv-daemons.rules",
    ),
    "wrong binding": (
        *(
            "debian-12",
            of_release,
            edit("hv-vss-daemon.service", BINDING, BINDING + BINDING.replace("BindsTo", "After")),
        ),
        f"packages.hyperv-daemons.files.{UNITS}/hv-vss-daemon.service",
    ),
    "missing condition": (
        *("ubuntu-26.04", of_release),
        edit("hv-fcopy-daemon.service", "ConditionPathExists=/dev/vmbus/hv_fcopy\n", ""),
        f"packages.linux-cloud-tools-common.files.{UNITS}/hv-fcopy-daemon.service",
    ),
    "wrong enabled by default": (
        *("debian-12", of_release, lambda it: daemons(it).update(enables=["hv-kvp-daemon.service"])),
        "packages.hyperv-daemons.enables",
    ),
    "wrong claim of a maintainer script": (
        *("ubuntu-24.04", of_release, lambda it: it["packages"]["linux-cloud-tools-common"].pop("starts")),
        "packages.linux-cloud-tools-common.starts",
    ),
    "daemon that cannot copy taken for one that can": (
        *("debian-sid", of_release, edit("hv_fcopy_uio_daemon", "ELF Ring buffer size from", "ELF wcstombs")),
        "packages.hyperv-daemons.files./usr/sbin/hv_fcopy_uio_daemon",
    ),
    "wrong line of chrony.conf": (
        *("debian-12", of_release, lambda it: it["chrony"].update(text="confdir /etc/chrony/conf.d\n")),
        "chrony.text",
    ),
    "wrong removal": ("debian-12", of_release, lambda it: it["chrony"].pop("removes"), "chrony.removes"),
    "invented link to the clock": ("debian-11", of_release, lambda it: it.update(clock_link=True), "clock_link"),
}


@pytest.mark.parametrize("what", LIES)
def test_lie_is_found(what: str) -> None:
    """The field is told, and nothing but what hangs on the lie."""
    name, of, lie, field = LIES[what]
    assert of(name, lambda it: None) == []
    found = of(name, lie)
    assert [difference for difference in found if difference.field.endswith(field)], found
    assert len(found) <= 4, found


def test_difference_tells_file_field_claim_and_what_was_found() -> None:
    (found,) = of_release("ubuntu-24.04", lambda it: it["packages"][TOOLS].update(triggers=True))
    assert str(found) == f"ubuntu-24.04.yml: packages.{TOOLS}.triggers: says True, found False"


def test_metapackage_that_does_not_exist_is_found() -> None:
    """linux-cloud-tools-kvm has never been there."""
    family = copy.deepcopy(family_of(facts_of(Recipe("ubuntu-24.04", "ubuntu-24.04"))))
    follows = {"flavours": [*family["follows"]["flavours"], "kvm"], "but": family["follows"]["but"]}
    found = list(compare_kernels("ubuntu.yml", family, follows, recorded_kernels()["ubuntu-24.04"]))
    assert [difference.expected for difference in found] == ["linux-cloud-tools-kvm"]
    family["variants"][-1]["when"]["flavour"].append("azure")
    assert list(compare_kernels("ubuntu.yml", family, family["follows"], recorded_kernels()["ubuntu-24.04"]))


@pytest.mark.parametrize("source", [None, [], "from memory", ["hyperv-daemons"], ["hyperv-daemons 6.1-1", "somewhere"]])
def test_source_that_names_no_package_is_found(source: object) -> None:
    assert list(without_source("debian.yml", {"row Debian 12": source})) != []


def test_source_is_a_package_with_its_version_or_unverified() -> None:
    layers = {"a": ["hyperv-daemons 6.1.176-1"], "b": "hvtools 4.11.9-r1 (APKBUILD)", "c": ["unverified"]}
    assert list(without_source("debian.yml", layers)) == []
