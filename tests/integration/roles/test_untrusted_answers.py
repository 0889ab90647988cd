# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hosts and guests return sets no variable that steers a play, in every role."""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ansible_collections.hyperv.integration.plugins.filter.audit_evaluate import audit_evaluate
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import SEVERITIES
from broken_results import BROKEN_GUESTS, BROKEN_HOSTS, BROKEN_TEXTS, printed
from planted.guests import driver_blocked
from playbook_runner import Run, run_playbook
from scripted import ENVIRONMENT, every_option, guest_answer, host_answer, inventory, machine_id
from thinning import thinned

AUDIT = "hyperv.integration.audit"
LINUX_GUEST = "hyperv.integration.linux_guest"
LIARS = ("a-liar", "hv-liar")
# Rest on a claim, so that the variables which map a guest are worth forging.
TARGET = {"audit_guest_vm_id": machine_id("web01"), "audit_guest_vm": "web01", "audit_guest_host": "hv1"}
HOSTS: dict[str, Any] = {"hv1": host_answer("web01", "db01", off={"db01": "shutdown"}), "hv2": host_answer("app01")}
GUESTS: dict[str, Any] = {"web01": (guest_answer(), {"audit_guest_vm": "web01", "audit_guest_host": "hv1"})}


class Honest(NamedTuple):
    """An audit without liars and broken machines, and what it says."""

    run: Run
    report: str
    summary: dict[str, Any]


def play(folder: Path, role: str, hosts: str, answers: tuple[Any, Any], *options: str, **variables: Any) -> Run:
    """A role on machines that answer so. variables: what the operator has in the inventory."""
    path = folder / "play.yml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([{"hosts": hosts, "gather_facts": False, "roles": [{"role": role}]}]), encoding="utf-8")
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "cache")}
    machines = inventory(folder, *answers, **variables)
    return run_playbook(machines, path, *options, env=ENVIRONMENT | cache, cwd=folder)


def audit(folder: Path, answers: tuple[Any, Any], *options: str) -> Run:
    """The guests come first in the play, so the liar is the machine whose variables count for all."""
    groups = "hyperv_linux_guests:hyperv_hosts"
    variables = {"audit_report_dir": "reports", "audit_formats": ["json", "csv"], "audit_fail_on": "low"}
    return play(folder, AUDIT, groups, answers, *options, **variables)


def read(folder: Path, name: str) -> dict[str, Any]:
    """What the audit has written: its report `audit`, or the `collection` of the facts."""
    found: dict[str, Any] = json.loads((folder / "reports" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def of_the_others(folder: Path, names: Collection[str] = LIARS) -> str:
    """The report without what is said of these: the liars, or those that are broken."""
    report = read(folder, "audit")
    theirs = [item for item in report["findings"] if item["host"] not in names and item["guest"] not in names]
    machines = [item for item in report["virtual_machines"] if item["host"] not in names]
    not_seen = [item for item in report["not_seen"] if item["name"] not in names]
    return json.dumps([report["title"], theirs, machines, not_seen, report["rules"]], indent=1)


def summary_of(folder: Path, names: Collection[str]) -> dict[str, Any]:
    """The summary of an audit of these machines alone, from the facts that were collected."""
    collection = read(folder, "collection")
    parts = {kind: [one for one in collection[kind] if one["name"] in names] for kind in ("hosts", "guests")}
    found = audit_evaluate({**collection, **parts}, {"evaluated_at": collection["collected_at"]})
    return dict(found["summary"])


def added(one: Any, other: Any) -> Any:
    """Two summaries in one: their counts together, and the worst of both."""
    if isinstance(one, dict):
        return {key: added(one.get(key, 0), other.get(key, 0)) for key in {**one, **other}}
    if isinstance(one, str):
        return min(one, other, key=SEVERITIES.index)
    return None if one is None else one + other


def broken_machines(
    kind: str, results: Mapping[str, Any], texts: Collection[str], honest: Mapping[str, Any]
) -> dict[str, Any]:
    """A machine for each of these kinds of broken results, which its name tells."""
    answers = {**results, **{case: BROKEN_TEXTS[case](honest) for case in texts}}
    return {f"{kind}-{re.sub('[^a-z0-9]+', '-', case.lower())}": answer for case, answer in answers.items()}


def with_lies(answer: Any, facts: dict[str, Any]) -> Any:
    return {**answer, "ansible_facts": facts, "ansible_stats": {"data": facts, "per_host": False}}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    """The audit of the others alone."""
    folder = tmp_path_factory.mktemp("honest")
    run = audit(folder, (HOSTS, GUESTS))
    return Honest(run, of_the_others(folder), read(folder, "audit")["summary"])


@pytest.fixture(scope="module")
def lied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Run]]:
    """Two runs, the second with the fact cache of the first."""
    folder = tmp_path_factory.mktemp("lied")
    facts = every_option(**TARGET, audit_report_dir=str(folder / "elsewhere"), audit_fail_on="never")
    hosts = {**HOSTS, "hv-liar": with_lies(host_answer("evil01"), facts)}
    guests = {"a-liar": with_lies(guest_answer(), facts), **GUESTS}
    return folder, [audit(folder, (hosts, guests)) for _run in range(2)]


@pytest.mark.parametrize("number", [0, 1], ids=["first run", "second run with the fact cache"])
def test_audit_of_the_others_with_a_lying_guest_and_a_lying_host(
    honest: Honest, lied: tuple[Path, list[Run]], number: int
) -> None:
    folder, runs = lied
    assert "audit_fail_on" in honest.run.output
    assert (runs[number].code, honest.run.code) == (2, 2), runs[number].output
    assert of_the_others(folder) == honest.report
    assert {path.name for path in (folder / "reports").iterdir()} == {"audit.json", "audit.csv", "collection.json"}
    assert not (folder / "elsewhere").exists()


def test_lies_are_reported_and_kept_nowhere(lied: tuple[Path, list[Run]]) -> None:
    folder, runs = lied
    report = read(folder, "audit")
    said = {item["name"]: item["why"] for item in report["not_seen"] if item["name"] in LIARS}
    assert set(said) == set(LIARS)
    for text in said.values():
        assert "The machine returned ansible_facts (" in text
        assert "ansible_stats" in text
    cached = [path.read_text(encoding="utf-8") for path in (folder / "cache").glob("*")]
    assert not [text for text in cached if "audit_" in text]
    assert "CUSTOM STATS" not in runs[0].output


def test_audit_of_the_others_with_many_broken_hosts_and_guests(honest: Honest, tmp_path: Path) -> None:
    """Each of the broken ones is named and costs only itself. Tasks that run once run on the first, a broken one."""
    host, guest = host_answer("broken01"), guest_answer()
    results = printed(BROKEN_HOSTS, lambda _name: copy.deepcopy(host["virtual_machines"][0]))
    facts = printed(BROKEN_GUESTS, lambda: {"facts": copy.deepcopy(guest["linux_guest"])})
    # Each text once, and of the results, of which test_broken_parts has all, a few: a machine costs a second.
    of_hosts = thinned("broken results that a host prints", results, list(results)[::20])
    of_guests = thinned("broken facts that a guest prints", facts, list(facts)[1::10])
    texts = list(BROKEN_TEXTS)
    hosts = broken_machines("host", {case: results[case] for case in of_hosts}, texts[1::2], host)
    guests = broken_machines("guest", {case: facts[case] for case in of_guests}, texts[::2], guest)
    assert min(len(hosts), len(guests)) >= 15
    names = {*hosts, *guests}

    run = audit(tmp_path, ({**hosts, **HOSTS}, {**guests, **GUESTS}))
    assert run.code == honest.run.code, run.output
    assert of_the_others(tmp_path, names) == honest.report

    report = read(tmp_path, "audit")
    told = {(name, item["rule"]) for item in report["findings"] if (name := item["guest"] or item["host"]) in names}
    silent = {"host-nobody-is-there", "host-unreachable"}
    assert silent <= {*hosts}
    assert told == {
        *((name, "own_host_refused") for name in {*hosts} - silent),
        *((name, "own_host_unreachable") for name in silent),
        *((name, "own_guest_unreachable") for name in guests),
    }
    assert {item["name"] for item in report["not_seen"] if item["kind"] in ("host", "guest")} == names
    assert report["summary"] == added(summary_of(tmp_path, names), honest.summary)


def test_options_among_facts_that_were_gathered_before(honest: Honest, tmp_path: Path) -> None:
    """A liar that is not the first machine costs only itself; one that is ends the audit before anybody is asked."""
    facts = every_option(**TARGET)
    wrong = {**facts, "audit_mode": ["x"]}  # Ansible itself drops this one, before the role begins
    lies = {"y-liar": with_lies(guest_answer(), wrong), "z-liar": with_lies(guest_answer(), facts)}
    gather = [{"hosts": "y-liar:z-liar", "gather_facts": False, "tasks": [{"ansible.builtin.setup": {}}]}]
    (tmp_path / "gather.yml").write_text(json.dumps(gather), encoding="utf-8")
    machines = inventory(tmp_path, HOSTS, {**GUESTS, **lies})
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "cache")}
    gathered = run_playbook(machines, tmp_path / "gather.yml", env=ENVIRONMENT | cache, cwd=tmp_path)
    assert gathered.code == 0, gathered.output
    (cached,) = (tmp_path / "cache").glob("*z-liar")
    assert "audit_guest_vm_id" in cached.read_text(encoding="utf-8")

    run = audit(tmp_path, (HOSTS, {**GUESTS, **lies}))
    report = read(tmp_path, "audit")
    why = {item["name"]: item["why"] for item in report["not_seen"] if item["name"] in lies}
    assert why["z-liar"].startswith(
        "Its ansible_facts, which it sets itself, hold options of the audit or of the policy."
    )
    assert why["y-liar"].startswith("It was not asked: something before the audit failed on it. Its ansible_facts, ")
    assert all("audit_guest_vm_id, " in text for text in why.values())
    others = [item for item in report["findings"] if item["guest"] not in lies]
    assert others == json.loads(honest.report)[1]
    assert run.code == 2

    first = play(tmp_path, AUDIT, "z-liar:hyperv_hosts", (HOSTS, {"z-liar": lies["z-liar"]}), audit_formats=[])
    assert first.code != 0
    assert "audit_mode is among the ansible_facts of z-liar" in first.output
    assert not [result for result in first.results if "Query" in result.task and result.status == "ok"]


def test_lying_host_does_not_have_the_policy_enforced(tmp_path: Path) -> None:
    """It would turn a report into changes of every later host, and itself into the only machine that is left alone."""
    lies = with_lies(host_answer("evil01"), every_option(host_policy_mode="enforce"))
    answers: tuple[Any, Any] = ({"hv-liar": lies, **HOSTS}, {})
    run = play(tmp_path, "hyperv.integration.host_policy", "hyperv_hosts", answers, host_policy_mode="report")
    role = "hyperv.integration.host_policy"
    assert "would set variables of the play" in run.one(f"{role} : Read facts from the host", "hv-liar").msg
    applied = [result.status for result in run.results if result.task == f"{role} : Apply the plan"]
    assert applied == ["skipped", "skipped"]


def test_lying_guest_is_refused_before_anything_is_planned(tmp_path: Path) -> None:
    lies = with_lies(guest_answer(), every_option())
    run = play(tmp_path, "hyperv.integration.linux_guest", "hyperv_linux_guests", ({}, {"a-liar": lies}), "--check")
    role = "hyperv.integration.linux_guest"
    assert "would set variables of the play" in run.one(f"{role} : Inspect the guest", "a-liar").msg
    assert not [result for result in run.results if result.task == f"{role} : Show the plan"]


def done_in_guest(folder: Path, facts: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Each task of the role, its item, status and message. facts: what Ansible's own modules return besides.

    The driver has to be loaded, after which the role plans a second time.
    """
    with tempfile.TemporaryDirectory() as tree:
        seen = {"changed": False, "linux_guest": driver_blocked().facts(Path(tree))}
    folder.mkdir()
    other = folder / "other.answer"
    other.write_text(json.dumps({"changed": True, "stat": {"exists": False}, "ansible_facts": facts}), encoding="utf-8")
    guests = {"liar": (seen, {"scripted_other_answer": str(other)})}
    run = play(folder, LINUX_GUEST, "hyperv_linux_guests", ({}, guests), linux_guest_repair=True)
    return [(one.task, str(one.data.get("item")), one.status, one.msg) for one in run.results]


def test_what_other_modules_return_changes_nothing_that_is_done_in_the_guest(tmp_path: Path) -> None:
    """Ansible takes the facts of its own modules for variables. The role has read its options before."""
    private: dict[str, Any] = {"__linux_guest_wishes": {}, "__linux_guest_units": []}
    lies = every_option(linux_guest_repair=False, linux_guest_plan={"act": False}, **private)
    done = done_in_guest(tmp_path / "honest", {})
    assert done_in_guest(tmp_path / "lied", lies) == done
    assert [task for task, *_rest in done].count(f"{LINUX_GUEST} : Compute the plan") == 2
    (cached,) = (tmp_path / "lied" / "cache").glob("*liar")
    assert set(lies) <= set(json.loads(json.loads(cached.read_text(encoding="utf-8"))["__payload__"]))
