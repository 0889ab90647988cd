# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Daemons for file copy on uio that cannot copy from a Windows host."""

from __future__ import annotations

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.copy_daemon import find_flaw
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.facts import gather
from guest_tree import DEBIAN, Tree

PATH = "/usr/sbin/hv_fcopy_uio_daemon"
KERNEL = "6.14.0-27-generic"
OLD, NEW = b"\x7fELF\0wcstombs\0en_US.utf8\0", b"\x7fELF\0setlocale\0en_US.utf8\0Ring buffer size from %s\0"


@pytest.mark.parametrize(("content", "flawed"), [(OLD, True), (NEW, False), (b"", False)])
def test_daemon_that_calls_wcstombs_cannot_copy(tree: Tree, content: bytes, flawed: bool) -> None:
    """Both call setlocale with en_US.utf8, so that this tells nothing."""
    found = find_flaw(tree.program(PATH, content).root, PATH, KERNEL)
    assert (found is not None) is flawed
    assert found is None or "newer package" in found[1]


def test_script_of_ubuntu_is_judged_by_the_program_of_the_kernel(tree: Tree) -> None:
    script = "#!/bin/bash\nexec /usr/lib/linux-tools/$(uname -r)/hv_fcopy_uio_daemon\n"
    real = f"/usr/lib/linux-tools/{KERNEL}/hv_fcopy_uio_daemon"
    assert find_flaw(tree.program(PATH, script).program(real, NEW).root, PATH, KERNEL) is None
    found = find_flaw(tree.program(real, OLD).root, PATH, KERNEL)
    assert found is not None
    assert real in found[0]


@pytest.mark.parametrize("daemon", [None, "/usr/sbin/hv_fcopy_daemon", "/usr/sbin/hv_kvp_daemon"])
def test_others_are_not_judged(tree: Tree, daemon: str | None) -> None:
    """The daemon for older kernels is another program, which got the names in UTF-8."""
    tree.program("/usr/sbin/hv_fcopy_daemon", OLD)
    assert find_flaw(tree.root, daemon, KERNEL) is None


@pytest.mark.parametrize(("content", "verdict"), [(OLD, "degraded"), (NEW, "ok")])
def test_running_daemon_that_cannot_copy_is_degraded(tree: Tree, content: bytes, verdict: str) -> None:
    tree.add({"/etc/os-release": DEBIAN, "/proc/sys/kernel/osrelease": "7.2.13-amd64\n", "/dev/uio0": ""})
    tree.device("guest_service_interface", "uio_hv_generic", **{"uio/uio0/dev": "240:0\n"})
    tree.program(PATH, content).process(400, f"{PATH} -n", "/dev/uio0")
    found = gather(tree.running, lambda command: None)["services"]["guest_service_interface"]
    assert found["verdict"] == verdict
