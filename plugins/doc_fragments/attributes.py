# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module of this collection says about check mode, diff, platform and action groups."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return what would change without changing it.
  diff_mode:
    description: Returns in diff mode what has changed, or in check mode what would change.
  idempotent:
    description: A second run with the same options changes nothing.
  platform:
    description: Where the module can run.
"""

    HOST = r"""
options: {}
attributes:
  platform:
    platforms: windows
    support: full
    details:
      - The target is a Hyper-V host with the PowerShell module C(Hyper-V), Windows Server 2016 or later.
      - Runs under Windows PowerShell 5.1 and PowerShell 7.
  action_group:
    description: Use C(group/hyperv.integration.host) in C(module_defaults) to set options for all modules of the group.
    support: full
    membership:
      - hyperv.integration.host
notes:
  - The account has to be in the local group C(Hyper-V Administrators) or C(Administrators) of the host.
  - Services are matched by the GUID of their component, never by name, whatever the display language of the host.
"""
