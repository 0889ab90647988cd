# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The kernel, and whether hv_utils, on which every integration service rests, is in it, loaded, or kept out."""

import os
import re
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import (
    DRIVER,
    UIO_COPY_SINCE,
    UIO_DRIVER,
)

# In the order of precedence: a file hides those of the same name further down. Source: modprobe.d(5).
_CONFIGURATION = (
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
)
# The class of the Guest Service Interface as depmod writes it (measured: modules.alias of Debian's 6.1 and 6.12).
_COPY_ALIAS = "vmbus:e34bd134e4dec8419ae76b174977c192"
# Parameters of the kernel that keep a module out. Source: kernel-parameters (module_blacklist), modprobe(8) and
# dracut.cmdline(7); initcall_blacklist names functions: the one of a built-in hv_utils (drivers/hv/hv_util.c).
_PARAMETERS = ("module_blacklist", "modprobe.blacklist", "rd.driver.blacklist")
_INITCALL = ("initcall_blacklist", "init_hyperv_utils")


def read_kernel(root: Root) -> str:
    """The release of the running kernel; of an image the newest that is installed; empty when there is none."""
    running = root.line("/proc/sys/kernel/osrelease")
    if running:
        return running
    installed = [name for folder in ("/lib/modules", "/usr/lib/modules") for name in root.names(folder)]
    return max(installed, key=_natural, default="")


def version_of(release: str) -> "tuple[int, int]":
    """(major, minor) of a release; (0, 0) when there is none."""
    match = re.match(r"(\d+)\.(\d+)", release)
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


def module_state(root: Root, kernel: str, module: str) -> "dict[str, Any]":
    """`{state, blocked_by}` of a module.

    state: loaded, builtin, available (it could be loaded), blocked (it could, if it were not kept out), missing (not
    in this kernel), unknown (the kernel's list of modules cannot be read).
    blocked_by: what keeps it out, also where it is loaded all the same: after the next boot it may not be.
    """
    blocked_by = blockers(root, module)
    return {"state": _state(root, kernel, module, bool(blocked_by)), "blocked_by": blocked_by}


def copy_interface(root: Root, kernel: str) -> "str | None":
    """Which driver of this kernel takes the device of file copy by itself: hv_utils or uio_hv_generic.

    `new_id` when none does: uio_hv_generic has to be told. None when the kernel's lists of modules do not say.
    A version would not tell: distributions take changes into older kernels.
    """
    loadable = _lines(root, kernel, "modules.alias")
    # Of what is built in, depmod knows the aliases from Linux 5.2 on, each ended by NUL.
    built_in = "".join(_lines(root, kernel, "modules.builtin.modinfo")).split("\0")
    for driver in (DRIVER, UIO_DRIVER):
        if f"alias {_COPY_ALIAS} {driver}" in loadable or f"{driver}.alias={_COPY_ALIAS}" in built_in:
            return driver
    hidden = DRIVER in _listed(root, kernel, "modules.builtin") and built_in == [""]
    return "new_id" if loadable and not hidden else None


def copies_by_uio(interface: "str | None", release: str) -> bool:
    """Whether a kernel leaves file copy to uio_hv_generic: by what copy_interface() found, else by its version."""
    return interface != DRIVER if interface else version_of(release) >= UIO_COPY_SINCE


def _state(root: Root, kernel: str, module: str, blocked: bool) -> str:
    if root.exists(f"/sys/module/{module}/initstate"):  # only loadable modules have it (kernel/module/sysfs.c)
        return "loaded"
    if root.exists(f"/sys/bus/vmbus/drivers/{module}") or module in _listed(root, kernel, "modules.builtin"):
        return "builtin"
    known = _listed(root, kernel, "modules.dep")
    if module in known:
        return "blocked" if blocked else "available"
    return "missing" if known else "unknown"


def _listed(root: Root, kernel: str, file: str) -> "set[str]":
    """Names of the modules that a file of depmod lists."""
    paths = (line.partition(":")[0] for line in _lines(root, kernel, file))
    return {_plain(os.path.basename(path).partition(".")[0]) for path in paths if path}


def _lines(root: Root, kernel: str, file: str) -> "list[str]":
    for folder in ("/lib/modules", "/usr/lib/modules"):
        text = root.text(f"{folder}/{kernel}/{file}") if kernel else None
        if text is not None:
            return text.splitlines()
    return []


def blockers(root: Root, module: str) -> "list[dict[str, str]]":
    """What keeps a module from being loaded: `{path, line}` each."""
    found = []
    for path in _configuration_files(root):
        for line in _joined(root.text(path) or ""):
            words = line.split()
            name = _plain(words[1]) if len(words) > 1 else ""
            # An install line may load the module too; one that calls no program but these cannot.
            program = os.path.basename(words[2]) if words[0] == "install" and len(words) > 2 else ""
            if name == module and (words[0] == "blacklist" or program in ("false", "true")):
                found.append({"path": path, "line": line})
    for word in (root.text("/proc/cmdline") or "").split():
        parameter, _sep, value = word.partition("=")
        names = value.split(",")
        if (parameter in _PARAMETERS and module in map(_plain, names)) or (
            module == "hv_utils" and parameter == _INITCALL[0] and _INITCALL[1] in names
        ):
            found.append({"path": "/proc/cmdline", "line": word})
    return found


def _configuration_files(root: Root) -> "list[str]":
    files: dict[str, str] = {}
    for folder in _CONFIGURATION:
        for name in root.names(folder):
            if name.endswith(".conf"):
                files.setdefault(name, f"{folder}/{name}")
    return [files[name] for name in sorted(files)]


def _joined(text: str) -> "list[str]":
    """The lines that say something; a backslash joins a line with the next."""
    lines = (line.strip() for line in text.replace("\\\n", " ").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _natural(text: str) -> "list[tuple[int, str]]":
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]
