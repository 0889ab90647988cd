#!/usr/bin/python
# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: linux_guest_kvp
short_description: Tell the Hyper-V host something, from inside a Linux guest
version_added: 0.1.0
description:
  - Puts items into the pool of the guest (pool 1) of Key-Value Pair Exchange, or removes them. The host sees them in
    C(GuestExchangeItems) of C(Msvm_KvpExchangeComponent) as long as the virtual machine runs.
  - It is the only pool that a guest may write. The others belong to the host, see
    M(hyperv.integration.linux_guest_kvp_info).
  - Works with and without a running C(hv_kvp_daemon), which reads the pool anew whenever the host asks.
  - The pool is changed in place under the locks that the daemon, cloud-init and azure-init honour, and never
    replaced. Owner, mode, SELinux context and the order of the items stay; new items follow at the end.
  - No item is lost when the module is killed in the middle. A journal beside the pool is there before the pool
    changes, and the next run finishes from it what was begun. What others have changed since is kept, and what they
    have removed does not come back.
  - A missing pool or directory is made as the daemon does it, with the modes C(0644) and C(0755).
extends_documentation_fragment:
  - hyperv.integration.attributes
  - hyperv.integration.linux_guest
  - hyperv.integration.linux_guest.kvp
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  put:
    description:
      - Items that shall be there, with exactly these values.
      - Values are texts. Whole numbers are taken as their digits; quote what else looks like a number, V("1.10") for
        instance.
      - A key has at most 254 UTF-16 code units and 511 bytes in UTF-8, a value 1022 and 2047. What is longer would
        not reach the host.
      - When several records have such a key, the first one gets the value and the others are removed.
    type: dict
    default: {}
  absent:
    description:
      - Keys that shall not be there, as M(hyperv.integration.linux_guest_kvp_info) shows them. All records with such
        a key are removed.
    type: list
    elements: str
    default: []
  purge:
    description:
      - Whether to remove every item that O(put) does not name, those of cloud-init and azure-init included.
    type: bool
    default: false
  mask_values:
    description:
      - Whether to keep values out of the diff, of the result and of the log of the guest.
      - The pool itself stays readable for every user of the guest, and for the host.
    type: bool
    default: false
seealso:
  - module: hyperv.integration.linux_guest_kvp_info
  - name: Guide to guest data
    link: https://github.com/hyperv-integration/hyperv.integration/blob/main/docs/docsite/rst/guide_guest_data.rst
    description: What the pools are, who writes them, and how the host reads them.
author:
  - hyperv.integration contributors (@hyperv-integration)
"""

EXAMPLES = r"""
- name: Tell the host what runs here
  hyperv.integration.linux_guest_kvp:
    put:
      org.example/role: web
      org.example/release: "2026.11"
  become: true

- name: Take one of them back
  hyperv.integration.linux_guest_kvp:
    absent: [org.example/release]
  become: true

- name: Tell more than fits into a line, as JSON
  hyperv.integration.linux_guest_kvp:
    put:
      org.example/backup: "{{ {'at': '2026-11-20T02:00:00Z', 'ok': true} | to_json }}"
  become: true

- name: Leave nothing of this machine in an image
  hyperv.integration.linux_guest_kvp:
    purge: true
  become: true
"""

RETURN = r"""
file:
  description: The file of the pool.
  returned: success
  type: str
  sample: /var/lib/hyperv/.kvp_pool_1
item_count:
  description: How many different keys the pool holds afterwards.
  returned: success
  type: int
  sample: 2
added:
  description: Keys that were not there before, in the order of O(put).
  returned: success
  type: list
  elements: str
  sample: [org.example/role]
modified:
  description: Keys whose value has changed.
  returned: success
  type: list
  elements: str
  sample: [org.example/release]
removed:
  description: Keys that are gone.
  returned: success
  type: list
  elements: str
  sample: []
duplicates_removed:
  description: For the keys of O(put) that several records had, how many of these were removed.
  returned: success
  type: dict
  sample: {org.example/role: 1}
created:
  description: The files and directories that were made.
  returned: success
  type: list
  elements: str
  sample: []
damage:
  description:
    - What was at the end of the pool and is no whole record. It was moved to a file of its own, for it would put
      every record that others append after it out of place.
    - V(null) when the pool was whole.
  returned: success
  type: dict
  contains:
    bytes:
      description: How many bytes these are.
      type: int
      sample: 7
    kept_at:
      description: The file that holds them now.
      type: str
      sample: /var/lib/hyperv/.kvp_pool_1.damage-7b66e2b8a1c4
recovery:
  description: What was done about a change that a killed run had left behind. V(null) when there was none.
  returned: success
  type: dict
  contains:
    outcome:
      description:
        - V(not_begun), it had changed nothing and was dropped. V(finished), it was finished.
        - V(merged), others had changed the pool since; their state was kept, and only what the killed run had spoiled
          was mended.
        - V(damaged), its journal was not whole and could not be used.
      type: str
      sample: finished
    kept_at:
      description: >-
        The file with the journal, when there may be more in it that somebody misses. V(null) when there is not.
      type: str
      sample: null
"""

import json
from typing import Any, Mapping

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import (
    DAMAGED,
    DIRECTORY,
    Edited,
    Pool,
    pool_file,
)
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    KvpError,
    key_of,
    shortened,
    show,
    value_of,
)

MASK = "********"
ARGUMENTS: "dict[str, dict[str, Any]]" = {
    # no_log keeps the values out of the log of the guest, whoever forgets mask_values.
    "put": {"type": "dict", "default": {}, "no_log": True},
    "absent": {"type": "list", "elements": "str", "default": []},
    "purge": {"type": "bool", "default": False},
    "mask_values": {"type": "bool", "default": False},
    "directory": {"type": "path", "default": DIRECTORY},
}


def wanted(params: Mapping[str, Any]) -> Edit:
    """Return the edit that the options ask for. Raises KvpError for options that cannot be met."""
    texts = {}
    for key, value in params["put"].items():
        name = shortened(key)
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise KvpError(
                f"put: the value of the key '{name}' is of the type {type(value).__name__}, and values are texts."
                " Write it in quotes, or use the filter to_json."
            )
        if key in params["absent"]:
            raise KvpError(f"The key '{name}' is in put and in absent: remove it from one of them.")
        texts[key] = str(value)
    return Edit(texts, params["absent"], params["purge"])


def diff_of(edited: Edited, masked: bool) -> "dict[str, str]":
    """Return the items that change, before and after."""
    plan = edited.plan
    before = lines_of(plan.before, plan.change.keys, MASK if masked else None)
    if plan.tail:
        before.append(f"({len(plan.tail)} bytes that are no record)")
    after = lines_of(plan.change.records, plan.change.keys, f"{MASK} (new)" if masked else None)
    return {"before": "".join(f"{line}\n" for line in before), "after": "".join(f"{line}\n" for line in after)}


def lines_of(records: "list[bytes]", keys: "list[str]", instead: Any) -> "list[str]":
    """Return a line for each record with one of the keys; instead: what to show for every value."""
    return [
        f"{printable(show(key_of(record)))}: {instead or printable(show(value_of(record)))}"
        for record in records
        if show(key_of(record)) in keys
    ]


def printable(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)


def result_of(edited: Edited, damaged_journal: bool) -> "dict[str, Any]":
    plan = edited.plan
    outcome = DAMAGED if damaged_journal else plan.outcome
    return {
        "changed": edited.changed,
        "item_count": len({key_of(record) for record in plan.change.records}),
        "added": plan.change.added,
        "modified": plan.change.modified,
        "removed": plan.change.removed,
        "duplicates_removed": plan.change.duplicates_removed,
        "created": edited.created,
        "damage": {"bytes": len(plan.tail), "kept_at": edited.tail_file} if plan.tail else None,
        "recovery": {"outcome": outcome, "kept_at": edited.journal_file} if outcome else None,
    }


def main() -> None:
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    params = module.params
    # The values were marked for the log alone. Striking them out of the result would tear keys that contain one.
    module.no_log_values.clear()
    shown = {**params, "put": dict.fromkeys(params["put"], MASK)} if params["mask_values"] else dict(params)
    file = pool_file(params["directory"], "guest")
    extra = {"invocation": {"module_args": shown}, "file": file}
    try:
        edit = wanted(params)
        pool = Pool(file)
        edited = pool.predict(edit) if module.check_mode else pool.edit(edit)
    except KvpError as error:
        module.fail_json(str(error), **extra)
    if not module.check_mode:
        for path in edited.created:
            module.set_default_selinux_context(path, False)
    if edited.plan.tail:
        module.warn(f"{len(edited.plan.tail)} bytes at the end of {file} are no record: see damage.")
    result = result_of(edited, edited.plan.outcome is None and edited.journal_file is not None)
    if result["recovery"]:
        module.warn(f"A killed run had left {file} unfinished ({result['recovery']['outcome']}): see recovery.")
    if module._diff and edited.changed:
        result["diff"] = diff_of(edited, params["mask_values"])
    module.exit_json(**result, **extra)


if __name__ == "__main__":
    main()
