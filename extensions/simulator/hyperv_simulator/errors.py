# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors whose text is meant for whoever uses the simulator."""

from __future__ import annotations


class SimulatorError(Exception):
    """What was asked for cannot be done; the text says why, and the way out."""


class FleetError(SimulatorError):
    """The fleet, or a patch to it, is not valid. The text has one line an error."""


class FaultError(SimulatorError):
    """A rule that cannot be; the text names the key."""


class UnknownError(SimulatorError):
    """No such host, virtual machine, cmdlet or operation; or more than one."""


class JournalError(SimulatorError):
    """The file is no journal of this program."""


class RunError(SimulatorError):
    """The fleet cannot be started: nothing to start, one runs already, or a tool is missing."""


class ControlError(SimulatorError):
    """The running fleet does not answer, or refuses."""
