# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import plain


def linux_guest_plan(facts: Mapping[str, Any], family: Mapping[str, Any], wishes: Mapping[str, Any]) -> dict[str, Any]:
    # Not above: for one filter Ansible imports those of the whole collection, anew in each process it forks.
    from ansible_collections.hyperv.integration.plugins.plugin_utils.linux_guest.plan import WishError, make_plan

    try:
        return dict(make_plan(plain(facts), plain(family), plain(wishes)))
    except WishError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"linux_guest_plan": linux_guest_plan}
