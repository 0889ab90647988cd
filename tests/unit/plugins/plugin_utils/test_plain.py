# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.hyperv.integration.plugins.plugin_utils.plain import plain


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
