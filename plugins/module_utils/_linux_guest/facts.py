# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""All that linux_guest_info tells, in one pass."""

import os
from typing import Any

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest import (
    clock,
    copy_daemon,
    distribution,
    freeze,
    ip_injection,
    kernel,
    own_files,
    poweroff,
    selinux,
    system,
    units,
    vmbus,
)
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.daemons import find_daemon
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.processes import Processes
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.verdict import Seen, judge
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import (
    DRIVER,
    LINUX_SERVICES,
    UIO_COPY_DAEMONS,
    UIO_COPY_UNITS,
    UIO_DRIVER,
    LinuxService,
)

# Without these a running guest loses data, or its clock. As of Microsoft's reference of the services.
HIGH_IMPACT = ("heartbeat", "shutdown", "time_synchronization")

# Seconds that an upgrade takes from its first script to the last new file, and by which the clock may have been set.
_UPGRADE, _CLOCK = 900, 5

_SHOWN = (
    *("offered", "device", "driver", "node", "node_present", "node_known", "process", "more_processes", "daemon"),
    *("packages", "unit", "unit_state", "unit_enabled", "unit_masked", "verdict", "explanation", "remedy", "impact"),
)


def gather(root: Root, run: vmbus.Run) -> "dict[str, Any]":
    """`linux_guest` of the module linux_guest_info.

    run: runs a command and returns its output, None when it failed or is not there. Only asked for a running guest.
    """
    ask = run if root.booted else lambda command: None
    release = kernel.read_kernel(root)
    known = distribution.read_distribution(root)
    evidence = vmbus.find_evidence(root)
    azure, root_partition = vmbus.is_azure(root), vmbus.is_root_partition(root)
    isolation = vmbus.find_isolation(root, ask) if evidence else None
    init = units.find_init(root)
    processes = Processes(root)
    interface = kernel.copy_interface(root, release)
    guest = _Guest(root, release, known, init, os.uname().machine, interface)
    immutable = system.find_immutable(root)
    services = {service.key: guest.look(service, processes) for service in LINUX_SERVICES}
    found = [facts["unit"] for facts in services.values() if facts["unit"]]
    if init == "systemd":
        nodes = (facts["node"] for facts in services.values() if facts["misc"] and facts["node_present"])
        found += map(units.device_unit, nodes)
    properties = units.read_states(root, init, found, ask)
    modules = {name: kernel.module_state(root, release, name) for name in (DRIVER, UIO_DRIVER)}
    for key, facts in services.items():
        unit = properties.get(facts["unit"] or "", {})
        facts["unit_state"] = unit.get("ActiveState")
        facts["unit_enabled"] = unit["UnitFileState"].startswith("enabled") if unit.get("UnitFileState") else None
        facts["unit_masked"] = unit["LoadState"] == "masked" if "LoadState" in unit else None
        device = properties.get(units.device_unit(facts["node"] or ""))
        facts["node_known"] = device.get("ActiveState") == "active" if device and facts["misc"] else None
        seen = Seen(
            key=key,
            booted=root.booted or evidence is not None,
            evidence=evidence,
            isolation=isolation,
            module=modules[facts["wanted_driver"]],
            unit_properties=unit,
            root_partition=root_partition,
            azure=azure,
            flaw=_flaw(root, key, init, facts["daemon"], release),
            note=_host_pool(root) if key == distribution.KVP else None,
            untold=facts["node_known"] is False and units.waits_for(unit, facts["node"]),
            upgraded=_stopped_by_upgrade(root, facts["daemon"], unit),
            **{name: facts[name] for name in Seen._fields if name in facts},
        )
        facts["verdict"], facts["explanation"], facts["remedy"] = judge(seen)
        facts["impact"] = "high" if key in HIGH_IMPACT else "normal"
    daemons = [facts["daemon"] for facts in services.values() if facts["daemon"]]
    kvp = services["key_value_pair_exchange"]
    return {
        "hyperv": evidence is not None,
        "hyperv_evidence": evidence,
        "isolation": isolation,
        "azure": azure,
        "root_partition": root_partition,
        "container": _container(root),
        "kernel": release,
        "architecture": guest.architecture,
        "distribution": known,
        "init": init,
        "immutable": immutable,
        "installer": system.find_installer(root, immutable),
        "package_lists": system.read_package_lists(root),
        "copy_interface": interface,
        "uio_devices": vmbus.find_uio_devices(root),
        "hv_utils": modules[DRIVER],
        "services": {key: _shown(facts) for key, facts in services.items()},
        "time": clock.read_clock(root, processes, ask),
        "freeze": freeze.read_freeze(root),
        "ip_injection": ip_injection.read_ip_injection(root, kvp["daemon"], properties.get(kvp["unit"] or "", {})),
        "own_files": own_files.read_own_files(root),
        "selinux": selinux.read_selinux(root, daemons),
        "missing_facts": _missing(root, evidence, isolation, services),
    }


def _flaw(root: Root, key: str, init: str, daemon: "str | None", release: str) -> "tuple[str, str] | None":
    """What makes a service fail though it is served, and the remedy."""
    if key == "shutdown":
        return poweroff.find_flaw(root, init)
    return copy_daemon.find_flaw(root, daemon, release) if key == distribution.COPY else None


class _Guest:
    """Looks at one service after the other."""

    def __init__(
        self,
        root: Root,
        release: str,
        known: "dict[str, Any]",
        init: str,
        architecture: str,
        copy_interface: "str | None",
    ) -> None:
        self._root = root
        self._copy_interface = copy_interface
        self._kernel = release
        self._distribution = known
        self._init = init
        self.architecture = architecture
        self._devices = vmbus.find_devices(root)

    def look(self, service: LinuxService, processes: Processes) -> "dict[str, Any]":
        device = self._devices.get(service.key, {"path": None, "driver": None, "override": None, "uio": None})
        uio = service.key == distribution.COPY and self._copies_by_uio(device)
        daemons = UIO_COPY_DAEMONS if uio else service.daemons
        if service.key == distribution.COPY and not self._kernel:  # an image without a kernel: either may be the one
            daemons += UIO_COPY_DAEMONS
        node = service.node or None
        if uio:
            node = f"/dev/{device['uio']}" if device["uio"] else None
        daemon, defect = find_daemon(self._root, daemons, self._kernel) if daemons else (None, None)
        process, everyone = processes.holder(node, daemons) if node else (None, True)
        return {
            "offered": bool(device["path"]),
            "device": device["path"],
            "driver": device["driver"],
            "override": device["override"],
            "wanted_driver": UIO_DRIVER if uio else DRIVER,
            "has_daemon": bool(daemons),
            "node": node,
            "misc": node is not None and not uio,
            "node_present": node is not None and self._root.exists(node),
            "process": process,
            "more_processes": processes.others(daemons, process["pid"]) if process else [],
            "everyone_seen": everyone,
            "daemon": daemon,
            "daemon_defect": defect,
            "packages": distribution.packages(self._distribution, service.key, self._kernel) if daemons else [],
            "not_packaged": distribution.why_not_packaged(self._distribution, service.key, uio, self.architecture)
            if daemons
            else None,
            "unit": units.find_unit(self._root, self._init, UIO_COPY_UNITS if uio else service.units),
        }

    def _copies_by_uio(self, device: "dict[str, Any]") -> bool:
        if device["driver"]:
            return bool(device["driver"] == UIO_DRIVER)
        return kernel.copies_by_uio(self._copy_interface, self._kernel)


def _host_pool(root: Root) -> "str | None":
    """What to tell of the pool that the host fills with its own facts as soon as a daemon answers."""
    if root.data("/var/lib/hyperv/.kvp_pool_3") == b"":
        return "the host has sent no facts of its own (pool 3 is empty): it does not send any, or has just started"
    return None


def _shown(facts: "dict[str, Any]") -> "dict[str, Any]":
    known = facts["has_daemon"] and (facts["process"] or facts["everyone_seen"])
    attached = facts["process"] is not None if known else None
    bound = facts["driver"] == facts["wanted_driver"]
    return {**{name: facts[name] for name in _SHOWN}, "bound": bound, "attached": attached}


def _stopped_by_upgrade(root: Root, daemon: "str | None", unit: "dict[str, str]") -> bool:
    """Whether a daemon was stopped just before its program was replaced, as scripts of packages do."""
    stopped, replaced = units.stopped_at(unit), root.changed_at(daemon) if daemon else None
    return stopped is not None and replaced is not None and -_CLOCK <= replaced - stopped <= _UPGRADE


def _container(root: Root) -> "str | None":
    """What contains this system, None when nothing does. Source: systemd's CONTAINER_INTERFACE, podman, Docker."""
    named = root.line("/run/systemd/container")
    if named:
        return named
    for path, name in (("/run/.containerenv", "podman"), ("/.dockerenv", "docker")):
        if root.exists(path):
            return name
    return None


def _missing(
    root: Root, evidence: "str | None", isolation: "str | None", services: "dict[str, dict[str, Any]]"
) -> "list[dict[str, str]]":
    """The facts that could not be had, with the reason."""
    missing = []
    if not all(facts["everyone_seen"] for facts in services.values()):
        missing.append({"fact": "attached", "reason": "other users' open files are for root to see"})
    if evidence and isolation is None:
        missing.append({"fact": "isolation", "reason": "neither the kernel's log nor a device tells"})
    others = sorted(path for path in root.denied if not path.startswith("/proc/"))
    missing.extend({"fact": path, "reason": "this user may not read it"} for path in others)
    return missing
