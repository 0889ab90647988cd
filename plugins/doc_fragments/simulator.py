# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the lookup plugins that ask the simulator share."""

    DOCUMENTATION = r"""
options:
  run_dir:
    description:
      - The run directory of the fleet.
      - In a Molecule scenario that imports the playbook C(hyperv.integration.molecule.create) it is known already.
    type: path
    required: true
    vars:
      - name: hvsim_run_dir
    env:
      - name: HVSIM_RUN_DIR
"""
