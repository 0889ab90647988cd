# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What distributions really package, beside what the role and the fabricated releases say of them.

`packages.py` reads a package, `extract.py` keeps of it what anything here is claimed of, `claims.py` compares that with
the rows in roles/linux_guest/vars and with the fabricated releases, `archives.py` downloads, `check.py` is the command.
`recorded` holds extracts by release, for comparing without a network.
"""
