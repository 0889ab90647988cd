# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role in fabricated guests: every row of the matrix, and everything that may be wrong with a guest.

Each world of guests is built once and the role runs in all of them at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from fabricated.facts import facts_of
from fabricated.matrix import one_of_each_row
from fabricated.recipe import Recipe, release
from fabricated.world import World
from playbook_runner import Run, run_tasks
from thinning import thinned
from tools import run_tool
from workspace import LAB

ROLE = "hyperv.integration.linux_guest"
KVP, VSS, COPY = "key_value_pair_exchange", "vss", "guest_service_interface"
LINE = "refclock PHC /dev/ptp_hyperv poll 3 dpoll -2 offset 0 stratum 2"
BLOCK = f"# BEGIN {ROLE}\n{LINE}\n# END {ROLE}\n"
DROP_IN = "/etc/chrony/conf.d/linux_guest.conf"
REPLACE_TIME = {"linux_guest_time": "chrony_ptp_replace"}
IN_KERNEL = ("heartbeat", "shutdown", "time_synchronization")


@dataclass
class Outcome:
    """A world after runs of the role, and what it was like around the first."""

    world: World
    runs: list[Run]
    before: dict[str, dict[str, Any]]
    after: dict[str, dict[str, Any]]

    def messages(self, guest: str, run: int = 0) -> str:
        """What the tasks that failed said."""
        return " ".join(
            str(r.data.get("msg")) for r in self.runs[run].results if r.host == guest and r.status == "failed"
        )

    def told(self, guest: str, run: int = 0) -> str:
        task = f"{ROLE} : Show the plan"
        return "\n".join(map(str, (r["msg"] for r in self.runs[run].results if (r.host, r.task) == (guest, task))))


def apply(
    world: World, *options: str, variables: dict[str, dict[str, Any]] | None = None, hosts: str = "guests"
) -> Run:
    task = {"ansible.builtin.include_role": {"name": ROLE}}
    inventory = world.inventory(variables)
    return run_tasks(inventory, [task], *options, hosts=hosts, stop=True, env=world.environment())


# --- every row of the matrix


def kind(name: str) -> tuple[Any, ...]:
    """What decides which tasks run in a guest of a release, and how they end."""
    recorded = release(name)
    chrony, expects = recorded["chrony"], recorded["expects"]
    layout = chrony and (chrony["main"], "confdir" in chrony["text"], "installed" in chrony, chrony["version"] >= "4")
    verdict = (expects.get("refuses"), expects.get("rests"), bool(expects["masked"]))
    scripts = {
        what for package in recorded["packages"].values() for what in ("triggers", "starts") if package.get(what)
    }
    known = (recorded["manager"], recorded["init"], layout, recorded["clock_link"], recorded["timesyncd"], verdict)
    return (*known, *sorted(scripts))


EVERY_ROW = one_of_each_row()
# The plan for each row is held to the whole matrix by the unit tests; here it is carried out.
ROWS = thinned(
    "rows of the Linux matrix carried out",
    full=EVERY_ROW,
    sample={kind(name): name for name in reversed(EVERY_ROW)}.values(),
)
# Check mode is told by the tasks, of which each package manager and init has its own: one row of each will do.
CHECKED = thinned(
    "rows of the Linux matrix in check mode",
    full=ROWS,
    sample={(release(name)["manager"], release(name)["init"]): name for name in ROWS}.values(),
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """The role without file copy, in place of other time services: in check mode, in earnest, and once more."""
    wishes: dict[str, dict[str, Any]] = {name: {"linux_guest_services": {COPY: "absent"}} for name in ROWS}
    for name in ROWS:
        if release(name)["timesyncd"]:
            wishes[name] |= REPLACE_TIME
    with World([Recipe(name, name) for name in ROWS], tmp_path_factory.mktemp("rows") / "world") as world:
        before = world.snapshot()
        check = apply(world, "--check", "--diff", variables=wishes, hosts=":".join(CHECKED))
        after_check = world.snapshot()
        yield Outcome(
            world, [check, apply(world, variables=wishes), apply(world, variables=wishes)], before, after_check
        )


@pytest.mark.parametrize("name", CHECKED)
def test_check_mode_changes_nothing_and_predicts(rows: Outcome, name: str) -> None:
    assert rows.after[name] == rows.before[name]
    checked, converged = rows.runs[0].recap(name), rows.runs[1].recap(name)
    assert (checked["changed"] > 0) == (converged["changed"] > 0), rows.runs[0].output
    assert rows.told(name, 0) == rows.told(name, 1)


@pytest.mark.parametrize("name", ROWS)
def test_row(rows: Outcome, name: str) -> None:
    expects, run = release(name)["expects"], rows.runs[1]
    failed = bool(run.recap(name)["failed"])
    assert failed == ("refuses" in expects), rows.messages(name, 1)
    if failed:
        assert expects["refuses"] in rows.messages(name, 1)
    if "rests" in expects:
        # FreeBSD is not asked for facts, so that a task of its own tells it.
        freebsd = run.one(f"{ROLE} : Show why there is nothing to do", name).msg if name == "freebsd" else ""
        assert expects["rests"] in freebsd or expects["rests"] in rows.told(name, 1)
    installed = set(rows.world.read(name, "/var/lib/fabricated/packages").split())
    assert set(expects["installed"]) <= installed <= {*expects["installed"], "chrony"}
    assert set(expects["running"]) <= set(rows.world.running(name))
    assert "systemd-timesyncd.service" not in rows.world.running(name)
    assert rows.world.masked(name) == expects["masked"]


@pytest.mark.parametrize("name", ROWS)
def test_second_run_changes_nothing(rows: Outcome, name: str) -> None:
    assert rows.runs[2].recap(name)["changed"] == 0, rows.runs[2].output
    assert rows.runs[2].recap(name)["failed"] == rows.runs[1].recap(name)["failed"]


@pytest.mark.parametrize("name", [n for n in ROWS if release(n)["chrony"] and "refuses" not in release(n)["expects"]])
def test_clock_of_the_host_is_used_once_beside_the_other_sources(rows: Outcome, name: str) -> None:
    chrony = release(name)["chrony"]
    main = rows.world.read(name, chrony["main"])
    drop_ins = [
        rows.world.read(name, path)
        for path in (DROP_IN, "/etc/chrony.d/linux_guest.conf", "/etc/chrony_linux_guest.conf")
    ] + [rows.world.read(name, "/etc/chrony/chrony_linux_guest.conf")]
    assert "".join([main, *drop_ins]).count("refclock PHC") == 1
    assert [line for line in chrony["text"].splitlines() if line not in main.splitlines()] == []


def test_facts_that_plans_are_tested_with_are_those_of_the_module(rows: Outcome) -> None:
    def agree(wanted: Any, found: Any, path: str) -> list[str]:
        if not isinstance(wanted, dict):
            return [] if wanted == found else [f"{path}: {wanted!r}, and the module says {found!r}"]
        return [text for key in wanted for text in agree(wanted[key], found.get(key, "nothing"), f"{path}.{key}")]

    task, problems = f"{ROLE} : Inspect the guest", []
    for name in ROWS:
        if name == "freebsd":
            continue
        found = rows.runs[1].one(task, name)["linux_guest"]
        wanted = facts_of(Recipe(name, name))
        for service in wanted["services"].values():  # texts are the module's
            for text in ("verdict", "explanation", "remedy"):
                service.pop(text, None)
        problems += agree(wanted, found, name)
    assert problems == []


# --- everything else

OFF = {"hyperv": False}
NOT_DAEMONS: dict[str, Any] = {"offered": IN_KERNEL}
BLACKLIST = {"site.conf": "# ours\nblacklist hv_utils\ninstall hv_utils /bin/false\noptions loop max_loop=8\n"}
ONLY_COPY = {
    "linux_guest_services": {KVP: "unmanaged", VSS: "unmanaged", COPY: "present"},
    "linux_guest_time": "none",
}
ONLY_TIME = {"linux_guest_services": dict.fromkeys((KVP, VSS, COPY), "unmanaged")}
NO_TIME = {"linux_guest_time": "none"}
POOLS = tuple(f".kvp_pool_{pool}" for pool in range(5))
OSTREE = {"/run/ostree-booted": ""}
IMAGE = {
    "/usr/bin/bootc": "",
    "/ostree/0.origin": "[origin]\ncontainer-image-reference=ostree-unverified-registry:quay.io/site/rhel:10\n",
}
READ_ONLY = {"/proc/mounts": "/dev/sda1 / btrfs ro,relatime 0 0\n"}
OLD_DNF = {"/usr/lib/python3.6/site-packages/dnf/__init__.py": ""}
# name: (recipe, variables of the role, what a failure says or None)
EVERY_CASE: dict[str, tuple[dict[str, Any], dict[str, Any], str | None]] = {
    "off": (OFF, {}, None),
    "forced": (OFF, {"linux_guest_force": True}, None),
    "container": ({"container": "podman"}, {}, None),
    "host-disabled": (NOT_DAEMONS, {}, "enable vss on the host"),
    "host-disabled-told": (NOT_DAEMONS, {"linux_guest_verify": False}, None),
    "confidential": ({"isolation": "SNP", **NOT_DAEMONS}, REPLACE_TIME, None),
    "kept-out": ({"driver": "available", "modprobe": BLACKLIST}, {}, "site.conf: blacklist hv_utils"),
    "kept-out-repair": ({"driver": "available", "modprobe": BLACKLIST}, {"linux_guest_repair": True, **NO_TIME}, None),
    "kept-out-boot": (
        {"driver": "available", "cmdline": "ro module_blacklist=hv_utils"},
        {"linux_guest_repair": True},
        "Change the boot loader's configuration",
    ),
    "driver-missing": ({"driver": "missing"}, {}, "install a kernel that has it"),
    "not-loaded": ({"driver": "available"}, NO_TIME, None),
    "no-clock": ({"clock": False}, ONLY_TIME, None),
    "clock-gone": ({"clock": False, "installed": ("chrony",), "files": {DROP_IN: BLOCK}}, ONLY_TIME, None),
    "clock-gone-main": ({"release": "almalinux-8", "clock": False}, ONLY_TIME, None),
    "bad-chrony": ({"release": "almalinux-8"}, ONLY_TIME, "put back as it was: Fatal error : Invalid directive"),
    "timesyncd": ({}, ONLY_TIME, None),
    "timesyncd-replaced": (
        {"files": {"/etc/systemd/timesyncd.conf": "[Time]\nNTP=ntp1.example.org 192.0.2.7\n"}},
        {**ONLY_TIME, **REPLACE_TIME, "linux_guest_makestep": True},
        None,
    ),
    "line-of-others": (
        {"installed": ("chrony",), "clock": False, "files": {"/etc/chrony/conf.d/site.conf": LINE}},
        ONLY_TIME,
        "site.conf names a clock that is not there",
    ),
    "line-of-others-unwanted": (
        {"installed": ("chrony",), "files": {"/etc/chrony/conf.d/site.conf": LINE}},
        {**ONLY_TIME, **NO_TIME},
        "site.conf has chrony use the clock of the host",
    ),
    "ntpd": ({"ntpd": True}, ONLY_TIME, None),
    "no-host-time": (
        {"installed": ("chrony",), "files": {DROP_IN: BLOCK, "/etc/udev/rules.d/61-linux-guest-ptp.rules": "x"}},
        {**ONLY_TIME, **NO_TIME},
        None,
    ),
    "bad-wish": (
        {},
        {"linux_guest_services": {VSS: "enabled"}},
        "value of vss must be one of: present, absent, unmanaged",
    ),
    "bad-service": ({}, {"linux_guest_services": {"kvp": "present"}}, "kvp"),
    "no-lists": ({"lists": False}, NO_TIME, None),
    "ostree": ({"release": "fedora-42", "files": OSTREE, "commands": ("rpm-ostree",)}, {}, None),
    "transactional": (
        {"release": "opensuse-leap", "files": READ_ONLY, "commands": ("transactional-update",)},
        {},
        None,
    ),
    "bootc": (
        {"release": "rhel-10", "files": OSTREE | IMAGE, "cmdline": "ro ostree=/ostree/0", "commands": ("rpm-ostree",)},
        {},
        "put hypervkvpd into the image",
    ),
    "old-dnf": ({"release": "almalinux-8", "files": OLD_DNF, "commands": ("dnf",)}, NO_TIME, None),
    "upgraded": ({"installed": ("hyperv-daemons",)}, NO_TIME, None),
    "change-of-mind": ({}, NO_TIME, None),
    "change-of-mind-openrc": ({"release": "alpine"}, NO_TIME, None),
    "image": (
        {"files": {f"/var/lib/hyperv/{name}": "x" for name in (*POOLS, "ifcfg-eth0", "eth0.nmconnection")}},
        NO_TIME,
        None,
    ),
    "copy-debian-12": ({"release": "debian-12"}, ONLY_COPY, None),
    "copy-debian-13": ({"release": "debian-13"}, ONLY_COPY, "Debian 13 ships no daemon"),
    "copy-debian-13-told": ({"release": "debian-13"}, {**ONLY_COPY, "linux_guest_verify": False}, None),
    "copy-debian-sid": ({"release": "debian-sid"}, ONLY_COPY, None),
    "copy-ubuntu-24.04-hwe": ({"release": "ubuntu-24.04-hwe"}, ONLY_COPY, "kernels from 6.10 on (HWE and -azure)"),
    "copy-ubuntu-26.04": ({"release": "ubuntu-26.04"}, ONLY_COPY, None),
    "copy-rhel-10": (
        {"release": "rhel-10"},
        ONLY_COPY,
        "degraded: /usr/sbin/hv_fcopy_uio_daemon is a build from before",
    ),
    "copy-rhel-10-aarch64": ({"release": "rhel-10-aarch64"}, ONLY_COPY, "on x86 only"),
    "copy-oracle-9-uek8": ({"release": "oracle-9-uek8"}, ONLY_COPY, "knows only /dev/vmbus/hv_fcopy"),
    "copy-sles-16": ({"release": "sles-16"}, ONLY_COPY, None),
    "copy-arch": ({"release": "arch"}, ONLY_COPY, None),
}
# Each of these takes the tasks of another case, on another release or with another wish. Unit tests hold their plans.
TWINS = {
    *("host-disabled-told", "not-loaded", "copy-rhel-10", "copy-rhel-10-aarch64"),
    *("copy-ubuntu-24.04-hwe", "copy-ubuntu-26.04", "transactional", "bootc"),
}
CASES = {
    name: EVERY_CASE[name]
    for name in thinned(
        "cases of Linux guests", full=EVERY_CASE, sample=[name for name in EVERY_CASE if name not in TWINS]
    )
}
ALL_ABSENT = {"linux_guest_services": dict.fromkeys((KVP, VSS, COPY), "absent"), **NO_TIME}
LATER: dict[str, dict[str, Any]] = {
    "copy-arch": {**ONLY_COPY, "linux_guest_services": {KVP: "unmanaged", VSS: "unmanaged", COPY: "absent"}},
    "change-of-mind": ALL_ABSENT,
    "change-of-mind-openrc": ALL_ABSENT,
    "image": {"linux_guest_state": "generalized", **NO_TIME},
    "ostree": {},
    "old-dnf": NO_TIME,
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """The role once in every case; then twice more with other wishes where LATER has some; then as at first."""
    recipes = [Recipe(name, **{"release": "debian-12", **recipe}) for name, (recipe, _wishes, _text) in CASES.items()]
    first = {name: wishes for name, (_recipe, wishes, _text) in CASES.items()}
    with World(recipes, tmp_path_factory.mktemp("cases") / "world") as world:
        main = world.read("bad-chrony", "/etc/chrony.conf")
        world.write("bad-chrony", "/etc/chrony.conf", main + "refclok typo\n")
        world.write("clock-gone-main", "/etc/chrony.conf", main + BLOCK)
        world.run("upgraded", "systemctl", "stop", "hv-kvp-daemon.service")
        before = world.snapshot()
        runs = [apply(world, variables=first)]
        after = world.snapshot()
        hosts = ":".join(LATER)
        runs += [apply(world, variables=LATER, hosts=hosts) for _time in range(2)]
        states = {
            name: (world.running(name), world.masked(name), world.names(name, "/var/lib/hyperv")) for name in LATER
        }
        runs.append(apply(world, variables={"change-of-mind": NO_TIME}, hosts="change-of-mind"))
        outcome = Outcome(world, runs, before, after)
        outcome.after["states"] = states
        yield outcome


@pytest.mark.parametrize("name", CASES)
def test_case_fails_as_it_should_and_says_what_helps(cases: Outcome, name: str) -> None:
    text = CASES[name][2]
    assert bool(cases.runs[0].recap(name)["failed"]) == (text is not None), cases.messages(name)
    if text:
        assert text in cases.messages(name)


REFUSED_FIRST = [
    *("off", "container", "kept-out", "kept-out-boot", "driver-missing", "bad-wish", "bad-service"),
    "bootc",
    *("copy-debian-13", "copy-ubuntu-24.04-hwe", "copy-rhel-10-aarch64", "copy-oracle-9-uek8"),
]


def among_cases(*names: str) -> list[str]:
    """Those of the cases that run this time."""
    return [name for name in names if name in CASES]


@pytest.mark.parametrize("name", among_cases(*REFUSED_FIRST))
def test_nothing_was_changed(cases: Outcome, name: str) -> None:
    assert cases.after[name] == cases.before[name]
    assert cases.world.ledger(name) == []


def test_says_why_nothing_is_done(cases: Outcome) -> None:
    assert "this is no guest of Hyper-V" in cases.told("off")
    assert "linux_guest_force: true" in cases.told("off")
    assert "this is a container (podman)" in cases.told("container")


def test_an_image_gets_its_daemons_and_nothing_is_started(cases: Outcome) -> None:
    assert cases.world.read("forced", "/var/lib/fabricated/packages").split() == ["hyperv-daemons"]
    assert not [line for line in cases.world.ledger("forced") if " start " in line]
    assert cases.world.masked("forced") == []


@pytest.mark.parametrize("name", among_cases("host-disabled", "host-disabled-told"))
def test_without_the_device_a_daemon_is_installed_and_not_started(cases: Outcome, name: str) -> None:
    assert "hyperv-daemons" in cases.world.read(name, "/var/lib/fabricated/packages").split()
    assert not [line for line in cases.world.ledger(name) if line.startswith("systemctl start hv-")]
    assert "not started: the host does not offer the device" in cases.told(name)


def test_confidential_guest_is_left_without_daemons(cases: Outcome) -> None:
    assert "Linux refuses it in a confidential guest (SNP)" in cases.told("confidential")
    assert cases.world.read("confidential", "/var/lib/fabricated/packages").split() == ["chrony"]
    assert LINE in cases.world.read("confidential", DROP_IN)


def test_what_keeps_the_driver_out_is_reported_and_removed_only_when_asked(cases: Outcome) -> None:
    assert "set linux_guest_repair: true" in cases.told("kept-out")
    assert cases.world.read("kept-out-repair", "/etc/modprobe.d/site.conf") == "# ours\noptions loop max_loop=8\n"
    for name in among_cases("kept-out-repair", "not-loaded"):
        assert cases.world.ledger(name)[0] == "modprobe hv_utils"
        assert cases.world.running(name) == [
            "hv-fcopy-daemon.service",  # which the role leaves alone, and Debian's udev rule starts
            "hv-kvp-daemon.service",
            "hv-vss-daemon.service",
            "systemd-timesyncd.service",
        ]


def test_nothing_about_modules_is_ever_written(cases: Outcome) -> None:
    for name in CASES:
        files = [path for path in cases.after[name] if "/modprobe.d/" in path or "/modules-load.d/" in path]
        assert set(files) <= set(cases.before[name])


def test_without_the_clock_there_is_no_line(cases: Outcome) -> None:
    """chronyd would end at once."""
    assert cases.world.read("no-clock", DROP_IN) == ""
    assert "chrony" not in cases.world.read("no-clock", "/var/lib/fabricated/packages").split()
    assert cases.world.read("clock-gone", DROP_IN) == ""
    assert "refclock" not in cases.world.read("clock-gone-main", "/etc/chrony.conf")
    assert "systemctl restart chronyd.service" in cases.world.ledger("clock-gone-main")
    assert "chrony.service" in cases.world.running("clock-gone")


def test_what_chrony_refuses_is_put_back_as_it_was(cases: Outcome) -> None:
    written = {
        path
        for path in cases.after["bad-chrony"]
        if cases.after["bad-chrony"][path] != cases.before["bad-chrony"].get(path)
    }
    assert {path for path in written if "chrony" in path} == set()
    assert not [line for line in cases.world.ledger("bad-chrony") if "chronyd" in line]


def test_time_service_is_replaced_only_when_asked(cases: Outcome) -> None:
    assert cases.world.running("timesyncd") == ["systemd-timesyncd.service"]
    assert cases.world.read("timesyncd", "/var/lib/fabricated/packages") == ""
    assert "Set linux_guest_time: chrony_ptp_replace" in cases.told("timesyncd")
    assert cases.world.running("timesyncd-replaced") == ["chrony.service"]


def test_servers_of_the_site_and_makestep_go_to_chrony(cases: Outcome) -> None:
    servers = cases.world.read("timesyncd-replaced", "/etc/chrony/sources.d/linux_guest.sources")
    assert servers == "server ntp1.example.org iburst\nserver 192.0.2.7 iburst\n"
    assert cases.world.read("timesyncd-replaced", DROP_IN) == f"{LINE}\n"
    main = cases.world.read("timesyncd-replaced", "/etc/chrony/chrony.conf")
    assert main.index("makestep 1 3") < main.index("makestep 1.0 -1")


def test_chronyd_starts_with_and_without_the_clock(cases: Outcome) -> None:
    """The line is there when the device is: also for a chronyd that starts without the role."""
    world, name = cases.world, "timesyncd-replaced"
    world.run(name, "mv", "/dev/ptp_hyperv", "/dev/away")
    world.run(name, "systemctl", "restart", "chrony.service")
    assert (world.running(name), world.read(name, DROP_IN)) == (["chrony.service"], "")
    world.run(name, "mv", "/dev/away", "/dev/ptp_hyperv")
    world.run(name, "systemctl", "restart", "chrony.service")
    assert (world.running(name), world.read(name, DROP_IN)) == (["chrony.service"], f"{LINE}\n")


def test_another_time_daemon_stays(cases: Outcome) -> None:
    assert "ntpd.service" in cases.world.running("ntpd")
    assert "ntpd keeps the clock" in cases.told("ntpd")
    assert "chrony" not in cases.world.read("ntpd", "/var/lib/fabricated/packages").split()


def test_without_the_time_of_the_host_only_what_the_role_wrote_goes(cases: Outcome) -> None:
    gone = set(cases.before["no-host-time"]) - set(cases.after["no-host-time"])
    assert {path.removeprefix("root") for path in gone if path.startswith("root/etc")} == {
        DROP_IN,
        "/etc/udev/rules.d/61-linux-guest-ptp.rules",
    }
    assert "chrony.service" in cases.world.running("no-host-time")


def test_daemon_that_an_upgrade_of_its_package_stopped_runs_again(cases: Outcome) -> None:
    assert "hv-kvp-daemon.service" in cases.world.running("upgraded")
    # systemd knows the device from the boot on.
    assert not [line for line in cases.world.ledger("upgraded") if line.startswith("udevadm")]


def test_nobody_waits_for_a_device_that_systemd_does_not_know(rows: Outcome, cases: Outcome) -> None:
    """Neither the role nor the scripts of a package: the devices are told before the packages come."""
    for outcome, names in ((rows, ROWS), (cases, list(CASES))):
        for name in names:
            assert [line for line in outcome.world.ledger(name) if line.startswith("waited")] == [], name


# Units that udev starts by the package's rule, and by that of the role.
@pytest.mark.parametrize("name", [n for n in ROWS if release(n)["init"] == "systemd" and release(n)["packages"]])
def test_daemon_starts_when_the_host_enables_the_service_again(rows: Outcome, name: str) -> None:
    before = rows.world.running(name)
    for verb, more in (("disable", set()), ("enable", set(before))):
        for key in (KVP, VSS):
            rows.world.host(name, verb, key)
        kept = {unit for unit in before if "kvp" not in unit and "vss" not in unit}
        assert set(rows.world.running(name)) == kept | more


@pytest.mark.parametrize("name", among_cases("copy-debian-sid", "copy-rhel-10"))
def test_daemon_of_file_copy_starts_when_the_host_enables_the_service_again(cases: Outcome, name: str) -> None:
    """No rule of the package's does it, and on the RHEL family an update of the package disables the unit."""
    unit = {"copy-debian-sid": "hv-fcopy-uio-daemon", "copy-rhel-10": "hypervfcopyd"}[name]
    cases.world.run(name, "systemctl", "disable", unit)
    cases.world.host(name, "disable", COPY)
    assert f"{unit}.service" not in cases.world.running(name)
    cases.world.host(name, "enable", COPY)
    assert f"{unit}.service" in cases.world.running(name)


def test_own_unit_and_rule_come_where_the_package_has_none_and_go_again(cases: Outcome) -> None:
    own = {"root/etc/systemd/system/linux-guest-copy.service", "root/etc/udev/rules.d/61-linux-guest.rules"}
    assert {*own, "root/run/fabricated/linux-guest-copy.service"} <= set(cases.after["copy-arch"])
    running, masked, _pools = cases.after["states"]["copy-arch"]
    assert ("linux-guest-copy.service" in running, masked) == (False, [])
    assert cases.world.names("copy-arch", "/etc/udev/rules.d") == []
    assert "linux-guest-copy.service" not in cases.world.names("copy-arch", "/etc/systemd/system")
    assert (cases.runs[1].recap("copy-arch")["changed"], cases.runs[2].recap("copy-arch")["changed"]) == (2, 0)


def test_file_copy_on_uio(cases: Outcome) -> None:
    rule = "/etc/udev/rules.d/61-linux-guest.rules"
    loads = cases.world.read("copy-sles-16", rule)
    assert ("kmod load uio_hv_generic" in loads, "new_id" in loads) == (True, False)
    units = {
        "copy-debian-sid": "hv-fcopy-uio-daemon.service",
        "copy-rhel-10": "hypervfcopyd.service",
        "copy-sles-16": "hv_fcopy_uio_daemon.service",
    }
    for name in among_cases(*units):
        assert units[name] in cases.world.running(name)
    for name in among_cases("copy-debian-sid", "copy-rhel-10"):
        assert f'SYSTEMD_WANTS}}+="{units[name]}"' in cases.world.read(name, rule)
        assert "new_id" not in cases.world.read(name, rule)
    assert "Debian 13 ships no daemon" in cases.told("copy-debian-13-told")


def test_absent_stops_and_masks_but_never_stops_vss(cases: Outcome) -> None:
    running, masked, _pools = cases.after["states"]["change-of-mind"]
    assert running == ["hv-vss-daemon.service", "systemd-timesyncd.service"]
    assert masked == ["hv-fcopy-daemon.service", "hv-kvp-daemon.service", "hv-vss-daemon.service"]
    assert "runs on until the next boot" in cases.told("change-of-mind", 1)
    running, masked, _pools = cases.after["states"]["change-of-mind-openrc"]
    assert running == ["hv_vss_daemon"]
    assert cases.world.names("change-of-mind-openrc", "/etc/runlevels/default") == []
    for name in ("change-of-mind", "change-of-mind-openrc"):
        assert cases.runs[1].recap(name)["changed"] > 0
        assert cases.runs[2].recap(name)["changed"] == 0
        assert {"hyperv-daemons", "hvtools"} & set(cases.world.read(name, "/var/lib/fabricated/packages").split())


def test_present_again(cases: Outcome) -> None:
    assert cases.runs[3].recap("change-of-mind")["failed"] == 0
    assert cases.world.masked("change-of-mind") == ["hv-fcopy-daemon.service"]
    assert "hv-kvp-daemon.service" in cases.world.running("change-of-mind")


def test_image_loses_its_pools_and_the_daemon_stays_off(cases: Outcome) -> None:
    assert cases.runs[1].recap("image")["failed"] == 0, cases.messages("image", 1)
    running, masked, pools = cases.after["states"]["image"]
    assert pools == []
    assert running == ["hv-fcopy-daemon.service", "hv-vss-daemon.service", "systemd-timesyncd.service"]
    assert masked == []
    assert cases.runs[2].recap("image")["changed"] == 0


def test_lists_of_packages_are_renewed_where_there_are_none(cases: Outcome) -> None:
    assert "hyperv-daemons" in cases.world.read("no-lists", "/var/lib/fabricated/packages")


@pytest.mark.parametrize("name", among_cases("ostree", "transactional"))
def test_packages_that_show_after_a_reboot_are_added_and_told(cases: Outcome, name: str) -> None:
    wanted = {"ostree": ["hypervkvpd", "hypervvssd"], "transactional": ["hyper-v"]}[name]
    assert cases.world.read(name, "/var/lib/fabricated/next_boot").split() == wanted
    assert "reboot needed" in cases.told(name)
    assert cases.runs[0].recap(name)["changed"] > 0
    assert not [line for line in cases.world.ledger(name) if "hv" in line or "hyperv" in line]


def test_guest_that_waits_for_its_reboot_is_not_changed_again(cases: Outcome) -> None:
    assert cases.runs[1].recap("ostree")["failed"] == 0, cases.messages("ostree", 1)
    assert cases.runs[2].recap("ostree")["changed"] == 0


def test_dnf_is_run_where_ansible_cannot_import_it(cases: Outcome) -> None:
    assert set(cases.world.read("old-dnf", "/var/lib/fabricated/packages").split()) >= {"hypervkvpd", "hypervvssd"}
    assert "hypervkvpd.service" in cases.world.running("old-dnf")
    assert cases.runs[1].recap("old-dnf")["changed"] == 0


def test_no_daemon_of_hyper_v_is_restarted_and_vss_is_never_stopped(rows: Outcome, cases: Outcome) -> None:
    for outcome, names in ((rows, ROWS), (cases, list(CASES))):
        for name in names:
            for line in outcome.world.ledger(name):
                assert not ("restart" in line and "chrony" not in line), (name, line)
                assert not ("vss" in line and ("stop" in line.split() or line.endswith(" stop"))), (name, line)


def test_command_prints_what_came_of_it() -> None:
    output = run_tool("python", LAB / "fabricated" / "matrix.py", "--run", "debian-13", "ubuntu-26.04")
    for text in ("gsi not_packaged", "gsi ok", "trixie-backports", "linux-guest-copy"):
        assert text in " ".join(output.split()), output


def test_units_of_the_daemons_get_no_drop_ins(rows: Outcome) -> None:
    """A drop-in could not take BindsTo= back."""
    for name, files in rows.world.snapshot().items():
        assert [path for path in files if ".service.d" in path and "chrony" not in path] == [], name
