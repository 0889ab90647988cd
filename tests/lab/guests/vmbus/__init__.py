# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake Hyper-V host for the real daemons: it plays hv_utils' transport and, behind it, the Windows host.

Standard library only, Python 3.9 or newer: the package also runs inside the test VM.
"""
