# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that people write, in YAML: read so that every mistake is told with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
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
# More than people write, and little enough to be read in seconds.
_MOST_CHARACTERS = 1_000_000
_MOST_VALUES = 50_000
_DEEPEST = 50
_LONGEST_NUMBER = 100
_MOST_PROBLEMS = 100


class _Loader(yaml.SafeLoader):
    """Plain data only: a date stays the text it is written as, and there are no aliases, so nothing can be endless."""

    _depth = 0
    _values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise _problem("aliases are not read", mark)
        if self._depth == _DEEPEST:
            raise _problem(f"it is nested more than {_DEEPEST} levels deep", mark)
        if self._values == _MOST_VALUES:
            raise _problem(f"the file has more than {_MOST_VALUES:,} values: split it", mark)
        self._values += 1
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        numeric = node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
        if numeric and len(node.value) > _LONGEST_NUMBER:
            raise _problem(
                f"a number has at most {_LONGEST_NUMBER} characters; write a text in quotes", node.start_mark
            )
        try:
            return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise _problem(f"{_short(repr(node.value))} is not of the type {node.tag}", node.start_mark) from error


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _problem(text: str, mark: Any) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, text, mark)


class Document:
    """A file that was read. path: as it was given, for messages. data: its content."""

    data: Any

    def __init__(self, path: str, text: str) -> None:
        """Raises AuditError for what is no YAML, for a key that a mapping has twice, and for a file of endless size."""
        self.path = path
        if len(text) > _MOST_CHARACTERS:
            raise AuditError(f"{path}:1: the file has more than {_MOST_CHARACTERS:,} characters: split it")
        try:
            loader = _Loader(text)
            node = loader.get_single_node()
            self._lines = dict(_lines(node, ())) if node else {}
            self.data = loader.construct_document(node) if node else None
        except yaml.YAMLError as error:
            raise AuditError(f"{path}:{_line(error, text)}: not YAML: {_short(_first(error))}") from error

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
    # The first ones will do: of a file that is something else, every value is a problem.
    first = islice(Draft202012Validator(schema).iter_errors(data), _MOST_PROBLEMS)
    errors = sorted(first, key=lambda error: [str(p) for p in error.path])
    for error in errors:
        yield from _told(error)


def _told(error: ValidationError) -> Iterator[tuple[Place, str]]:
    place: Place = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties" if isinstance(error.schema.get("properties"), Mapping):
            known = error.schema["properties"]
            for key in islice((key for key in error.instance if key not in known), _MOST_PROBLEMS):
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
            if key.tag != "tag:yaml.org,2002:str":
                raise _problem("keys are texts", key.start_mark)
            if key.value in seen:
                raise _problem(f"the key {key.value} is there twice", key.start_mark)
            seen.add(key.value)
            yield from _lines(value, (*place, key.value))
            yield (*place, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*place, index))


def _line(error: yaml.YAMLError, text: str) -> int:
    if isinstance(error, yaml.reader.ReaderError):
        return text.count("\n", 0, error.position) + 1
    mark = getattr(error, "problem_mark", None)
    return mark.line + 1 if mark else 1


def _first(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).partition("\n")[0]
