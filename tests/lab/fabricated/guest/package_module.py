# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-in for a module that manages packages (apt, dnf, zypper and so on): unpacks what was recorded of a package.

A package that was not recorded for the release is an error, as with the real ones; without lists of packages each is.
"""

from __future__ import annotations

import sys

from ansible.module_utils.basic import AnsibleModule

sys.path.insert(0, "/usr/lib/fabricated")


def main() -> None:
    import state  # type: ignore[import-not-found]

    module = AnsibleModule(
        argument_spec={
            "name": {"type": "list", "elements": "str"},
            "state": {"type": "str"},
            "update_cache": {"type": "bool"},
        },
        supports_check_mode=True,
    )
    why = state.without_module()
    if why:
        module.fail_json(msg=why)
    if not state.lists(module.params["update_cache"]):
        module.fail_json(msg=f"No package matching {module.params['name']} is available: there are no lists")
    try:
        names = state.missing_packages(module.params["name"])
    except KeyError as error:
        module.fail_json(msg=f"No package matching {error} is available")
    if names and not module.check_mode:
        state.install(names)
    module.exit_json(changed=bool(names), installed=names)


if __name__ == "__main__":
    main()
