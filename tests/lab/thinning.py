# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make test` leaves out to stay short, said in one place, so that `make test-all` can run it in full."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

# `make test-all` sets it.
FULL = os.environ.get("HVIS_FULL") == "1"
# What was left out in this process, as sentences for the end of the run.
NOTES: dict[str, str] = {}


def thinned(what: str, full: Iterable[T], sample: Iterable[T]) -> list[T]:
    """Return `sample`, and note that it stands for `full`; with HVIS_FULL=1 return `full`.

    Args:
        what: The cases, for the note, as in "rows of the matrix of Linux guests".
        full: All cases.
        sample: Those of `make test`. An empty sample would prove nothing and is refused.
    """
    everything, chosen = list(full), list(sample)
    some = [case for case in everything if case in chosen]
    if not some or len(some) != len(chosen):
        raise ValueError(f"{what}: the sample must hold cases of the full list, each once, and at least one")
    if FULL or len(some) == len(everything):
        return everything
    NOTES[what] = f"{len(some)} of {len(everything)} {what}"
    return some


def fewer(what: str, full: int, sample: int) -> int:
    """Return `sample`, and note that it stands for `full` random cases; with HVIS_FULL=1 return `full`."""
    if FULL:
        return full
    NOTES[what] = f"{sample:,} of {full:,} {what}"
    return sample
