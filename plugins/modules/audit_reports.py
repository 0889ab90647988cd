#!/usr/bin/python
# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: audit_reports
short_description: Write the reports of an audit on the control node
version_added: 0.1.0
description:
  - The role P(hyperv.integration.audit#role) runs it once, after it has evaluated what hosts and guests returned.
  - Makes all formats and writes all files in one step. A module for each file would take seconds.
  - Creates missing directories for their owner and for the group to read. A directory that exists keeps its mode.
  - Runs on the control node and connects to nothing.
extends_documentation_fragment:
  - hyperv.integration.attributes
attributes:
  check_mode:
    support: full
    details: Makes the reports, and writes and removes nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: all
    support: full
options:
  audit:
    description: What P(hyperv.integration.audit_evaluate#filter) returned, as JSON.
    type: str
    required: true
  collection:
    description: What P(hyperv.integration.audit_collection#filter) returned. It is always written.
    type: str
    required: true
  files:
    description: Absolute path of the file for each format, and for C(collection).
    type: dict
    required: true
  formats:
    description: Formats of P(hyperv.integration.audit_report#filter) to write, each with a path in O(files).
    type: list
    elements: str
    required: true
  options:
    description: Options of P(hyperv.integration.audit_report#filter), by format.
    type: dict
    default: {}
  keep:
    description:
      - How many directories of audits to keep beside each other. V(0) removes nothing.
      - If given, the directory of the collected facts must be named by a time in UTC, such as C(20261130T020000Z).
        The link C(latest) beside it then leads to it.
      - An older directory is removed only if its name is such a time, and if it holds nothing but files that are named
        as those of O(files).
    type: int
    default: 0
author:
  - hyperv.integration contributors (@hyperv-integration)
"""

EXAMPLES = r"""
- name: Write the reports
  hyperv.integration.audit_reports:
    audit: "{{ audit | to_json }}"
    collection: "{{ collection }}"
    files:
      collection: /var/lib/audit/collection.json
      html: /var/lib/audit/audit.html
    formats: [html]
  run_once: true
"""

RETURN = r"""
removed:
  description: Directories of earlier audits that were removed.
  returned: success
  type: list
  elements: str
  sample: [/home/ansible/hyperv/reports/20260901T020000Z]
"""
