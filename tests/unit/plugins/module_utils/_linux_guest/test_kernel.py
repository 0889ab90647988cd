# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's release, and whether hv_utils is there, loaded, or kept out."""

from __future__ import annotations

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.kernel import (
    blockers,
    copy_interface,
    module_state,
    read_kernel,
    version_of,
)
from guest_tree import KERNEL, Tree


def state(tree: Tree, module: str = "hv_utils") -> str:
    return str(module_state(tree.root, KERNEL, module)["state"])


def test_each_state(tree: Tree) -> None:
    assert state(tree) == "unknown"
    tree.modules("hv_netvsc")
    assert state(tree) == "missing"
    tree.modules("hv_netvsc", "hv_utils")
    assert state(tree) == "available"
    tree.add({"/etc/modprobe.d/hv.conf": "blacklist hv_utils\n"})
    assert state(tree) == "blocked"
    tree.add({"/sys/module/hv_utils/initstate": "live\n"})
    assert state(tree) == "loaded"
    assert module_state(tree.root, KERNEL, "hv_utils")["blocked_by"]


@pytest.mark.parametrize(
    "files",
    [
        {"/sys/bus/vmbus/drivers/hv_utils/bind": ""},
        {f"/lib/modules/{KERNEL}/modules.builtin": "kernel/drivers/hv/hv_utils.ko\n"},
        {f"/usr/lib/modules/{KERNEL}/modules.builtin": "kernel/drivers/hv/hv_utils.ko\n"},
    ],
)
def test_built_in(tree: Tree, files: dict[str, str]) -> None:
    assert state(tree.add({**files})) == "builtin"


def test_names_of_modules_may_have_either_dash(tree: Tree) -> None:
    tree.add(
        {f"/lib/modules/{KERNEL}/modules.dep": "kernel/drivers/uio/uio-hv-generic.ko.zst: kernel/drivers/uio/uio.ko\n"}
    )
    assert state(tree, "uio_hv_generic") == "available"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("blacklist hv_utils", True),
        ("  blacklist\thv-utils  ", True),
        ("install hv_utils /bin/false", True),
        ("install hv_utils /usr/bin/true # never", True),
        ("install hv_utils \\\n  /bin/false", True),
        ("install hv_utils /sbin/modprobe --ignore-install hv_utils", False),
        ("install hv_utils", False),
        ("# blacklist hv_utils", False),
        ("blacklist hv_utils2", False),
        ("blacklist", False),
        ("options hv_utils timesync_implicit=1", False),
        ("alias hv_utils off", False),
    ],
)
def test_lines_of_modprobe(tree: Tree, line: str, kept: bool) -> None:
    tree.add({"/etc/modprobe.d/a.conf": f"# first\n{line}\n"})
    found = blockers(tree.root, "hv_utils")
    assert [item["path"] for item in found] == (["/etc/modprobe.d/a.conf"] if kept else [])


def test_a_file_hides_the_one_of_its_name_further_down(tree: Tree) -> None:
    tree.add({"/usr/lib/modprobe.d/hv.conf": "blacklist hv_utils\n", "/etc/modprobe.d/hv.conf": "# allowed here\n"})
    tree.add({"/usr/lib/modprobe.d/readme": "blacklist hv_utils\n"})
    assert blockers(tree.root, "hv_utils") == []
    tree.add({"/run/modprobe.d/other.conf": "blacklist hv_utils\n"})
    assert [item["path"] for item in blockers(tree.root, "hv_utils")] == ["/run/modprobe.d/other.conf"]


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("modprobe.blacklist=floppy,hv-utils", True),
        ("module_blacklist=hv_utils", True),
        ("rd.driver.blacklist=hv_utils", True),
        ("initcall_blacklist=a,init_hyperv_utils", True),
        ("initcall_blacklist=hv_utils", False),
        ("modprobe.blacklist=hv_balloon", False),
        ("hv_utils.timesync_implicit=1", False),
    ],
)
def test_words_of_the_kernel_command_line(tree: Tree, word: str, kept: bool) -> None:
    tree.add({"/proc/cmdline": f"root=/dev/sda1 {word} quiet\n"})
    expected = [{"path": "/proc/cmdline", "line": word}] if kept else []
    assert blockers(tree.root, "hv_utils") == expected


def test_the_release_of_an_image_is_its_newest_kernel(tree: Tree) -> None:
    assert read_kernel(tree.root) == ""
    for release in ("6.9.12-amd64", "6.12.3-amd64", "6.1.0-40-amd64"):
        tree.modules(release=release)
    assert read_kernel(tree.root) == "6.12.3-amd64"
    tree.add({"/proc/sys/kernel/osrelease": "6.1.0-40-amd64\n"})
    assert read_kernel(tree.root) == "6.1.0-40-amd64"


def test_versions() -> None:
    assert version_of("6.10.2-1-default") == (6, 10)
    assert version_of("4.18.0-553.el8_10.x86_64") == (4, 18)
    assert version_of("") == (0, 0)


ALIAS = "alias vmbus:e34bd134e4dec8419ae76b174977c192"


@pytest.mark.parametrize(
    ("files", "interface"),
    [
        ({}, None),
        ({"modules.alias": "alias pci:v0 e1000\n"}, "new_id"),
        ({"modules.alias": f"{ALIAS} hv_utils\n"}, "hv_utils"),  # measured: Debian's 6.1.0-50-cloud
        ({"modules.alias": f"alias x y\n{ALIAS} uio_hv_generic\n"}, "uio_hv_generic"),  # measured: 6.12.117
        # Built in: its alias is in another file, or in none before Linux 5.2.
        (
            {
                "modules.alias": "alias pci:v0 e1000\n",
                "modules.builtin": "kernel/drivers/hv/hv_utils.ko\n",
                "modules.builtin.modinfo": "hv_utils.license=GPL\0hv_utils.alias=vmbus:e34bd134e4dec8419ae76b174977c192\0",
            },
            "hv_utils",
        ),
        (
            {
                "modules.alias": "alias pci:v0 e1000\n",
                "modules.builtin": "kernel/drivers/hv/hv_utils.ko\n",
                "modules.builtin.modinfo": "hv_utils.license=GPL\0",
            },
            "new_id",
        ),
        ({"modules.alias": "alias pci:v0 e1000\n", "modules.builtin": "kernel/drivers/hv/hv_utils.ko\n"}, None),
    ],
)
def test_driver_of_file_copy_is_read_from_the_aliases_of_the_kernel(
    tree: Tree, files: dict[str, str], interface: str | None
) -> None:
    tree.add({f"/lib/modules/{KERNEL}/{name}": text for name, text in files.items()})
    assert copy_interface(tree.root, KERNEL) == interface
