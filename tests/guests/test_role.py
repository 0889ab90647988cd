# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role linux_guest on booted guests: from a guest without daemons to one the host is in contact with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guests import SERVICES, Guest
from linux_role import ROLE, changed, run_role
from playbook_runner import Run


def has_daemons(guest: Guest) -> bool:
    return guest.run("sh", "-c", "ls /usr/sbin/hv_*", check=False).returncode == 0


@pytest.fixture(scope="module")
def bare(suite: str) -> Iterator[Guest]:
    """A guest on Hyper-V, without the daemons; their package lies in its cache, as there is no network."""
    with Guest(suite) as guest:
        guest.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--purge", "hyperv-daemons")
        assert not has_daemons(guest)
        yield guest


@pytest.fixture(scope="module")
def predicted(bare: Guest) -> list[str]:
    """The tasks of which check mode says that they change something; none has."""
    tasks = changed(bare, run_role(bare, "--check", "--diff"))
    assert not has_daemons(bare)
    return tasks


@pytest.fixture(scope="module")
def converged(bare: Guest, predicted: list[str]) -> Run:
    """The role, once, on the guest without daemons."""
    assert predicted
    return run_role(bare)


def test_check_mode_predicts_and_changes_nothing(predicted: list[str], bare: Guest, converged: Run) -> None:
    for tasks in (predicted, changed(bare, converged)):
        assert any("Install the packages" in task for task in tasks), tasks


def test_the_host_gets_into_contact_and_a_second_run_changes_nothing(bare: Guest, converged: Run) -> None:
    seen = converged.one(f"{ROLE} : Inspect the guest again").data["linux_guest"]["services"]
    verdicts = {key: service["verdict"] for key, service in seen.items()}
    assert verdicts == dict.fromkeys(SERVICES, "ok") | {"guest_service_interface": "host_disabled"}
    for device in ("kvp", "vss"):
        assert bare.host.ask("wait", device=device, timeout=20)["registered"], device
    assert bare.host.ask("kvp_enumerate", pool="auto")["items"]["OSName"].startswith("Debian")
    assert changed(bare, run_role(bare)) == []


@pytest.mark.usefixtures("converged")
def test_a_service_the_host_has_disabled_fails_with_the_way_out(bare: Guest) -> None:
    bare.disable("vss")
    run = run_role(bare)
    bare.enable("vss")
    assert run.code != 0
    assert run.recap(bare.name)["changed"] == 0
    assert "vss: host_disabled" in run.output
    assert "on the host" in run.output


def test_off_hyper_v_nothing_is_changed_and_the_reason_told(suite: str) -> None:
    with Guest(suite, offered=()) as elsewhere:
        run = run_role(elsewhere)
        assert changed(elsewhere, run) == []
    assert "nothing is changed" in run.output
    assert "Hyper-V" in run.output


def test_in_a_container_nothing_is_changed_unless_forced(suite: str) -> None:
    with Guest(suite, tells_container=True) as container:
        container.run("dpkg", "--purge", "hyperv-daemons")
        run = run_role(container)
        assert changed(container, run) == []
        assert "this is a container (systemd-nspawn)" in run.output
        assert any("Install the packages" in task for task in changed(container, run_role(container, force=True)))
