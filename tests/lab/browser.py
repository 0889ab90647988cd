# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Chromium without a window that talks to nobody, and pages in it that are watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Dialog, Page, sync_playwright

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit

# No sandbox, as containers and root have none; nothing that Chromium would fetch for itself.
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--font-render-hinting=none"),
)
# What the hostile texts would call.
_TRAP = "window.hostile = () => { window.trapped = true; };"


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Start the browser at that path, and end it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page in a context of its own, and everything it did that a report must not do.

    requests: addresses asked for, other than its own. complaints: console messages and errors. dialogs: texts of them.
    """

    def __init__(self, browser: Browser, **options: Any) -> None:
        usual: dict[str, Any] = {"viewport": {"width": 1360, "height": 900}, "reduced_motion": "reduce"}  # waits less
        self.context: BrowserContext = browser.new_context(**usual | options)
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(_TRAP)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        self.scripts = options.get("java_script_enabled", True)
        self.own = ""
        self.page: Page = self.context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dismiss)

    def _dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, path: Path, hash: str = "") -> Page:
        """Go to a page, and wait until it can be used."""
        self.own = path.as_uri()
        self.page.goto(self.own + hash)
        if self.scripts:
            self.page.wait_for_selector("html[data-ready]", state="attached")
        return self.page

    def misdeeds(self) -> list[str]:
        """Return all that the page did and must not do."""
        asked = [url for url in self.requests if url.split("#", 1)[0] != self.own]
        trapped = ["a script of strangers ran"] if self.page.evaluate("window.trapped === true") else []
        return [*asked, *self.complaints, *self.dialogs, *trapped]


MakeVisit = Callable[..., Visit]
WriteReport = Callable[[Audit], Path]
