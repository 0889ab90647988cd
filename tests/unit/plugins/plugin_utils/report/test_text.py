# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.plugin_utils.report.text import (
    all_visible,
    as_text,
    jsonable,
    shortened,
    visible,
)
from hostile_texts import HOSTILE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web01", "web01"),
        ("Zürich Größe", "Zürich Größe"),
        ("虚拟机 עברית 서버", "虚拟机 עברית 서버"),
        ("a\u202eb", "a<U+202E>b"),
        ("a\nb\tc\0", "a<U+000A>b<U+0009>c<U+0000>"),
        ("\x1b[31m", "<U+001B>[31m"),
        ("\u200bx\ufeff", "<U+200B>x<U+FEFF>"),
        ("bad\udc80", "bad<U+DC80>"),
        ("\u00a0x\u3164", "<U+00A0>x<U+3164>"),
        ("e\u0301\u0302\u0303", "e\u0301\u0302\u0303"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "<U+0301>" * 2),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.one_of(st.text(), st.sampled_from(HOSTILE)))
def test_visible_text_is_printable_everywhere(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert visible(shown) == shown


def test_shortened_says_how_much_is_missing() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("x" * 1000, 10) == "x" * 10 + "… (990 more characters)"


def test_values_as_text() -> None:
    assert as_text("as it is") == "as it is"
    assert as_text({"b": [1, None, True], "a": "ü"}) == '{"a": "ü", "b": [1, null, true]}'
    assert as_text(float("nan")) == '"nan"'
    assert json.loads(json.dumps(jsonable({"x": [float("inf"), 1.5]}), allow_nan=False)) == {"x": ["inf", 1.5]}


def test_all_visible_goes_everywhere() -> None:
    assert all_visible({"a\n": ["\0", {"b": "\x7f"}], "c": 1}) == {
        "a<U+000A>": ["<U+0000>", {"b": "<U+007F>"}],
        "c": 1,
    }
