#!/usr/bin/python
# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: role_options
short_description: Read the options of a role before any host or guest is queried
version_added: 0.1.0
description:
  - The roles of this collection run it as their first task. Later tasks use only what it returned, so nothing that a
    host or guest returns can change an option during the play.
  - Takes the options from the variables of the host, with the types and defaults of the argument specification.
  - Refuses variables that begin with the prefix of the role and are not options of it, such as a misspelled one.
  - Reads a string for a list as people write it on a command line. C(html,junit) is a list of two items.
  - Paths that are not absolute begin at the working directory, where C(ansible-playbook) was started.
  - Refuses options that are among the C(ansible_facts) of the host. Any host or guest can return facts, and they
    outweigh variables of the inventory.
  - Runs on the control node and connects to nothing.
extends_documentation_fragment:
  - hyperv.integration.attributes
attributes:
  check_mode:
    support: full
    details: Reads only.
  diff_mode:
    support: N/A
    details: Reads only.
  idempotent:
    support: full
  platform:
    platforms: all
    support: full
options:
  specification:
    description: File with the argument specification. A relative path begins at the directory of the role.
    type: path
    default: meta/argument_specs.yml
  entry_point:
    description: Entry point in O(specification).
    type: str
    default: main
  prefix:
    description:
      - Prefix of the variables. By default the name of the role and an underscore.
      - An empty string accepts every variable.
    type: str
  families:
    description:
      - Options that may exist several times.
      - Every variable with such a name, an underscore, and a suffix is read like the option itself.
    type: list
    elements: str
    default: []
  results:
    description: Variables with the prefix that the role sets itself.
    type: list
    elements: str
    default: []
  files:
    description: Options that name files, which must exist.
    type: list
    elements: str
    default: []
  facts:
    description:
      - What to do with options that are among the C(ansible_facts) of the host.
      - V(return) names them in RV(refused) and takes the default of the option instead.
    type: str
    choices: [fail, return]
    default: fail
author:
  - hyperv.integration contributors (@hyperv-integration)
"""

EXAMPLES = r"""
- name: Read the options
  hyperv.integration.role_options:
    files: [my_role_waivers_file]
  register: __my_role_read

- name: Use one
  ansible.builtin.debug:
    msg: "{{ __my_role_read.options.waivers_file }}"
"""

RETURN = r"""
options:
  description: Value of each option, by its name without the prefix.
  returned: success
  type: dict
  sample:
    waivers_file: /home/ansible/hyperv/waivers.yml
refused:
  description: Options that are among the facts of the host, and what to do about each. Empty unless O(facts=return).
  returned: success
  type: dict
  sample: {}
"""
