# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests made of files: what a test says is there, and nothing else."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import LINUX_SERVICES

DEBIAN = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\n'
KERNEL = "6.1.0-40-amd64"
SERVICES = {service.key: service for service in LINUX_SERVICES}


class Running(Root):
    """A root that says it is the running guest's own, so that commands are asked."""

    @property
    def booted(self) -> bool:
        return True


class Tree:
    """A root file system under construction. `files` are path -> content; a content that starts with -> is a link."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = Root(str(path))
        self.running = Running(str(path))

    def add(self, files: dict[str, str | bytes], mode: int = 0o644) -> Tree:
        for name, content in files.items():
            path = self.path / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if isinstance(content, str) and content.startswith("->"):
                path.symlink_to(content[2:])
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
                path.chmod(mode)
        return self

    def program(self, path: str, content: str | bytes = b"\x7fELF") -> Tree:
        return self.add({path: content}, 0o755)

    def device(self, key: str, driver: str | None = "hv_utils", **more: str) -> Tree:
        """The VMBus device of a service, as the host offers it."""
        service = SERVICES[key]
        folder = f"/sys/bus/vmbus/devices/{service.instance_guid}"
        self.add({f"{folder}/class_id": f"{{{service.class_guid}}}\n", **{f"{folder}/{k}": v for k, v in more.items()}})
        if driver:
            self.add({f"{folder}/driver": f"->../../../../bus/vmbus/drivers/{driver}"})
        return self

    def process(self, number: int, command: str, *files: str) -> Tree:
        self.add({f"/proc/{number}/cmdline": command.replace(" ", "\0") + "\0", f"/proc/{number}/comm": "x\n"})
        return self.add({f"/proc/{number}/fd/{index}": f"->{file}" for index, file in enumerate(files, 3)})

    def modules(self, *names: str, release: str = KERNEL) -> Tree:
        text = "".join(f"kernel/drivers/hv/{name}.ko.xz: kernel/x.ko\n" for name in names)
        return self.add({f"/lib/modules/{release}/modules.dep": "kernel/fs/other.ko:\n" + text})


def healthy(tree: Tree) -> Tree:
    """Make it a Debian 12 on Hyper-V, in which every service but file copy works."""
    tree.add(
        {
            "/etc/os-release": DEBIAN,
            "/proc/sys/kernel/osrelease": f"{KERNEL}\n",
            "/proc/cmdline": "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet\n",
            "/proc/mounts": "/dev/sda1 / ext4 rw,relatime 0 0\nproc /proc proc rw 0 0\n",
            "/run/systemd/system/x": "",
            "/sys/module/hv_utils/initstate": "live\n",
            "/sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n",
            "/sys/class/dmi/id/product_name": "Virtual Machine\n",
            "/lib/systemd/system/hv-kvp-daemon.service": "[Unit]\n",
            "/lib/systemd/system/hv-vss-daemon.service": "[Unit]\n",
            "/lib/systemd/system/hv-fcopy-daemon.service": "[Unit]\n",
            "/dev/vmbus/hv_kvp": "",
            "/dev/vmbus/hv_vss": "",
        }
    ).modules("hv_utils")
    for name in ("kvp", "vss", "fcopy"):
        tree.program(f"/usr/sbin/hv_{name}_daemon")
    for key in SERVICES:
        if key != "guest_service_interface":
            tree.device(key)
    tree.process(412, "/usr/sbin/hv_kvp_daemon -n", "/dev/null", "/dev/vmbus/hv_kvp")
    return tree.process(413, "/usr/sbin/hv_vss_daemon -n", "/dev/vmbus/hv_vss")
