# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distributions and what they package."""

from __future__ import annotations

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.distribution import (
    COPY,
    KVP,
    packages,
    read_distribution,
    why_not_packaged,
)
from guest_tree import DEBIAN, Tree


def known(tree: Tree, text: str) -> dict[str, object]:
    return read_distribution(tree.add({"/etc/os-release": text}).root)


def test_debian(tree: Tree) -> None:
    assert known(tree, DEBIAN) == {
        "id": "debian",
        "version": "12",
        "codename": "bookworm",
        "name": "Debian GNU/Linux 12 (bookworm)",
        "id_like": [],
        "family": "debian",
        "kernel_packages": [],
    }


@pytest.mark.parametrize(
    ("text", "family", "package"),
    [
        ("ID=ubuntu\nID_LIKE=debian\n", "ubuntu", "linux-cloud-tools-common"),
        ("ID=linuxmint\nID_LIKE='ubuntu debian'\n", "ubuntu", "linux-cloud-tools-common"),
        ('ID="almalinux"\nID_LIKE="rhel centos fedora"\n', "redhat", "hypervkvpd"),
        ('ID="ol"\nID_LIKE="fedora"\n', "redhat", "hypervkvpd"),
        ("ID=fedora\n", "fedora", "hypervkvpd"),
        ('ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', "suse", "hyper-v"),
        ("ID=azurelinux\n", "azurelinux", "hypervkvpd"),
        ("ID=amzn\nID_LIKE=fedora\n", "amazon", "hypervkvpd"),
        ('ID="alinux"\nID_LIKE="rhel fedora centos anolis"\n', "redhat", "hypervkvpd"),
        ('ID="anolis"\nID_LIKE="rhel fedora centos"\n', "redhat", "hypervkvpd"),
        ('ID="openEuler"\n', "redhat", "hypervkvpd"),
        ("ID=devuan\nID_LIKE=debian\n", "devuan", None),
        ("ID=flatcar\nID_LIKE=coreos\n", "flatcar", None),
        ("ID=arch\n", "arch", "hyperv"),
        ("ID=alpine\n", "alpine", "hvtools"),
        ("ID=plan9\n", "unknown", None),
        ("", "unknown", None),
    ],
)
def test_families(tree: Tree, text: str, family: str, package: str | None) -> None:
    found = known(tree, text)
    assert found["family"] == family
    assert packages(found, KVP, "6.8.0-45-generic")[:1] == ([package] if package else [])


def test_ubuntus_package_is_bound_to_the_kernel(tree: Tree) -> None:
    found = known(tree, "ID=ubuntu\n")
    assert packages(found, KVP, "6.8.0-45-generic")[1] == "linux-cloud-tools-6.8.0-45-generic"


def test_what_nobody_packages(tree: Tree) -> None:
    debian_13 = known(tree, "ID=debian\nVERSION_ID=13\n")
    assert "Debian 13" in (why_not_packaged(debian_13, COPY, True, "x86_64") or "")
    assert why_not_packaged(debian_13, COPY, False, "x86_64") is None
    assert why_not_packaged(debian_13, KVP, True, "x86_64") is None
    sid = known(tree, "ID=debian\n")
    assert why_not_packaged(sid, COPY, True, "x86_64") is None
    assert "x86" in (why_not_packaged(sid, COPY, True, "aarch64") or "")


def test_metapackages_of_kernels_are_told_and_those_of_one_kernel_are_not(tree: Tree) -> None:
    names = ["image-azure-lts-22.04", "image-5.15.0-1089-azure", "image-unsigned-6.8.0-60-generic", "cloud-tools-azure"]
    others = ["linux-cloud-tools-common", "linux-cloud-tools-5.15.0-1089-azure", "linux-azure-cloud-tools-5.15.0-1089"]
    lists = [*(f"linux-{name}" for name in names), *others]
    tree.add({f"/var/lib/dpkg/info/{name}.list": "" for name in lists})
    assert known(tree, "ID=ubuntu\n")["kernel_packages"] == ["linux-cloud-tools-azure", "linux-image-azure-lts-22.04"]
