# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import plain_or_json


def audit_evaluate(collection: Mapping[str, Any] | str, options: Mapping[str, Any]) -> dict[str, Any]:
    # Not above: for one filter Ansible imports those of the whole collection, anew in each process it forks.
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.evaluate import evaluate
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.options import plain_options

    try:
        return dict(evaluate(plain_or_json(collection), plain_options(options)))
    except ValueError as error:  # an AuditError is one
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"audit_evaluate": audit_evaluate}
