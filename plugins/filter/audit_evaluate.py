# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.evaluate import evaluate
from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import plain


def audit_evaluate(collection: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(evaluate(plain(collection), plain(options)))
    except AuditError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"audit_evaluate": audit_evaluate}
