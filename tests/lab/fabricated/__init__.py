# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fabricated guests: directories that pass for an installed Linux guest of Hyper-V, one for each row of the matrix.

A role runs in them for real: Ansible's modules see a root of their own with a fabricated /etc, /sys, /proc, /dev and
/var, in which the tools of the distribution are stand-ins that keep state in files. Only the package managers'
modules are replaced; every other module is the real one. `world.py` builds them, `releases` holds what was recorded of
each distribution, `guest` is what lies inside of each.
"""
