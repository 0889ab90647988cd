# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def audit_problems(options: Mapping[str, Any]) -> list[str]:
    # Not above: for one filter Ansible imports those of the whole collection, anew in each process it forks.
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.evaluate import audit_problems as problems
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.options import plain_options

    return problems(plain_options(options))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"audit_problems": audit_problems}
