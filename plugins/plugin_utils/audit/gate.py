# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For which findings an audit fails."""

from __future__ import annotations

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import SEVERITIES, Audit, Finding

THRESHOLDS = (*SEVERITIES, "never")


def at_or_above(threshold: str) -> tuple[str, ...]:
    """Return the severities from which on a threshold (see THRESHOLDS) counts; none for never."""
    return () if threshold == "never" else SEVERITIES[: SEVERITIES.index(threshold) + 1]


def failing(audit: Audit, fail_on: str, fail_on_new: str) -> tuple[list[Finding], list[Finding]]:
    """Return the open findings at or above fail_on, and the new ones at or above fail_on_new.

    Both are of THRESHOLDS. Without a baseline no finding is new.
    """
    still_open = [finding for finding in audit["findings"] if finding["waived_by"] is None]
    return (
        [finding for finding in still_open if finding["severity"] in at_or_above(fail_on)],
        [
            finding
            for finding in still_open
            if finding["drift"] == "new" and finding["severity"] in at_or_above(fail_on_new)
        ],
    )
