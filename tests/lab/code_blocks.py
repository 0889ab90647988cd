# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code blocks of the documentation."""

from __future__ import annotations

import ast
import shlex
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from antsibull_docutils.rst_code_finder import find_code_blocks
from markdown_it import MarkdownIt

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Block:
    """A code block. language: as written, "" for none; line: of its first line in the file."""

    document: Path
    line: int
    language: str
    text: str

    @property
    def label(self) -> str:
        return f"{self.document.relative_to(CHECKOUT)}:{self.line}"

    @property
    def file_name(self) -> str | None:
        """The name that a first line such as `# inventory.yml` gives to the block, for commands that use the file."""
        first = self.text.partition("\n")[0].removeprefix("# ")
        return first if first.endswith(".yml") and " " not in first else None

    @property
    def data(self) -> Any:
        """The content of a YAML block."""
        return yaml.safe_load(self.text)

    @property
    def kind(self) -> str:
        """What a YAML block is: playbook, tasks, policy, audit, fleet, rules, waivers, requirements, inventory,
        variables, defaults, awx, scenario, workflow, or "" for nothing known.

        A policy is a mapping of the variables of the role host_policy, an audit one of the role audit, variables of
        the role linux_guest, defaults of the role that the guide to Molecule makes.
        """
        if self.language != "yaml":
            return ""
        try:
            data = self.data
        except yaml.YAMLError:
            return ""
        match data:
            case [{"hosts": _} | {"import_playbook": _} | {"ansible.builtin.import_playbook": _}, *_]:
                return "playbook"
            case [dict(), *_]:
                return "tasks"
            case {"fleet": _}:
                return "fleet"
            case {"version": _, "rules": _}:
                return "rules"
            case {"version": _, "waivers": _}:
                return "waivers"
            case {"scenario": _}:
                return "scenario"
            case {"jobs": _}:
                return "workflow"
            case {"collections": _}:
                return "requirements"
            case dict() if all(name.startswith("host_policy_") for name in data):
                return "policy"
            case dict() if all(name.startswith("audit_") for name in data):
                return "audit"
            case dict() if all(name.startswith("linux_guest_") for name in data):
                return "variables"
            case dict() if all(name.startswith("backup_ready_") for name in data):
                return "defaults"
            case dict() if all(name.startswith("hyperv_awx_") for name in data):
                return "awx"
            case {"hyperv_hosts": _}:
                return "inventory"
        return ""


def code_blocks(document: Path) -> list[Block]:
    """All code blocks of a Markdown or reStructuredText document, in their order."""
    text = document.read_text(encoding="utf-8")
    found = _markdown(text) if document.suffix == ".md" else _restructured(text)
    return [Block(document, line, language, content) for line, language, content in found]


def _markdown(text: str) -> Iterator[tuple[int, str, str]]:
    for token in MarkdownIt("commonmark").parse(text):
        if token.type in ("fence", "code_block") and token.map:
            yield token.map[0] + 1 + (token.type == "fence"), token.info.strip(), token.content


def _restructured(text: str) -> Iterator[tuple[int, str, str]]:
    unknown: list[tuple[int, str, str]] = []

    def remember(line: int | str, _column: int, content: str) -> None:
        unknown.append((int(line), "", content))

    with warnings.catch_warnings():  # about docutils 2, which our versions are pinned against
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        found = list(find_code_blocks(text, warn_unknown_block=remember))
    for block in found:
        yield block.row_offset + 1, block.language or "", block.content.rstrip("\n") + "\n"
    yield from unknown


def commands(shell: str) -> list[list[str]]:
    """The simple commands of a shell block, each a list of words; assignments before a command are left out."""
    found = []
    for line in shell.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        parts = iter([*lexer, ";"])
        for word in parts:
            if set(word) <= set("();|&"):
                found.append(words)
                words = []
            elif set(word) <= set("<>|&"):
                next(parts)  # the file of a redirection
            elif words or "=" not in word:
                words.append(word)
    return [words for words in found if words]


def examples(content: Path) -> str:
    """The text of EXAMPLES of a module or filter: in YAML beside it, or part of its Python."""
    text = content.read_text(encoding="utf-8")
    if content.suffix == ".yml":
        return str(yaml.safe_load(text)["EXAMPLES"])
    for node in ast.parse(text).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="EXAMPLES")], value=ast.Constant(value=str() as found)):
                return found
    raise KeyError(f"{content} has no EXAMPLES")


def links(document: Path) -> list[str]:
    """The targets of all links and images of a Markdown document."""
    tokens = MarkdownIt("commonmark").enable("table").parse(document.read_text(encoding="utf-8"))
    inner = [child for token in tokens for child in token.children or ()]
    targets = [
        child.attrs.get("href", child.attrs.get("src")) for child in inner if child.type in ("link_open", "image")
    ]
    return list(map(str, targets))
