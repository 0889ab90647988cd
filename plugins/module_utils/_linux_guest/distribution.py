# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Which distribution this is, and which of its packages hold the daemons.

The packages are the same as in the variables of the role linux_guest; a test proves that.
"""

import re
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root

# os-release ID -> family. Others go by the first ID_LIKE that is known.
FAMILIES = {
    "almalinux": "redhat",
    "alpine": "alpine",
    "amzn": "amazon",
    "arch": "arch",
    "azurelinux": "azurelinux",
    "centos": "redhat",
    "debian": "debian",
    "devuan": "devuan",
    "fedora": "fedora",
    "flatcar": "flatcar",
    "gentoo": "gentoo",
    "mariner": "azurelinux",
    "nixos": "nixos",
    "ol": "redhat",
    "openeuler": "redhat",
    "opensuse": "suse",
    "opensuse-leap": "suse",
    "opensuse-tumbleweed": "suse",
    "photon": "photon",
    "rhel": "redhat",
    "rocky": "redhat",
    "sled": "suse",
    "sles": "suse",
    "suse": "suse",
    "ubuntu": "ubuntu",
}

KVP, VSS, COPY = "key_value_pair_exchange", "vss", "guest_service_interface"


def _all(names: "list[str]") -> "dict[str, list[str]]":
    """One set of packages for all daemons."""
    return dict.fromkeys((KVP, VSS, COPY), names)


_RED_HAT = {KVP: ["hypervkvpd"], VSS: ["hypervvssd"], COPY: ["hypervfcopyd"]}
_UBUNTU = ["linux-cloud-tools-common", "linux-cloud-tools-{kernel}"]

# Family -> service -> packages; `{kernel}` is the release of the running kernel.
PACKAGES: "dict[str, dict[str, list[str]]]" = {
    "alpine": _all(["hvtools"]),
    "amazon": _RED_HAT,
    "arch": _all(["hyperv"]),
    "azurelinux": _RED_HAT,
    "debian": _all(["hyperv-daemons"]),
    "fedora": _RED_HAT,
    "photon": _all(["hyper-v"]),
    "redhat": _RED_HAT,
    "suse": _all(["hyper-v"]),
    "ubuntu": _all(_UBUNTU),
}

# A package of one kernel, as against a metapackage, which brings the newest one.
_OF_ONE_KERNEL = re.compile(r"linux-(image|cloud-tools)-(unsigned-)?\d+\.\d+\.\d+-\d+")
_ENTRY = re.compile(r"""^([A-Z0-9_]+)=(?:"([^"]*)"|'([^']*)'|(\S*))\s*$""", re.MULTILINE)


def read_distribution(root: Root) -> "dict[str, Any]":
    """`distribution` of the facts. Source of the files: os-release(5)."""
    text = root.text("/etc/os-release") or root.text("/usr/lib/os-release") or ""
    entries = {name: double or single or bare for name, double, single, bare in _ENTRY.findall(text)}
    identity, like = entries.get("ID", "").lower(), entries.get("ID_LIKE", "").lower().split()
    family = next((FAMILIES[name] for name in (identity, *like) if name in FAMILIES), "unknown")
    return {
        "id": identity,
        "version": entries.get("VERSION_ID", ""),
        "codename": entries.get("VERSION_CODENAME", ""),
        "name": entries.get("PRETTY_NAME") or entries.get("NAME", ""),
        "id_like": like,
        "family": family,
        "kernel_packages": _kernel_packages(root) if family == "ubuntu" else [],
    }


def _kernel_packages(root: Root) -> "list[str]":
    """The installed metapackages of kernels and of their tools. Source: dpkg, which keeps a list of files of each."""
    names = [name[: -len(".list")] for name in root.names("/var/lib/dpkg/info") if name.endswith(".list")]
    wanted = [name for name in names if name.startswith(("linux-image-", "linux-cloud-tools-"))]
    return [name for name in wanted if name != "linux-cloud-tools-common" and not _OF_ONE_KERNEL.match(name)]


def packages(distribution: "dict[str, Any]", key: str, kernel: str) -> "list[str]":
    """The packages with the daemon of a service; none when this collection knows of none."""
    names = PACKAGES.get(distribution["family"], {}).get(key, [])
    return [name.format(kernel=kernel) for name in names]


def why_not_packaged(distribution: "dict[str, Any]", key: str, uio_copy: bool, architecture: str) -> "str | None":
    """Why no package of this distribution has the daemon of a service; None when one has, or nobody knows."""
    family, version = distribution["family"], distribution["version"]
    if key != COPY or not uio_copy:
        return None
    if architecture in ("aarch64", "arm64"):
        return "kernels from 6.10 on have the daemon of the Guest Service Interface on x86 only"  # tools/hv/Makefile
    if family == "debian" and version == "13":
        return (
            "Debian 13 ships no daemon of the Guest Service Interface for its kernel (Debian bug 1132305); "
            "hyperv-daemons of trixie-backports has it"
        )  # measured: file list of hyperv-daemons 6.12
    return None
