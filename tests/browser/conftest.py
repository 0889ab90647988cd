# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

import needs
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report
from audit_samples import make_audit
from browser import MakeVisit, Visit, WriteReport, chromium
from hostile_texts import hostile_audit


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium. Without one a test is skipped; with CI=true it fails."""
    with chromium(needs.chromium()) as started:
        yield started


@pytest.fixture
def visit(browser: Browser) -> Iterator[MakeVisit]:
    """Open pages; at the end of the test, none of them may have done what a report must not do."""
    visits: list[Visit] = []

    def make(**options: Any) -> Visit:
        visits.append(Visit(browser, **options))
        return visits[-1]

    yield make
    misdeeds = [misdeed for each in visits for misdeed in each.misdeeds()]
    for each in visits:
        each.context.close()
    assert misdeeds == []


@pytest.fixture(scope="session")
def write(tmp_path_factory: pytest.TempPathFactory) -> WriteReport:
    """Write an audit as a page."""

    def write(audit: Audit) -> Path:
        path = tmp_path_factory.mktemp("report") / "audit.html"
        path.write_text(make_report(audit, "html"), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def audit() -> Audit:
    return make_audit(machines=120, seed=5, defects=0.6)


@pytest.fixture(scope="session")
def report(audit: Audit, write: WriteReport) -> Path:
    return write(audit)


@pytest.fixture(scope="session")
def large_report(write: WriteReport) -> Path:
    return write(make_audit(machines=10_000))


@pytest.fixture(scope="session")
def hostile() -> Audit:
    return hostile_audit()
