# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sample of the tests with other releases of ansible-core; `make test-ansible` runs all of them with one."""

from __future__ import annotations

import subprocess
import sys

import pytest

import cores
from thinning import thinned
from workspace import CHECKOUT, LAB

HOSTILE = "tests/integration/roles/test_hostile_templates.py"
# A play for each role, the filters, and what 2.22 prints after a module has got values.
SAMPLE = (
    f"{HOSTILE}::test_host_policy_with_templates_as_names[enforce]",
    f"{HOSTILE}::test_audit_with_templates_as_names_and_facts",
    f"{HOSTILE}::test_linux_guest_with_templates_as_facts",
    f"{HOSTILE}::test_filters_of_the_audit_with_templates_as_names",
    "tests/unit/plugins/modules/test_linux_guest_kvp.py::test_values_are_not_struck_out_of_what_is_printed",
)
NEEDED = {cores.OLDEST: SAMPLE[:4], cores.NEWEST: SAMPLE[4:]}
RUNS = thinned(
    "samples with another ansible-core",
    full=[(series, test) for series in cores.CORES for test in SAMPLE],
    sample=[(series, test) for series, tests in NEEDED.items() for test in tests],
)


@pytest.mark.parametrize("series", dict.fromkeys(series for series, _test in RUNS))
def test_sample_with_another_ansible_core(series: str) -> None:
    """In the workflow, where a job has one Python, each ansible-core has a job of its own."""
    try:
        home = cores.environment(series)
    except cores.NoPythonError as exc:
        pytest.skip(str(exc))
    tests = [test for one, test in RUNS if one == series]
    command = [sys.executable, str(LAB / "cores.py"), series, "-m", "pytest", "-q", *tests]
    done = subprocess.run(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert f"{len(tests)} passed" in done.stdout
    version = [str(home / "bin" / "ansible-playbook"), "--version"]
    said = subprocess.run(version, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"ansible-playbook [core {series}.")
