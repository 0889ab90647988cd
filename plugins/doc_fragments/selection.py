# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that select virtual machines, shared by all modules that run on a host."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - Names of virtual machines, exact and without case. Never a wildcard, whatever characters they hold.
      - A name that no virtual machine has, and a name that several have, is an error before anything changes.
        The message then names the node of the cluster that owns the virtual machine, or the ids to choose from.
      - An empty selection is an error, never all virtual machines. Empty lists and O(all=false) are one, unless another
        option selects virtual machines.
    type: list
    elements: str
  id:
    description: Ids (GUIDs) of virtual machines.
    type: list
    elements: str
  pattern:
    description: PowerShell wildcards (V(*), V(?), V([a-z])) that names have to match, without case.
    type: list
    elements: str
  group:
    description: Names of virtual machine groups, exact and without case. Their direct members are selected.
    type: list
    elements: str
  all:
    description: Whether to select every virtual machine of the host.
    type: bool
  exclude:
    description:
      - Names, ids or patterns of virtual machines that are not selected, whatever the other options say.
      - It selects nothing by itself.
    type: list
    elements: str
"""
