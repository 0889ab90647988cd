# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.row import choose_row, matches, numbers

Make = Callable[..., dict[str, Any]]
COPY = "guest_service_interface"


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({}, True),
        ({"id": ["debian", "ubuntu"]}, True),
        ({"id": ["ubuntu"]}, False),
        ({"versions": ["1"]}, False),
        ({"versions": ["12"]}, True),
        ({"versions": [""]}, False),
        ({"from": "9"}, True),
        ({"from": "12.1"}, False),
        ({"kernel_from": "6.1"}, True),
        ({"kernel_from": "6.10"}, False),
        ({"flavour": ["amd64"]}, True),
        ({"flavour": ["azure"]}, False),
        ({"architecture": ["aarch64"]}, False),
        ({"id": ["debian"], "versions": ["11"]}, False),
    ],
)
def test_conditions(make_facts: Make, when: dict[str, Any], holds: bool) -> None:
    assert matches(when, make_facts()) is holds


def test_version_is_matched_up_to_a_dot(make_facts: Make) -> None:
    assert matches({"versions": ["8"]}, make_facts(distribution={"version": "8.10"}))
    assert not matches({"versions": ["8"]}, make_facts(distribution={"version": "80"}))
    assert matches({"versions": [""]}, make_facts(distribution={"version": ""}))


@pytest.mark.parametrize(("text", "found"), [("6.12.3-arch1-1", (6, 12, 3)), ("10", (10,)), ("", ()), ("rolling", ())])
def test_numbers(text: str, found: tuple[int, ...]) -> None:
    assert numbers(text) == found


def test_variants_lie_over_the_row_and_the_row_over_the_family(make_facts: Make, family: dict[str, Any]) -> None:
    family["rows"][0]["services"] = {COPY: {"unit": "of-the-row", "note": "row"}}
    family["variants"] = [
        {"when": {"kernel_from": "6.0"}, "services": {COPY: {"unit": "of-the-variant"}}},
        {"when": {"kernel_from": "7.0"}, "services": {COPY: {"unit": "of-another"}}},
    ]
    row = choose_row(family, make_facts())
    assert row["name"] == "Debian 12"
    assert row["services"][COPY]["unit"] == "of-the-variant"
    assert row["services"][COPY]["note"] == "row"
    assert row["services"][COPY]["packages"] == ["hyperv-daemons"]


def test_tools_follow_the_installed_metapackages_of_kernels(make_facts: Make, family: dict[str, Any]) -> None:
    """Not the running kernel: linux-cloud-tools-azure is another kernel's than that of linux-image-azure-lts-22.04."""
    family["follows"] = {"flavours": ["azure", "generic"]}
    installed = [
        "linux-image-azure-lts-22.04",
        "linux-image-generic",
        "linux-image-oem-24.04",
        "linux-cloud-tools-generic",
    ]
    row = choose_row(family, make_facts(distribution={"kernel_packages": installed}))
    assert row["follow"] == ["linux-cloud-tools-azure-lts-22.04"]
    assert choose_row(family, make_facts())["follow"] == []


@pytest.mark.parametrize(("kernel", "architecture", "packaged"), [
    ("7.2.13-arm64", "aarch64", False), ("6.1.0-40-arm64", "aarch64", True), ("7.2.13-amd64", "x86_64", True)
])  # fmt: skip
def test_daemon_on_uio_is_none_on_arm(
    make_facts: Make, family: dict[str, Any], kernel: str, architecture: str, packaged: bool
) -> None:
    """Whatever the distribution: nobody builds it (tools/hv/Makefile of Linux)."""
    uio = kernel.startswith("7")
    family["services"][COPY]["daemon"] = "/usr/sbin/hv_fcopy_uio_daemon" if uio else "/usr/sbin/hv_fcopy_daemon"
    copying = choose_row(family, make_facts(kernel=kernel, architecture=architecture))["services"][COPY]
    assert bool(copying["packages"]) is packaged
    assert packaged or "x86 only" in copying["reason"]


def test_packages_are_those_of_the_kernel(make_facts: Make, family: dict[str, Any]) -> None:
    family["services"]["vss"]["packages"] = ["common", "tools-{kernel}"]
    row = choose_row(family, make_facts())
    assert row["services"]["vss"]["packages"] == ["common", "tools-6.1.0-40-amd64"]


def test_release_that_no_row_knows_gets_what_its_family_has(make_facts: Make, family: dict[str, Any]) -> None:
    row = choose_row(family, make_facts(distribution={"version": "99", "name": "Debian 99"}))
    assert row["name"] == "Debian 99, which the matrix does not know"
    assert row["evidence"] == "inferred from its family"
    assert row["services"]["vss"]["unit"] == "hv-vss-daemon"


def test_daemon_that_opens_a_node_is_none_for_a_kernel_without_it(make_facts: Make, family: dict[str, Any]) -> None:
    copying = choose_row(family, make_facts(kernel="6.12.0-1"))["services"][COPY]
    assert copying["packages"] == []
    assert copying["carriers"] == ["hyperv-daemons"]
    assert copying["unit"] == "hv-fcopy-daemon"
    assert "uio_hv_generic" in copying["reason"]
    assert copying["remedy"]
    family["services"][COPY]["daemon"] = "/usr/sbin/hv_fcopy_uio_daemon"
    assert choose_row(family, make_facts(kernel="6.12.0-1"))["services"][COPY]["packages"] == ["hyperv-daemons"]
