# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: simulator_ledger
short_description: Calls of cmdlets that the simulator has seen
version_added: 0.1.0
author:
  - hyperv.integration contributors (@hyperv-integration)
description:
  - For the tests of your own roles. Tells which cmdlets were called on simulated Hyper-V hosts, and what they changed.
  - Use P(ansible.builtin.query#lookup) rather than C(lookup), so that the result is a list whatever its length.
options:
  _terms:
    description: Names of cmdlets, as wildcards of PowerShell. Without any, all calls are returned.
    type: list
    elements: str
  host:
    description: Only calls on the hosts whose name matches this wildcard.
    type: str
    default: "*"
extends_documentation_fragment:
  - hyperv.integration.simulator
seealso:
  - plugin: hyperv.integration.simulator_vm
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: One call was enough, changed two switches, and nothing was switched off
  ansible.builtin.assert:
    that:
      - enabled | map(attribute='invocation') | unique | length == 1
      - enabled | sum(attribute='changed') == 2
      - query('hyperv.integration.simulator_ledger', 'Disable-*', 'Remove-*') == []
  vars:
    enabled: "{{ query('hyperv.integration.simulator_ledger', 'Enable-*', host=inventory_hostname) }}"
"""

RETURN = r"""
_raw:
  description:
    - One mapping for each pipeline record of each call, in the order of the calls.
    - C(command), C(parameters) and C(host) say what was called where, C(changed) how many things it changed,
      C(errors) are the ids of its errors. Records of the same call have the same C(invocation).
  type: list
  elements: dict
  sample:
    - n: 7
      time: "2026-11-27T12:00:00.000+00:00"
      host: hv-berlin
      command: Enable-VMIntegrationService
      parameters: {}
      invocation: "3"
      changed: 2
      errors: []
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.hyperv.integration.plugins.plugin_utils.simulator import SimulatorError, ask


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        run_dir, host = self.get_option("run_dir"), self.get_option("host")
        try:
            found = {
                line["n"]: line
                for command in terms or ["*"]
                for line in ask(run_dir, "ledger", command=command, host=host)["lines"]
            }
        except SimulatorError as error:
            raise AnsibleLookupError(str(error)) from error
        return [found[number] for number in sorted(found)]
