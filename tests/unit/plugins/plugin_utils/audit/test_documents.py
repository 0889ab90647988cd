# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

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
        ("a: 1\nb: \x00", "f.yml:2: not YAML: unacceptable character"),
        ("# a\n" + "[" * 20000, "f.yml:2: not YAML: it is nested more than 50 levels deep"),
        ("a:\n  " + "- " * 20000, "f.yml:2: not YAML: it is nested more than 50 levels deep"),
        ("a: 1\nb: !!int abc", "f.yml:2: not YAML: 'abc' is not of the type tag:yaml.org,2002:int"),
        ("a: !!int ''", "f.yml:1: not YAML: '' is not of the type tag:yaml.org,2002:int"),
        ("a: !!float x", "f.yml:1: not YAML: 'x' is not of the type tag:yaml.org,2002:float"),
        ("a: !!timestamp 2099-13-45", "f.yml:1: not YAML: '2099-13-45' is not of the type tag:yaml.org,2002:time"),
        ("a: !!timestamp x", "f.yml:1: not YAML: 'x' is not of the type tag:yaml.org,2002:timestamp"),
        ("a: !!bool maybe", "f.yml:1: not YAML: 'maybe' is not of the type tag:yaml.org,2002:bool"),
        ("a: !!binary x", "f.yml:1: not YAML: failed to decode base64 data"),
        ("a: 1\nb:\n- " + "9" * 5000, "f.yml:3: not YAML: a number has at most 100 characters"),
        ("a: 0x" + "f" * 5000, "f.yml:1: not YAML: a number has at most 100 characters"),
        ("a: 1" + ":59" * 300_000, "f.yml:1: not YAML: a number has at most 100 characters"),
        ("a: 1\n2: b\n", "f.yml:2: not YAML: keys are texts"),
        ("a: 1\n<<: {b: 2}\n", "f.yml:2: not YAML: keys are texts"),
        ("a: &x [&y [1]]\nb: [*x, *x]\n", "f.yml:2: not YAML: aliases are not read"),
        ("- 1\n" * 60_000, "f.yml:50000: not YAML: the file has more than 50,000 values: split it"),
        ("#" * 1_000_001, "f.yml:1: the file has more than 1,000,000 characters: split it"),
    ],
    ids=lambda value: value[:40],
)
def test_what_is_no_yaml_is_named(text: str, problem: str) -> None:
    begun = time.monotonic()
    with pytest.raises(AuditError) as caught:
        Document("f.yml", text)
    assert str(caught.value).startswith(problem)
    assert len(str(caught.value)) < 400
    assert time.monotonic() - begun < 30, "a second or two on a machine that does nothing else"


def test_file_of_thousands_of_problems_tells_the_first_ones() -> None:
    """A file that is something else is no reason for a message of megabytes."""
    of_rules = Document("f.yml", "version: 1\nrules: [" + "1, " * 5_000 + "1]").problems("rules")
    assert 10 <= len(of_rules) <= 100
    of_fields = Document("f.yml", "".join(f"field{number}: 1\n" for number in range(5_000))).problems("rules")
    assert 10 <= len(of_fields) <= 110


def test_file_of_many_waivers_is_read() -> None:
    """The bounds leave room for what an estate of thousands of machines needs."""
    waiver = "- {id: w%d, rule: own_gsi_open, match: {name: vm%d}, owner: Ops, reason: Accepted, expires: 2099-01-01}"
    file = RuleFile(path="f.yml", text="version: 1\nwaivers:\n" + "\n".join(waiver % (n, n) for n in range(1_000)))
    waivers, problems = parse_waivers(file)
    assert not problems
    assert len(waivers) == 1_000


@given(st.text(alphabet=st.sampled_from("versionrulewa: \n-[]{}'\"1&*!|>#?\t\x00é"), max_size=60))
def test_whatever_is_written_is_data_or_a_problem(text: str) -> None:
    file = RuleFile(path="f.yml", text=text)
    for found in (parse_rules([file])[1], parse_waivers(file)[1]):
        assert all(problem.startswith("f.yml:") for problem in found)
        assert found, "without a version it is no file of ours"
