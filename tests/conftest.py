# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: set-up's findings, imports from the checkout, PowerShell, and what was not run or thinned."""

from __future__ import annotations

import os
import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

CHECKOUT = Path(__file__).resolve().parents[1]


def read_setup_env() -> dict[str, str]:
    """Return what set-up left in `.build/env`; nothing when it has not run."""
    try:
        lines = (CHECKOUT / ".build" / "env").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return dict(shlex.split(line)[0].split("=", 1) for line in lines)


# Under `ansible-test units` the same tests run a second time: there it is enough that they do.
UNDER_ANSIBLE_TEST = __name__.startswith("ansible_collections.")
settings.register_profile("checkout", deadline=None)  # a busy machine is no failure
settings.register_profile("ansible-test", deadline=None, max_examples=5)
settings.load_profile("ansible-test" if UNDER_ANSIBLE_TEST else "checkout")
sys.path[:0] = [str(CHECKOUT / folder) for folder in ("extensions/simulator", "extensions/awx", "tests/lab")]

import needs  # noqa: E402
import thinning  # noqa: E402
import workspace  # noqa: E402

for name, value in read_setup_env().items():
    os.environ.setdefault(name, value)
if not UNDER_ANSIBLE_TEST:  # which brings its own way to import the collection
    workspace.link_imports()
    sys.path.insert(0, str(workspace.IMPORTS))


@pytest.fixture(scope="session")
def pwsh() -> str:
    """The path of a PowerShell that works.  Without one a test is skipped; with CI=true it fails."""
    return needs.powershell()


class NotRun:
    """Prints, as the last lines of all, what was thinned, and how many tests were not run and why.

    Workers import the tests and know what was thinned; they hand it to the process that prints.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.reasons: Counter[str] = Counter()
        self.thinned: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            self.reasons[report.longrepr[2].removeprefix("Skipped: ")] += 1

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker ended. node: xdist's, whose workeroutput is missing where the worker crashed."""
        self.thinned.update(getattr(node, "workeroutput", {}).get("thinned", {}))

    def pytest_unconfigure(self) -> None:
        thinned = "; ".join({**self.thinned, **thinning.NOTES}.values())
        counted = ", ".join(f"{count} ({reason})" for reason, count in self.reasons.most_common())
        writer = self.config.get_terminal_writer()
        writer.line(f"Thinned (`make test-all` runs all): {thinned or 'nothing'}")
        writer.line(f"Not run: {counted or 'nothing'}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["thinned"] = thinning.NOTES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Under ansible-test, which forks for each test, one case of each will do."""
    if UNDER_ANSIBLE_TEST:
        items[:] = {item.nodeid.partition("[")[0]: item for item in reversed(items)}.values()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.pluginmanager.register(NotRun(config))
