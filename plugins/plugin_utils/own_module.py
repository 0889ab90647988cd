# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the modules of this collection are run: what a host or guest returns sets no variable."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action.normal import ActionModule as NormalAction

# Result keys that Ansible acts on and that a module may set: variables of the host (and of the fact cache), and custom
# statistics, which AWX hands to the next nodes of a workflow as variables. Ansible itself removes add_host, add_group
# and what begins with _ansible_ from the results of modules.
STEERING = ("ansible_facts", "ansible_stats")
_MOST_NAMES = 5


class ActionModule(NormalAction):
    """Runs the module of the same name, and fails when its result has what only a changed module can return.

    With async, Ansible fetches the result by itself and this class does not see it.
    """

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        # Ansible has put it there, not the module: which Python to use the next time.
        interpreter = getattr(self, "_discovered_interpreter_key", None)
        return refuse_steering(result, frozenset({interpreter} - {None}))


def refuse_steering(result: dict[str, Any], allowed: frozenset[str | None] = frozenset()) -> dict[str, Any]:
    """Return the result without what would set variables, failed if there was any. allowed: facts that stay."""
    kept = dict(result)
    found = []
    for key in STEERING:
        value = kept.pop(key, None)
        if key == "ansible_facts" and isinstance(value, dict):
            stay = {name: item for name, item in value.items() if name in allowed}
            if stay:
                kept[key] = stay
            value = {name: item for name, item in value.items() if name not in allowed}
        if value:
            found.append(f"{key} ({_names(value)})" if isinstance(value, dict) else key)
    if found:
        kept["failed"] = True
        kept["msg"] = (
            f"The machine returned {' and '.join(found)}, which would set variables of the play. "
            "This module never returns that, so somebody has changed what runs there. The answer was refused."
        )
    return kept


def _names(values: dict[Any, Any]) -> str:
    texts = ["".join(letter if letter.isprintable() else "?" for letter in str(name))[:60] for name in values]
    more = [f"and {len(texts) - _MOST_NAMES} more"] if len(texts) > _MOST_NAMES else []
    return ", ".join([*texts[:_MOST_NAMES], *more])
