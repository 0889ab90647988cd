# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that is planted: single defects, look-alikes, combinations, and VMs with which all is well."""

from __future__ import annotations

from pathlib import Path

from planted.combined import Combiner
from planted.fleet import DEFECTS, LOOK_ALIKES, Planted, Planter


def plant(seed: int, folder: Path) -> Planted:
    """Return a fleet with DEFECTS single defects, LOOK_ALIKES look-alikes, and combinations.

    folder: for files of guests.
    """
    planter = Planter(seed, folder)
    fleet = planter.fleet
    for defect in planter.defects():
        if len(fleet.defects) >= DEFECTS:
            break
        defect()
    for look_alike in planter.look_alikes():
        if len(fleet.look_alikes) >= LOOK_ALIKES:
            break
        look_alike()
    for _number in range(20):
        planter.machine(guest=planter.chance.choice(("windows", "linux")))
    Combiner(planter).plant()
    for host in fleet.hosts[:3]:
        planter.chance.shuffle(host["virtual_machines"])
    planter.chance.shuffle(fleet.guests)
    return fleet
