#!/usr/bin/python
# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: linux_guest_info
short_description: Tell the state of the integration services inside a Linux guest
version_added: 0.1.0
description:
  - Returns for each integration service what the guest has of it, from the device that the host offers to the process
    that serves it, with a verdict, an explanation and a remedy.
  - Each service has two switches, one on the host and one in the guest. This is the view of the guest; the view of the
    host is that of M(hyperv.integration.vm_integration_service_info).
  - Says also where the clock takes its time from, which file systems a backup would freeze, whether the host could set
    addresses, and what keeps the driver C(hv_utils) out, on which every service rests.
  - Only looks at files and asks C(systemctl), C(dmesg), C(systemd-detect-virt) and, where chronyd runs, C(chronyc).
    Changes nothing.
  - Without root some facts cannot be had; RV(linux_guest.missing_facts) names them, what rests on them is V(unknown).
extends_documentation_fragment:
  - hyperv.integration.attributes
  - hyperv.integration.linux_guest
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
  root:
    description:
      - The root of the file system to look at, for an image that is mounted and not booted.
      - No command is run then, and nothing that only a running guest has is told. The verdict of a service for which
        nothing is missing is V(prepared).
    type: path
    default: /
seealso:
  - module: hyperv.integration.linux_guest_kvp_info
  - module: hyperv.integration.vm_integration_service_info
author:
  - hyperv.integration contributors (@hyperv-integration)
"""

EXAMPLES = r"""
- name: Look at the integration services of this guest
  hyperv.integration.linux_guest_info:
  register: guest

- name: Name what does not work, and what would mend it
  ansible.builtin.debug:
    msg: "{{ guest.linux_guest.services | dict2items | rejectattr('value.verdict', 'equalto', 'ok')
      | items2dict | map('extract', guest.linux_guest.services, 'remedy') }}"

- name: Look at an image before it is booted
  hyperv.integration.linux_guest_info:
    root: /mnt/image
  become: true
"""

RETURN = r"""
linux_guest:
  description: What the guest knows of its integration services.
  returned: always
  type: dict
  contains:
    hyperv:
      description: Whether this is a guest of Hyper-V.
      type: bool
      sample: true
    hyperv_evidence:
      description: What shows it, V(vmbus) or V(dmi) (the firmware); V(none) when nothing does.
      type: str
      sample: vmbus
    isolation:
      description:
        - How the host isolates the guest, V(none), V(VBS), V(SNP) or V(TDX). Null when nothing tells.
        - Linux refuses data exchange, VSS and file copy in a confidential guest.
      type: str
      sample: none
    azure:
      description: Whether the host is Azure's, by the tag of the chassis. Then only Azure decides what the host offers.
      type: bool
      sample: false
    root_partition:
      description: Whether this is a root partition of Hyper-V, which runs the guests and is none itself (inferred).
      type: bool
      sample: false
    container:
      description: What contains the system, such as V(systemd-nspawn) or V(podman); null outside of containers.
      type: str
      sample: null
    kernel:
      description: Release of the running kernel; of an image the newest installed one.
      type: str
      sample: 6.1.0-40-amd64
    architecture:
      description: The machine, as C(uname -m) names it.
      type: str
      sample: x86_64
    distribution:
      description:
        - The distribution, from os-release, and the family by which this collection knows its packages.
        - "C(kernel_packages): the installed metapackages of kernels and of their tools; on Ubuntu only."
      type: dict
      sample:
        codename: bookworm
        family: debian
        id: debian
        id_like: []
        kernel_packages: []
        name: Debian GNU/Linux 12 (bookworm)
        version: "12"
    init:
      description: What starts services, V(systemd), V(openrc), V(sysvinit) or V(other).
      type: str
      sample: systemd
    immutable:
      description:
        - How the system is built where packages show only after the next boot, V(ostree), V(bootc) (deployed from a
          container image) or V(transactional) (C(transactional-update) of SUSE). Null where they show at once.
      type: str
      sample: null
    installer:
      description:
        - The command that installs packages where Ansible's own modules cannot, V(rpm-ostree), V(transactional-update)
          or V(dnf) (EL 8, when Ansible runs under another Python than 3.6). Null where they can, or where nothing can.
      type: str
      sample: null
    package_lists:
      description:
        - The lists of available packages of apt, apk and pacman, V(fresh), V(old) (more than a day) or V(missing).
          Null for package managers that renew theirs themselves.
        - Those of pacman are never old, since Arch Linux supports no new lists without an upgrade of the system.
      type: str
      sample: fresh
    copy_interface:
      description:
        - Which driver of this kernel takes the device of the Guest Service Interface by itself, V(hv_utils) or
          V(uio_hv_generic); V(new_id) when C(uio_hv_generic) has to be told. Null where the kernel's files do not say.
        - It comes from the kernel's C(modules.alias), because distributions take changes into older kernels.
      type: str
      sample: hv_utils
    uio_devices:
      description:
        - Devices of the VMBus other than the Guest Service Interface that C(uio_hv_generic) has, such as DPDK's cards,
          each with C(device), C(class) and C(uio).
      type: list
      elements: dict
      sample: []
    hv_utils:
      description: The driver of all services.
      type: dict
      contains:
        state:
          description:
            - V(loaded), V(builtin), V(available), V(blocked) (kept out), V(missing) (not in this kernel), V(unknown).
          type: str
          sample: loaded
        blocked_by:
          description: What keeps it out, also where it is loaded now, as C(path) and C(line).
          type: list
          elements: dict
          sample: []
    services:
      description: Each service by its key.
      type: dict
      contains:
        key_value_pair_exchange:
          description:
            - One service. The others are C(heartbeat), C(shutdown), C(time_synchronization), C(vss) and
              C(guest_service_interface).
          type: dict
          contains:
            offered:
              description: Whether the host offers it, its own switch.
              type: bool
              sample: true
            device:
              description: Its directory in sysfs, null when it is not offered.
              type: str
              sample: /sys/bus/vmbus/devices/242ff919-07db-4180-9c2e-b86cb68c8c55
            driver:
              description: The driver that is bound to the device.
              type: str
              sample: hv_utils
            bound:
              description: Whether that is the driver which serves it.
              type: bool
              sample: true
            node:
              description: The device that its daemon opens, null for a service without a daemon.
              type: str
              sample: /dev/vmbus/hv_kvp
            node_present:
              description: Whether that is there.
              type: bool
              sample: true
            node_known:
              description:
                - Whether systemd knows that device. It does once udev has processed the device with a rule that tags
                  it. On many distributions, the rule comes with the package of the daemon, after the device.
                - Null where there is no such device, where systemd does not run or could not be asked, and for
                  C(/dev/uioN).
              type: bool
              sample: true
            attached:
              description: Whether a process has it open; null where that was not seen, and without a daemon.
              type: bool
              sample: true
            process:
              description: The process that has it open.
              type: dict
              sample: {name: hv_kvp_daemon, pid: 412}
            more_processes:
              description: Numbers of further processes of the same daemon. There should be none.
              type: list
              elements: int
              sample: []
            daemon:
              description: The program of the daemon that would run.
              type: str
              sample: /usr/sbin/hv_kvp_daemon
            packages:
              description: The packages of this distribution that hold it, as far as this collection knows.
              type: list
              elements: str
              sample: [hyperv-daemons]
            unit:
              description: The systemd unit or OpenRC script of the daemon.
              type: str
              sample: hv-kvp-daemon.service
            unit_state:
              description: Its state, as systemd names it.
              type: str
              sample: active
            unit_enabled:
              description:
                - Whether it starts at boot because it is enabled, or in a runlevel. Null where that was not seen.
                - Most distributions start the daemons from udev instead, whatever this says.
              type: bool
              sample: false
            unit_masked:
              description: Whether it is masked; null where that was not seen.
              type: bool
              sample: false
            verdict:
              description:
                - V(ok), or V(prepared) for an image that lacks nothing.
                - No fault of the guest are V(not_hyperv), V(host_disabled) (the switch of the host) and
                  V(not_supported_isolated) (a confidential guest).
                - Faults of the guest are V(no_driver), V(driver_missing) (not in this kernel), V(driver_blocked) (kept
                  out), V(not_packaged), V(no_daemon) and V(daemon_stopped).
                - V(degraded) is served, and does not work to its end. Shutdown is when the program that the kernel
                  runs for it is missing, or C(poweroff.target) is masked; the others when two daemons of a kind
                  run, and the Guest Service Interface when its daemon is a build that cannot copy from a Windows host.
                - V(unknown) where it could not be seen.
              type: str
              sample: ok
            explanation:
              description: One line that says why.
              type: str
              sample: hv_kvp_daemon (process 412) serves it
            remedy:
              description: What would mend it, null where nothing has to be done or nothing can be.
              type: str
              sample: null
            impact:
              description: V(high) for the services without which a guest loses data or its clock, else V(normal).
              type: str
              sample: normal
    time:
      description: The clock.
      type: dict
      contains:
        ptp_device:
          description: The PTP clock of the host, null when there is none.
          type: str
          sample: /dev/ptp0
        ptp_link:
          description: The link by which it is found whatever other PTP clocks there are.
          type: str
          sample: /dev/ptp_hyperv
        clock_source:
          description:
            - What keeps the clock, V(chrony), V(systemd-timesyncd), V(ntpd) (also openntpd and ntpsec), V(ntpd-rs),
              V(ptp4l), V(phc2sys) or V(none).
          type: str
          sample: chrony
        unit:
          description: The unit of systemd to which the running chronyd belongs, without C(.service).
          type: str
          sample: chrony
        configuration:
          description: The main file of chrony's configuration; the one that the running chronyd was given, if any.
          type: str
          sample: /etc/chrony/chrony.conf
        uses_ptp:
          description: Whether chrony is configured to use the clock of the host; null where that could not be read.
          type: bool
          sample: true
        refclock:
          description: The line that names it, as C(path) and C(line); null without one.
          type: dict
          sample:
            line: refclock PHC /dev/ptp_hyperv poll 3 dpoll -2 offset 0 stratum 2
            path: /etc/chrony/conf.d/linux_guest.conf
        makestep:
          description: The C(makestep) that holds, from which offset and how often chrony steps the clock.
          type: str
          sample: 1 3
        managed_by:
          description: V(fedora.linux_system_roles.timesync) when that role wrote the configuration, else null.
          type: str
          sample: null
        servers:
          description: The servers that the site gave systemd-timesyncd (C(NTP=)), where that keeps the clock.
          type: list
          elements: str
          sample: []
        written:
          description: What the role linux_guest wrote, as C(files) and as C(lines) of the configuration.
          type: dict
          sample:
            files: [/etc/chrony/conf.d/linux_guest.conf]
            lines: []
        kernel_clock_source:
          description: The clock that the kernel counts by.
          type: str
          sample: hyperv_clocksource_tsc_page
        measured:
          description:
            - The clock as chronyd measures it, from one call of C(chronyc); null where chronyd does not run or answer.
          type: dict
          contains:
            leap_status:
              description: V(Normal), V(Insert second), V(Delete second) or V(Not synchronised).
              type: str
              sample: Normal
            offset:
              description: Seconds by which the clock of the guest is off, as chronyd estimates it.
              type: float
              sample: 2.13e-07
            stratum:
              description: Steps to the clock that everything is measured by.
              type: int
              sample: 3
            selected:
              description: The source that chronyd has selected, null when none is.
              type: str
              sample: PHC0
            host_clock:
              description:
                - The clock of the host among the sources, null when it is not there.
                - C(state) is V(selected), V(combined), V(not_combined), V(falseticker), V(too_variable) or V(unusable);
                  C(reachable) whether one of its last eight samples came; C(last_sample) the seconds since; C(offset)
                  the seconds by which that was off.
              type: dict
              sample: {last_sample: 5, name: PHC0, offset: -3.45e-07, reachable: true, state: selected}
        verdict:
          description:
            - V(ok) when chronyd follows the clock of the host, V(degraded) when that is configured and does not hold,
              V(not_configured), or V(unknown) where it cannot be seen, as in the first minute of chronyd.
          type: str
          sample: ok
        explanation:
          description: One line that says why.
          type: str
          sample: chronyd has selected PHC0, the clock of the host
        remedy:
          description: What would fix it, null where nothing has to be done.
          type: str
          sample: null
    freeze:
      description:
        - What a backup of the running guest would do to each mount.
        - C(frozen); C(skipped) and C(failing) with reasons; C(unknown) are those that this collection does not know.
        - A single one that fails makes the whole backup fail.
        - Whether a file system is frozen now is not told, because Linux does not show it for ext4, XFS and Btrfs.
          To find out one would have to write, which waits until the end of the freeze.
      type: dict
      sample:
        failing: []
        frozen: [/, /srv]
        skipped: [{mount: /boot/efi, reason: vfat is not frozen}]
        unknown: []
    ip_injection:
      description: Whether the host could set addresses in the guest, and what is in the way.
      type: dict
      sample:
        folder: /usr/libexec/hypervkvpd
        problems: [hv_set_ifconfig is not where hv_kvp_daemon looks for it (/usr/libexec/hypervkvpd)]
        ready: false
        scripts:
          hv_get_dhcp_info: /usr/libexec/hypervkvpd/hv_get_dhcp_info
          hv_get_dns_info: /usr/libexec/hypervkvpd/hv_get_dns_info
          hv_set_ifconfig: null
    own_files:
      description: The udev rule and the unit that the role linux_guest wrote, as path and text.
      type: dict
      sample: {}
    selinux:
      description: C(mode) (V(enforcing), V(permissive) or null) and the C(contexts) of pools and daemons.
      type: dict
      sample:
        contexts: {/var/lib/hyperv: "system_u:object_r:hypervkvp_var_lib_t:s0"}
        mode: enforcing
    missing_facts:
      description: What could not be seen, as C(fact) and C(reason).
      type: list
      elements: dict
      sample: []
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.facts import gather
from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.files import Root


def main() -> None:
    module = AnsibleModule(
        argument_spec={"root": {"type": "path", "default": "/"}},
        supports_check_mode=True,
    )
    if os.uname().sysname != "Linux":
        module.fail_json(
            msg=f"linux_guest_info looks at Linux guests, and this is {os.uname().sysname}. "
            "FreeBSD has the daemons in its base system, and devd starts them: nothing has to be installed there."
        )
    if not os.path.isdir(module.params["root"]):
        module.fail_json(msg=f"root={module.params['root']}: there is no such directory; mount the image there first")

    def run(command: "list[str]") -> "str | None":
        if module.get_bin_path(command[0]) is None:
            return None
        code, output, _errors = module.run_command(command, environ_update={"LC_ALL": "C"})
        # A part of the units may be unknown, and systemd-detect-virt ends with 1 for "none".
        return output or (None if code else "")

    module.exit_json(changed=False, linux_guest=gather(Root(module.params["root"]), run))


if __name__ == "__main__":
    main()
