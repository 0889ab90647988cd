# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import time

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


@given(st.text("ab*?", max_size=10), st.text("abc", max_size=10))
def test_stars_match_as_if_every_way_was_tried(pattern: str, name: str) -> None:
    """A pattern means the same as the regular expression with .* for each star, which tries all ways."""
    every_way = re.fullmatch(pattern.upper().replace("*", ".*").replace("?", "."), name.upper())
    assert bool(wildcard(pattern).match(fold(name))) is bool(every_way)


@given(st.text("ab*?[]-`", max_size=12), st.text("ab]-*[", max_size=8))
def test_sets_beside_stars_match_as_if_every_way_was_tried(pattern: str, name: str) -> None:
    try:
        compiled = wildcard(pattern)
    except ValueError:
        return
    # Without its atomic groups an expression tries all ways.
    every_way = re.compile(compiled.pattern.replace("(?>", "(?:"), compiled.flags)
    assert bool(compiled.match(fold(name))) is bool(every_way.match(fold(name)))


@pytest.mark.parametrize("stars", [6, 12, 100])
def test_pattern_of_many_stars_ends_for_every_name(stars: int) -> None:
    """The name of a virtual machine does not decide how long a pattern takes."""
    pattern = wildcard("*-" * stars + "db*")
    begun = time.monotonic()
    for length in (100, 2_000):
        assert not pattern.match("-" * length)
        assert pattern.match("-" * length + "DB")
    assert time.monotonic() - begun < 2


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
