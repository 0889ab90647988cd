# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import SEVERITIES, Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import visible
from audit_samples import make_audit


class Page(HTMLParser):
    """What a browser without scripts would make of a page: elements, and the text in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.inside = ""
        self.blocks: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag + (dict(attrs).get("id") or "")

    def handle_data(self, data: str) -> None:
        if self.inside in ("style", "script", "scriptdata"):
            self.blocks[self.inside] = self.blocks.get(self.inside, "") + data
        else:
            self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"comment: {data[:80]}")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


def _page(audit: Audit) -> Page:
    return Page(make_report(audit, "html"))


def test_page_says_everything_without_scripts(audit: Audit) -> None:
    words = " ".join(_page(audit).words)
    for finding in audit["findings"]:
        assert finding["explanation"] in words
        assert finding["remedy"] in words
    for rule in audit["rules"].values():
        assert rule["title"] in words
    assert "Open findings: " in words
    assert "This report makes no statement about the following:" in words


def test_policy_names_the_hash_of_style_and_script_and_nothing_else(audit: Audit) -> None:
    page = _page(audit)
    (policy,) = (
        attrs["content"] or ""
        for tag, attrs in page.elements
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    hashes = {
        name: f"'sha256-{base64.b64encode(hashlib.sha256(page.blocks[name].encode()).digest()).decode()}'"
        for name in ("style", "script")
    }
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src {hashes['style']}",
        f"script-src {hashes['script']}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]


def test_page_fetches_nothing(hostile: Audit) -> None:
    loading = {"link", "img", "iframe", "object", "embed", "video", "audio", "source", "base", "form", "portal"}
    for tag, attrs in _page(hostile).elements:
        assert tag not in loading
        assert not {"src", "srcset", "style", "background", "ping", "formaction"} & set(attrs)
        assert [name for name in attrs if name.startswith("on")] == []
        href = attrs.get("href")
        assert href is None or href.startswith(("#", "https://learn.microsoft.com/"))


def test_hostile_texts_make_no_elements(hostile: Audit, audit: Audit) -> None:
    page, plain = _page(hostile), _page(audit)
    kinds = {(tag, *sorted(attrs)) for tag, attrs in page.elements}
    assert kinds <= {(tag, *sorted(attrs)) for tag, attrs in plain.elements}
    words = set(page.words)
    for finding in hostile["findings"]:
        text = visible(finding["explanation"])
        if text and len(text) < 4000:
            assert text in words


def test_block_of_data_cannot_be_left(hostile: Audit) -> None:
    text = make_report(hostile, "html")
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, flags=re.DOTALL)
    assert not set(block) & set("<>&")
    data: dict[str, Any] = json.loads(block)
    assert {visible(vm["name"]) for vm in hostile["virtual_machines"] if len(vm["name"]) < 190} <= set(data["texts"])


def test_charts_count_what_the_summary_counts(audit: Audit) -> None:
    text = make_report(audit, "html")
    for severity in SEVERITIES:
        row = rf'href="#f.severity={severity}".*?<td class="number">{audit["summary"]["severities"][severity]:,}</td>'
        assert re.search(row, text, flags=re.DOTALL)
    arcs = re.findall(
        r'<circle class="([\w-]+)".*?stroke-dasharray="([\d.]+) 100" stroke-dashoffset="(-?[\d.]+)"', text
    )
    assert abs(sum(float(length) for _kind, length, _start in arcs) - 100) < 0.01
    assert [float(start) for _kind, _length, start in arcs] == sorted((float(arc[2]) for arc in arcs), reverse=True)


def test_machine_that_was_not_read_is_not_healthy() -> None:
    audit = make_audit(machines=4, defects=0.0)
    audit["virtual_machines"][0]["error"] = "access denied"
    text = make_report(audit, "html")
    assert re.search(r'mark not-seen"[^>]*></i>not seen <b class="number">1</b>', text)
    assert re.search(r'mark none"[^>]*></i>none <b class="number">3</b>', text)


def test_addresses_other_than_of_the_web_are_no_links(audit: Audit) -> None:
    rule = {**audit["rules"]["drifted"], "references": [{"title": "bad", "url": "javascript:hostile()"}]}
    findings = [{**finding, "references": rule["references"]} for finding in audit["findings"]]
    odd: Any = {**audit, "rules": {"drifted": rule}, "findings": findings}
    assert "javascript:" not in make_report(odd, "html")
    assert "](<javascript" not in make_report(odd, "markdown")
    assert '"helpUri": "javascript' not in make_report(odd, "sarif")


def test_references_of_findings_reach_the_page_only_once(audit: Audit) -> None:
    text = make_report(audit, "html")
    assert text.count('"https://learn.microsoft.com') < len(audit["findings"])
