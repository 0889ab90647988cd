# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML as people here read and write it, with Ansible's tag !unsafe for text that it must not template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

HEADER = """\
# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Made by `make awx` from {sources}: change those.
---
"""


class Unsafe(str):
    """Text that is not for Ansible's templating."""


_FASTEST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_FASTEST):
    pass


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def choose_scalar_style(self) -> str:
        style: str = super().choose_scalar_style()
        text = getattr(self.event, "value", "")
        return '"' if style == "'" and len(text) < 80 and '"' not in text else style


_Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(loader.construct_scalar(node)))
_Dumper.add_representer(
    str, lambda dumper, data: dumper.represent_scalar("tag:yaml.org,2002:str", data, "|" if "\n" in data else None)
)
_Dumper.add_representer(Unsafe, lambda dumper, data: dumper.represent_scalar("!unsafe", str(data), '"'))


def load(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)


def dump(data: Mapping[str, Any] | list[Any], sources: str) -> str:
    """Return a file with a header that says what it is made from."""
    return HEADER.format(sources=sources) + body(data)


def body(data: Mapping[str, Any] | list[Any]) -> str:
    text: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118, default_flow_style=False
    )
    return text
