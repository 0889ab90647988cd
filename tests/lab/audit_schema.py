# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON schemas of collection and audit, from the shapes that the code is typed with: they cannot drift.

Written by `python tests/lab/audit_schema.py`; a test compares.
"""

from __future__ import annotations

import json
import sys
import types
import typing
from pathlib import Path
from typing import Any, Literal, NotRequired

CHECKOUT = Path(__file__).parents[2]
SCHEMAS = CHECKOUT / "plugins" / "plugin_utils" / "audit" / "schemas"
TITLES = {
    "audit": "The result of an audit of Hyper-V integration services",
    "collection": "What an audit of Hyper-V integration services collected",
}

_PRIMITIVES = {str: "string", bool: "boolean", int: "integer", type(None): "null"}


def schema(shape: Any, title: str) -> dict[str, Any]:
    """Return the schema of a TypedDict; those within it become definitions."""
    definitions: dict[str, Any] = {}
    root = _of(shape, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _of(shape: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(shape), typing.get_args(shape)
    if shape is Any:
        return {}
    if shape in _PRIMITIVES:
        return {"type": _PRIMITIVES[shape]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is NotRequired:
        return _of(arguments[0], definitions)
    if origin is list:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is dict:
        values = _of(arguments[1], definitions)
        return {"type": "object", **({"additionalProperties": values} if values else {})}
    if origin is types.UnionType or origin is typing.Union:
        return _either([_of(argument, definitions) for argument in arguments])
    if shape.__name__ not in definitions:
        definitions[shape.__name__] = {}  # holds the name while its fields are looked at
        fields = typing.get_type_hints(shape, include_extras=True)
        definitions[shape.__name__] = {
            "type": "object",
            "description": " ".join((shape.__doc__ or "").split()),
            "additionalProperties": False,
            # Not __required_keys__: where annotations are not evaluated, it does not know NotRequired.
            "required": [name for name, kind in fields.items() if typing.get_origin(kind) is not NotRequired],
            "properties": {name: _of(kind, definitions) for name, kind in fields.items()},
        }
    return {"$ref": f"#/$defs/{shape.__name__}"}


def _either(parts: list[dict[str, Any]]) -> dict[str, Any]:
    if all(set(part) == {"type"} for part in parts):
        return {"type": [part["type"] for part in parts]}
    values = [part.get("enum", [None] if part == {"type": "null"} else None) for part in parts]
    if all(values):
        return {"enum": [value for choices in values for value in choices or ()]}
    return {"anyOf": parts}


def texts() -> dict[Path, str]:
    """Return the files as they have to be."""
    from ansible_collections.hyperv.integration.plugins.plugin_utils.audit import shapes

    kinds = {"audit": shapes.Audit, "collection": shapes.Collection}
    return {
        SCHEMAS / f"{name}.schema.json": json.dumps(schema(kind, TITLES[name]), indent=2) + "\n"
        for name, kind in kinds.items()
    }


if __name__ == "__main__":
    sys.path.insert(0, str(CHECKOUT / ".build" / "import"))
    for path, text in texts().items():
        path.write_text(text, encoding="utf-8")
