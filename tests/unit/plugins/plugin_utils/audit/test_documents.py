# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.documents import Document
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.rule_files import RuleFile, parse_rules
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.waivers import parse_waivers

TEXT = """\
# a comment
a: 2026-12-31
b:
  - c: 1
    d: [x,
        y]
  - null
"""


def test_date_stays_the_text_that_was_written() -> None:
    assert Document("f.yml", TEXT).data == {"a": "2026-12-31", "b": [{"c": 1, "d": ["x", "y"]}, None]}


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((), 2),
        (("a",), 2),
        (("b",), 3),
        (("b", 0), 4),
        (("b", 0, "d"), 5),
        (("b", 0, "d", 1), 6),
        (("b", 1), 7),
        (("b", 0, "missing"), 4),
        (("missing", 3), 2),
    ],
)
def test_place_has_the_line_of_what_is_nearest(place: tuple[str | int, ...], line: int) -> None:
    assert Document("f.yml", TEXT).at(place) == f"f.yml:{line}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: [", "f.yml:2: not YAML: "),
        ("a: 1\na: 2\n", "f.yml:2: not YAML: the key a is there twice"),
        ("b:\n  ? [x]\n  : 1\n", "f.yml:2: not YAML: keys are texts"),
        ("a: &x 1\nb: *x\n", "f.yml:2: not YAML: aliases are not read"),
        ("a: !!python/object:os.system {}\n", "f.yml:1: not YAML: could not determine a constructor for the tag"),
        ("a: 1\n---\nb: 2\n", "f.yml:2: not YAML: but found another document"),
        ("a: \x00", "f.yml: not YAML: "),
        ("[" * 20000, "f.yml: not YAML: it is nested too deeply"),
    ],
)
def test_what_is_no_yaml_is_named(text: str, problem: str) -> None:
    with pytest.raises(AuditError) as caught:
        Document("f.yml", text)
    assert str(caught.value).startswith(problem)


@given(st.text(alphabet=st.sampled_from("versionrulewa: \n-[]{}'\"1&*!|>#?\t\x00é"), max_size=60))
def test_whatever_is_written_is_data_or_a_problem(text: str) -> None:
    file = RuleFile(path="f.yml", text=text)
    for found in (parse_rules([file])[1], parse_waivers(file)[1]):
        assert all(problem.startswith("f.yml:") for problem in found)
        assert found, "without a version it is no file of ours"
