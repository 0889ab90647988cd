# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

import pytest

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.typed import mismatches


class Point(TypedDict):
    x: int
    label: NotRequired[str | None]


@pytest.mark.parametrize(
    ("value", "shape", "found"),
    [
        (1, int, []),
        (True, int, ["it is True, not a number"]),
        (True, bool, []),
        (0, bool, ["it is 0, not a true or false"]),
        (None, str | None, []),
        (1, str | None, ["it is 1, not a text"]),
        (None, str, ["it is None, not a text"]),
        ("b", Literal["a", "b"], []),
        ("c", Literal["a", "b"], ["it is 'c', not one of a, b"]),
        ([], Literal["a"], ["it is [], not one of a"]),
        (object, Any, []),
        ([1, "2"], list[int], ["it[1] is '2', not a number"]),
        ({"k": 1}, dict[str, str], ["it.k is 1, not a text"]),
        ({"x": 1}, Point, []),
        ({"x": 1, "label": None, "more": 2}, Point, []),
        ({"label": 3}, Point, ["it has no x", "it.label is 3, not a text"]),
        ([{"x": 1}, []], list[Point], ["it[1] is [], not a mapping"]),
        ("x" * 100, int, [f"it is '{'x' * 56}..., not a number"]),
    ],
)
def test_what_does_not_fit_is_named(value: Any, shape: Any, found: list[str]) -> None:
    assert mismatches(value, shape, "it") == found


def test_every_shape_of_an_audit_is_understood() -> None:
    assert mismatches({}, Audit, "audit")[0] == "audit has no version"
