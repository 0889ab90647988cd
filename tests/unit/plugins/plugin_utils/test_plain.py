# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

import pytest
from ansible.release import __version__

from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import always_text, plain, plain_or_json


class Text(str):
    pass


class Lazy(Mapping[str, Any]):
    """Computes its values when they are read, as Ansible's containers do."""

    def __getitem__(self, key: str) -> Any:
        return [Text(key)]

    def __iter__(self) -> Iterator[str]:
        return iter([Text("a")])

    def __len__(self) -> int:
        return 1


def test_containers_and_texts_become_plain() -> None:
    value = plain({"lazy": Lazy(), "number": 1, "nothing": None, "truth": True, "tuple": (Text("x"),)})
    assert value == {"lazy": {"a": ["a"]}, "number": 1, "nothing": None, "truth": True, "tuple": ["x"]}
    assert {type(text) for text in (*value["lazy"], *value["lazy"]["a"], *value["tuple"])} == {str}
    assert {type(container) for container in (value, value["lazy"])} == {dict}


class Number(int):
    pass


def test_numbers_become_plain() -> None:
    value = plain([Number(3), True, 1.5])
    assert [type(number) for number in value] == [int, bool, float]
    assert value == [3, True, 1.5]


def test_dates_become_texts() -> None:
    assert plain({"until": date(2099, 12, 31)}) == {"until": "2099-12-31"}
    assert plain([datetime(2099, 12, 31, 9, 30)]) == ["2099-12-31T09:30:00"]


def test_texts_are_marked_where_they_would_become_templates() -> None:
    text = always_text("{{ x }}")
    assert text == "{{ x }}"
    assert hasattr(text, "__UNSAFE__") == (__version__.split(".")[:2] in (["2", "16"], ["2", "17"], ["2", "18"]))


def test_a_text_is_read_as_json() -> None:
    assert plain_or_json('{"a": [1, null]}') == {"a": [1, None]}
    assert plain_or_json({"a": Text("[1]")}) == {"a": "[1]"}


@pytest.mark.parametrize("text", ["", "{", "NaN", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        plain_or_json(text)
