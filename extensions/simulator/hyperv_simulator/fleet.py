# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleet files: YAML that describes hosts and virtual machines, checked against fleet.schema.json.

Errors name the file, the line and the way out. Data from elsewhere (tests, the control server) passes the same checks.
"""

from __future__ import annotations

import difflib
import json
import re
import reprlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import yaml

from hyperv_simulator.errors import FleetError
from hyperv_simulator.machine import Data

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

MAX_ERRORS = 20
Place = tuple[str | int, ...]  # the way to a value: ("hosts", 0, "virtual_machines", 3, "state")
# Words that YAML 1.1, and so Ansible, takes for a Boolean.
_READ_AS = {"True": ("on", "yes", "y"), "False": ("off", "no", "n")}
_SCHEMA = Path(__file__).with_name("fleet.schema.json")


def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML in which only true and false are Booleans (so `state: Off` is a text) and dates stay text."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, expression) for tag, expression in resolvers if not tag.endswith((":bool", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF")


def load(path: Path) -> Data:
    """The checked data of a fleet file. Raises FleetError, OSError."""
    return parse(path.read_text(encoding="utf-8"), str(path))


def parse(text: str, source: str = "fleet") -> Data:
    """The checked data of a fleet file's text; `source` names it in errors. Raises FleetError."""
    loader = Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            raise FleetError(f"{source}:1: the file is empty: a fleet needs 'fleet: 1' and 'hosts:'")
        duplicates = list(_duplicate_keys(root))
        data = loader.construct_document(root)
    except yaml.YAMLError as error:
        raise FleetError(_syntax_error(error, source)) from error
    finally:
        loader.dispose()
    found = list(duplicates)
    found += [(_line(root, place), message) for place, message in problems(data)]
    if found:
        lines = [f"{source}:{line}: {message}" for line, message in sorted(found)]
        raise FleetError("\n".join(_shortened(lines)))
    checked: Data = data
    return checked


def check(data: Any) -> Data:
    """Fleet data that comes from no file, checked. Raises FleetError."""
    found = [message for _place, message in problems(data)]
    if found:
        raise FleetError("\n".join(_shortened(found)))
    checked: Data = data
    return checked


def check_patch(patch: Any) -> Data:
    """A part of a virtual machine's data, checked. Raises FleetError."""
    found = [_message(error) for error in _validator("virtual_machine").iter_errors(patch)]
    if not found and "id" in patch:
        found.append("id: a virtual machine keeps its id")
    if found:
        raise FleetError("\n".join(found))
    checked: Data = patch
    return checked


def dump(data: Data) -> str:
    """Fleet data as the text of a fleet file."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=160, default_flow_style=None))


class _Dumper(yaml.SafeDumper):
    """Quotes what another YAML reader would take for a Boolean (Off), and indents lists."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def problems(data: Any) -> Iterator[tuple[Place, str]]:
    """Every problem of fleet data: the place of the value, and a message that starts with it."""
    errors = list(_validator().iter_errors(data))
    yield from ((_place(error), _message(error)) for error in errors)
    if not errors:
        yield from _clashes(data)


def _clashes(data: Data) -> Iterator[tuple[Place, str]]:
    """What a schema cannot say: names of hosts and ids of a host's machines are unique."""
    hosts = Counter(host["name"].lower() for host in data["hosts"])
    for number, host in enumerate(data["hosts"]):
        if hosts[host["name"].lower()] > 1:
            yield ("hosts", number, "name"), f"hosts[{number}].name: {host['name']!r} names more than one host"
        machines = host.get("virtual_machines", [])
        ids = Counter(vm["id"].lower() for vm in machines if isinstance(vm, dict) and "id" in vm)
        for index, vm in enumerate(machines):
            if isinstance(vm, dict) and ids[vm.get("id", "").lower()] > 1:
                place: Place = ("hosts", number, "virtual_machines", index, "id")
                yield place, f"{_text(place)}: {vm['id']!r} is the id of more than one virtual machine of this host"


@cache
def _validator(definition: str | None = None) -> Draft202012Validator:
    # Not above: it takes longer than all else that a command does which checks nothing.
    from jsonschema import Draft202012Validator, FormatChecker

    formats = FormatChecker(())
    formats.checks("date-time", raises=ValueError)(_is_moment)
    schema = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    if definition:
        schema = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
    return Draft202012Validator(schema, format_checker=formats)


def _place(error: ValidationError) -> Place:
    unknown = _unknown_keys(error) if error.validator == "additionalProperties" else []
    return (*error.absolute_path, *unknown[:1])


def _unknown_keys(error: ValidationError) -> list[str]:
    return [key for key in error.instance if key not in error.schema["properties"]]


def _message(error: ValidationError) -> str:
    place, value = _text(error.absolute_path), error.instance
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        return "; ".join(f"{place}: unknown key {_judged(key, known, 'known')}" for key in _unknown_keys(error))
    if error.validator == "enum":
        read_so = [text for text in error.validator_value if str(text).lower() in _READ_AS.get(str(value), ())]
        if isinstance(value, bool) and read_so:
            return f'{place}: YAML reads {read_so[0]} as {str(value).lower()}: write "{read_so[0]}"'
        return f"{place}: {_judged(value, error.validator_value, 'allowed')}"
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in value]
        return f"{place}: {', '.join(missing)} missing"
    if error.validator == "format":
        return f"{place}: {value!r} is not a moment such as 2026-01-31T12:00:00Z"
    if error.validator == "type":
        wanted = error.validator_value
        names = {"object": "a mapping", "array": "a list", "string": "a text", "boolean": "true or false"}
        hint = ""
        if wanted == "string" and isinstance(value, (int, float)):
            hint = ": put it in quotes"
        elif str(value).lower() in ("on", "off", "yes", "no"):
            hint = ": write true or false"
        return f"{place}: {reprlib.repr(value)} is not {names.get(wanted, f'of type {wanted}')}{hint}"
    return f"{place}: {error.message}"


def _judged(value: Any, possible: Iterable[Any], kind: str) -> str:
    """The value with the nearest possible one, or with all of them when none is near."""
    texts = {str(item).lower(): str(item) for item in possible}
    near = difflib.get_close_matches(str(value).lower(), texts, n=1)
    if near:
        return f"{value!r}: did you mean {texts[near[0]]!r}?"
    return f"{value!r} ({kind}: {', '.join(texts.values())})"


def _text(place: Iterable[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.lstrip(".") or "fleet"


def _shortened(lines: list[str]) -> list[str]:
    left = len(lines) - MAX_ERRORS
    return lines if left <= 0 else [*lines[:MAX_ERRORS], f"… and {left} more"]


def _syntax_error(error: yaml.YAMLError, source: str) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{source}:{error.problem_mark.line + 1}: not valid YAML: {error.problem}"
    return f"{source}: not valid YAML: {error}"


def _line(root: yaml.Node, place: Place) -> int:
    """The line of a place, or of the nearest node above it that the file has."""
    node = root
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == part), node)
    return int(node.start_mark.line) + 1


def _duplicate_keys(node: yaml.Node) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _duplicate_keys(item)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                yield int(key.start_mark.line) + 1, f"the key {key.value!r} stands here a second time: remove one"
            seen.add(str(key.value))
            yield from _duplicate_keys(value)
