# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the pictures of the audit's page that the documentation shows, light and dark."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import workspace

workspace.link_imports()
sys.path.insert(0, str(workspace.IMPORTS))

import needs  # noqa: E402
from ansible_collections.hyperv.integration.plugins.plugin_utils.report.formats import make_report  # noqa: E402
from audit_samples import make_audit  # noqa: E402
from browser import Visit, chromium  # noqa: E402

PICTURES = workspace.CHECKOUT / "docs" / "images"


def main() -> None:
    try:
        path = needs.chromium()
    except pytest.skip.Exception as lacking:
        sys.exit(f"{lacking}: sudo apt-get install --no-install-recommends chromium fonts-noto-core")
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, chromium(path) as browser:
        report = Path(folder) / "audit.html"
        report.write_text(make_report(make_audit(machines=412, seed=8, defects=0.12), "html"), encoding="utf-8")
        for scheme in ("light", "dark"):
            visit = Visit(
                browser, color_scheme=scheme, reduced_motion="reduce", viewport={"width": 1280, "height": 860}
            )
            page = visit.open(report)
            page.screenshot(path=PICTURES / f"audit_summary_{scheme}.png")
            page.keyboard.press("3")
            page.screenshot(path=PICTURES / f"audit_matrix_{scheme}.png")
            page.keyboard.press("2")
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
            page.screenshot(path=PICTURES / f"audit_finding_{scheme}.png")
            page.keyboard.press("Escape")
            page.set_viewport_size({"width": 390, "height": 844})
            page.locator("#findings [role=grid]").evaluate("(grid) => grid.scrollIntoView()")
            page.screenshot(path=PICTURES / f"audit_phone_{scheme}.png")
            visit.context.close()
    for picture in sorted(PICTURES.glob("audit_*.png")):
        print(f"{picture.relative_to(workspace.CHECKOUT)}: {picture.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
