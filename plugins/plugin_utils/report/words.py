# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all formats say about an audit, in the same words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import (
    SEVERITIES,
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


def told(audit: Audit, only_new: bool) -> list[tuple[str, Finding]]:
    """Return the findings with their status: all, or only those that are new or fixed (only_new).

    Raises ValueError for only_new without a baseline.
    """
    if only_new and not audit["drift"]:
        raise ValueError("option 'only_new': this audit has no baseline, so it does not know which findings are new")
    return [row for row in statuses(audit) if not only_new or row[0] in ("new", "fixed")]


def heading(audit: Audit, finding: Finding) -> str:
    """Return what is wrong in a few words, as the rule says it.

    A fixed finding may be of a rule that is no longer applied. Audits of earlier versions have only the rule's title.
    """
    rule = audit["rules"].get(finding["rule"])
    return rule.get("finding") or rule["title"] if rule else finding["rule"]


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
    """Return the result of an audit in a few sentences: open findings by severity, then what a baseline adds."""
    vms = audit["summary"]["virtual_machines"]
    still_open = [finding for status, finding in statuses(audit) if status in ("new", "open")]
    if still_open:
        by_severity = Counter(finding["severity"] for finding in still_open)
        numbers = ", ".join(f"{by_severity[name]:,} {name}" for name in SEVERITIES if by_severity[name])
        concerned = {(finding["host"], finding["vm"]["id"]) for finding in still_open if finding["vm"]}
        sentence = f"Open findings: {numbers}. VMs concerned: {len(concerned):,} of {vms:,}."
    else:
        sentence = f"No open findings on {counted(vms, 'VM')}."
    return " ".join(filter(None, (sentence, _compared(audit))))


def _compared(audit: Audit) -> str:
    drift, counts = audit["drift"], status_counts(audit)
    if not drift:
        return ""
    unseen = len(drift.get("unseen", []))
    numbers = f"{counts['new']:,} new, {counts['fixed']:,} fixed"
    return f"Since the baseline: {numbers}{f', {unseen:,} not assessed again' if unseen else ''}."


def coverage(audit: Audit) -> str:
    """Return what was assessed as a sentence. Audits of earlier versions did not count the hosts that were read."""
    summary = audit["summary"]
    hosts = counted(summary["hosts"], "host")
    read = summary.get("hosts_read", summary["hosts"])
    return (
        f"{hosts if read == summary['hosts'] else f'{read:,} of {hosts}'}, "
        f"{counted(summary['virtual_machines'], 'VM')}, {counted(summary['guests_seen'], 'guest')} inspected."
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
