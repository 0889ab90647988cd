# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.own_module import ActionModule as OwnModule


class ActionModule(OwnModule):
    """Keeps the values of `put` out of the guest's log, whoever forgets mask_values.

    With no_log in the module's specification ansible-core 2.22 would strike each value, such as "1", out of all that is
    printed, of every host.
    """

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return super().run(tmp, {**(task_vars or {}), "ansible_no_target_syslog": True})
