# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a role, read once and completely before any host or guest is asked."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

# The options of a selection of virtual machines that select some; exclude only takes away.
SELECTORS = frozenset({"name", "id", "pattern", "group", "all"})
# The option of a role that names variables with its prefix that belong to something else.
IGNORED = "ignored_variables"


class Names(NamedTuple):
    """What variables of a role there are.

    prefix: what the names of all of them begin with; empty for options that have none. families: options that may be
    there several times, as `<option>_<suffix>`. results: variables that the role sets itself.
    """

    prefix: str
    spec: Mapping[str, Mapping[str, Any]]
    families: Collection[str] = ()
    results: Collection[str] = ()

    def options(self, variables: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Return the specification of each option, with those of its family that are among the variables."""
        members = {name: self.spec[family] for name in variables if (family := self._family(name))}
        return {**self.spec, **members}

    def unknown(self, variables: Iterable[str], ignored: Collection[str] = ()) -> Iterator[str]:
        """Say which variables there are that have the prefix and are none of the role's. ignored: names or patterns."""
        known = {*self.spec, *self.results}
        for name in sorted(variables):
            if not self.prefix or not name.startswith(self.prefix) or name in known or self._family(name):
                continue
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in ignored):
                continue
            near = get_close_matches(name, self.spec, 1)
            meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(self.spec))}."
            theirs = f"{self.prefix}{IGNORED}"
            way_out = f" If it belongs to something else, add it to {theirs}." if theirs in self.spec else ""
            yield f"{name}: there is no such variable; {meant}{way_out}"

    def bare(self, name: str) -> str:
        return name.removeprefix(self.prefix)

    def _family(self, name: str) -> str | None:
        return next((one for one in self.families if name.startswith(f"{one}_") and name not in self.spec), None)


class Read(NamedTuple):
    """options: values by the names without the prefix. problems: what is wrong, one text each."""

    options: dict[str, Any]
    problems: list[str]


def read(
    names: Names, given: Mapping[str, Any], variables: Collection[str], files: Collection[str], place: str
) -> Read:
    """Return every option of the role with its type, its default where it is not given.

    given: plain values by name. variables: the names of all variables that the role could see. files: options that
    name files, which must be there. place: the directory where a path begins that is not absolute itself.
    """
    spec = names.options(variables)
    values = {name: as_list(option, given[name]) for name, option in spec.items() if _is_given(option, given.get(name))}
    checked = ArgumentSpecValidator(spec).validate(values)
    problems = list(checked.error_messages)
    options = {name: _without_null(value) for name, value in checked.validated_parameters.items()}
    if not problems:
        options = {name: _resolve(spec[name], value, place) for name, value in options.items()}
        problems += [text for name in files for text in _missing(name, options[name], place)]
        problems += [
            text for name in values for text in _empty_selection(spec[name], name, values[name], options[name])
        ]
    ignored = options.get(f"{names.prefix}{IGNORED}") or ()
    problems += names.unknown(variables, ignored)
    return Read({names.bare(name): value for name, value in options.items()}, problems)


def as_list(option: Mapping[str, Any], value: Any) -> Any:
    """Return the value, a text for a list as a list: split at commas, or read as YAML where it has brackets.

    The same for the options of a mapping. What cannot be read stays as it is, and is refused as no list.
    """
    if isinstance(value, Mapping) and "options" in option:
        return {
            name: as_list(option["options"][name], item) if name in option["options"] else item
            for name, item in value.items()
        }
    if option.get("type") != "list" or not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return yaml.safe_load(value)
        except yaml.YAMLError:
            return value
    return [part.strip() for part in value.split(",") if part.strip()]


def refusals(names: Names, facts: Iterable[str], host: str) -> dict[str, str]:
    """Return, by their names, the options that are among the facts of a host or guest, and what to say of them.

    facts: the keys of ansible_facts. A host or guest can return any; one that is an option would steer the play.
    """
    spec = set(names.options(facts))
    return {
        name: f"{name} is among the ansible_facts of {host}: what a host or guest returns never sets an option. "
        f"Remove it there (a set_fact with cacheable; the fact cache, with ansible-playbook --flush-cache), and do not "
        f"gather facts of {host} before the role."
        for name in sorted(spec.intersection(facts))
    }


def _is_given(option: Mapping[str, Any], value: Any) -> bool:
    """Null is no value, and nor is the empty text where a path is wanted: surveys of AWX answer so."""
    return value is not None and not (value == "" and option.get("type") == "path")


def _without_null(value: Any) -> Any:
    """Return a mapping without the options that were not given in it: to leave one out is not to give null."""
    if isinstance(value, Mapping):
        return {name: item for name, item in value.items() if item is not None}
    return value


def _resolve(option: Mapping[str, Any], value: Any, place: str) -> Any:
    if value and option.get("type") == "path":
        return str(Path(place, value))
    if value and option.get("elements") == "path":
        # A file twice in a list counts once.
        return list(dict.fromkeys(str(Path(place, item)) for item in value))
    return value


def _empty_selection(option: Mapping[str, Any], name: str, given: Any, read_: Any) -> Iterator[str]:
    """Say that a selection is given and selects nothing. Null in it is given, too: to the modules it would mean all."""
    selectors = SELECTORS & set(given) if "all" in option.get("options", ()) else ()
    if selectors and not any(read_.get(selector) for selector in selectors):
        yield (
            f"{name} {given}: selects no virtual machine, and an empty selection never means all of them. Name those "
            "that you mean, or leave the option out for every virtual machine of the host."
        )


def _missing(name: str, value: Any, place: str) -> Iterator[str]:
    for path in value if isinstance(value, list) else [value] if value else []:
        if not Path(path).is_file():
            found = "is not a file" if Path(path).exists() else "does not exist"
            yield f"{name}: {path} {found}. Correct the path (relative paths begin at {place}) or leave the option out."
