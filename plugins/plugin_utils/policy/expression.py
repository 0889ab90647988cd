# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JMESPath expressions over facts, such as those of one virtual machine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

try:
    import jmespath
    from jmespath.exceptions import JMESPathError
    from jmespath.functions import Functions
    from jmespath.visitor import TreeInterpreter
except ImportError:  # only those who write "where" need it
    jmespath = None
    TreeInterpreter = object

Facts = Mapping[str, Any]

# People write expressions, and hosts and guests the facts. Neither must keep the control node busy without end.
_LONGEST = 4_000
_DEEPEST = 100
_TOO_DEEP = f"the expression is nested more than {_DEEPEST} levels deep"
_MOST_WORK = 200_000
# What these nodes yield is new, and can be larger than the facts. All others yield a part of what there is.
_CREATING = frozenset(
    (
        "filter_projection",
        "flatten",
        "function_expression",
        "multi_select_dict",
        "multi_select_list",
        "projection",
        "value_projection",
    )
)
# What the library lets through of Python when a function gets what it does not expect.
_PYTHON_ERRORS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def available() -> bool:
    """Tell whether the library is there."""
    return jmespath is not None


def compile_expression(
    text: str, field: str = "match.where", known: Collection[str] | None = None
) -> Callable[[Facts], bool]:
    """Return a test of facts: true unless the expression yields false, null or something empty. field: for messages.

    known: all facts that there are; null: not checked.
    Raises ValueError when the library is missing, for a syntax error, an unknown fact, a function called wrongly, and
    an expression of more than 4,000 characters or 100 levels.
    The test raises ValueError when the expression cannot be evaluated, for example when a function gets a wrong type,
    or when its evaluation takes too much time or memory.
    """
    if jmespath is None:
        raise ValueError("needs the Python library jmespath on the controller: pip install jmespath")
    if len(text) > _LONGEST:
        raise ValueError(f"the expression is longer than {_LONGEST:,} characters")
    try:
        parsed = jmespath.compile(text).parsed
    except JMESPathError as error:
        raise ValueError(f"not a JMESPath expression: {_first_line(error)}") from error
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if _depth(parsed) > _DEEPEST:
        raise ValueError(_TOO_DEEP)
    _check_calls(parsed)
    if known is not None:
        _check_roots(text, parsed, known)

    def test(facts: Facts) -> bool:
        try:
            found = _Evaluation().visit(parsed, facts)
        except (JMESPathError, *_PYTHON_ERRORS) as error:
            raise ValueError(f"{field} {text!r}: cannot be evaluated: {_first_line(error)}") from error
        # JMESPath's own idea of truth: the number 0 is true.
        return not (found is None or found is False or found in ("", [], {}))

    return test


class _Evaluation(TreeInterpreter):
    """One evaluation, which ends when it has done too much. A unit of work is a step, or a value that is created."""

    def __init__(self) -> None:
        super().__init__()
        self._left = _MOST_WORK

    def visit(self, node: Any, value: Any) -> Any:
        self._spend(1)
        found = super().visit(node, value)
        if node["type"] in _CREATING:
            self._spend(_size(found, self._left))
        return found

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        given = [self.visit(child, value) for child in node["children"]]
        match node["value"], given:
            case "join", [str() as between, list() as texts]:  # the one function that yields more than it gets
                self._spend(_size(between, self._left) * len(texts))
        return self._functions.call_function(node["value"], given)

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise ValueError("it takes too much time or memory; write a simpler expression")


def _size(value: Any, limit: int) -> int:
    """Return how many values a value consists of, as far as limit. What is there twice counts twice, as it is written.

    A text counts as one value for each 16 characters.
    """
    size = 0
    ahead = [value]
    while ahead and size <= limit:
        value = ahead.pop()
        size += 1
        if isinstance(value, str):
            size += len(value) // 16
        elif isinstance(value, list):
            ahead += value
        elif isinstance(value, Mapping):
            ahead += value.values()
    return size


def _depth(node: object) -> int:
    deepest = 0
    ahead = [(node, 1)]
    while ahead:
        node, depth = ahead.pop()
        if isinstance(node, Mapping):
            deepest = max(deepest, depth)
            ahead += [(child, depth + 1) for child in node["children"]]
    return deepest


def _check_calls(parsed: object) -> None:
    # The library itself looks at functions only when it comes to call them.
    for name, given in _calls(parsed):
        if name not in Functions.FUNCTION_TABLE:
            raise ValueError(f"JMESPath has no function {name}; it has {', '.join(Functions.FUNCTION_TABLE)}")
        signature = Functions.FUNCTION_TABLE[name]["signature"]
        variadic = bool(signature) and signature[-1].get("variadic", False)
        if given < len(signature) or (given > len(signature) and not variadic):
            raise ValueError(f"the function {name} takes {len(signature)} arguments, not {given}")


def _check_roots(text: str, parsed: object, known: Collection[str]) -> None:
    unknown = sorted(set(_roots(parsed)).difference(known))
    if not unknown:
        return
    quoted = [name for name in unknown if f'"{name}"' in text]
    hint = f"; texts stand in single quotes: '{quoted[0]}'" if quoted else ""
    raise ValueError(f"there is no fact {', '.join(unknown)}{hint}; there are {', '.join(sorted(known))}")


def _roots(node: object) -> Iterator[str]:
    """Yield the facts that an expression begins with; of "services.vss.enabled" services."""
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
