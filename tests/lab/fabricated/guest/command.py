# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command of a fabricated guest: the first argument names it. Short, because a script is compiled every time."""

import sys

sys.path.insert(0, "/usr/lib/fabricated")

from commands import COMMANDS  # type: ignore[import-not-found]

if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](sys.argv[2:]))
