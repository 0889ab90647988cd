# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""The files that the role linux_guest writes into a guest for its daemons, where a distribution has none that work."""

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root

RULE = "/etc/udev/rules.d/61-linux-guest.rules"
# The unit's name without .service, as in the rows of the role.
UNIT = "linux-guest-copy"
UNIT_FILE = f"/etc/systemd/system/{UNIT}.service"
_LONGEST = 8192  # characters: far more than the role ever writes


def read_own_files(root: Root) -> "dict[str, str]":
    """Path -> text of those that are there."""
    found = {path: root.text(path) for path in (RULE, UNIT_FILE)}
    return {path: text[:_LONGEST] for path, text in found.items() if text is not None}
