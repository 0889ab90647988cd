# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.hyperv.integration.plugins.filter.audit_report import FilterModule
from audit_samples import make_audit

AUDIT = make_audit(machines=4)


def test_filter_reports() -> None:
    text = FilterModule().filters()["audit_report"](AUDIT, "terminal", width=100)
    assert text.startswith("Integration services of the datacentre\n")


def test_filter_refuses_to_tell_what_is_new_without_a_baseline() -> None:
    audit = make_audit(machines=4, baseline=False)
    with pytest.raises(AnsibleFilterError, match="'only_new': this audit has no baseline"):
        FilterModule().filters()["audit_report"](audit, "markdown", only_new=True)


def test_bad_format_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match="format 'pdf': choose one of html"):
        FilterModule().filters()["audit_report"](AUDIT, "pdf")
