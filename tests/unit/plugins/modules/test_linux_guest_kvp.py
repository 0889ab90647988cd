# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as users run it: through ansible-playbook, with its options, its diff and its errors."""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from kvp_guest import GROUP, KVP, KVP_INFO, LocalGuest
from kvp_samples import dirty, pool_of
from playbook_runner import run_playbook
from workspace import CHECKOUT

MODULES = CHECKOUT / "plugins" / "modules"
SECRET = "correct horse battery staple"


@pytest.fixture
def guest(tmp_path: Path) -> LocalGuest:
    return LocalGuest(tmp_path)


def part(module: str, name: str) -> Any:
    """DOCUMENTATION, EXAMPLES or RETURN of a module."""
    text = (MODULES / f"{module}.py").read_text(encoding="utf-8")
    found = re.search(rf'^{name} = r"""\n(.*?)^"""', text, re.DOTALL | re.MULTILINE)
    assert found is not None
    return yaml.safe_load(found[1])


@pytest.mark.parametrize("module", ["linux_guest_kvp", "linux_guest_kvp_info"])
def test_the_examples_run(module: str, guest: LocalGuest, tmp_path: Path) -> None:
    examples = part(module, "EXAMPLES")
    guest.write_pool(pool_of(("org.example/role", "db")), 0)
    play = {
        "hosts": GROUP,
        "gather_facts": False,
        "module_defaults": {name: {"directory": str(guest.pools)} for name in (KVP, KVP_INFO)},
        "tasks": [{**task, "become": False} for task in examples],
    }
    playbook = tmp_path / "examples.yml"
    playbook.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    done = run_playbook(guest.inventory, playbook)
    assert done.code == 0, done.output
    assert [result.task for result in done.results] == [task["name"] for task in examples]
    if module == "linux_guest_kvp":
        assert [result["changed"] for result in done.results] == [True, True, True, True]
        assert guest.pool() == b""
    else:
        assert done.results[2].msg == "db"


def test_check_mode_tells_what_then_happens(guest: LocalGuest) -> None:
    guest.write_pool(pool_of(("a", "1"), ("b", "2"), ("a", "twice"), ("c", "3")) + b"partial")
    task = {KVP: {"put": {"a": "1", "b": "changed", "n": 5}, "absent": ["c"]}}
    predicted, made, again = guest.results(
        {**task, "check_mode": True, "diff": True}, {**task, "diff": True}, {**task, "diff": True}
    )
    assert predicted.data == made.data
    assert (made["added"], made["modified"], made["removed"]) == (["n"], ["b"], ["c"])
    assert (made["duplicates_removed"], made["item_count"], made["created"]) == ({"a": 1}, 3, [])
    assert made["diff"] == {
        "before": "a: 1\nb: 2\na: twice\nc: 3\n(7 bytes that are no record)\n",
        "after": "a: 1\nb: changed\nn: 5\n",
    }
    assert made["damage"] == {"bytes": 7}
    assert "The last 7 bytes of" in made["warnings"][0]
    assert guest.pool() == pool_of(("a", "1"), ("n", "5"), ("b", "changed"))
    assert (again["changed"], "diff" in again.data, again["damage"]) == (False, False, None)


def test_creates_what_is_missing(guest: LocalGuest) -> None:
    task = {KVP: {"put": {"a": "1"}}}
    predicted, made, again = guest.results({**task, "check_mode": True}, task, task)
    assert predicted.data == made.data
    assert made["created"] == [str(guest.pools), str(guest.pools / ".kvp_pool_1")]
    assert (again["changed"], again["created"]) == (False, [])
    assert made["file"] == str(guest.pools / ".kvp_pool_1")


def test_returns_what_the_documentation_says(guest: LocalGuest) -> None:
    (made,) = guest.results({KVP: {"put": {"a": "1"}}})
    assert set(part("linux_guest_kvp", "RETURN")) == set(made.data) - {"changed", "invocation", "failed"}


def test_refuses_before_anything_changes(guest: LocalGuest) -> None:
    quotes = "and values are texts. Write it in quotes, or use the filter to_json."
    refused: list[tuple[dict[str, Any], str]] = [
        ({"put": {"role": "v" * 1023}}, "The value of the key 'role' has 1023 UTF-16 code units"),
        ({"put": {"": "x"}}, "A key is empty"),
        ({"put": {"role": True}}, f"put: the value of the key 'role' is of the type bool, {quotes}"),
        ({"put": {"role": 1.10}}, f"of the type float, {quotes}"),
        ({"put": {"role": ["a"]}}, f"of the type list, {quotes}"),
        ({"put": {"role": None}}, "of the type NoneType"),
        ({"put": {"role": "x"}, "absent": ["role"]}, "The key 'role' is in put and in absent"),
    ]
    guest.write_pool(pool_of(("a", "1")))
    given = [{KVP: {**arguments, "put": {"good": "2", **arguments["put"]}}} for arguments, _message in refused]
    checked = guest.results(*[{**task, "check_mode": True} for task in given])
    made = guest.results(*given)
    for (_arguments, message), first, second in zip(refused, checked, made, strict=True):
        assert (first.status, second.status) == ("failed", "failed")
        assert message in second.msg
        assert first.msg == second.msg
    assert guest.pool() == pool_of(("a", "1"))


def test_masked_values_are_nowhere(guest: LocalGuest) -> None:
    guest.write_pool(pool_of(("a", SECRET + " of old"), ("b", SECRET)))
    tasks: list[dict[str, Any]] = [
        {KVP: {"put": {"a": SECRET, "new": "1"}, "absent": ["b"], "mask_values": True}, "diff": True},
        {KVP: {"put": {"a": SECRET, "": SECRET}, "mask_values": True}},
    ]
    done = guest.run(*tasks, options=("-vvv",))
    made, failed = done.results
    assert (made["changed"], failed.status) == (True, "failed")
    assert made["diff"] == {"before": "a: ********\nb: ********\n", "after": "a: ******** (new)\nnew: ******** (new)\n"}
    assert (made["added"], made["modified"]) == (["new"], ["a"]), "keys are not torn by values that they contain"
    assert made["invocation"]["module_args"]["put"] == {"a": "********", "new": "********"}
    assert SECRET not in done.output
    assert SECRET not in json.dumps([result.data for result in done.results])


def test_values_with_no_log_are_nowhere(guest: LocalGuest) -> None:
    task = {KVP: {"put": {"a": SECRET}}, "no_log": True, "diff": True}
    done = guest.run(task, {**task, KVP: {"put": {"a": SECRET * 100}}}, options=("-vvv",))
    assert [result.status for result in done.results] == ["ok", "failed"]
    assert SECRET not in done.output
    assert guest.pool() == pool_of(("a", SECRET))


def test_the_log_of_the_guest_has_no_values(tmp_path: Path, guest: LocalGuest) -> None:
    """The Python of the guest writes down what Ansible would have logged."""
    log = tmp_path / "log"
    (tmp_path / "sitecustomize.py").write_text(
        f"import syslog\nsyslog.syslog = lambda *args: print(*args, file=open({str(log)!r}, 'a'))\n", encoding="utf-8"
    )
    tasks: list[dict[str, Any]] = [{KVP: {"put": {"a": SECRET}}}, {"ansible.builtin.stat": {"path": "/seen"}}]
    guest.results(*[{**task, "environment": {"PYTHONPATH": str(tmp_path)}} for task in tasks])
    assert "/seen" in log.read_text(encoding="utf-8")
    assert SECRET not in log.read_text(encoding="utf-8")


def test_values_are_not_struck_out_of_what_is_printed(guest: LocalGuest) -> None:
    """As ansible-core 2.22 does with each value of an option that has no_log, in the rest of the run."""
    put = {KVP: {"put": {"org.example/role": "web", "org.example/n": "1"}}}
    done = guest.run(put, {"ansible.builtin.debug": {"msg": "websites: 31"}})
    assert "websites: 31" in done.output
    assert done.results[0]["added"] == ["org.example/role", "org.example/n"]


def test_removes_what_a_killed_run_left(guest: LocalGuest) -> None:
    guest.write_pool(pool_of(("b", "2"), ("b", "2")) + bytes(2560))
    task = {KVP: {}, "diff": True}
    predicted, made, again = guest.results({**task, "check_mode": True}, task, task)
    assert predicted.data == made.data
    assert (made["changed"], made["leftovers_removed"], made["item_count"]) == (True, 2, 1)
    assert made["diff"] == {"before": "(2 records that a killed run left)\n", "after": ""}
    assert "A killed run left 2 records in" in made["warnings"][0]
    assert guest.pool() == pool_of(("b", "2"))
    assert (again["changed"], again["leftovers_removed"]) == (False, 0)


def test_journal_of_an_earlier_version_is_reported_and_stays(guest: LocalGuest) -> None:
    guest.write_pool(pool_of(("a", "1")))
    journal = guest.pools / ".kvp_pool_1.journal"
    journal.write_bytes(b"hyperv.integration kvp journal 1\n")
    (made,) = guest.results({KVP: {"put": {"b": "2"}}})
    assert f"{journal} is of a run of an earlier version" in made["warnings"][0]
    assert guest.pool() == pool_of(("a", "1"), ("b", "2"))
    assert journal.read_bytes() == b"hyperv.integration kvp journal 1\n"


@pytest.mark.parametrize("name", ["linux_guest_kvp", "linux_guest_kvp_info"])
def test_other_systems_than_linux_are_refused(
    name: str, monkeypatch: pytest.MonkeyPatch, guest: LocalGuest, capsys: pytest.CaptureFixture[str]
) -> None:
    from ansible.module_utils.testing import patch_module_args

    module = importlib.import_module(f"ansible_collections.hyperv.integration.plugins.modules.{name}")
    monkeypatch.setattr(platform, "system", lambda: "FreeBSD")
    with patch_module_args({"directory": str(guest.pools)}), pytest.raises(SystemExit):
        module.main()
    result = json.loads(capsys.readouterr().out)
    assert result["failed"]
    assert "this system is FreeBSD" in result["msg"]
    assert not guest.pools.exists()


def test_purge_removes_what_is_no_text_as_well(guest: LocalGuest) -> None:
    guest.write_pool(dirty(b"\xff", b"\xfe") + pool_of(("a\x1b[2J", "1")))
    (made,) = guest.results({KVP: {"purge": True}, "diff": True})
    assert made["removed"] == ["\\xff", "a\x1b[2J"]
    assert made["diff"] == {"before": '\\xff: \\xfe\n"a\\u001b[2J": 1\n', "after": ""}
    assert guest.pool() == b""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user without a password")
def test_without_the_right_to_write(tmp_path: Path) -> None:
    """The whole module as a user that owns nothing; the interpreter has to be one that this user can reach."""
    with tempfile.TemporaryDirectory(prefix="hvis-kvp-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        guest = LocalGuest(directory, "/usr/bin/python3")
        guest.write_pool(pool_of(("a", "1")))
        script = directory / "python"
        script.write_text('#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/python3 "$@"\n')
        script.chmod(0o755)
        guest.inventory = LocalGuest(directory, str(script)).inventory
        info, made = guest.results({KVP_INFO: {}}, {KVP: {"put": {"a": "2"}}})
    assert info["pools"]["guest"]["entries"] == [{"key": "a", "value": "1", "occurrences": 1}]
    assert made.status == "failed"
    assert "Permission denied. Run the task as root (become: true)." in made.msg
