# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from audit_samples import make_audit
from hostile_texts import hostile_audit


@pytest.fixture(scope="session")
def audit() -> Audit:
    """An audit with findings of all severities, sides and statuses, with a baseline."""
    return make_audit(machines=120, seed=3, defects=0.5)


@pytest.fixture(scope="session")
def hostile() -> Audit:
    return hostile_audit()


@pytest.fixture(scope="session")
def healthy() -> Audit:
    """An audit of nothing at all, without a baseline."""
    empty = make_audit(machines=0, baseline=False)
    empty["findings"], empty["not_seen"], empty["rules"] = [], [], {}
    empty["summary"] |= {"findings": 0, "worst": None}
    return empty
