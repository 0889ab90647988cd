# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All facts of a guest together, and the verdict on each service."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.facts import gather
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.verdict import VERDICTS
from ansible_collections.hyperv.integration.plugins.module_utils._linux_services import LINUX_SERVICES
from guest_tree import KERNEL, SERVICES, Tree

KVP, VSS, COPY = "key_value_pair_exchange", "vss", "guest_service_interface"


def look(tree: Tree) -> dict[str, Any]:
    return gather(tree.root, lambda command: pytest.fail("an image is asked nothing"))


def verdicts(tree: Tree) -> dict[str, str]:
    return {key: facts["verdict"] for key, facts in look(tree)["services"].items()}


def test_the_services_are_those_of_the_host() -> None:
    assert tuple(service.key for service in LINUX_SERVICES) == KEYS


def test_a_guest_in_which_all_works(guest: Tree) -> None:
    facts = look(guest)
    assert {key: service["verdict"] for key, service in facts["services"].items()} == {
        **dict.fromkeys(SERVICES, "ok"),
        COPY: "host_disabled",
    }
    assert facts["hyperv_evidence"] == "vmbus"
    assert facts["hv_utils"] == {"state": "loaded", "blocked_by": []}
    kvp = facts["services"][KVP]
    assert kvp["process"] == {"pid": 412, "name": "hv_kvp_daemon"}
    assert (kvp["daemon"], kvp["unit"]) == ("/usr/sbin/hv_kvp_daemon", "hv-kvp-daemon.service")
    assert (kvp["offered"], kvp["bound"], kvp["node_present"], kvp["attached"]) == (True, True, True, True)
    assert facts["services"]["shutdown"]["attached"] is None
    assert facts["services"]["shutdown"]["impact"] == "high"
    assert facts["freeze"]["frozen"] == ["/"]
    assert facts["missing_facts"] == [
        {"fact": "isolation", "reason": "neither the kernel's log nor a device tells"},
    ]


def remove(tree: Tree, path: str) -> Tree:
    (tree.path / path.lstrip("/")).unlink()
    return tree


def unbound(tree: Tree, key: str) -> Tree:
    return remove(tree, f"/sys/bus/vmbus/devices/{SERVICES[key].instance_guid}/driver")


Defect = Callable[[Tree], object]
DEFECTS: dict[str, tuple[Defect, str, str, str]] = {
    "no daemon": (
        lambda tree: (remove(tree, "/usr/sbin/hv_kvp_daemon"), remove(tree, "/proc/412/fd/4")),
        KVP,
        "no_daemon",
        "install hyperv-daemons",
    ),
    "daemon stopped": (
        lambda tree: remove(tree, "/proc/412/fd/4"),
        KVP,
        "daemon_stopped",
        "systemctl start hv-kvp-daemon.service",
    ),
    "no unit": (
        lambda tree: (remove(tree, "/proc/412/fd/4"), remove(tree, "/lib/systemd/system/hv-kvp-daemon.service")),
        KVP,
        "daemon_stopped",
        "a unit of its own",
    ),
    "not bound": (lambda tree: unbound(tree, VSS), VSS, "no_driver", "see what the kernel logged"),
    "not loaded": (
        lambda tree: (unbound(tree, "shutdown"), remove(tree, "/sys/module/hv_utils/initstate")),
        "shutdown",
        "no_driver",
        "modprobe hv_utils",
    ),
    "blocked": (
        lambda tree: (
            unbound(tree, "shutdown"),
            remove(tree, "/sys/module/hv_utils/initstate"),
            tree.add({"/etc/modprobe.d/cis.conf": "install hv_utils /bin/false\n"}),
        ),
        "shutdown",
        "driver_blocked",
        "linux_guest_repair",
    ),
    "missing": (
        lambda tree: (
            unbound(tree, "heartbeat"),
            remove(tree, "/sys/module/hv_utils/initstate"),
            tree.modules("hv_netvsc"),
        ),
        "heartbeat",
        "driver_missing",
        "install a kernel",
    ),
    "cannot be seen": (
        lambda tree: (
            unbound(tree, "heartbeat"),
            remove(tree, "/sys/module/hv_utils/initstate"),
            remove(tree, f"/lib/modules/{KERNEL}/modules.dep"),
        ),
        "heartbeat",
        "unknown",
        "None",
    ),
    "overridden": (
        lambda tree: (
            unbound(tree, "time_synchronization"),
            tree.device("time_synchronization", None, driver_override="vfio\n"),
        ),
        "time_synchronization",
        "driver_blocked",
        "driver_override",
    ),
    "bound to another": (
        lambda tree: (unbound(tree, VSS), tree.device(VSS, "uio_hv_generic")),
        VSS,
        "no_driver",
        "see what the kernel logged",
    ),
    "no node": (
        lambda tree: (remove(tree, "/proc/412/fd/4"), remove(tree, "/dev/vmbus/hv_kvp")),
        KVP,
        "no_driver",
        "see what the kernel logged",
    ),
    "kept out after the next boot": (
        lambda tree: tree.add({"/etc/modprobe.d/cis.conf": "blacklist hv_utils\n"}),
        "shutdown",
        "ok",
        "linux_guest_repair",
    ),
}


@pytest.mark.parametrize(("change", "key", "verdict", "remedy"), DEFECTS.values(), ids=DEFECTS)
def test_defects(guest: Tree, change: Defect, key: str, verdict: str, remedy: str) -> None:
    change(guest)
    service = look(guest)["services"][key]
    assert service["verdict"] == verdict, service
    assert remedy in str(service["remedy"]), service
    assert verdict in VERDICTS


def test_the_others_are_not_blamed(guest: Tree) -> None:
    before = verdicts(guest)
    remove(guest, "/proc/412/fd/4")
    assert {key: verdict for key, verdict in verdicts(guest).items() if verdict != before[key]} == {
        KVP: "daemon_stopped"
    }


def test_file_copy_of_newer_kernels(guest: Tree) -> None:
    release = "6.12.3-amd64"
    guest.add({"/proc/sys/kernel/osrelease": release}).modules("hv_utils", "uio_hv_generic", release=release)
    guest.device(COPY, None)
    service = look(guest)["services"][COPY]
    assert (service["verdict"], service["node"]) == ("no_driver", None)
    assert service["remedy"] == "modprobe uio_hv_generic"
    guest.add({"/sys/module/uio_hv_generic/initstate": "live\n"})
    assert "linux_guest" in look(guest)["services"][COPY]["remedy"]
    guest.device(COPY, "uio_hv_generic")
    folder = f"/sys/bus/vmbus/devices/{SERVICES[COPY].instance_guid}"
    guest.add({f"{folder}/uio/uio0/dev": "247:0\n", "/dev/uio0": ""})
    assert look(guest)["services"][COPY]["verdict"] == "no_daemon"  # the old daemon is of no use
    guest.program("/usr/sbin/hv_fcopy_uio_daemon").process(414, "/usr/sbin/hv_fcopy_uio_daemon -n", "/dev/uio0")
    service = look(guest)["services"][COPY]
    assert (service["verdict"], service["node"]) == ("ok", "/dev/uio0")


def test_debian_13_has_no_daemon_for_it(guest: Tree) -> None:
    guest.add({"/etc/os-release": "ID=debian\nVERSION_ID=13\n", "/proc/sys/kernel/osrelease": "6.12.3-amd64"})
    guest.device(COPY, "uio_hv_generic")
    service = look(guest)["services"][COPY]
    assert service["verdict"] == "not_packaged"
    assert "Debian 13" in service["explanation"]


def test_ubuntus_wrapper_without_the_package_of_its_kernel(guest: Tree) -> None:
    guest.add({"/etc/os-release": "ID=ubuntu\nVERSION_ID=24.04\n", "/proc/sys/kernel/osrelease": "6.8.0-45-generic"})
    guest.program("/usr/sbin/hv_kvp_daemon", "#!/bin/bash\nexec /usr/lib/linux-tools/$(uname -r)/hv_kvp_daemon\n")
    remove(guest, "/proc/412/fd/4")
    service = look(guest)["services"][KVP]
    assert service["verdict"] == "no_daemon"
    assert "linux-cloud-tools-6.8.0-45-generic" in service["remedy"]
    guest.program("/usr/lib/linux-tools/6.8.0-45-generic/hv_kvp_daemon")
    assert look(guest)["services"][KVP]["verdict"] == "daemon_stopped"


def test_a_confidential_guest_lacks_nothing(guest: Tree) -> None:
    for key in (KVP, VSS):
        unbound(guest, key)
        remove(guest, f"/sys/bus/vmbus/devices/{SERVICES[key].instance_guid}/class_id")
    guest.add({"/dev/sev-guest": ""})
    found = look(guest)
    assert found["isolation"] == "SNP"
    assert [found["services"][key]["verdict"] for key in (KVP, VSS, COPY)] == ["not_supported_isolated"] * 3
    assert found["services"]["shutdown"]["verdict"] == "ok"


def test_off_hyperv(tree: Tree) -> None:
    tree.add({"/proc/1/comm": "init\n", "/proc/sys/kernel/osrelease": KERNEL})
    found = gather(tree.running, lambda command: None)
    assert {service["verdict"] for service in found["services"].values()} == {"not_hyperv"}
    assert not found["hyperv"]


def test_firmware_without_vmbus(guest: Tree) -> None:
    for key in list(SERVICES)[:5]:
        unbound(guest, key)
        remove(guest, f"/sys/bus/vmbus/devices/{SERVICES[key].instance_guid}/class_id")
        (guest.path / f"sys/bus/vmbus/devices/{SERVICES[key].instance_guid}").rmdir()
    assert {look(guest)["services"][key]["verdict"] for key in SERVICES} == {"no_driver"}


def test_an_image(tree: Tree) -> None:
    tree.add({"/etc/os-release": "ID=rocky\nVERSION_ID=9.4\n", "/usr/lib/systemd/systemd": ""})
    tree.modules("hv_utils", release="5.14.0-427.el9.x86_64").program("/usr/sbin/hypervkvpd")
    found = verdicts(tree)
    assert found == {**dict.fromkeys(SERVICES, "prepared"), VSS: "no_daemon", COPY: "no_daemon"}
    tree.add({"/etc/modprobe.d/hv.conf": "blacklist hv_utils\n"})
    assert verdicts(tree)["shutdown"] == "driver_blocked"
    assert look(tree)["kernel"] == "5.14.0-427.el9.x86_64"


def test_an_image_without_a_kernel(tree: Tree) -> None:
    tree.add({"/etc/os-release": "ID=debian\n"}).program("/usr/sbin/hv_kvp_daemon")
    tree.program("/usr/sbin/hv_fcopy_uio_daemon")
    assert verdicts(tree) == {**dict.fromkeys(SERVICES, "unknown"), VSS: "no_daemon"}


@pytest.mark.parametrize(
    ("answer", "unit_state", "remedy"),
    [
        ("Id=hv-kvp-daemon.service\nLoadState=loaded\nActiveState=failed\n", "failed", "systemctl start"),
        ("Id=hv-kvp-daemon.service\nLoadState=masked\nActiveState=inactive\n", "inactive", "systemctl unmask"),
        (None, None, "systemctl start"),
    ],
)
def test_the_unit_is_named(guest: Tree, answer: str | None, unit_state: str | None, remedy: str) -> None:
    remove(guest, "/proc/412/fd/4")
    found = gather(guest.running, lambda command: answer if command[0] == "systemctl" else None)
    service = found["services"][KVP]
    assert service["unit_state"] == unit_state
    assert remedy in service["remedy"]


@pytest.mark.parametrize(
    ("files", "container"),
    [
        ({"/run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"),
        ({"/run/.containerenv": ""}, "podman"),
        ({}, None),
    ],
)
def test_containers(guest: Tree, files: dict[str, str], container: str | None) -> None:
    assert look(guest.add({**files}))["container"] == container


def test_kernel_that_took_file_copy_on_uio_early_is_known_by_its_aliases(guest: Tree) -> None:
    """SUSE and others take changes into older kernels: the version says hv_utils, and the daemon is the other one."""
    alias = "alias vmbus:e34bd134e4dec8419ae76b174977c192 uio_hv_generic\n"
    guest.device(COPY, None).modules("hv_utils", "uio_hv_generic").add({f"/lib/modules/{KERNEL}/modules.alias": alias})
    found = look(guest)
    assert found["copy_interface"] == "uio_hv_generic"
    assert found["services"][COPY]["node"] is None
    assert found["services"][COPY]["daemon"] is None  # hv_fcopy_daemon is none for this kernel


@pytest.mark.parametrize(
    ("files", "programs", "explanation", "remedy"),
    [
        ({"/proc/sys/kernel/poweroff_cmd": "/sbin/poweroff\n"}, (), "/sbin/poweroff, which the kernel runs", "a link"),
        ({"/proc/sys/kernel/poweroff_cmd": "/opt/off -f\n"}, ("/sbin/poweroff",), "/opt/off, which", "poweroff_cmd"),
        (
            {
                "/proc/sys/kernel/poweroff_cmd": "/sbin/poweroff\n",
                "/etc/systemd/system/poweroff.target": "->/dev/null",
            },
            ("/sbin/poweroff",),
            "poweroff.target is masked",
            "systemctl unmask poweroff.target",
        ),
    ],
)
def test_shutdown_whose_last_link_is_missing_is_degraded(
    guest: Tree, files: dict[str, str | bytes], programs: tuple[str, ...], explanation: str, remedy: str
) -> None:
    """hv_utils takes the host's wish, and nothing happens, or the power is cut (seen on NixOS: nixpkgs issue 35902)."""
    for program in programs:
        guest.program(program)
    found = look(guest.add(files))["services"]["shutdown"]
    assert found["verdict"] == "degraded"
    assert explanation in found["explanation"]
    assert remedy in found["remedy"]


def test_shutdown_with_all_its_links_is_ok(guest: Tree) -> None:
    guest.add({"/proc/sys/kernel/poweroff_cmd": "/sbin/poweroff\n"}).program("/sbin/poweroff")
    assert verdicts(guest)["shutdown"] == "ok"


def test_host_that_told_nothing_of_itself_is_named(guest: Tree) -> None:
    assert look(guest)["services"][KVP]["explanation"].endswith("serves it")
    guest.add({"/var/lib/hyperv/.kvp_pool_3": ""})
    kvp = look(guest)["services"][KVP]
    assert kvp["verdict"] == "ok"
    assert "pool 3 is empty" in kvp["explanation"]
    guest.add({"/var/lib/hyperv/.kvp_pool_3": b"HostName\0"})
    assert look(guest)["services"][KVP]["explanation"].endswith("serves it")


def test_remedy_of_the_host_is_not_given_where_azure_is_the_host(guest: Tree) -> None:
    assert "vm_integration_service" in look(guest)["services"][COPY]["remedy"]
    guest.add({"/sys/class/dmi/id/chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77\n"})
    found = look(guest)
    assert found["azure"] is True
    assert found["services"][COPY]["verdict"] == "host_disabled"
    assert found["services"][COPY]["remedy"] is None


def test_root_partition_is_named(guest: Tree) -> None:
    shutil.rmtree(guest.path / "sys/bus/vmbus")
    guest.add({"/dev/mshv": ""})
    found = gather(guest.running, lambda command: None)
    assert (found["hyperv"], found["root_partition"]) == (False, True)
    assert "root partition" in found["services"]["shutdown"]["explanation"]


DEVICE = "sys-devices-virtual-misc-vmbus\\x21hv_{}.device"
WAITS = (
    "Id=hv-kvp-daemon.service\nLoadState=loaded\nActiveState={state}\n"
    'BindsTo="sys-devices-virtual-misc-vmbus\\\\x21hv_kvp.device"\n{more}\n'
    f"Id={DEVICE.format('kvp')}\nLoadState=loaded\nActiveState={{known}}\n"
)


def asked(guest: Tree, state: str, known: str, more: str = "") -> dict[str, Any]:
    """What is found of KVP when systemctl answers so; it is asked once, for units and devices."""
    remove(guest, "/proc/412/fd/4")
    calls = []

    def run(command: list[str]) -> str | None:
        if command[0] != "systemctl":
            return None
        calls.append(command)
        return WAITS.format(state=state, known=known, more=more)

    found: dict[str, Any] = gather(guest.running, run)["services"][KVP]
    (call,) = calls
    assert set(call[call.index("--") + 1 :]) >= {"hv-kvp-daemon.service", DEVICE.format("kvp"), DEVICE.format("vss")}
    return found


def test_device_there_but_unknown_to_systemd_is_told_with_its_own_remedy(guest: Tree) -> None:
    """To start the unit would wait 90 seconds and fail."""
    found = asked(guest, "inactive", "inactive")
    assert (found["verdict"], found["node_known"]) == ("daemon_stopped", False)
    assert "udev has not told systemd of the device /dev/vmbus/hv_kvp" in found["explanation"]
    assert "udevadm trigger --action=add --sysname-match='vmbus?hv_kvp'" in found["remedy"]


def test_device_known_to_systemd_leaves_the_unit_to_be_started(guest: Tree) -> None:
    found = asked(guest, "inactive", "active")
    assert found["node_known"] is True
    assert found["remedy"] == "systemctl start hv-kvp-daemon.service"


def test_unit_that_waits_for_no_device_is_just_started(guest: Tree) -> None:
    """Those of SUSE, Arch and Photon are not bound to it."""
    remove(guest, "/proc/412/fd/4")
    answer = WAITS.format(state="inactive", known="inactive", more="").replace("BindsTo", "Nothing")
    found = gather(guest.running, lambda command: answer if command[0] == "systemctl" else None)["services"][KVP]
    assert (found["node_known"], found["remedy"]) == (False, "systemctl start hv-kvp-daemon.service")


def test_daemon_that_was_stopped_when_its_program_was_replaced_is_told_so(guest: Tree) -> None:
    now = int(time.monotonic() * 1e6)
    times = "ActiveEnterTimestampMonotonic={}\nInactiveEnterTimestampMonotonic={}\n"
    found = asked(guest, "inactive", "active", times.format(1, now - 2_000_000))
    assert found["explanation"] == "hv-kvp-daemon.service was stopped when its package was upgraded"
    assert found["remedy"] == "systemctl start hv-kvp-daemon.service"


@pytest.mark.parametrize("ago", [-10, 2000], ids=["stopped after", "stopped long before"])
def test_daemon_that_was_stopped_at_another_time_is_not_blamed_on_an_upgrade(guest: Tree, ago: int) -> None:
    moment = int((time.monotonic() - ago) * 1e6)
    times = f"ActiveEnterTimestampMonotonic=1\nInactiveEnterTimestampMonotonic={moment}\n"
    assert "upgraded" not in asked(guest, "inactive", "active", times)["explanation"]


def test_second_daemon_of_a_kind_is_a_problem(guest: Tree) -> None:
    guest.process(500, "/usr/sbin/hv_kvp_daemon -n", "/dev/null").add({"/proc/501/comm": "hv_kvp_daemon\n"})
    found = look(guest)["services"][KVP]
    assert (found["verdict"], found["more_processes"]) == ("degraded", [500])  # 501 is dead: it has no command line
    assert "kill 500" in found["remedy"]
    assert verdicts(guest)[VSS] == "ok"


def test_files_that_the_role_wrote_are_told(guest: Tree) -> None:
    assert look(guest)["own_files"] == {}
    guest.add({"/etc/udev/rules.d/61-linux-guest.rules": "# x\n"})
    assert look(guest)["own_files"] == {"/etc/udev/rules.d/61-linux-guest.rules": "# x\n"}
