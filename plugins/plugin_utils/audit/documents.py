# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that people write, in YAML: read so that every mistake is told with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.errors import AuditError
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy import expression

try:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
except ImportError:
    Draft202012Validator = None

Place = tuple[str | int, ...]

_SCHEMAS = Path(__file__).parent / "schemas"
_LONGEST = 200


class _Loader(yaml.SafeLoader):
    """Plain data only: a date stays the text it is written as, and there are no aliases, so nothing can be endless."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, "aliases are not read", mark)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Document:
    """A file that was read. path: as it was given, for messages. data: its content."""

    data: Any

    def __init__(self, path: str, text: str) -> None:
        """Raises AuditError for what is no YAML, and for a key that a mapping has twice."""
        self.path = path
        try:
            loader = _Loader(text)
            node = loader.get_single_node()
            self._lines = dict(_lines(node, ())) if node else {}
            self.data = loader.construct_document(node) if node else None
        except yaml.YAMLError as error:
            raise AuditError(f"{path}{_mark(error)}: not YAML: {_first(error)}") from error
        except RecursionError as error:
            raise AuditError(f"{path}: not YAML: it is nested too deeply") from error

    def at(self, place: Place) -> str:
        """Return file and line of a place, or of what is nearest around it."""
        while place not in self._lines and place:
            place = place[:-1]
        return f"{self.path}:{self._lines.get(place, 1)}"

    def problems(self, schema: str) -> list[str]:
        """Return what a schema finds wrong."""
        return [f"{self.at(place)}: {_word(place)}{text}" for place, text in _problems(self.data, read_schema(schema))]


def missing_libraries() -> list[str]:
    """Return what has to be installed on the controller before anything else here can be used."""
    libraries = {"jmespath": expression.available(), "jsonschema": Draft202012Validator is not None}
    missing = " ".join(name for name, found in libraries.items() if not found)
    return [f"an audit needs Python libraries on the controller: pip install {missing}"] if missing else []


@cache
def read_schema(name: str) -> dict[str, Any]:
    """Return one of the published schemas."""
    schema: dict[str, Any] = json.loads((_SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return schema


def schema_texts(label: str, data: object, schema: str) -> list[str]:
    """Return what a schema finds wrong with data that are no file."""
    return [f"{label}: {_word(place)}{text}" for place, text in _problems(data, read_schema(schema))]


def _problems(data: object, schema: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    errors = sorted(Draft202012Validator(schema).iter_errors(data), key=lambda error: [str(p) for p in error.path])
    for error in errors:
        yield from _told(error)


def _told(error: ValidationError) -> Iterator[tuple[Place, str]]:
    place: Place = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties" if isinstance(error.schema.get("properties"), Mapping):
            known = error.schema["properties"]
            for key in error.instance:
                if key not in known:
                    yield (*place, key), f"there is no such field; there are {', '.join(known)}"
        case "enum" if "propertyNames" in error.absolute_schema_path:
            yield (*place, error.instance), f"there is no such field; there are {', '.join(error.validator_value)}"
        case "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            yield place, f"{', '.join(missing)} is missing"
        case "anyOf" if "$comment" in error.schema:
            yield place, error.schema["$comment"]
        case "minProperties":
            yield place, "is empty"
        case _:
            yield place, _short(error.message)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 2 :]}"


def _word(place: Place) -> str:
    """Return a place as people write it, such as "rules[2].match: "."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")
    return f"{text}: " if text else ""


def _lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "keys are texts", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value} is there twice", key.start_mark
                )
            seen.add(key.value)
            yield from _lines(value, (*place, key.value))
            yield (*place, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*place, index))


def _mark(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _first(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).partition("\n")[0]
