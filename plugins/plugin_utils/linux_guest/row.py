# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which row of the matrix is about a guest."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, cast

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.kernel import copies_by_uio
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import UIO_COPY_DAEMONS, UIO_COPY_SINCE
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import KEYS, Clock, Row, Service

_SERVICE: Service = {
    "packages": [],
    "carriers": [],
    "unit": None,
    "daemon": None,
    "boot": "udev",
    "own_unit": False,
    "binds_itself": False,
    "reason": "",
    "remedy": "",
    "note": "",
    "defect": "",
}
_CLOCK: Clock = {
    "package": "chrony",
    "unit": "chronyd",
    "main": "/etc/chrony.conf",
    "directory": None,
    "sources": None,
    "replaces_timesyncd": False,
}


def choose_row(family: Mapping[str, Any], facts: Mapping[str, Any]) -> Row:
    """Return what the variables of a family say about a guest: the first row whose conditions hold, with every variant
    whose conditions hold laid over it.

    A release that no row knows gets what the family has in common, and evidence says so.
    """
    distribution = facts["distribution"]
    row = next((row for row in family.get("rows", ()) if matches(row.get("when", {}), facts)), None)
    layers = [family, *([row] if row else []), *(v for v in family.get("variants", ()) if matches(v["when"], facts))]
    named = f"{distribution['name'] or distribution['id'] or 'this system'}, which the matrix does not know"
    text = {"kernel": facts["kernel"], "version": distribution["version"]}
    services = {key: _service(key, layers, text) for key in KEYS}
    copy, name = services["guest_service_interface"], row["name"] if row else family["name"]
    _without_legacy_copy(copy, facts, name)
    _without_copy_on_arm(copy, facts)
    follows: dict[str, list[str]] = next((layer["follows"] for layer in reversed(layers) if "follows" in layer), {})
    return {
        "name": row["name"] if row else named,
        "evidence": row["evidence"] if row else "inferred from its family",
        "scope": family.get("scope"),
        "services": services,
        "follow": _follow(distribution.get("kernel_packages", ()), follows),
        "time": _clock(layers),
    }


def _follow(installed: Collection[str], follows: Mapping[str, Collection[str]]) -> list[str]:
    """The metapackages that bring the tools of the next kernel: one for each metapackage that brings a kernel."""
    kernels = [name.removeprefix("linux-image-") for name in installed if name.startswith("linux-image-")]
    wanted = [f"linux-cloud-tools-{kernel}" for kernel in kernels if has_tools(kernel, follows)]
    return [name for name in wanted if name not in installed]


def has_tools(kernel: str, follows: Mapping[str, Collection[str]]) -> bool:
    """Tell whether linux-image-KERNEL has a linux-cloud-tools-KERNEL. follows: flavours, by the first word; but."""
    return kernel.split("-")[0] in follows.get("flavours", ()) and kernel not in follows.get("but", ())


def matches(when: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """Tell whether all conditions hold.

    id, architecture: one of these. versions: the release or its beginning up to a dot. from: this release or newer.
    kernel_from: this kernel or newer. flavour: what the kernel's release ends with.
    """
    distribution, kernel = facts["distribution"], facts["kernel"]
    tests = {
        "id": lambda wanted: distribution["id"] in wanted,
        "architecture": lambda wanted: facts["architecture"] in wanted,
        "versions": lambda wanted: any(_begins(distribution["version"], version) for version in wanted),
        "from": lambda wanted: numbers(distribution["version"]) >= numbers(wanted),
        "kernel_from": lambda wanted: numbers(kernel) >= numbers(wanted),
        "flavour": lambda wanted: kernel.rpartition("-")[2] in wanted,
    }
    return all(tests[name](wanted) for name, wanted in when.items())


def numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, for comparing: `6.12.3-arch1` is (6, 12, 3)."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def uio_copy(facts: Mapping[str, Any]) -> bool:
    """Tell whether the guest's kernel leaves file copy to uio_hv_generic."""
    return copies_by_uio(facts["copy_interface"], facts["kernel"])


def _begins(version: str, wanted: str) -> bool:
    return version == wanted or (wanted != "" and version.startswith(f"{wanted}."))


def _service(key: str, layers: list[Any], text: Mapping[str, str]) -> Service:
    merged: dict[str, Any] = dict(_SERVICE)
    for layer in layers:
        merged |= layer.get("services", {}).get(key, {})
        merged["carriers"] = merged["carriers"] + merged["packages"]
    for field in ("packages", "carriers"):
        merged[field] = list(dict.fromkeys(name.format(**text) for name in merged[field]))
    return cast(Service, merged)


def _clock(layers: list[Any]) -> Clock | None:
    if layers[0].get("time") is None:
        return None
    merged: dict[str, Any] = dict(_CLOCK)
    for layer in layers:
        merged |= layer.get("time", {})
    return cast(Clock, merged)


def _without_legacy_copy(service: Service, facts: Mapping[str, Any], name: str) -> None:
    """A daemon that opens /dev/vmbus/hv_fcopy is none for a kernel that does not have it."""
    daemon = service["daemon"]
    if service["packages"] and daemon and uio_copy(facts) and not daemon.endswith(UIO_COPY_DAEMONS):
        service["packages"] = []
        service["reason"] = (
            f"kernel {facts['kernel']} has file copy on uio_hv_generic, "
            f"and {daemon} of {name} knows only /dev/vmbus/hv_fcopy"
        )
        service["remedy"] = f"boot a kernel before {'.'.join(map(str, UIO_COPY_SINCE))}, or set the service to absent"


def _without_copy_on_arm(service: Service, facts: Mapping[str, Any]) -> None:
    """Nobody builds the daemon of these kernels but for x86. Source: tools/hv/Makefile of Linux."""
    if service["packages"] and uio_copy(facts) and facts["architecture"] in ("aarch64", "arm64"):
        service["packages"], service["unit"], service["daemon"] = [], None, None
        service["reason"] = "kernels from 6.10 on have the daemon of the Guest Service Interface on x86 only"
        service["remedy"] = "set the service to absent, and copy files by another way"
