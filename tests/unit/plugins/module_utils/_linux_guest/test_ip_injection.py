# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the host could set addresses."""

from __future__ import annotations

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.ip_injection import (
    SCRIPTS,
    read_ip_injection,
)
from guest_tree import Tree

DAEMON = "/usr/sbin/hv_kvp_daemon"
FOLDER = "/usr/libexec/hypervkvpd"


def make(tree: Tree, *scripts: str, binary: bytes = b"\0exec /usr/libexec/hypervkvpd/hv_get_dns_info %s\0") -> Tree:
    tree.program(DAEMON, b"\x7fELF" + binary)
    for script in scripts:
        tree.program(f"{FOLDER}/{script}", "#!/bin/sh\n")
    return tree


def test_ready(tree: Tree) -> None:
    found = read_ip_injection(make(tree, *SCRIPTS).root, DAEMON, {"ProtectSystem": "no"})
    assert found["ready"], found
    assert found["folder"] == FOLDER
    assert found["scripts"]["hv_set_ifconfig"] == f"{FOLDER}/hv_set_ifconfig"


@pytest.mark.parametrize("binary", [b"\0/usr/libexec/hypervkvpd/%s\0", b"x/usr/libexec/hypervkvpd/hv_set_ifconfig\0"])
def test_the_folder_is_the_one_compiled_into_the_daemon(tree: Tree, binary: bytes) -> None:
    assert read_ip_injection(make(tree, binary=b"\0" + binary.lstrip(b"x")).root, DAEMON, {})["folder"] == FOLDER


def test_debian_12_lacks_a_script_and_its_sandbox_would_hinder_it(tree: Tree) -> None:
    make(tree, *SCRIPTS[:2])
    found = read_ip_injection(tree.root, DAEMON, {"CapabilityBoundingSet": "", "ProtectSystem": "full"})
    assert not found["ready"]
    assert [problem.split()[0] for problem in found["problems"]] == ["hv_set_ifconfig", "the", "the"]


def test_scripts_on_path_where_nothing_is_compiled_in(tree: Tree) -> None:
    tree.program(DAEMON, b"\x7fELF\0hv_set_ifconfig\0")
    for script in SCRIPTS:
        tree.program(f"/usr/sbin/{script}")
    assert read_ip_injection(tree.root, DAEMON, {})["ready"]
    tree.add({"/etc/netplan/50-cloud-init.yaml": "network: {}\n"})
    assert "netplan" in read_ip_injection(tree.root, DAEMON, {})["problems"][0]


def test_a_script_that_is_not_executable(tree: Tree) -> None:
    make(tree, *SCRIPTS)
    (tree.path / FOLDER.lstrip("/") / "hv_get_dns_info").chmod(0o644)
    assert read_ip_injection(tree.root, DAEMON, {})["problems"] == [f"{FOLDER}/hv_get_dns_info is not executable"]


def test_without_a_daemon(tree: Tree) -> None:
    assert read_ip_injection(tree.root, None, {})["problems"] == ["there is no hv_kvp_daemon"]
