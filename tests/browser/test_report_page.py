# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in a real browser.

Each test also proves that it fetched nothing, ran nothing foreign, and complained of nothing: see the fixture visit.
"""

from __future__ import annotations

import json
import re
import time
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

import workspace
from ansible_collections.hyperv.integration.plugins.module_utils._components import BY_KEY, KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.evaluate import evaluate
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import shortened, visible
from browser import MakeVisit, Visit, WriteReport

ROWS = "#{} .body [role=row]"


def _cells(page: Page, view: str, column: int) -> list[str]:
    """Return the texts of a column in the rows that exist now."""
    return page.locator(f"{ROWS.format(view)} > :nth-child({column})").all_inner_texts()


def _expect_count(page: Page, view: str, count: int) -> None:
    """Wait for it: an address that a link leads to is heard of later."""
    expect(page.locator(f"#{view} output")).to_have_text(re.compile(rf"^{count:,} of "))


def _count(page: Page, view: str) -> int:
    return int(page.locator(f"#{view} output").inner_text().split(" ", 1)[0].replace(",", ""))


def _expect_focus(page: Page, view: str) -> None:
    """Wait for it: a dialog gives it back after it has closed."""
    expect(page.locator(f"#{view} [role=grid]")).to_be_focused()


def _seconds_until_usable(visit: Visit, path: Path) -> float:
    """Return how long it takes from the request until the page has been painted and takes keys."""
    start = time.perf_counter()
    page = visit.open(path)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.keyboard.press("ArrowDown")
    return time.perf_counter() - start


def test_ten_thousand_machines_are_there_in_time(
    visit: MakeVisit, large_report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.html"
    empty.write_text("<!DOCTYPE html><html lang=en data-ready><title>empty</title>", encoding="utf-8")
    seconds: dict[Path, list[float]] = {empty: [], large_report: []}
    for _attempt in range(3):  # in turns, so that both have the same machine
        for path, taken in seconds.items():
            taken.append(_seconds_until_usable(visit(), path))
    least = {path: min(taken) for path, taken in seconds.items()}
    with capsys.disabled():
        size = large_report.stat().st_size / 1e6
        print(
            f"\nuntil usable: empty page {least[empty]:.2f} s, 10,000 virtual machines ({size:.1f} MB) "
            f"{least[large_report]:.2f} s"
        )
    assert least[large_report] < 2 + least[empty]


def test_only_rows_in_sight_exist_and_the_last_is_reached(visit: MakeVisit, large_report: Path) -> None:
    page = visit().open(large_report)
    grid = page.locator("#machines [role=grid]")
    assert grid.get_attribute("aria-rowcount") == "10001"
    page.keyboard.press("3")
    _expect_focus(page, "machines")
    for key, row in (("End", 9999), ("PageUp", None), ("Home", 0), ("ArrowDown", 1), ("ArrowUp", 0)):
        page.keyboard.press(key)
        active = str(grid.get_attribute("aria-activedescendant"))
        assert row is None or active == f"machines-row-{row}"
        expect(page.locator(f"#{active}")).to_be_in_viewport()
        assert page.locator(ROWS.format("machines")).count() < 80
    page.keyboard.press("End")
    last = page.locator("#machines-row-9999")
    assert last.get_attribute("aria-rowindex") == "10001"
    assert "jump09999" in last.inner_text()


def test_search_and_keys(visit: MakeVisit, large_report: Path) -> None:
    page = visit().open(large_report)
    page.keyboard.press("3")
    page.keyboard.press("/")
    page.keyboard.type("sql 00121 RUN")
    expect(page.locator("#machines output")).to_have_text("1 of 10,000 virtual machines")
    page.keyboard.press("Enter")
    _expect_focus(page, "machines")
    page.keyboard.press("Enter")
    expect(page.locator("#detail-title")).to_have_text("sql00121")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    _expect_focus(page, "machines")
    page.keyboard.press("c")
    assert _count(page, "machines") == 10_000
    page.keyboard.press("2")
    before = _count(page, "findings")
    page.keyboard.press("/")
    page.keyboard.type("web")
    assert 0 < _count(page, "findings") < before
    page.keyboard.press("Escape")
    assert _count(page, "findings") == before
    page.keyboard.press("Enter")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_single_keys_can_be_switched_off(visit: MakeVisit, report: Path) -> None:
    page = visit().open(report)
    page.keyboard.press("?")
    page.get_by_label("Single keys are shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()
    page.reload()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") != "search"


def test_findings_are_opened_one_after_the_other(visit: MakeVisit, report: Path, audit: Audit) -> None:
    still_open = [finding for finding in audit["findings"] if not finding["waived_by"]]
    page = visit().open(report)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    detail = page.locator("#detail")
    for key, number in (("", 0), ("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        if key:
            page.keyboard.press(key)
        for part in ("explanation", "remedy", "id"):
            expect(detail).to_contain_text(still_open[number][part])
    assert detail.locator("h3").all_inner_texts() == ["What is wrong", "What to do", "Evidence", "References"]


@pytest.mark.parametrize(
    ("view", "column", "title"), [("findings", 3, "Virtual machine"), ("machines", 1, "Virtual machine")]
)
def test_sorting(view: str, column: int, title: str, visit: MakeVisit, report: Path) -> None:
    page = visit().open(report)
    head = page.locator(f"#{view} [role=columnheader]").nth(column - 1)
    unsorted = _cells(page, view, column)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    rising = _cells(page, view, column)
    assert rising == sorted(rising) != unsorted
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    falling = _cells(page, view, column)
    assert falling == sorted(falling, reverse=True)
    assert falling[0] > rising[-1]
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    assert _cells(page, view, column) == unsorted


def test_everything_is_reached_by_the_tabulator(visit: MakeVisit, report: Path) -> None:
    page = visit().open(report)
    page.locator("#rules summary").click()
    reachable = "button, select, input, a[href], summary, [role=grid], .scroll"
    wanted = page.locator(f"body > :not(dialog) :is({reachable})").count() + page.locator("body > a").count()
    page.evaluate("document.activeElement.blur()")
    for _stop in range(wanted + 2):
        page.keyboard.press("Tab")
        page.evaluate("document.activeElement.dataset.reached = ''")
    assert page.locator("[data-reached]").count() >= wanted > 40


def test_sorting_by_key(visit: MakeVisit, report: Path) -> None:
    page = visit().open(report)
    page.keyboard.press("2")
    for _column in ("severity", "rule", "vm"):
        page.keyboard.press("s")
    rising = _cells(page, "findings", 3)
    assert rising == sorted(rising)
    page.keyboard.press("r")
    assert _cells(page, "findings", 3)[0] > rising[-1]


def test_address_holds_filters_order_and_open_row(visit: MakeVisit, report: Path, audit: Audit) -> None:
    page = visit().open(report)
    page.get_by_label("Severity").select_option("medium")
    page.locator("#findings").get_by_label("Faulty side").select_option("unknown")
    page.locator("#findings [role=columnheader]").nth(2).get_by_role("button").click()
    page.locator("#machines").get_by_label("Search").fill("sql")
    page.locator("#findings-row-1").click()
    shown = page.locator("#detail-title").inner_text(), page.locator("#detail").inner_text()
    rows = _cells(page, "findings", 3)
    counts = _count(page, "findings"), _count(page, "machines")
    expected = [
        finding
        for finding in audit["findings"]
        if finding["severity"] == "medium" and finding["side"] == "unknown" and not finding["waived_by"]
    ]
    assert counts[0] == len(expected) > 1

    other = visit().open(report, page.evaluate("location.hash"))
    assert (other.locator("#detail-title").inner_text(), other.locator("#detail").inner_text()) == shown
    assert _cells(other, "findings", 3) == rows
    assert (_count(other, "findings"), _count(other, "machines")) == counts
    assert other.get_by_label("Severity").input_value() == "medium"


def test_links_to_a_finding_and_to_a_machine(visit: MakeVisit, report: Path, audit: Audit) -> None:
    waived = next(finding for finding in audit["findings"] if finding["waived_by"])
    page = visit().open(report, f"#open=finding:{waived['id']}")
    expect(page.locator("#detail")).to_contain_text("replaced in spring")
    vm = waived["vm"]
    assert vm is not None
    page.locator("#detail dd a").click()
    expect(page.locator("#detail-title")).to_have_text(vm["name"])
    page = visit().open(report, "#open=" + quote(f"vm:{waived['host']}/{vm['id']}"))
    expect(page.locator("#detail-title")).to_have_text(vm["name"])
    expect(page.locator("#detail")).to_contain_text("Services")


def test_links_to_nothing_do_no_harm(visit: MakeVisit, report: Path) -> None:
    for hash in (
        "#open=finding:no",
        "#open=vm:",
        "#f.q=%ff&f.nonsense=1&f.sort=__proto__",
        "#f.severity=<b>",
        "#%",
        "#open=constructor:x",
    ):
        page = visit().open(report, hash)
        expect(page.locator("#detail")).to_be_hidden()


def test_charts_lead_to_what_they_count(visit: MakeVisit, report: Path, audit: Audit) -> None:
    page = visit().open(report)
    for severity, number in audit["summary"]["severities"].items():
        page.locator(f".chart a[href='#f.severity={severity}']").click()
        _expect_count(page, "findings", number)
    for side, number in audit["summary"]["sides"].items():
        page.locator(f".chart a[href='#f.side={side}']").click()
        _expect_count(page, "findings", number)
    page.locator(".chart a[href='#m.verdict=lost_communication']").click()
    lost = [
        vm["name"]
        for vm in audit["virtual_machines"]
        if any(service["verdict"] == "lost_communication" for service in vm["services"].values())
    ]
    _expect_count(page, "machines", len(lost))
    assert _cells(page, "machines", 1) == lost[: len(_cells(page, "machines", 1))]


def test_matrix_names_verdict_and_faulty_side(visit: MakeVisit, report: Path, audit: Audit) -> None:
    vm = next(vm for vm in audit["virtual_machines"] if vm["services"]["vss"]["side"] == "guest")
    page = visit().open(report, f"#m.q={vm['name']}")
    row = page.locator(ROWS.format("machines"))
    assert row.count() == 1
    titles = page.locator("#machines [role=columnheader]").all_inner_texts()
    cell = row.locator("[role=gridcell]").nth(titles.index("VSS"))
    assert "guest at fault" in cell.inner_text()


def test_without_scripts_summary_and_findings_are_there(visit: MakeVisit, report: Path, audit: Audit) -> None:
    page = visit(java_script_enabled=False).open(report)
    expect(page.locator("#summary")).to_contain_text("Open findings: ")
    expect(page.locator(".not-seen")).to_contain_text("connection refused")
    assert page.locator("#findings noscript tbody tr").count() == len(audit["findings"]) + 1
    for finding in audit["findings"][:20]:
        row = page.locator(f"[id='{finding['id']}']")
        expect(row).to_be_visible()
        expect(row).to_contain_text(finding["remedy"])
    expect(page.locator("[role=grid]")).to_have_count(0)


def test_on_paper_every_finding_is_written_out(visit: MakeVisit, report: Path, audit: Audit) -> None:
    page = visit().open(report, "#f.severity=low")
    wanted = audit["summary"]["severities"]["low"]
    count = "document.querySelectorAll('#print article').length"
    page.evaluate(f"addEventListener('beforeprint', () => {{ window.printed = {count}; }})")
    paper = page.pdf()
    assert paper.startswith(b"%PDF")
    assert page.evaluate("window.printed") == wanted
    assert page.locator("#print article").count() == 0

    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("#print article").first).to_be_visible()
    for hidden in ("nav", ".tools", "[role=grid]", "#machines", "footer"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator(".charts")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_and_the_switch(scheme: str, visit: MakeVisit, report: Path) -> None:
    page = visit(color_scheme=scheme).open(report)

    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light, dark = "rgb(246, 247, 249)", "rgb(20, 23, 28)"
    own = {"light": light, "dark": dark}[scheme]
    seen = [ground()]
    for _time in range(3):
        page.keyboard.press("t")
        seen.append(ground())
    assert seen == [own, light, dark, own]
    page.get_by_role("button", name="Colours").click()
    page.reload()
    assert ground() == light


def test_motion_only_where_it_is_welcome(visit: MakeVisit, report: Path) -> None:
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    assert visit(reduced_motion="reduce").open(report).evaluate(behaviour) == "auto"
    assert visit(reduced_motion="no-preference").open(report).evaluate(behaviour) == "smooth"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(scheme: str, visit: MakeVisit, report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = visit(color_scheme=scheme).open(report)
    found: dict[str, list[str]] = {}
    for part, keys in (("body", ""), ("#detail", "2 Enter"), ("#detail", "Escape 3 Enter"), ("#keys", "Escape ?")):
        for key in keys.split():
            page.keyboard.press(key)
        result = Axe().run(page, context=part)
        assert len(result.response["passes"]) > 10
        found[f"{part} {keys}"] = [
            f"{violation['id']} ({violation['impact']}): {[node['target'] for node in violation['nodes']][:3]}"
            for violation in result.response["violations"]
        ]
    with capsys.disabled():
        print(
            f"\naxe-core {result.response['testEngine']['version']}, {scheme}: {sum(map(len, found.values()))} issues"
        )
    assert set(map(tuple, found.values())) == {()}, found


# What a reader cannot see of the texts in an element: cut at its edge, outside it, or outside the window.
_CUT = """(selector) => [...document.querySelectorAll(selector)].flatMap((box) => {
    const cut = [];
    const edge = box.closest("[role=grid], dialog")?.getBoundingClientRect() ?? { left: 0, right: innerWidth };
    for (const each of [box, ...box.querySelectorAll("*")]) {
        if (!each.textContent.trim() || !each.checkVisibility()) continue;
        const place = each.getBoundingClientRect();
        const over = each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1;
        const clipped = over && getComputedStyle(each).overflow !== "visible";
        if (clipped || place.right > Math.min(edge.right, innerWidth) + 1 || place.left < edge.left - 1) {
            cut.push(each.textContent);
        }
    }
    return cut;
})"""
_TEXTS = ".row > *, th, td, dt, dd, summary, h1, h2, h3, .bar button"
_WIDTHS = [390, 768, 1000, 1100, 1280, 1920]


@pytest.fixture(scope="session")
def demonstration(write: WriteReport) -> Path:
    """The page of what the audit of the demonstration has collected."""
    collection = json.loads((workspace.CHECKOUT / "docs/demo/collection.json").read_text(encoding="utf-8"))
    return write(evaluate(collection, {"evaluated_at": collection["collected_at"]}))


def test_a_cut_text_is_found(visit: MakeVisit, demonstration: Path) -> None:
    page = visit().open(demonstration)
    page.locator("#findings .body .row > *").first.evaluate("(cell) => { cell.style.width = '20px'; }")
    assert len(page.evaluate(_CUT, "#findings .body .row > *")) > 0


@pytest.mark.parametrize("width", _WIDTHS)
@pytest.mark.parametrize("which", ["demonstration", "report"])
def test_no_text_is_cut(which: str, width: int, visit: MakeVisit, request: pytest.FixtureRequest) -> None:
    page = visit(viewport={"width": width, "height": 900}).open(request.getfixturevalue(which), "#f.status=")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(_CUT, _TEXTS) == []
    for grid in page.locator("[role=grid]").all():
        assert grid.evaluate("(grid) => grid.scrollWidth <= grid.clientWidth")
    for key in ("2", "3"):
        page.keyboard.press(key)
        page.keyboard.press("Enter")
        expect(page.locator("#detail")).to_be_visible()
        assert page.evaluate("document.querySelector('#detail').scrollWidth <= innerWidth")
        assert page.evaluate(_CUT, "#detail :is(th, td, dt, dd, h2, h3, p)") == []
        page.keyboard.press("Escape")


@pytest.mark.parametrize("width", [1280, 1920])
def test_values_of_a_filter_are_not_cut(width: int, visit: MakeVisit, demonstration: Path) -> None:
    """A list is as wide as its longest value, unless something narrows it."""
    page = visit(viewport={"width": width, "height": 900}).open(demonstration)
    for select in page.locator("select").all():
        narrower = """(select) => {
            const now = select.getBoundingClientRect().width;
            select.style.maxWidth = "none";
            select.style.width = "max-content";
            return [now, select.getBoundingClientRect().width];
        }"""
        now, natural = select.evaluate(narrower)
        assert now >= natural


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_a_finding_shows_what_it_concerns(scheme: str, visit: MakeVisit, report: Path, audit: Audit) -> None:
    page = visit(viewport={"width": 390, "height": 844}, color_scheme=scheme).open(report)
    page.keyboard.press("2")
    first = next(finding for finding in audit["findings"] if not finding["waived_by"])
    vm, service = first["vm"], first["service"]
    assert vm is not None
    assert service is not None
    row = page.locator("#findings-row-0")
    expect(row).to_be_in_viewport(ratio=1)
    wanted = [
        first["severity"],
        audit["rules"][first["rule"]]["finding"],
        vm["name"],
        str(first["host"]),
        BY_KEY[service].display_name,
        first["side"],
        "new" if first["drift"] == "new" else "open",
    ]
    assert row.locator("[role=gridcell]").all_inner_texts() == wanted
    for text in wanted:
        expect(row.get_by_text(text, exact=True)).to_be_in_viewport(ratio=0.9)


def test_on_a_phone_each_verdict_names_its_service(visit: MakeVisit, report: Path) -> None:
    page = visit(viewport={"width": 390, "height": 844}).open(report)
    page.keyboard.press("3")
    services = [BY_KEY[key].display_name for key in KEYS]
    labels = page.locator("#machines-row-0 small")
    assert labels.all_inner_texts() == services
    for label in labels.all():
        expect(label).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 1280, "height": 844})
    expect(labels.first).to_be_hidden()


def test_rows_follow_the_size_of_the_window(visit: MakeVisit, large_report: Path) -> None:
    """Only rows in sight exist; where they are depends on their height, which is another on a phone."""
    page = visit(viewport={"width": 1280, "height": 844}).open(large_report)
    page.keyboard.press("3")
    page.keyboard.press("End")
    for width in (390, 800, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        page.locator("#machines [role=grid]").scroll_into_view_if_needed()
        expect(page.locator("#machines-row-9999")).to_be_in_viewport(ratio=0.9)
        boxes = [row.bounding_box() for row in page.locator(ROWS.format("machines")).all()]
        tops = sorted(box["y"] for box in boxes if box)
        heights = {round(box["height"]) for box in boxes if box}
        assert {round(below - above) for above, below in pairwise(tops)} == heights
        assert len(heights) == 1


def test_rules_are_folded_until_somebody_opens_them(visit: MakeVisit, report: Path, audit: Audit) -> None:
    page = visit().open(report)
    catalog = page.locator("#rules tbody tr")
    assert catalog.count() == len(audit["rules"])
    expect(catalog.first).to_be_hidden()
    page.locator("#rules summary").click()
    expect(catalog.first).to_be_visible()
    paper = visit().open(report)
    paper.emulate_media(media="print")
    paper.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(paper.locator("#rules tbody tr").first).to_be_visible()
    paper.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not paper.locator("#rules details").evaluate("(details) => details.open")


def test_cell_says_how_a_setting_differs_from_the_policy(visit: MakeVisit, demonstration: Path) -> None:
    page = visit().open(demonstration, "#m.q=web02")
    assert page.locator("#machines-row-0 .wrong span").all_inner_texts() == ["on, wanted off"]
    assert page.locator("#machines-row-0 b").count() == 0


def test_details_show_rule_and_reason_of_the_policy(visit: MakeVisit, report: Path, audit: Audit) -> None:
    vm = audit["virtual_machines"][0]
    page = visit().open(report, "#open=" + quote(f"vm:{vm['host']}/{vm['id']}"))
    told = page.locator("#detail dl").inner_text().splitlines()
    assert told[told.index("Policy rules") + 1] == "rule 1 (all)"
    assert told[told.index("Reason") + 1] == "what every server needs"


# Walks through rows as the key j does; returns a text of each, and keeps in window.tags which elements there were.
_WALK = """([selector, times]) => {
    window.tags ??= new Set();
    const texts = [];
    for (let time = 0; time < times; time++) {
        texts.push(document.querySelector(selector).textContent);
        for (const each of document.querySelectorAll(time ? "#detail *" : "*")) window.tags.add(each.localName);
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
    }
    return texts;
}"""


@pytest.mark.parametrize("scripts", [True, False])
def test_hostile_texts_are_inert(
    scripts: bool, visit: MakeVisit, write: WriteReport, hostile: Audit, report: Path
) -> None:
    page = visit(java_script_enabled=scripts).open(write(hostile))
    for button in page.locator(".not-seen summary").all():
        button.click()
    assert page.evaluate("document.querySelectorAll('bdi > *').length") == 0
    if not scripts:
        names = set(page.locator("#findings noscript th bdi").all_text_contents())
        assert {shortened(visible(vm["name"]), 200) for vm in hostile["virtual_machines"]} <= names
        return
    page.keyboard.press("2")
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    told = page.evaluate(_WALK, ["#detail h3 + p:not(.waiver)", len(hostile["findings"])])
    assert {shortened(visible(finding["explanation"]), 4000) for finding in hostile["findings"]} <= set(told)
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    names = page.evaluate(_WALK, ["#detail-title", len(hostile["virtual_machines"])])
    assert {shortened(visible(vm["name"]), 200) for vm in hostile["virtual_machines"]} == set(names)
    page.keyboard.press("Escape")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")

    plain = visit().open(report)
    plain.keyboard.press("2")
    plain.keyboard.press("Enter")
    plain.evaluate("dispatchEvent(new Event('beforeprint'))")
    plain.evaluate(_WALK, ["#detail-title", 1])
    made = "[...window.tags].sort()"
    assert set(page.evaluate(made)) <= set(plain.evaluate(made))


@pytest.mark.parametrize("told", ["before", "after"])
@pytest.mark.parametrize(
    "close", ["dispatchEvent(new Event('cancel', { cancelable: true }))", "querySelector('.close').click()"]
)
def test_keys_need_not_wait_until_a_row_is_closed(close: str, told: str, visit: MakeVisit, report: Path) -> None:
    """A browser under load tells of the closing some keys later."""
    page = visit().open(report)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.evaluate(f"""() => new Promise(done => {{
        const detail = document.getElementById("detail");
        const press = (key) =>
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {{ key, bubbles: true }}));
        const enter = () => press("Enter");
        detail.addEventListener("close", () => {{ {"enter();" if told == "before" else ""} setTimeout(done); }});
        setTimeout(done, 5000);
        detail.{close};
        press("3");
        {"enter();" if told == "after" else ""}
    }})""")
    first = page.locator("#detail-title").inner_text()
    assert page.evaluate("location.hash").startswith("#open=vm")
    page.keyboard.press("j")
    expect(page.locator("#detail-title")).not_to_have_text(first)
    assert page.evaluate("location.hash").startswith("#open=vm")


def test_rows_of_hostile_names_keep_their_place(visit: MakeVisit, write: WriteReport, hostile: Audit) -> None:
    page = visit().open(write(hostile))
    boxes = [row.bounding_box() for row in page.locator(ROWS.format("machines")).all()]
    assert {round(box["height"]) for box in boxes if box} == {48}
    assert len({round(box["width"]) for box in boxes if box}) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
