# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a value read from a file has the shape that a TypedDict promises."""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

_NAMES = {str: "text", int: "number", bool: "true or false", list: "list", dict: "mapping", type(None): "null"}


def mismatches(value: Any, shape: Any, where: str) -> list[str]:
    """Return what in value is not as shape says, one text each that names the place, beginning with where.

    shape: a TypedDict, list[...], dict[str, ...], Literal, a union of these with None, or a plain type. Keys that a
    TypedDict does not have are no mismatch.
    """
    # Of thousands of values almost all are as they should be: the places are found out for the others only.
    return [] if _test(shape)(value) else _mismatches(value, shape, where)


@cache
def _test(shape: Any) -> Callable[[Any], bool]:
    """Return what tells whether a value is as shape says."""
    if shape is Any:
        return lambda value: True
    if is_typeddict(shape):
        fields = [(key, _test(hint), required) for key, (hint, required) in _fields(shape).items()]
        return lambda value: (
            isinstance(value, dict)
            and all(test(value[key]) if key in value else not required for key, test, required in fields)
        )
    origin, arguments = get_origin(shape), get_args(shape)
    if origin in (Union, types.UnionType):
        tests = [_test(argument) for argument in arguments]
        return lambda value: any(test(value) for test in tests)
    if origin is Literal:
        return lambda value: value in arguments
    plain = origin or shape
    if origin in (list, dict):
        test = _test(arguments[-1])
        return lambda value: (
            isinstance(value, plain) and all(map(test, value.values() if isinstance(value, dict) else value))
        )
    if plain is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    return lambda value: isinstance(value, plain)


def _mismatches(value: Any, shape: Any, where: str) -> list[str]:
    if shape is Any:
        return []
    if is_typeddict(shape):
        return _mapping(value, shape, where)
    origin, arguments = get_origin(shape), get_args(shape)
    if origin in (Union, types.UnionType):
        kept = [argument for argument in arguments if argument is not types.NoneType]
        if value is None and len(kept) < len(arguments):
            return []
        (only,) = kept
        return _mismatches(value, only, where)
    if origin is Literal:
        choices = ", ".join(map(str, arguments))
        return [] if value in arguments else [f"{where} is {_shown(value)}, not one of {choices}"]
    plain = origin or shape
    # True is an int to Python.
    if not isinstance(value, plain) or (plain is int and isinstance(value, bool)):
        return [f"{where} is {_shown(value)}, not a {_NAMES[plain]}"]
    places: list[tuple[str, Any]] = []
    if origin is list:
        places = [(f"{where}[{number}]", item) for number, item in enumerate(value)]
    elif origin is dict:
        places = [(f"{where}.{key}", item) for key, item in value.items()]
    return [text for place, item in places for text in _mismatches(item, arguments[-1], place)]


def _mapping(value: Any, shape: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is {_shown(value)}, not a mapping"]
    found = []
    for key, (hint, required) in _fields(shape).items():
        if key in value:
            found += _mismatches(value[key], hint, f"{where}.{key}")
        elif required:
            found.append(f"{where} has no {key}")
    return found


@cache
def _fields(shape: Any) -> dict[str, tuple[Any, bool]]:
    """Field of a TypedDict -> its type, and whether it has to be there."""
    hints = get_type_hints(shape, include_extras=True)
    optional = {key: get_origin(hint) is NotRequired for key, hint in hints.items()}
    return {key: (get_args(hint)[0] if optional[key] else hint, not optional[key]) for key, hint in hints.items()}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
