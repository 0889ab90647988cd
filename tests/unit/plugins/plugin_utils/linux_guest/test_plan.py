# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.kernel import blockers
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.plan import WishError, make_plan
from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.shapes import KEYS, WISHES

from .conftest import WRITTEN

Make = Callable[..., dict[str, Any]]
KVP, VSS, COPY = KEYS


def test_defaults(make_facts: Make, family: dict[str, Any]) -> None:
    plan = make_plan(make_facts(), family, {})
    assert plan["act"]
    assert not plan["at_rest"]
    assert plan["packages"]["install"] == ["hyperv-daemons"]
    assert plan["units"]["before"] == []  # file copy stays as it is
    assert [unit["name"] for unit in plan["units"]["after"]] == ["hv-kvp-daemon", "hv-vss-daemon"]
    assert plan["expected"] == [KVP, VSS]
    assert plan["explanation"][0] == "Debian 12 (measured), kernel 6.1.0-40-amd64, vmbus"


@pytest.mark.parametrize(
    ("services", "part"), [({"kvp": "present"}, "'kvp'"), ({VSS: "on"}, "linux_guest_services.vss is 'on'")]
)
def test_wishes_that_cannot_be_understood(
    make_facts: Make, family: dict[str, Any], services: dict[str, str], part: str
) -> None:
    with pytest.raises(WishError, match=part):
        make_plan(make_facts(), family, {"services": services})


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"hyperv": False, "hyperv_evidence": None}, "no guest of Hyper-V"),
        ({"container": "podman"}, "container (podman)"),
    ],
)
def test_elsewhere_nothing_is_done_unless_forced(
    make_facts: Make, family: dict[str, Any], changes: dict[str, Any], part: str
) -> None:
    plan = make_plan(make_facts(**changes), family, {})
    assert not plan["act"]
    assert part in plan["reason"]
    assert "linux_guest_force" in plan["reason"]
    assert make_plan(make_facts(**changes), family, {"force": True})["act"]


def test_scope_is_not_forced(make_facts: Make, family: dict[str, Any]) -> None:
    family["scope"] = "base system"
    assert make_plan(make_facts(), family, {"force": True})["reason"] == "base system"


def test_driver(make_facts: Make, family: dict[str, Any]) -> None:
    ours = {"path": "/etc/modprobe.d/a.conf", "line": "blacklist hv_utils"}
    theirs = {"path": "/proc/cmdline", "line": "module_blacklist=hv_utils"}
    facts = make_facts(hv_utils={"state": "blocked", "blocked_by": [ours]})
    assert make_plan(facts, family, {})["kernel"] == {"repair": [], "load": False}
    kernel = make_plan(facts, family, {"repair": True})["kernel"]
    assert kernel["load"]
    (removed,) = kernel["repair"]
    assert {key: removed[key] for key in ours} == ours
    facts["hv_utils"]["blocked_by"].append(theirs)
    plan = make_plan(facts, family, {"repair": True})
    assert plan["kernel"] == {"repair": [removed], "load": False}
    assert "/proc/cmdline keeps it out" in plan["problems"][0]
    loadable = make_facts(hv_utils={"state": "available", "blocked_by": []})
    assert make_plan(loadable, family, {})["kernel"]["load"]
    assert not make_plan(loadable | {"hyperv_evidence": "dmi"}, family, {})["kernel"]["load"]
    assert not make_plan(loadable, family, {"services": dict.fromkeys(KEYS, "unmanaged")})["kernel"]["load"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("blacklist hv_utils\n# kept\n", "# kept\n"),
        ("install  hv_utils \\\n  /bin/false\noptions x y=1\n", "options x y=1\n"),
        ("options x y=1\n\tinstall hv_utils /bin/false", "options x y=1\n"),
        ("blacklist hv_utils_other\ninstall hv_utils /bin/false.sh\n", None),
    ],
)
def test_line_that_keeps_the_driver_out_is_removed_over_backslashes(
    make_facts: Make, family: dict[str, Any], tmp_path: Path, text: str, left: str | None
) -> None:
    """As ansible.builtin.replace does it, with the line as linux_guest_info joins it."""
    (tmp_path / "etc/modprobe.d").mkdir(parents=True)
    (tmp_path / "etc/modprobe.d/site.conf").write_text(text, encoding="utf-8")
    found = blockers(Root(str(tmp_path)), "hv_utils") or [{"path": "/etc/x", "line": "blacklist hv_utils"}]
    facts = make_facts(hv_utils={"state": "blocked", "blocked_by": found})
    for item in make_plan(facts, family, {"repair": True})["kernel"]["repair"]:
        text = re.sub(item["pattern"], "", text, flags=re.MULTILINE)
    assert text == (left if left is not None else text)
    assert left is None or "hv_utils" not in text


def test_generalized(make_facts: Make, family: dict[str, Any]) -> None:
    plan = make_plan(make_facts(), family, {"state": "generalized"})
    assert plan["generalize"] == {"purge": True, "stop": "hv-kvp-daemon"}
    assert plan["units"]["after"][0] == {"name": "hv-kvp-daemon", "masked": False}
    unmanaged = {"services": dict.fromkeys(KEYS, "unmanaged"), "state": "generalized"}
    assert make_plan(make_facts(), family, unmanaged)["generalize"]["stop"] is None  # type: ignore[arg-type]


def test_next_kernel_is_thought_of(make_facts: Make, family: dict[str, Any]) -> None:
    family["follows"] = {"flavours": ["generic"]}
    facts = make_facts(distribution={"kernel_packages": ["linux-image-generic"]})
    assert make_plan(facts, family, {})["packages"]["install"] == ["hyperv-daemons", "linux-cloud-tools-generic"]
    nothing = make_plan(facts, family, {"services": dict.fromkeys(KEYS, "absent")})
    assert nothing["packages"]["install"] == []


# --- what holds for every guest

services = st.fixed_dictionaries(
    {
        "offered": st.booleans(),
        "driver": st.sampled_from((None, "hv_utils", "uio_hv_generic")),
        "node_present": st.booleans(),
        "process": st.sampled_from((None, {"pid": 7, "name": "a daemon"})),
        "daemon": st.sampled_from((None, "/usr/sbin/daemon")),
        "unit": st.sampled_from((None, "found.service")),
        "unit_state": st.sampled_from((None, "active", "inactive", "failed")),
        "unit_masked": st.sampled_from((None, True, False)),
        "verdict": st.sampled_from(
            ("ok", "no_daemon", "daemon_stopped", "driver_blocked", "driver_missing", "host_disabled")
        ),
        "explanation": st.just("so it is"),
        "remedy": st.sampled_from((None, "mend it")),
    }
)
REFCLOCK = {"path": "/etc/chrony/conf.d/linux_guest.conf", "line": "refclock PHC /dev/ptp_hyperv"}
clocks = st.fixed_dictionaries(
    {
        "ptp_device": st.sampled_from((None, "/dev/ptp0")),
        "ptp_link": st.sampled_from((None, "/dev/ptp_hyperv")),
        "clock_source": st.sampled_from(("chrony", "systemd-timesyncd", "ntpd", "none")),
        "unit": st.sampled_from((None, "chrony", "chronyd-restricted")),
        "uses_ptp": st.sampled_from((None, True, False)),
        "configuration": st.sampled_from((None, "/etc/chrony.conf", "/run/chrony.conf")),
        "managed_by": st.sampled_from((None, "fedora.linux_system_roles.timesync")),
        "makestep": st.sampled_from((None, "1 3", "1.0 -1")),
        "servers": st.lists(st.sampled_from(("a", "b")), unique=True),
        "written": st.fixed_dictionaries(
            {
                "files": st.lists(st.sampled_from(WRITTEN), unique=True),
                "lines": st.lists(st.sampled_from(("makestep 1.0 -1", "server a iburst")), unique=True),
            }
        ),
    }
).map(lambda clock: clock | {"refclock": REFCLOCK if clock["uses_ptp"] else None})
guests = st.fixed_dictionaries(
    {
        "hyperv": st.booleans(),
        "hyperv_evidence": st.sampled_from((None, "vmbus", "dmi")),
        "isolation": st.sampled_from((None, "none", "SNP")),
        "container": st.sampled_from((None, "podman")),
        "kernel": st.sampled_from(("5.10.0-1-amd64", "6.12.1", "")),
        "init": st.sampled_from(("systemd", "openrc", "other")),
        "hv_utils": st.fixed_dictionaries(
            {
                "state": st.sampled_from(("loaded", "available", "blocked", "missing")),
                "blocked_by": st.lists(
                    st.sampled_from(
                        (
                            {"path": "/etc/modprobe.d/a.conf", "line": "blacklist hv_utils"},
                            {"path": "/proc/cmdline", "line": "module_blacklist=hv_utils"},
                        )
                    ),
                    max_size=2,
                ),
            }
        ),
        "services": st.fixed_dictionaries(dict.fromkeys((*KEYS, "time_synchronization"), services)),
        "time": clocks,
    }
)
wishes = st.fixed_dictionaries(
    {
        "services": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(WISHES)),
        "time": st.sampled_from(("chrony_ptp", "chrony_ptp_replace", "none")),
        "makestep": st.booleans(),
        "state": st.sampled_from(("configured", "generalized")),
        "repair": st.booleans(),
        "force": st.booleans(),
    }
)
any_guest = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@any_guest
@given(guests, wishes)
def test_off_hyper_v_nothing_is_planned(
    make_facts: Make, family: dict[str, Any], guest: dict[str, Any], wish: dict[str, Any]
) -> None:
    facts = make_facts() | guest
    plan = make_plan(facts, family, wish)  # type: ignore[arg-type]
    if not wish["force"] and (not facts["hyperv"] or facts["container"]):
        assert (plan["act"], plan["at_rest"]) == (False, True)
        assert plan["reason"]
        assert plan["packages"]["install"] == []
        assert plan["units"] == {"before": [], "after": []}


@any_guest
@given(guests, wishes)
def test_vss_is_never_stopped_and_nothing_is_started_without_its_device(
    make_facts: Make, family: dict[str, Any], guest: dict[str, Any], wish: dict[str, Any]
) -> None:
    facts = make_facts() | copy.deepcopy(guest)
    for key in KEYS:
        facts["services"][key]["unit"] = f"{key}.service"
    plan = make_plan(facts, family, wish)  # type: ignore[arg-type]
    units = [*plan["units"]["before"], *plan["units"]["after"]]
    assert {unit.get("state") for unit in units if unit["name"] == VSS} <= {None, "started"}
    assert plan["generalize"]["stop"] in (None, KVP)
    for unit in units:
        seen = facts["services"][unit["name"]]
        if unit.get("state") == "started":
            assert seen["node_present"] or (unit["name"] == COPY and seen["offered"])
        assert unit.get("state") != "restarted"


@any_guest
@given(guests, wishes)
def test_the_line_is_written_only_where_the_clock_is(
    make_facts: Make, family: dict[str, Any], guest: dict[str, Any], wish: dict[str, Any]
) -> None:
    plan = make_plan(make_facts() | guest, family, wish)["time"]  # type: ignore[arg-type]
    if plan["write"] or plan["start"] or plan["package"] or plan["stop"]:
        assert plan["action"] == "configure"
        assert guest["time"]["ptp_device"]
        assert wish["time"] != "none"
        assert wish["state"] == "configured"
        assert plan["file"]
    if plan["stop"]:
        assert wish["time"] == "chrony_ptp_replace"


@any_guest
@given(guests, wishes)
def test_every_wish_is_met_explained_or_a_problem(
    make_facts: Make, family: dict[str, Any], guest: dict[str, Any], wish: dict[str, Any]
) -> None:
    plan = make_plan(make_facts() | guest, family, wish)  # type: ignore[arg-type]
    assert json.loads(json.dumps(plan)) == plan
    skipped = [item["service"] for item in plan["skipped"]]
    for key, wanted in wish["services"].items():
        if wanted == "present":
            told = key in plan["expected"] or key in skipped or any(text.startswith(key) for text in plan["problems"])
            assert told, plan
        if plan["act"]:
            assert any(line.startswith(f"{key}: {wanted}: ") for line in plan["explanation"])
