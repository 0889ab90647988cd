# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the modules say that run inside a Linux guest."""

    DOCUMENTATION = r"""
options: {}
attributes:
  platform:
    platforms: linux
    support: full
    details:
      - The target is a Linux guest with Python 3.6 or later. Nothing but its standard library is used.
"""

    KVP = r"""
options:
  directory:
    description:
      - Where the pools are. All Linux distributions have them in the same place.
      - Another one is for images that are not booted, and for tests.
      - In another directory, the module does not follow links, so that no image leads out of itself. A symbolic link in
        the path, or a pool that is a symbolic or hard link, is an error. In the running guest, only the
        directories can be links.
    type: path
    default: /var/lib/hyperv
notes:
  - Pools are files that every user of the guest can read, and the host reads one of them. They are no place for
    secrets.
  - Pools are locked in both ways that are in use, the one of C(hv_kvp_daemon) (POSIX) and the one of cloud-init and
    azure-init (C(flock)). Who holds a lock for more than 30 seconds makes the module fail with its process id.
"""
