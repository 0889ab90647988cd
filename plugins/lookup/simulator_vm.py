# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: simulator_vm
short_description: Virtual machines of the simulator, as they are
version_added: 0.1.0
author:
  - hyperv.integration contributors (@hyperv-integration)
description:
  - For the tests of your own roles. Tells how a virtual machine of a simulated Hyper-V host is now.
  - Looks at the fleet itself and calls no cmdlet, so that it leaves no trace in the ledger.
options:
  _terms:
    description: Names or ids of virtual machines.
    type: list
    elements: str
    required: true
  host:
    description: The host whose virtual machine is meant. Needed where several hosts have one of that name.
    type: str
extends_documentation_fragment:
  - hyperv.integration.simulator
seealso:
  - plugin: hyperv.integration.simulator_ledger
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: The database can be backed up, and keeps its clock
  ansible.builtin.assert:
    that:
      - lookup('hyperv.integration.simulator_vm', 'db01').services.vss.enabled
      - lookup('hyperv.integration.simulator_vm', 'db01', host=inventory_hostname).services.time_synchronization.enabled
"""

RETURN = r"""
_raw:
  description:
    - One mapping for each term, with the keys of a virtual machine in a fleet file; the simulator's README lists them.
    - Besides, C(host) is the name of its host, and each service is a mapping with at least C(enabled).
  type: list
  elements: dict
  sample:
    - name: db01
      id: 6f6b9a3e-0000-4000-8000-000000000001
      host: hv-berlin
      state: Running
      services:
        vss:
          enabled: true
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.hyperv.integration.plugins.plugin_utils.simulator import SimulatorError, ask, virtual_machine


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        try:
            fleet = ask(self.get_option("run_dir"), "fleet")["fleet"]
            return [virtual_machine(fleet, term, self.get_option("host")) for term in terms]
        except SimulatorError as error:
            raise AnsibleLookupError(str(error)) from error
