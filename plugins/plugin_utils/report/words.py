# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all formats say about an audit, in the same words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import (
    Audit,
    Evidence,
    Finding,
    NotSeen,
    Reference,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import as_text

_WEB_ADDRESS = re.compile(r"https?://[!-~]+")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?Z")


def statuses(audit: Audit) -> Iterator[tuple[str, Finding]]:
    """Yield every finding with its status: new, open, waived, or fixed for those of the baseline that are no more."""
    for finding in audit["findings"]:
        yield ("waived" if finding["waived_by"] else "new" if finding["drift"] == "new" else "open"), finding
    for finding in audit["drift"]["fixed"] if audit["drift"] else ():
        yield "fixed", finding


def title(audit: Audit, finding: Finding) -> str:
    """Return what the rule of a finding is called; a fixed one may be of a rule that is no longer applied."""
    rule = audit["rules"].get(finding["rule"])
    return rule["title"] if rule else finding["rule"]


def subject(finding: Finding) -> str:
    """Return what a finding is about: its virtual machine, or else the guest, the host or the audit itself."""
    vm = finding["vm"]
    return vm["name"] if vm else finding["guest"] or finding["host"] or "audit"


def evidence(item: Evidence) -> str:
    """Return one piece of evidence as a line."""
    return f"{item['source']}: {item['fact']} = {as_text(item['value'])}"


def cited(reference: Reference) -> str:
    """Return a reference as a line."""
    return " ".join(filter(None, (reference["title"], reference["url"])))


def not_seen(item: NotSeen) -> str:
    """Return something that was not seen as a line."""
    on = f" on {item['host']}" if item["host"] and item["kind"] != "host" else ""
    return f"{item['kind']} {item['name']}{on}: {item['why']}"


def not_seen_groups(audit: Audit) -> list[tuple[str, list[NotSeen]]]:
    """Return what was not seen, grouped by kind and reason, in the order of the audit."""
    groups: dict[tuple[str, str], list[NotSeen]] = {}
    for item in audit["not_seen"]:
        groups.setdefault((item["kind"], item["why"]), []).append(item)
    return [(f"{counted(len(items), kind)}: {why}", items) for (kind, why), items in groups.items()]


def some_names(items: list[NotSeen], limit: int, show: Callable[[str], str] = str) -> str:
    """Return the first names, and how many more there are."""
    names = ", ".join(show(item["name"]) for item in items[:limit])
    return names + (f" and {len(items) - limit:,} more" if len(items) > limit else "")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which gets an s unless it is one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def headline(audit: Audit) -> str:
    """Return the result of an audit as a sentence."""
    summary = audit["summary"]
    still_open = [finding for status, finding in statuses(audit) if status in ("new", "open")]
    if not still_open:
        return f"No open findings on {counted(summary['virtual_machines'], 'virtual machine')}."
    machines = {(finding["host"], finding["vm"]["id"]) for finding in still_open if finding["vm"]}
    return (
        f"{counted(len(still_open), 'open finding')}, the worst {summary['worst']}, concerning "
        f"{len(machines):,} of {counted(summary['virtual_machines'], 'virtual machine')}."
    )


def coverage(audit: Audit) -> str:
    """Return what was looked at as a sentence."""
    summary = audit["summary"]
    return (
        f"{counted(summary['hosts'], 'host')}, {counted(summary['virtual_machines'], 'virtual machine')}, "
        f"{counted(summary['guests_seen'], 'guest')} looked into."
    )


def status_counts(audit: Audit) -> Counter[str]:
    """Return how many findings have which status."""
    return Counter(status for status, _finding in statuses(audit))


def web_address(url: str | None) -> str | None:
    """Return the address when it is one of the web that can be made a link of, else nothing."""
    return url if url and _WEB_ADDRESS.fullmatch(url) else None


def moment(text: str) -> str:
    """Return a time, as in 2026-11-27T09:30:00Z, as people write it."""
    return _MOMENT.sub(r"\1 \2 UTC", text)
