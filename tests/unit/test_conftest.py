# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test run says about tests that were thinned or not run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from thinning import thinned

TESTS = Path(__file__).resolve().parents[1]
SAMPLE = """\
import pytest
from thinning import thinned

CULTURES = thinned("languages", full=["en", "de", "ja"], sample=["de"])

def test_that_needs_powershell(pwsh):
    pass

def test_that_needs_it_too(pwsh):
    pass

@pytest.mark.parametrize("culture", CULTURES)
def test_that_needs_nothing(culture):
    pass

@pytest.mark.skip(reason="no such host")
def test_that_needs_a_host():
    pass
"""


def run_sample(tmp_path: Path, **environ: str) -> tuple[int, list[str]]:
    """Run the sample where PowerShell is missing; return the exit status and the lines printed."""
    sample = tmp_path / "test_sample.py"
    sample.write_text(SAMPLE, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "conftest",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        str(sample),
    ]
    missing = {"PYTHONPATH": str(TESTS), "HVIS_PWSH": "/nonexistent/pwsh", "CI": "false", "HVIS_FULL": "0"}
    done = subprocess.run(command, env=os.environ | missing | environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_the_last_line_counts_what_was_not_run(tmp_path: Path) -> None:
    status, lines = run_sample(tmp_path)
    assert (status, lines[-1]) == (0, "Not run: 2 (no PowerShell), 1 (no such host)")


def test_in_continuous_integration_missing_powershell_is_a_failure(tmp_path: Path) -> None:
    status, lines = run_sample(tmp_path, CI="true")
    assert (status, lines[-1]) == (1, "Not run: 1 (no such host)")
    assert any("HVIS_PWSH=/nonexistent/pwsh cannot be run" in line for line in lines)


THINNED = "Thinned (`make test-all` runs all): "


@pytest.mark.parametrize("workers", ["0", "2"])
def test_thinned_cases_are_said(tmp_path: Path, workers: str) -> None:
    """Also where other processes import the tests."""
    _status, lines = run_sample(tmp_path, PYTEST_ADDOPTS=f"-p xdist -n {workers}")
    assert lines[-2] == THINNED + "1 of 3 languages"


def test_full_run_thins_nothing(tmp_path: Path) -> None:
    _status, lines = run_sample(tmp_path, HVIS_FULL="1")
    assert lines[-2] == THINNED + "nothing"
    assert any("3 passed" in line for line in lines)


@pytest.mark.parametrize("sample", [[], ["fr"], ["de", "de"]])
def test_sample_that_is_not_of_the_full_list_is_refused(sample: list[str]) -> None:
    with pytest.raises(ValueError, match="languages: the sample"):
        thinned("languages", full=["en", "de"], sample=sample)
