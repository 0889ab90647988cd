# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from hyperv_simulator.components import COMPONENTS, CULTURES, by_id, full_culture, in_display_order, status_text


def test_every_service_has_a_name_of_its_own_in_every_language() -> None:
    for code in CULTURES:
        names = {component.name(code) for component in COMPONENTS.values()}
        assert len(names) == 6
        assert all(names)


def test_names_differ_from_english_where_windows_translates_them() -> None:
    same = [component.key for component in COMPONENTS.values() if component.name("de-DE") == component.name("en-US")]
    assert same == ["vss"]


def test_a_component_is_known_by_the_end_of_its_id_whatever_its_case() -> None:
    component = by_id("Microsoft:5C8D\\84eaae65-2f2e-45f5-9bb5-0e857dc8eb47")
    assert component is COMPONENTS["heartbeat"]
    assert by_id("Microsoft:5C8D\\6C5ADDB9-A11A-4E8E-84CB-E6208201DB63") is None


def test_the_id_holds_the_owner_in_upper_case() -> None:
    assert COMPONENTS["vss"].id_of("ab-cd") == "Microsoft:AB-CD\\5CED1297-4598-4915-A5FC-AD21BB4D02A4"


def test_services_are_listed_by_displayed_name() -> None:
    assert [component.name("en-US") for component in in_display_order("en-US")] == [
        "Guest Service Interface",
        "Heartbeat",
        "Key-Value Pair Exchange",
        "Shutdown",
        "Time Synchronization",
        "VSS",
    ]
    assert in_display_order("de-DE")[0].key == "key_value_pair_exchange"


@pytest.mark.parametrize(("given", "full"), [("de", "de-DE"), ("pt", "pt-BR"), ("de-AT", "de-AT")])
def test_a_bare_language_becomes_a_culture(given: str, full: str) -> None:
    assert full_culture(given) == full


@pytest.mark.parametrize(
    ("status", "culture", "text"),
    [(2, "de-DE", "OK"), (12, "fr-FR", "Aucun contact"), (3, "ja-JP", "Degraded"), (None, "de", ""), (99, "de", "99")],
)
def test_status_texts_are_in_the_hosts_language_or_english(status: int | None, culture: str, text: str) -> None:
    assert status_text(status, culture) == text
