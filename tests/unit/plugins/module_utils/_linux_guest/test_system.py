# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How packages get into a system."""

from __future__ import annotations

import os
import time

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest import system
from guest_tree import Tree

BOOT = "/ostree/boot.1/default/4711/0"
DEPLOYMENT = "/ostree/deploy/default/deploy/0815.0"


def deployed(tree: Tree, origin: str) -> Tree:
    """A system of ostree whose running deployment has an origin."""
    tree.add({"/run/ostree-booted": "", "/proc/cmdline": f"root=UUID=1 ostree={BOOT} rw\n"})
    tree.add({BOOT: f"->../../../..{DEPLOYMENT}", f"{DEPLOYMENT}/usr/bin/x": "", f"{DEPLOYMENT}.origin": origin})
    return tree


@pytest.mark.parametrize(
    ("origin", "programs", "immutable", "installer"),
    [
        ("[origin]\nrefspec=fedora:fedora/42/x86_64/iot\n", ("rpm-ostree", "bootc"), "ostree", "rpm-ostree"),
        ("[origin]\nrefspec=eos:os/eos\n", (), "ostree", None),
        (
            "[origin]\ncontainer-image-reference=ostree-image-signed:docker://q/rhel\n",
            ("rpm-ostree",),
            "ostree",
            "rpm-ostree",
        ),
        (
            "[origin]\ncontainer-image-reference=ostree-image-signed:docker://q/rhel\n",
            ("rpm-ostree", "bootc"),
            "bootc",
            None,
        ),
    ],
)
def test_ostree_is_told_from_an_image_by_the_origin_of_the_deployment(
    tree: Tree, origin: str, programs: tuple[str, ...], immutable: str, installer: str | None
) -> None:
    for name in programs:
        tree.program(f"/usr/bin/{name}")
    deployed(tree, origin)
    assert system.find_immutable(tree.root) == immutable
    assert system.find_installer(tree.root, immutable) == installer


def test_ostree_without_a_readable_deployment(tree: Tree) -> None:
    tree.program("/usr/bin/bootc").add({"/run/ostree-booted": ""})
    assert system.find_immutable(tree.root) == "ostree"
    tree.add({"/proc/cmdline": "ostree=/loop\n", "/loop": "->loop"})
    assert system.find_immutable(tree.root) == "ostree"


@pytest.mark.parametrize(("options", "immutable"), [("ro,relatime", "transactional"), ("rw,relatime", None)])
def test_transactional_is_told_by_a_root_that_is_read_only(tree: Tree, options: str, immutable: str | None) -> None:
    """The program is there on systems with a writable root, too."""
    tree.add(
        {"/proc/mounts": f"rootfs / rootfs rw 0 0\n/dev/sda2 / btrfs {options} 0 0\n/dev/sda2 /var btrfs rw 0 0\n"}
    )
    assert system.find_immutable(tree.root) is None
    tree.program("/usr/sbin/transactional-update")
    assert system.find_immutable(tree.root) == immutable
    assert system.find_installer(tree.root, immutable) == (immutable and "transactional-update")


def test_dnf_is_called_where_only_python_36_could_import_it(tree: Tree) -> None:
    """EL 8 with a newer Python: ansible.builtin.dnf starts itself again with one that ansible-core cannot run under."""
    assert system.find_installer(tree.root, None) is None
    tree.add({"/usr/lib/python3.6/site-packages/dnf/__init__.py": ""})
    assert system.find_installer(tree.root, None) == "dnf"


def test_age_of_package_lists(tree: Tree) -> None:
    assert system.read_package_lists(tree.root) is None
    for folder, name in (
        ("/var/lib/apt/lists", "deb.debian.org_debian_dists_bookworm_InRelease"),
        ("/var/cache/apk", "APKINDEX.1.tar.gz"),
        ("/var/lib/pacman/sync", "core.db"),
    ):
        tree.add({"/etc/apk/repositories": ""} if "apk" in folder else {f"{folder}/lock": ""})
        assert system.read_package_lists(tree.root) == "missing"
        tree.add({f"{folder}/{name}": ""})
        assert system.read_package_lists(tree.root) == "fresh"
        old = time.time() - 90_000
        os.utime(tree.path / folder.lstrip("/"), (old, old))
        # Arch Linux supports no new lists without an upgrade of the whole system.
        assert system.read_package_lists(tree.root) == ("fresh" if "pacman" in folder else "old")
