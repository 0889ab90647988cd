# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's matrix beside what was recorded of each release, and beside the guide."""

from __future__ import annotations

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._linux_guest.own_files import UNIT
from fabricated.matrix import ROLE, family_of, one_of_each_row, plan_for, predicted, row_of, rst_table, text_table
from fabricated.recipe import Recipe, names, release
from workspace import CHECKOUT

COPY = "guest_service_interface"


@pytest.mark.parametrize("name", names())
def test_release_is_in_the_matrix(name: str) -> None:
    assert "does not know" not in row_of(name) or name == "unknown"


@pytest.mark.parametrize("name", names())
def test_packages_and_units_exist_in_the_release(name: str) -> None:
    recorded, line = release(name), predicted(name)
    assert set(line.packages) <= set(recorded["packages"])
    files = [path for package in recorded["packages"].values() for path in package.get("files", {})]
    for unit in set(line.units) - {UNIT}:
        assert any(path.endswith((f"/{unit}.service", f"/init.d/{unit}")) for path in files), unit


@pytest.mark.parametrize("name", names())
def test_file_copy_is_what_was_recorded(name: str) -> None:
    wanted, verdict = release(name)["expects"]["copy"], predicted(name).verdict.get(COPY)
    if wanted in ("ok", "degraded"):
        assert verdict == wanted
    else:
        plan = plan_for(Recipe(name, name))
        assert wanted in " ".join([plan["reason"], *plan["problems"]])


def test_every_row_of_the_matrix_has_a_release() -> None:
    rows = set()
    for name in names():
        family = family_of_release(name)
        rows |= {row["name"] for row in family["rows"]}
    assert rows - {row_of(name) for name in one_of_each_row()} == set()


def family_of_release(name: str) -> dict[str, list[dict[str, str]]]:
    from fabricated.facts import facts_of

    return family_of(facts_of(Recipe(name, name)))


def test_every_family_has_a_release() -> None:
    files = {path.stem for path in (ROLE / "vars").glob("*.yml")} - {"main"}
    from fabricated.facts import facts_of

    assert {facts_of(Recipe(name, name))["distribution"]["family"] for name in names()} == files


def test_table_of_the_guide_is_the_matrix() -> None:
    guide = (CHECKOUT / "docs" / "docsite" / "rst" / "guide_linux_guests.rst").read_text(encoding="utf-8")
    assert rst_table(map(predicted, names())) in guide, "make guest-matrix ARGS=--rst prints it anew"


def test_nothing_is_cut_in_the_table() -> None:
    text = text_table([predicted("debian-13")])
    for word in ("hyperv-daemons", "hv-vss-daemon", "packaged", "trixie-backports,"):
        assert word in text
