# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JMESPath expressions over facts, such as those of one virtual machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

try:
    import jmespath
    from jmespath.exceptions import JMESPathError
    from jmespath.functions import Functions
except ImportError:  # only those who write "where" need it
    jmespath = None

Facts = Mapping[str, Any]


def available() -> bool:
    """Tell whether the library is there."""
    return jmespath is not None


def compile_expression(text: str, field: str = "match.where") -> Callable[[Facts], bool]:
    """Return a test of facts: true unless the expression yields false, null or something empty. field: for messages.

    Raises ValueError when the library is missing, for a syntax error and for a function called wrongly.
    The test raises ValueError when the expression cannot be evaluated, for example when a function gets a wrong type.
    """
    if jmespath is None:
        raise ValueError("needs the Python library jmespath on the controller: pip install jmespath")
    try:
        compiled = jmespath.compile(text)
    except JMESPathError as error:
        raise ValueError(f"not a JMESPath expression: {_first_line(error)}") from error
    # The library itself looks at functions only when it comes to call them.
    for name, given in _calls(compiled.parsed):
        if name not in Functions.FUNCTION_TABLE:
            raise ValueError(f"JMESPath has no function {name}; it has {', '.join(Functions.FUNCTION_TABLE)}")
        signature = Functions.FUNCTION_TABLE[name]["signature"]
        variadic = bool(signature) and signature[-1].get("variadic", False)
        if given < len(signature) or (given > len(signature) and not variadic):
            raise ValueError(f"the function {name} takes {len(signature)} arguments, not {given}")

    def test(facts: Facts) -> bool:
        try:
            found = compiled.search(facts)
        except JMESPathError as error:
            raise ValueError(f"{field} {text!r}: {_first_line(error)}") from error
        # JMESPath's own idea of truth: the number 0 is true.
        return not (found is None or found is False or found in ("", [], {}))

    return test


def root_fields(text: str) -> set[str]:
    """Return the facts that an expression which can be compiled begins with; of "services.vss.enabled" services."""
    return set(_roots(jmespath.compile(text).parsed))


def _roots(node: object) -> Iterator[str]:
    # Of these only the first part is evaluated on the facts; the others are on what that has found.
    narrowing = ("subexpression", "index_expression", "projection", "value_projection", "filter_projection", "flatten")
    if isinstance(node, Mapping):
        if node["type"] == "field":
            yield node["value"]
        elif node["type"] in (*narrowing, "pipe"):
            yield from _roots(node["children"][0])
        elif node["type"] != "expref":
            for child in node["children"]:
                yield from _roots(child)


def _first_line(error: Exception) -> str:
    """Without the drawing that points at the place."""
    return str(error).partition("\n")[0].rstrip(":")


def _calls(node: object) -> Iterator[tuple[str, int]]:
    """Yield (name, number of arguments) of the functions called anywhere in a parsed expression."""
    if isinstance(node, Mapping):  # the children of a slice are numbers
        if node["type"] == "function_expression":
            yield node["value"], len(node["children"])
        for child in node["children"]:
            yield from _calls(child)
