# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.names import fold, wildcard


# Each line was compared with "name" -like "pattern" in PowerShell 7.6.
@pytest.mark.parametrize(
    ("name", "pattern", "matches"),
    [
        ("web01", "web*", True),
        ("WEB01", "web?1", True),
        ("web01", "we", False),
        ("web01", "eb01", False),
        ("", "*", True),
        ("web[01]", "web`[01`]", True),
        ("web0", "web[01]", True),
        ("web[01]", "web[01]", False),
        ("B", "[a-c]", True),
        ("-", "[a-]", True),
        ("-", "[-a]", True),
        ("-", "[a-c-e]", True),
        ("b", "[!a]", False),
        ("!", "[!a]", True),
        ("b", "[^a]", False),
        ("^", "[^a]", True),
        ("]", "[]]", True),
        ("]", "[a`]]", True),
        ("a]", "a]", True),
        ("[", "[[]", True),
        ("a*", "a`*", True),
        ("ab", "a`*", False),
        ("a`", "a`", True),
        ("a", "a`", False),
        ("a\nb", "a*b", True),
        ("a\n", "a", False),
        ("x", ".", False),
        ("STRAßE", "straße", True),
        ("STRASSE", "straße", False),
        ("ı", "I", False),
    ],
)
def test_wildcard_matches_like_powershell(name: str, pattern: str, matches: bool) -> None:
    assert bool(wildcard(pattern).match(fold(name))) is matches


@pytest.mark.parametrize("pattern", ["[", "a[", "[]", "[c-a]"])
def test_wildcard_refuses_what_powershell_refuses(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"set|wildcard pattern"):
        wildcard(pattern)


@given(st.text(), st.text())
def test_escaped_pattern_matches_only_its_own_text(text: str, other: str) -> None:
    pattern = wildcard(re.sub(r"([*?\[\]`])", r"`\1", text))
    assert pattern.match(fold(text))
    assert bool(pattern.match(fold(other))) is (fold(text) == fold(other))


# Each pair was compared with [string]::Equals(..., 'OrdinalIgnoreCase').
@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("Web01", "wEB01", True),
        ("É", "é", True),
        ("µ", "Μ", True),
        ("ß", "SS", False),
        ("ı", "I", False),
        ("İ", "i", False),
        ("ſ", "S", False),
    ],
)
def test_fold_compares_like_dotnet(one: str, other: str, equal: bool) -> None:
    assert (fold(one) == fold(other)) is equal


@given(st.text())
def test_fold_keeps_its_own_result(text: str) -> None:
    assert fold(fold(text)) == fold(text)
