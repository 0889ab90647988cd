# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated time: the real time plus an offset that can be moved forward."""

from __future__ import annotations

import threading
import time

from hyperv_simulator.errors import SimulatorError


class Clock:
    """Seconds since the epoch. Whoever waits for a moment is woken when the clock is moved."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset
        self._moved = threading.Condition()

    def now(self) -> float:
        return time.time() + self.offset

    def advance(self, seconds: float) -> None:
        """Moves the clock forward. Raises SimulatorError: simulated time never runs backwards."""
        if seconds < 0:
            raise SimulatorError(f"the clock only moves forward, not by {seconds} seconds")
        with self._moved:
            self.offset += seconds
            self._moved.notify_all()

    def wait_until(self, moment: float) -> None:
        """Returns once the simulated time has reached the moment."""
        with self._moved:
            while (remaining := moment - self.now()) > 0:
                self._moved.wait(min(remaining, threading.TIMEOUT_MAX))
