# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit as a report: one text for each format, the same for the same audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.gate import THRESHOLDS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.delimited import to_csv
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.interchange import to_json
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.junit import to_junit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.markdown import to_markdown
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.page import to_html
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.sarif import to_sarif
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.terminal import to_terminal
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import all_visible


class ReportError(ValueError):
    """A report that cannot be made as asked for; the message says what to ask for instead."""


class Format(NamedTuple):
    """write: makes it. options: what write takes beside the audit, by type or with the values to choose from.

    exact: whether texts go in as they are. Elsewhere they are made visible first.
    """

    write: Callable[..., str]
    options: Mapping[str, type | tuple[str, ...]] = {}
    exact: bool = False


FORMATS: dict[str, Format] = {
    "html": Format(to_html),
    "json": Format(to_json, exact=True),
    "junit": Format(to_junit, {"fail_on": THRESHOLDS, "fail_on_new": THRESHOLDS}),
    "sarif": Format(to_sarif),
    "csv": Format(to_csv, {"byte_order_mark": bool}),
    "markdown": Format(to_markdown, {"limit": int, "only_new": bool}),
    "terminal": Format(to_terminal, {"width": int, "color": bool, "details": bool, "only_new": bool}),
}


def make_report(audit: Audit, format: str, options: Mapping[str, Any] | None = None) -> str:
    """Return the audit in a format, see FORMATS. An option that is None counts as not given.

    Raises ReportError for a format, option or value that there is not.
    """
    if format not in FORMATS:
        raise ReportError(f"format {format!r}: choose one of {', '.join(FORMATS)}")
    wanted = FORMATS[format]
    for name, value in (options or {}).items():
        if name not in wanted.options:
            known = ", ".join(wanted.options) or "none"
            raise ReportError(f"option {name!r} of format {format}: there is no such option (there are: {known})")
        _check(f"option {name!r} of format {format}", value, wanted.options[name])
    given = {name: value for name, value in (options or {}).items() if value is not None}
    return wanted.write(audit if wanted.exact else all_visible(audit), **given)


def _check(where: str, value: Any, kind: type | tuple[str, ...]) -> None:
    if value is None:
        return
    if isinstance(kind, tuple):
        if value not in kind:
            raise ReportError(f"{where}: {value!r} is not one of {', '.join(kind)}")
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):  # to Python a bool is an int
        raise ReportError(f"{where}: {value!r} is no {kind.__name__}")
