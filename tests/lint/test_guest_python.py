# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in Linux guests runs under Python 3.6, which RHEL 8 has: its syntax, and what is evaluated at import.

ruff knows no target before 3.7, so the tree is read here. Where a real old Python is, everything is imported with it.
"""

from __future__ import annotations

import ast
import subprocess

import pytest

import workspace
from pythons import find_python

CHECKOUT = workspace.CHECKOUT
FILES = sorted(path for part in ("modules", "module_utils") for path in (CHECKOUT / "plugins" / part).rglob("*.py"))
# What takes a subscript since 3.9 only. What typing brings, as in Callable["list[str]"], has always taken one.
NO_SUBSCRIPT = {"dict", "frozenset", "list", "set", "tuple", "type"}


def too_new(source: str) -> list[str]:
    """Return what Python 3.6 cannot compile or evaluate in a source, each with its line."""
    try:
        tree = ast.parse(source, feature_version=(3, 6))
    except SyntaxError as exc:
        return [f"{exc.lineno}: {exc.msg}"]
    nodes = list(ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    # The annotations of a function's own variables are never evaluated.
    local = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.AnnAssign)]
    silent = [part for node in local for part in ast.walk(node.annotation)]
    annotations = [node.returns for node in functions]
    annotations += [
        node.annotation for node in nodes if isinstance(node, (ast.arg, ast.AnnAssign)) and node not in local
    ]
    faults: list[ast.expr | ast.stmt] = []
    for annotation in filter(None, annotations):
        faults += [part for part in ast.walk(annotation) if isinstance(part, ast.BinOp)]
    for node in nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node not in silent:
            faults += [node] if node.value.id in NO_SUBSCRIPT else []
        if isinstance(node, ast.ImportFrom) and (node.module, node.names[0].name) == ("__future__", "annotations"):
            faults.append(node)
    return [f"{node.lineno}: {ast.unparse(node)}" for node in faults]


def test_nothing_is_newer_than_python_3_6() -> None:
    faults = [f"{path.relative_to(CHECKOUT)}:{fault}" for path in FILES for fault in too_new(path.read_text("utf-8"))]
    assert not faults
    assert len(FILES) > 20


@pytest.mark.parametrize(
    "source",
    [
        "def f(a: str | None): ...",
        "def f() -> list[str]: ...",
        "def f(*, a: 'int', **b: dict[str, int]): ...",
        "class C:\n    a: tuple[str, ...] = ()",
        "A: 'int' = 1\nB: set[int] = set()",
        "Run = Callable[[list[str]], 'str | None']",
        "from __future__ import annotations",
        "if (a := 1): ...",
        "def f(a, /): ...",
    ],
)
def test_what_is_too_new_is_found(source: str) -> None:
    assert too_new(source)


def test_what_is_never_evaluated_is_no_fault() -> None:
    assert too_new("def f(a: 'str | None') -> 'list[str]':\n    b: list[str] = []\n    return b") == []


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8", "3.9"])
def test_everything_imports(version: str) -> None:
    """In the workflow, whose machines have no Python 3.6, ansible-test brings one for ansible-core 2.16."""
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version}")
    names = [".".join(path.relative_to(CHECKOUT).with_suffix("").parts) for path in FILES]
    modules = [f"ansible_collections.hyperv.integration.{name}" for name in names]
    command = [python, str(workspace.LAB / "import_all.py"), str(workspace.IMPORTS), *modules]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
