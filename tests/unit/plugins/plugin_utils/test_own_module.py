# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.own_module import refuse_steering
from workspace import CHECKOUT


def test_result_without_facts_stays_as_it_is() -> None:
    result = {"changed": True, "linux_guest": {"ansible_facts": {"deep": 1}}, "ansible_facts": {}}
    assert refuse_steering(result) == {"changed": True, "linux_guest": {"ansible_facts": {"deep": 1}}}


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("ansible_facts", {"audit_fail_on": "never"}, "ansible_facts (audit_fail_on)"),
        ("ansible_facts", {"a\x1b[2J": 1}, "ansible_facts (a?[2J)"),
        ("ansible_facts", {f"f{n}": n for n in range(9)}, "ansible_facts (f0, f1, f2, f3, f4, and 4 more)"),
        ("ansible_facts", ["audit_fail_on"], "ansible_facts"),
        ("ansible_stats", {"data": {"host_policy_mode": "enforce"}}, "ansible_stats (data)"),
    ],
)
def test_result_that_would_set_variables_fails_without_them(key: str, value: Any, named: str) -> None:
    found = refuse_steering({"changed": False, "linux_guest": {}, key: value})
    assert key not in found
    assert found["failed"] is True
    assert f"The machine returned {named}, which would set variables of the play." in found["msg"]


def test_interpreter_that_ansible_has_found_stays() -> None:
    facts = {"discovered_interpreter_python": "/usr/bin/python3", "audit_title": "x"}
    found = refuse_steering({"ansible_facts": facts}, frozenset({"discovered_interpreter_python"}))
    assert found["ansible_facts"] == {"discovered_interpreter_python": "/usr/bin/python3"}
    assert "(audit_title)" in found["msg"]
    only = {"ansible_facts": {"discovered_interpreter_python": "/usr/bin/python3"}}
    assert refuse_steering(only, frozenset({"discovered_interpreter_python"})) == only


def test_every_module_that_runs_on_a_machine_is_run_this_way() -> None:
    modules = {path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.*")}
    actions = {path.stem: path.read_text(encoding="utf-8") for path in (CHECKOUT / "plugins" / "action").glob("*.py")}
    assert {name for name, text in actions.items() if "own_module import ActionModule" in text} == modules - {
        "audit_reports",
        "role_options",
    }
