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
    replaced. Owner, mode and SELinux context stay. New items follow at the end, and the last item takes the place of a
    removed one. Several records with the same key stay in their order.
  - No item is lost, and none is mixed from two, when the module is killed in the middle. Then items can be there
    twice, and records without a key. The next run removes these records and equal items. An item with two values gets
    one value from the next task that puts it.
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
      - Whether to keep values out of the diff and of the result. They never reach the log of the guest.
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
    - What was at the end of the pool and is no whole record. It was removed, for it would put every record that others
      append after it out of place. The daemon does the same.
    - V(null) when the pool was whole.
  returned: success
  type: dict
  contains:
    bytes:
      description: How many bytes these were.
      type: int
      sample: 7
leftovers_removed:
  description: How many records were removed that a killed run had left. They have no key, or are equal to another one.
  returned: success
  type: int
  sample: 0
"""

import json
import os
from typing import Any, Mapping

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_edit import Edit
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import (
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
    # The action plugin keeps the values out of the log of the guest.
    "put": {"type": "dict", "default": {}},
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
    change = edited.change
    before = lines_of(edited.before, change.keys, MASK if masked else None)
    if change.leftovers:
        before.append(f"({change.leftovers} records that a killed run left)")
    if edited.tail:
        before.append(f"({len(edited.tail)} bytes that are no record)")
    after = lines_of(change.records, change.keys, f"{MASK} (new)" if masked else None)
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


def result_of(edited: Edited) -> "dict[str, Any]":
    change = edited.change
    return {
        "changed": edited.changed,
        "item_count": len({key_of(record) for record in change.records}),
        "added": change.added,
        "modified": change.modified,
        "removed": change.removed,
        "duplicates_removed": change.duplicates_removed,
        "created": edited.created,
        "damage": {"bytes": len(edited.tail)} if edited.tail else None,
        "leftovers_removed": change.leftovers,
    }


def main() -> None:
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    params = module.params
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
    if edited.tail:
        module.warn(f"The last {len(edited.tail)} bytes of {file} are no record, and are removed.")
    if edited.change.leftovers:
        module.warn(f"A killed run left {edited.change.leftovers} records in {file}. They are removed.")
    journal = file + ".journal"
    if os.path.lexists(journal):
        # What it holds can be older than the pool, and nothing tells. So no item comes from it, and it stays.
        module.warn(
            f"{journal} is of a run of an earlier version of this module, which was killed while it wrote. Journals are"
            f" no longer used. In {file}, items can be there twice or mixed: compare, then remove the journal."
        )
    result = result_of(edited)
    if module._diff and edited.changed:
        result["diff"] = diff_of(edited, params["mask_values"])
    module.exit_json(**result, **extra)


if __name__ == "__main__":
    main()
