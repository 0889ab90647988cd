# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import always_text, plain


def audit_collection(
    results: Mapping[str, Mapping[str, Any]],
    hosts: Sequence[str],
    guests: Sequence[str],
    collected_at: str,
    files: Sequence[Mapping[str, str]] = (),
) -> str:
    # Not above: for one filter Ansible imports those of the whole collection, anew in each process it forks.
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.collection import CollectionError, collect

    try:
        # The results stay as they are: of the variables of thousands of hosts only a few are looked at.
        collection = collect(results, plain(hosts), plain(guests), plain(collected_at), plain(files))
    except CollectionError as error:
        raise AnsibleFilterError(str(error)) from error
    return always_text(json.dumps(collection, indent=1, sort_keys=True) + "\n")


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"audit_collection": audit_collection}
