# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the files and checks them: python -m awx_configuration."""

from __future__ import annotations

import sys

from . import documents
from .check import check
from .generate import COLLECTION, CONFIGURATION, generate
from .problems import RefusedError


def main() -> None:
    try:
        files = generate()
    except RefusedError as refused:
        sys.exit(str(refused))
    for path, text in files.items():
        (COLLECTION / path).parent.mkdir(exist_ok=True)
        (COLLECTION / path).write_text(text, encoding="utf-8")
        print(path)
    if problems := check(documents.load(files[CONFIGURATION])):
        sys.exit("\n".join(map(str, problems)))


if __name__ == "__main__":
    main()
