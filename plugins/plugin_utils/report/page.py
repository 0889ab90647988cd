# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit as one HTML page that asks nothing of anybody: no server, no network, no other file.

Two parts carry the findings: a block of JSON, of which the script builds what is on the screen, and a plain list for
readers without scripts, which browsers with scripts do not even parse. Style and script are allowed by hash only.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ansible_collections.hyperv.integration.plugins.module_utils._components import BY_KEY, KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import (
    SEVERITIES,
    SIDES,
    Audit,
    Finding,
    ServiceFacts,
    WaivedBy,
)
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import as_text, shortened
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.words import (
    coverage,
    heading,
    headline,
    moment,
    not_seen_groups,
    status_counts,
    statuses,
    subject,
    web_address,
)

_TEMPLATES = Path(__file__).parent / "templates"
_NAME, _TEXT = 200, 4000
# What each verdict of the host is called, in the order of the chart: the bad ones first.
_VERDICTS = {
    "error": "error",
    "lost_communication": "contact lost",
    "no_contact": "no contact",
    "degraded": "degraded",
    "protocol_mismatch": "works, older protocol",
    "ok": "ok",
    "disabled": "switched off",
    "not_applicable": "not applicable",
}
_UNTOUCHED = ("none", "not seen")
_Key = TypeVar("_Key", bound=Hashable)


class Bar(NamedTuple):
    """One bar of a chart. kind: its style. link: filter that it leads to. share: percent of the longest one."""

    label: str
    kind: str
    link: str
    number: int
    share: str


class Arc(NamedTuple):
    """One part of the ring. start, length: in hundredths of the ring."""

    label: str
    kind: str
    number: int
    start: str
    length: str


class Table(dict[_Key, int]):
    """Numbers things in the order in which they are first seen, so that each has to be written once only."""

    def __missing__(self, key: _Key) -> int:
        self[key] = len(self)
        return self[key]


def to_html(audit: Audit) -> str:
    """Return the page. All texts of the audit have to be visible (see all_visible)."""
    template, style, script = _sources()
    page: str = template.render(
        audit=audit,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        data=Markup(_data(audit)),
        headline=headline(audit),
        coverage=coverage(audit),
        counts=status_counts(audit),
        not_seen=not_seen_groups(audit),
        severities=_bars(audit["summary"]["severities"], SEVERITIES, "f.severity"),
        sides=_bars(audit["summary"]["sides"], SIDES, "f.side"),
        verdicts=_bars(audit["summary"]["verdicts"], _VERDICTS, "m.verdict"),
        arcs=list(_arcs(audit)),
        by_rule=_by_rule(audit),
        heading_of=heading,
        subject_of=subject,
        name_limit=_NAME,
        text_limit=_TEXT,
    )
    return page


@cache
def _sources() -> tuple[Any, str, str]:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(shortened=shortened, as_text=as_text, web_address=web_address, moment=moment)
    style = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
    script = (_TEMPLATES / "page.js").read_text(encoding="utf-8")
    return environment.get_template("page.html.j2"), style, script


def _policy(style: str, script: str) -> str:
    """Return the content security policy: nothing may be fetched, and nothing runs but what was written here."""

    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; style-src {source(style)}; script-src {source(script)}; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _bars(counts: dict[str, int], order: Iterable[str], filter: str) -> list[Bar]:
    known = [*order, *sorted(set(counts) - set(order))]
    longest = max(counts.values(), default=0) or 1
    return [
        Bar(
            label=_VERDICTS.get(name, name) if filter == "m.verdict" else name,
            kind=name,
            link=f"#{filter}={name}",
            number=counts.get(name, 0),
            share=f"{100 * counts.get(name, 0) / longest:.2f}",
        )
        for name in known
        if counts.get(name) or filter != "m.verdict"
    ]


def _arcs(audit: Audit) -> Iterator[Arc]:
    """Yield the virtual machines by the worst of their open findings; those that could not be read are not healthy."""
    worst: dict[tuple[str | None, str], int] = {}
    for status, finding in statuses(audit):
        if status in ("new", "open") and finding["vm"]:
            key = (finding["host"], finding["vm"]["id"])
            worst[key] = min(worst.get(key, len(SEVERITIES)), SEVERITIES.index(finding["severity"]))
    counts: Counter[str] = Counter()
    for vm in audit["virtual_machines"]:
        rank = worst.get((vm["host"], vm["id"]))
        counts[SEVERITIES[rank] if rank is not None else _UNTOUCHED[vm["error"] is not None]] += 1
    total, done = sum(counts.values()) or 1, 0
    for name in (*SEVERITIES, *reversed(_UNTOUCHED)):
        if counts[name]:
            length = 100 * counts[name] / total
            yield Arc(name, name.replace(" ", "-"), counts[name], f"{-100 * done / total:.3f}", f"{length:.3f}")
            done += counts[name]


def _by_rule(audit: Audit) -> dict[str, list[tuple[str, Finding]]]:
    groups: dict[str, list[tuple[str, Finding]]] = {}
    for status, finding in statuses(audit):
        groups.setdefault(finding["rule"], []).append((status, finding))
    return groups


def _data(audit: Audit) -> str:
    """Return the block of JSON. Texts and services repeat themselves a lot and are numbers into tables there."""
    texts: Table[str] = Table()
    services: Table[tuple[Any, ...]] = Table()
    references: Table[tuple[str, str]] = Table()

    def text(value: str | None, limit: int = _TEXT) -> int:
        return -1 if value is None else texts[shortened(value, limit)]

    def name(value: str | None) -> int:
        return text(value, _NAME)

    def service(facts: ServiceFacts | None) -> int:
        if facts is None:
            return -1
        plain = (facts["wanted"], facts["offered"], facts["enabled"])
        words = tuple(text(facts[key]) for key in ("verdict", "reason", "guest", "side", "explanation", "remedy"))
        return services[(*plain, *words, text(facts.get("override")), text(facts.get("override_until")))]

    def waiver(held: WaivedBy | None) -> list[int]:
        return [text(held["id"]), text(held["owner"]), text(held["reason"]), text(held["until"])] if held else []

    keys = list(dict.fromkeys(key for key in KEYS if any(key in vm["services"] for vm in audit["virtual_machines"])))
    keys += sorted({key for vm in audit["virtual_machines"] for key in vm["services"]} - set(keys))
    findings = [
        (
            text(finding["id"]),
            SEVERITIES.index(finding["severity"]),
            text(status),
            text(finding["rule"]),
            text(heading(audit, finding)),
            name(finding["vm"]["name"]) if finding["vm"] else -1,
            name(finding["vm"]["id"]) if finding["vm"] else -1,
            name(finding["host"]),
            name(finding["guest"]),
            text(finding["service"]),
            text(finding["side"]),
            text(finding["explanation"]),
            text(finding["remedy"]),
            [(text(item["source"]), text(item["fact"]), text(as_text(item["value"]))) for item in finding["evidence"]],
            [references[(item["title"], web_address(item["url"]) or "")] for item in finding["references"]],
            waiver(finding["waived_by"]),
        )
        for status, finding in statuses(audit)
    ]
    machines = [
        (
            name(vm["id"]),
            name(vm["name"]),
            name(vm["host"]),
            text(vm["state"]),
            text(vm["isolation"]),
            name(vm["guest"]),
            [text(profile) for profile in vm["profiles"]],
            [text(rule) for rule in vm.get("policy_rules", [])],
            text(vm.get("policy_reason")),
            text(vm["error"]),
            [service(vm["services"].get(key)) for key in keys],
        )
        for vm in audit["virtual_machines"]
    ]
    block = {
        "severities": SEVERITIES,
        "sides": SIDES,
        "verdicts": _VERDICTS,
        "keys": keys,
        "services": [BY_KEY[key].display_name if key in BY_KEY else key for key in keys],
        "findings": findings,
        "machines": machines,
        "facts": list(services),
        "references": list(references),
        "texts": list(texts),
    }
    # With these three escaped, nothing in it can end the element or open a comment.
    written = json.dumps(block, separators=(",", ":"))
    return written.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
