#!/usr/bin/python
# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: linux_guest_kvp_info
short_description: Read what the Hyper-V host tells a Linux guest, and what the guest tells it
version_added: 0.1.0
description:
  - Returns the items of the pools of Key-Value Pair Exchange, as they lie in the files of C(hv_kvp_daemon), and what
    the host tells about itself as named fields.
  - Works as any user, with and without a running daemon. What a pool holds is what the daemon last wrote, so without
    one it may be old.
  - Pool 2 is not among them. When the host asks for it, the daemon computes the answer (name, addresses and operating
    system of the guest) at that moment and never looks into the file; what somebody put there is seen by nobody.
    M(ansible.builtin.setup) tells the same facts.
  - Everything that is returned comes from outside or from other programs, and is never to be trusted. Results of
    modules are not evaluated as templates by Ansible; do not use filters or lookups that do so on them, and do not
    build commands or paths from them without checking.
  - Texts are returned as they are, control characters included. Bytes that are no UTF-8 are shown as C(\xNN), and
    the exact bytes are added in Base64 as C(key_base64) or C(value_base64).
extends_documentation_fragment:
  - hyperv.integration.attributes
  - hyperv.integration.linux_guest
  - hyperv.integration.linux_guest.kvp
attributes:
  check_mode:
    support: full
    details: Reads only.
  diff_mode:
    support: N/A
    details: Reads only.
  idempotent:
    support: full
options:
  pools:
    description:
      - Which pools to read.
      - V(external) is pool 0, which an administrator of the host fills. V(guest) is pool 1, which programs of this
        guest fill for the host. V(auto_external) is pool 3, with which the host describes itself.
    type: list
    elements: str
    choices: [external, guest, auto_external]
    default: [external, guest, auto_external]
  decode_provisioning:
    description: >-
      Whether to decode the records of cloud-init and azure-init in the pool of the guest as RV(provisioning).
    type: bool
    default: false
seealso:
  - module: hyperv.integration.linux_guest_kvp
  - name: Guide to guest data
    link: https://github.com/hyperv-integration/hyperv.integration/blob/main/docs/docsite/rst/guide_guest_data.rst
    description: What the pools are, who writes them, and how the host reads them.
author:
  - hyperv.integration contributors (@hyperv-integration)
"""

EXAMPLES = r"""
- name: Read everything
  hyperv.integration.linux_guest_kvp_info:
  register: kvp

- name: Say on which host this guest runs
  ansible.builtin.debug:
    msg: "{{ kvp.host.virtual_machine_name }} on {{ kvp.host.physical_host_name_fully_qualified }}"

- name: Use an item that the administrator of the host has put there
  ansible.builtin.debug:
    msg: "{{ (kvp.pools.external.entries | items2dict)['org.example/role'] | default('no role') }}"

- name: Ask how the provisioning of the machine went
  hyperv.integration.linux_guest_kvp_info:
    pools: [guest]
    decode_provisioning: true
  register: kvp

- name: Show what failed
  ansible.builtin.debug:
    msg: "{{ kvp.provisioning.events | selectattr('result', 'equalto', 'FAIL') | map(attribute='name') }}"
"""

RETURN = r"""
pools:
  description: The pools by name, those that were asked for.
  returned: success
  type: dict
  contains:
    file:
      description: The file of the pool.
      type: str
      sample: /var/lib/hyperv/.kvp_pool_0
    present:
      description: Whether there is such a file. The daemon makes it at its first start.
      type: bool
      sample: true
    entries:
      description:
        - The items in the order of the pool, one for each key. The filter C(items2dict) turns them into a dictionary.
      type: list
      elements: dict
      contains:
        key:
          description: The key.
          type: str
          sample: org.example/role
        value:
          description: The value of the first record with this key.
          type: str
          sample: web
        occurrences:
          description: How many records have this key. The host is shown all of them.
          type: int
          sample: 1
    duplicates:
      description: >-
        The keys that several records have. Whoever deletes such a key through the daemon removes the first one.
      type: list
      elements: dict
      contains:
        key:
          description: The key.
          type: str
          sample: PROVISIONING_REPORT
        all_values:
          description: The values of all records with this key, in order.
          type: list
          elements: str
          sample: ["result=error|reason=timeout", "result=success"]
    damage:
      description: >-
        What is at the end of the file and is no whole record. The daemon ignores it. V(null) when there is nothing.
      type: dict
      contains:
        bytes:
          description: How many bytes these are.
          type: int
          sample: 7
    untrusted:
      description: Always V(true).
      type: bool
      sample: true
host:
  description:
    - What the host tells about itself in pool 3. V(null) for what it does not tell, and for all when that pool was
      not asked for.
    - The host tells nothing when C(DisableHostKVPItems) is set for the virtual machine.
  returned: success
  type: dict
  contains:
    host_name:
      description: Name of the host.
      type: str
      sample: HV-BERLIN
    physical_host_name:
      description: Name of the physical host, which is another one when hosts are nested.
      type: str
      sample: HV-BERLIN
    physical_host_name_fully_qualified:
      description: Its fully qualified name.
      type: str
      sample: hv-berlin.example.org
    virtual_machine_id:
      description: Id of this virtual machine.
      type: str
      sample: 0F7E1A52-3C5D-4F0E-9A53-0D5A2B9C7E11
    virtual_machine_name:
      description: Name of this virtual machine on the host.
      type: str
      sample: web01
    virtual_machine_dynamic_memory_balancing_enabled:
      description: Whether its memory is balanced.
      type: bool
      sample: false
    hosting_system_edition_id:
      description: Edition of the host's operating system.
      type: int
      sample: 8
    hosting_system_nested_level:
      description: How deep this guest is nested.
      type: int
      sample: 0
    hosting_system_os_major:
      description: Major version of the host's operating system.
      type: int
      sample: 10
    hosting_system_os_minor:
      description: Minor version of the host's operating system.
      type: int
      sample: 0
    hosting_system_processor_architecture:
      description: Number of its processor architecture.
      type: int
      sample: 9
    hosting_system_processor_idle_state_max:
      description: Its deepest idle state.
      type: int
      sample: 0
    hosting_system_processor_throttle_max:
      description: Its highest processor throttle in percent.
      type: int
      sample: 100
    hosting_system_processor_throttle_min:
      description: Its lowest processor throttle in percent.
      type: int
      sample: 100
    hosting_system_sp_major:
      description: Major version of its service pack.
      type: int
      sample: 0
    hosting_system_sp_minor:
      description: Minor version of its service pack.
      type: int
      sample: 0
    untrusted:
      description: Always V(true).
      type: bool
      sample: true
provisioning:
  description: What cloud-init and azure-init tell the host about the provisioning of this machine.
  returned: O(decode_provisioning) is true and O(pools) holds V(guest)
  type: dict
  contains:
    reports:
      description: The reports on the whole, in the order of the pool. Each agent writes at least one per boot.
      type: list
      elements: dict
      contains:
        result:
          description: V(success) or V(error).
          type: str
          sample: success
        reason:
          description: Why it failed.
          type: str
          sample: null
        agent:
          description: Which program reports.
          type: str
          sample: Cloud-Init/25.1.4
        vm_id:
          description: Id of the virtual machine.
          type: str
          sample: 0f7e1a52-3c5d-4f0e-9a53-0d5a2b9c7e11
        timestamp:
          description: When.
          type: str
          sample: "2026-11-20T10:00:00+00:00"
        pps_type:
          description: How it was provisioned beforehand.
          type: str
          sample: None
        documentation_url:
          description: Where to read on.
          type: str
          sample: null
        supporting_data:
          description: The other fields of the report, as texts.
          type: dict
          sample: {}
        cut:
          description: Whether the report is as long as cloud-init lets it be, and hence probably cut.
          type: bool
          sample: false
    events:
      description: The single steps. V(null) for what an agent does not tell.
      type: list
      elements: dict
      contains:
        agent:
          description: V(cloud-init), or the name and version of another agent.
          type: str
          sample: cloud-init
        incarnation:
          description: When the machine was booted, in seconds since 1970. Of cloud-init only.
          type: int
          sample: 1785187982
        vm_id:
          description: Id of the virtual machine.
          type: str
          sample: 0f7e1a52-3c5d-4f0e-9a53-0d5a2b9c7e11
        type:
          description: Kind of the event, V(start) and V(finish) for instance, or the level of azure-init's message.
          type: str
          sample: finish
        name:
          description: Name of the step.
          type: str
          sample: modules-final/config-scripts_user
        event_id:
          description: Id of the event.
          type: str
          sample: e5f01809-a7a3-4279-aa64-1f18e21eda6e
        time:
          description: When, or when it began.
          type: str
          sample: "2026-11-20T10:00:00Z"
        end:
          description: When it ended. Of azure-init only.
          type: str
          sample: null
        result:
          description: How it went, as the agent writes it.
          type: str
          sample: SUCCESS
        duration:
          description: How many seconds it took.
          type: float
          sample: 0.25
        message:
          description: The text, unpacked and put together from its pieces.
          type: str
          sample: config-scripts_user ran successfully
    undecoded:
      description: Records that look like one of these and are not.
      type: list
      elements: dict
      contains:
        key:
          description: The key.
          type: str
          sample: CLOUD_INIT|1785187982|finish|modules-final|e5f01809-a7a3-4279-aa64-1f18e21eda6e|1
        value:
          description: The value.
          type: str
          sample: '{"name":"modules-final"'
        reason:
          description: Why it could not be decoded.
          type: str
          sample: "pieces are missing or there twice: 1"
    untrusted:
      description: Always V(true).
      type: bool
      sample: true
"""

from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_pool import (
    DIRECTORY,
    POOLS,
    Pool,
    Snapshot,
    pool_file,
)
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_provisioning import decode_provisioning
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import (
    KvpError,
    duplicates_of,
    items_of,
    key_of,
    show,
    split_records,
    value_of,
)


def number(text: str) -> Any:
    return int(text) if text.isdecimal() and len(text) < 19 else None


def switch(text: str) -> Any:
    return {"0": False, "1": True}.get(text)


# The keys of pool 3 and what their values are. Source: LISA (microsoft/lisa, testsuites/core/kvp.py).
HOST_FACTS: "dict[str, Callable[[str], Any]]" = {
    "HostName": str,
    "PhysicalHostName": str,
    "PhysicalHostNameFullyQualified": str,
    "VirtualMachineId": str,
    "VirtualMachineName": str,
    "VirtualMachineDynamicMemoryBalancingEnabled": switch,
    "HostingSystemEditionId": number,
    "HostingSystemNestedLevel": number,
    "HostingSystemOsMajor": number,
    "HostingSystemOsMinor": number,
    "HostingSystemProcessorArchitecture": number,
    "HostingSystemProcessorIdleStateMax": number,
    "HostingSystemProcessorThrottleMax": number,
    "HostingSystemProcessorThrottleMin": number,
    "HostingSystemSpMajor": number,
    "HostingSystemSpMinor": number,
}


def host_of(records: "list[bytes]") -> "dict[str, Any]":
    """Return the facts of pool 3; of a key that is there twice the first, as the daemon does."""
    values = {show(key_of(record)): show(value_of(record)) for record in reversed(records)}
    facts = {snake_case(key): read(values[key]) if key in values else None for key, read in HOST_FACTS.items()}
    return {**facts, "untrusted": True}


def snake_case(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key).lstrip("_")


def described_pool(pool: Pool, found: Snapshot) -> "dict[str, Any]":
    records, tail = split_records(found.data)
    return {
        "file": pool.path,
        "present": found.present,
        "entries": items_of(records),
        "duplicates": duplicates_of(records),
        "damage": {"bytes": len(tail)} if tail else None,
        "untrusted": True,
    }


def main() -> None:
    module = AnsibleModule(
        {
            "pools": {"type": "list", "elements": "str", "choices": list(POOLS), "default": list(POOLS)},
            "decode_provisioning": {"type": "bool", "default": False},
            "directory": {"type": "path", "default": DIRECTORY},
        },
        supports_check_mode=True,
    )
    result: dict[str, Any] = {"changed": False, "pools": {}}
    records: dict[str, list[bytes]] = {}
    for name in module.params["pools"]:
        try:
            pool = Pool(pool_file(module.params["directory"], name))
            found = pool.read()
        except KvpError as error:
            module.fail_json(str(error))
        records[name] = split_records(found.data)[0]
        result["pools"][name] = described_pool(pool, found)
    result["host"] = host_of(records.get("auto_external", []))
    if module.params["decode_provisioning"] and "guest" in records:
        result["provisioning"] = {**decode_provisioning(records["guest"]), "untrusted": True}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
