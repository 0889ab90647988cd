# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How packages get into a guest, and what has to wait for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.plan import make_plan
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.verify import remaining_problems

Make = Callable[..., dict[str, Any]]
KVP, VSS = "key_value_pair_exchange", "vss"
COPY = "guest_service_interface"
NO_CHRONY: dict[str, Any] = {
    "configuration": None,
    "unit": None,
    "clock_source": "none",
    "uses_ptp": False,
    "refclock": None,
    "written": {"files": [], "lines": []},
}


def test_packages_are_installed_by_the_module_of_ansible(make_facts: Make, family: dict[str, Any]) -> None:
    plan = make_plan(make_facts(), family, {})
    assert plan["packages"] == {"install": ["hyperv-daemons"], "refresh": False, "command": [], "reboot": False}


@pytest.mark.parametrize(("lists", "refresh"), [("missing", True), ("old", True), ("fresh", False), (None, False)])
def test_lists_of_packages_are_renewed_when_needed(
    make_facts: Make, family: dict[str, Any], lists: str | None, refresh: bool
) -> None:
    assert make_plan(make_facts(package_lists=lists), family, {})["packages"]["refresh"] is refresh
    nothing = make_plan(
        make_facts(package_lists=lists), family, {"services": dict.fromkeys((KVP, VSS, COPY), "absent")}
    )
    assert not nothing["packages"]["refresh"]


def test_dnf_is_run_where_its_python_is_too_old(make_facts: Make, family: dict[str, Any]) -> None:
    plan = make_plan(make_facts(installer="dnf", time=NO_CHRONY), family, {})
    assert plan["packages"]["command"] == ["dnf", "-y", "install", "hyperv-daemons", "chrony"]
    assert not plan["packages"]["reboot"]
    assert [unit["name"] for unit in plan["units"]["after"]] == ["hv-kvp-daemon", "hv-vss-daemon"]
    assert (plan["time"]["package"], plan["time"]["action"], plan["time"]["start"]) == (None, "configure", True)


@pytest.mark.parametrize(
    ("immutable", "installer", "words"),
    [
        ("ostree", "rpm-ostree", ["install", "--idempotent", "--allow-inactive", "--unchanged-exit-77"]),
        (
            "transactional",
            "transactional-update",
            ["--non-interactive", "--continue", "--drop-if-no-change", "pkg", "install"],
        ),
    ],
)
def test_what_shows_after_a_reboot_is_installed_and_nothing_more(
    make_facts: Make, family: dict[str, Any], immutable: str, installer: str, words: list[str]
) -> None:
    facts = make_facts(immutable=immutable, installer=installer, time=NO_CHRONY)
    assert make_plan(facts, family, {})["packages"]["command"] == [installer, *words, "hyperv-daemons", "chrony"]
    plan = make_plan(facts, family, {"state": "generalized"})
    assert plan["packages"]["command"] == [installer, *words, "hyperv-daemons"]
    assert plan["packages"]["reboot"]
    assert plan["problems"] == []
    assert plan["units"]["after"] == []
    assert (plan["expected"], plan["generalize"]["stop"]) == ([], None)
    assert (plan["time"]["action"], plan["time"]["package"], plan["time"]["stop"]) == ("leave", None, None)
    assert {KVP, VSS, "time"} <= {item["service"] for item in plan["skipped"]}
    assert "reboot needed" in "\n".join(plan["explanation"])
    assert remaining_problems(facts, plan) == []


def test_after_the_reboot_an_immutable_guest_is_like_any_other(make_facts: Make, family: dict[str, Any]) -> None:
    there = {
        key: {
            "daemon": f"/usr/sbin/{name}",
            "unit": f"{name}.service",
            "unit_masked": False,
            "verdict": "daemon_stopped",
        }
        for key, name in ((KVP, "hv-kvp-daemon"), (VSS, "hv-vss-daemon"))
    }
    plan = make_plan(make_facts(immutable="ostree", installer="rpm-ostree", services=there), family, {})
    assert plan["packages"]["command"] == []
    assert [unit["name"] for unit in plan["units"]["after"]] == ["hv-kvp-daemon", "hv-vss-daemon"]
    assert plan["expected"] == [KVP, VSS]
    assert not plan["packages"]["reboot"]


@pytest.mark.parametrize(("immutable", "part"), [("bootc", "container image"), ("ostree", "no rpm-ostree")])
def test_packages_of_an_image_belong_into_the_image(
    make_facts: Make, family: dict[str, Any], immutable: str, part: str
) -> None:
    plan = make_plan(make_facts(immutable=immutable, time=NO_CHRONY), family, {})
    assert [part in problem and "put hyperv-daemons into the image" in problem for problem in plan["problems"]] == [
        True
    ] * 2
    assert plan["packages"]["install"] == []
    assert (plan["units"]["after"], plan["expected"]) == ([], [])
    assert plan["time"]["action"] == "leave"
    assert "put chrony into the image" in plan["time"]["reason"]


def test_device_of_file_copy_is_not_given_away_beside_those_of_others(make_facts: Make, family: dict[str, Any]) -> None:
    """A device more changes the numbers of the others: DPDK finds its network card at another /dev/uioN."""
    family["services"][COPY] |= {"daemon": "/usr/sbin/hv_fcopy_uio_daemon"}
    device = {"device": "/sys/bus/vmbus/devices/x", "class": "f8615163-df3e-46c5-913f-f2d2f965ed0e", "uio": "uio0"}
    copy = {"node_present": False, "driver": None}
    facts = make_facts(copy_interface="new_id", services={COPY: copy})
    wishes = {"services": {COPY: "present"}}
    assert make_plan(facts, family, wishes)["tell"] == ["eb765408-105f-49b6-b4aa-c123b64d17d4"]  # type: ignore[arg-type]
    plan = make_plan(facts | {"uio_devices": [device]}, family, wishes)  # type: ignore[arg-type]
    assert (plan["tell"], plan["own_files"]["write"]) == ([], [])
    assert "(uio0)" in plan["problems"][0]


def test_kernel_that_binds_file_copy_by_itself_is_not_told_to(make_facts: Make, family: dict[str, Any]) -> None:
    """A second entry in new_id answers "File exists"."""
    family["services"][COPY] |= {"daemon": "/usr/sbin/hv_fcopy_uio_daemon"}
    facts = make_facts(copy_interface="uio_hv_generic", services={COPY: {"node_present": False, "driver": None}})
    plan = make_plan(facts, family, {"services": {COPY: "present"}})
    assert (plan["tell"], plan["own_files"]["write"]) == ([], [])


def test_azure_without_vss_gets_no_daemon_for_it(make_facts: Make, family: dict[str, Any]) -> None:
    plan = make_plan(make_facts(azure=True, services={VSS: {"offered": False}}), family, {})
    assert plan["expected"] == [KVP]
    assert "Azure" in next(item["reason"] for item in plan["skipped"] if item["service"] == VSS)
    assert VSS in make_plan(make_facts(azure=True), family, {})["expected"]
