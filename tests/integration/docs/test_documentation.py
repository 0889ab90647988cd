# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every code block of the documentation is run, or at least checked by what would run it."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.cli.playbook import PlaybookCLI
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.guard import refusal_text, refuse
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.profiles import PROFILES
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.rules import policy_problems
from ansible_collections.hyperv.integration.plugins.plugin_utils.role_options import Names, read
from code_blocks import CHECKOUT, Block, code_blocks, commands, examples, links
from hyperv_simulator import cli, fleet
from hyperv_simulator.components import COMPONENTS
from hyperv_simulator.faults import CALL_KINDS, ENDPOINT_KINDS
from hyperv_simulator.paths import cache_dir
from hyperv_simulator.powershell import NEIGHBOURS
from hyperv_simulator.standin import simulated_cmdlets
from playbook_runner import environment, run_playbook
from simulator_runner import Simulator

README = CHECKOUT / "README.md"
SIMULATOR = CHECKOUT / "extensions" / "simulator"
GUIDES = CHECKOUT / "docs" / "docsite" / "rst"
ROLE_READMES = sorted(CHECKOUT.glob("roles/*/README.md"))
DOCUMENTS = [
    README,
    *sorted((CHECKOUT / "docs").glob("*.md")),
    *sorted(GUIDES.glob("*.rst")),
    *ROLE_READMES,
    SIMULATOR / "README.md",
]
BLOCKS = [block for document in DOCUMENTS for block in code_blocks(document)]
SIDECARS = sorted(CHECKOUT.glob("plugins/modules/*.yml"))

# Documents about what is done inside guests, and in a project of the reader's: tests of their own run their playbooks.
GUEST_DOCUMENTS = {
    path for path in (*GUIDES.glob("*.rst"), *ROLE_READMES) if "hosts: hyperv_linux_guests" in path.read_text("utf-8")
}
MOLECULE = GUIDES / "guide_molecule.rst"
# What the guide to an estate is about; a test of its own runs its commands.
ESTATE = CHECKOUT / "docs" / "examples" / "estate"
# Those without a playbook.
OTHER_DOCUMENTS = {GUIDES / "guide_estate.rst", GUIDES / "guide_threat_model.rst"}

TOOLS = Path(sys.executable).parent
# Text is what a command prints: there is nothing to run.
LANGUAGES = ("yaml", "shell", "powershell", "text")
# Where ansible-galaxy installs the collection.
INSTALLED = "~/.ansible/collections/ansible_collections/hyperv/integration/"
# Programs whose command lines are not looked into.
OTHER_PROGRAMS = {
    *(
        ".",
        "ansible-builder",
        "ansible-doc",
        "ansible-galaxy",
        "cd",
        "cp",
        "export",
        "git",
        "molecule",
        "python3",
        "sudo",
    )
}

# What the examples of the documentation are about.
FLEET: dict[str, Any] = {
    "hosts": [
        {
            "name": "hv-berlin",
            "culture": "de",
            "virtual_machines": [
                {"name": "web01", "services": {"shutdown": False, "guest_service_interface": True}},
                {"name": "web02"},
                {"name": "db01", "groups": ["databases"], "services": {"vss": False}},
                {"name": "sql01", "replication": "Primary", "services": {"vss": False}},
                {"name": "dc01", "services": {"time_synchronization": False}},
                {"name": "lab-win11"},
                {"name": "ups-monitor", "guest": "none"},
                {"name": "ups01", "guest": "none"},
                {"name": "secret01", "guest": "linux", "isolation": "SNP"},
            ],
        }
    ]
}


def named(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def of_language(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def of_kind(kind: str) -> list[Block]:
    found = [block for block in BLOCKS if block.kind == kind]
    assert found != [], f"the documentation has no {kind} any more: is it still recognised?"
    return found


def yaml_of(document: Path) -> list[Block]:
    return [block for block in BLOCKS if block.document == document and block.kind]


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs a tool of this environment; nothing is written outside of the given directory."""
    variables = environment(cwd) | {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"} | env
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def write_files(blocks: list[Block], directory: Path) -> list[Path]:
    """Writes YAML blocks under their own names, else numbered. Returns the playbooks, and tasks wrapped in a play."""
    playbooks = []
    for block in blocks:
        path = directory / (block.file_name or f"line{block.line}.yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        if block.kind == "tasks":
            write_play(block.text, path)
        if block.kind in ("playbook", "tasks"):
            playbooks.append(path)
    return playbooks


def write_play(tasks: str, path: Path) -> None:
    play = {"name": "Examples", "hosts": "hyperv_hosts", "gather_facts": False, "tasks": yaml.safe_load(tasks)}
    path.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")


@pytest.fixture(scope="module")
def inventory(pwsh: str) -> Iterator[Path]:
    """An inventory of a fleet that has what the examples name."""
    with Simulator(FLEET) as simulator:
        yield simulator.inventory("winrm")


def test_every_block_says_what_it_is() -> None:
    assert [block.label for block in BLOCKS if block.language not in LANGUAGES] == []
    assert [block.label for block in of_language("yaml") if not block.kind] == []


def test_yaml_is_clean(tmp_path: Path) -> None:
    settings = {"extends": str(CHECKOUT / ".yamllint"), "rules": {"document-start": "disable"}}
    (tmp_path / "settings").write_text(json.dumps(settings), encoding="utf-8")
    for block in of_language("yaml"):
        name = block.label.replace("/", "-").replace(":", "-")
        (tmp_path / f"{name}.yml").write_text(block.text, encoding="utf-8")
    done = run(TOOLS / "yamllint", "--strict", "-c", "settings", ".", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_playbooks_are_understood(tmp_path: Path) -> None:
    playbooks = []
    for number, document in enumerate(path for path in DOCUMENTS if path != MOLECULE):
        directory = tmp_path / str(number)
        directory.mkdir()
        playbooks += write_files(yaml_of(document), directory)
    for sidecar in CHECKOUT.glob("plugins/*/*.yml"):
        playbooks.append(tmp_path / sidecar.name)
        write_play(examples(sidecar), playbooks[-1])
    done = run(TOOLS / "ansible-playbook", "--syntax-check", *playbooks, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "document",
    [README, *sorted({*GUIDES.glob("*.rst"), *ROLE_READMES} - GUEST_DOCUMENTS - OTHER_DOCUMENTS - {MOLECULE})],
    ids=named,
)
def test_playbooks_run(document: Path, tmp_path: Path, inventory: Path) -> None:
    """One after the other, as a reader would, with the files that the document names."""
    playbooks = write_files(yaml_of(document), tmp_path)
    assert playbooks, "the document has nothing to try"
    done = run_playbook(inventory, playbooks[-1], *map(str, playbooks[:-1]), cwd=tmp_path)
    assert done.code == 0, done.output
    assert done.results != []


@pytest.mark.parametrize("sidecar", SIDECARS, ids=lambda path: path.stem)
def test_examples_of_modules(sidecar: Path, tmp_path: Path, inventory: Path) -> None:
    playbook = tmp_path / "examples.yml"
    write_play(examples(sidecar), playbook)
    done = run_playbook(inventory, playbook)
    assert done.code == 0, done.output
    assert [result.task for result in done.results] == [task["name"] for task in yaml.safe_load(examples(sidecar))]


def test_policies_hold() -> None:
    specs = yaml.safe_load((CHECKOUT / "roles/host_policy/meta/argument_specs.yml").read_text(encoding="utf-8"))
    validator = ArgumentSpecValidator(specs["argument_specs"]["main"]["options"])
    policy_fields = ("default", "merge", "protected", "overrides")
    found = []
    for block in of_kind("policy"):
        policy = {key: block.data[f"host_policy_{key}"] for key in policy_fields if f"host_policy_{key}" in block.data}
        lists = {name: rules for name, rules in block.data.items() if name.startswith("host_policy_rules")}
        options = {name: value for name, value in block.data.items() if not name.startswith("host_policy_rules_")}
        problems = [*validator.validate(options).error_messages, *policy_problems({**policy, "rules": lists})]
        found += [f"{block.label}: {problem}" for problem in problems]
    assert found == []


def test_variables_of_an_audit_are_options_of_the_role() -> None:
    text = (CHECKOUT / "roles" / "audit" / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    names = Names("audit_", yaml.safe_load(text)["argument_specs"]["main"]["options"])
    problems = {block.label: read(names, block.data, block.data, (), "/").problems for block in of_kind("audit")}
    assert [label for label, found in problems.items() if found] == []


def test_variables_for_awx_are_those_of_its_configuration() -> None:
    text = (CHECKOUT / "extensions" / "awx" / "configs" / "hyperv.yml").read_text(encoding="utf-8")
    wanted = set(re.findall(r"{{ (hyperv_awx_\w+) }}", text))
    assert [set(block.data) for block in of_kind("awx")] == [wanted]
    readme = (CHECKOUT / "extensions" / "awx" / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(hyperv_awx_\w+)`", readme)) == set(re.findall(r"{{ (hyperv_awx_\w+)", text))


def test_plays_target_the_groups_that_the_playbooks_target() -> None:
    """A reader has one inventory."""
    plays = [(block.label, play) for block in of_kind("playbook") for play in block.data if "hosts" in play]
    groups = {(label, group) for label, play in plays for group in play["hosts"].split(":")}
    known = ("hyperv_hosts", "hyperv_linux_guests", "localhost")
    assert [(label, group) for label, group in sorted(groups) if group not in known] == []
    defaults = (CHECKOUT / "playbooks" / "audit.yml").read_text(encoding="utf-8")
    assert [group for group in known[:2] if f"default('{group}')" not in defaults] == []


def test_fleets_are_valid() -> None:
    for block in of_kind("fleet"):
        fleet.parse(block.text, block.label)


def test_inventories_are_understood(tmp_path: Path) -> None:
    for number, block in enumerate(of_kind("inventory")):
        path = tmp_path / f"inventory{number}.yml"
        path.write_text(block.text, encoding="utf-8")
        done = run(TOOLS / "ansible-inventory", "-i", path, "--list", cwd=tmp_path)
        assert done.returncode == 0, f"{block.label}: {done.stderr}"
        hosts = json.loads(done.stdout)["hyperv_hosts"]["hosts"]
        assert hosts == list(block.data["hyperv_hosts"]["hosts"]), f"{block.label}: {done.stderr}"


@pytest.mark.parametrize("block", of_language("shell"), ids=lambda block: block.label)
def test_shell_commands_exist(block: Block, tmp_path: Path) -> None:
    done = run("bash", "-n", "-c", block.text, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    write_files([other for other in yaml_of(block.document) if other.file_name], tmp_path)
    found = commands(block.text)
    assert found != []
    for words in found:
        match words[0]:
            case "make":
                done = run(*words, "--dry-run", cwd=CHECKOUT)
                assert done.returncode == 0, done.stderr
            case "hvsim":
                cli.parser().parse_args([word.replace("$$", "1") for word in words[1:]])
            case "ansible":
                done = run(TOOLS / words[0], *words[1:], "--list-hosts", cwd=tmp_path)
                assert done.returncode == 0, done.stderr
            case "ansible-playbook" if words[1].startswith(INSTALLED):
                assert (CHECKOUT / words[1].removeprefix(INSTALLED)).exists(), "tests of its own run it"
            case "ansible-playbook":
                line = PlaybookCLI(words)
                line.init_parser()
                given = line.parser.parse_args(words[1:])
                for name in given.args:  # what they hold is parsed by a test of its own
                    own = CHECKOUT / "playbooks" / f"{name.removeprefix('hyperv.integration.')}.yml"
                    assert any(path.exists() for path in (own, tmp_path / name, ESTATE / name)), words
            case program:
                assert program in OTHER_PROGRAMS, words


def test_powershell_is_understood(pwsh: str, tmp_path: Path) -> None:
    script = "$ErrorActionPreference = 'Stop'; $null = [scriptblock]::Create([IO.File]::ReadAllText($args[0]))"
    (tmp_path / "parse.ps1").write_text(script, encoding="utf-8")
    for block in of_language("powershell"):
        (tmp_path / "block.txt").write_text(block.text, encoding="utf-8")
        done = run(pwsh, "-NoProfile", "-NonInteractive", "-File", "parse.ps1", "block.txt", cwd=tmp_path)
        assert done.returncode == 0, f"{block.label}: {done.stdout}{done.stderr}"


def test_links_lead_somewhere() -> None:
    documents = [document for document in DOCUMENTS if document.suffix == ".md"]
    found = [(document, link.partition("#")[0]) for document in documents for link in links(document)]
    local = [(document, link) for document, link in found if link and "://" not in link]
    assert local != []
    assert [f"{named(document)}: {link}" for document, link in local if not (document.parent / link).exists()] == []


def test_the_simulator_does_what_its_readme_says(pwsh: str, tmp_path: Path) -> None:
    """From top to bottom, but the installation of packages, in one shell."""
    modules = cache_dir() / "modules"  # compiled already, perhaps; the run directories are to be our own
    modules.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "modules").symlink_to(modules)
    readme = SIMULATOR / "README.md"
    write_files(yaml_of(readme), tmp_path)
    shell = [block.text for block in of_language("shell") if block.document == readme]
    ending = "trap 'hvsim down; hvsim down --run-dir run' EXIT"
    script = "\n".join(["set -eux", ending, *(text for text in shell if "pip install" not in text)])
    path = os.pathsep.join([str(SIMULATOR), str(TOOLS), os.environ["PATH"]])
    done = run("bash", "-c", script, cwd=tmp_path, PATH=path, HVIS_PWSH=pwsh, HVIS_CACHE=str(tmp_path / "cache"))
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "Herunterfahren" in output, "services have German names"
    assert "changed=1" in output, "the service was switched on"
    assert "struck 1 of 1, 2 calls matched" in output, "the call that came after the fault matched its rule, too"


def command_line(parser: argparse.ArgumentParser, path: str = "") -> Iterator[str]:
    """The commands, and their options but those that all have."""
    families = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for family in families:
        for name, command in family.choices.items():
            yield from command_line(command, f"{path} {name}".strip())
    if not families:
        yield path
        yield from (
            word for action in parser._actions for word in action.option_strings if word not in ("-h", "--help")
        )


def test_the_simulators_readme_is_complete() -> None:
    text = (SIMULATOR / "README.md").read_text(encoding="utf-8")
    schema = json.loads((SIMULATOR / "hyperv_simulator" / "fleet.schema.json").read_text(encoding="utf-8"))
    keys = {key for part in (schema, *schema["$defs"].values()) for key in part.get("properties", {})}
    words = {*keys, *KEYS, *CALL_KINDS, *ENDPOINT_KINDS, *simulated_cmdlets()}
    assert sorted(word for word in words if f"`{word}`" not in text) == []
    offered = list(command_line(cli.parser()))
    assert sorted(words for words in offered if f"`{words}" not in text) == []


def test_readme_of_the_simulator_tells_where_powershell_is_looked_for() -> None:
    """The error of `hvsim up` names the same places."""
    text = (CHECKOUT / "extensions" / "simulator" / "README.md").read_text(encoding="utf-8")
    assert [place for place in ("HVIS_PWSH", NEIGHBOURS[0]) if f"`{place}`" not in text] == []


def test_guide_to_molecule_names_a_service_as_the_simulator_does() -> None:
    text = MOLECULE.read_text(encoding="utf-8")
    (name,) = re.findall(r"``culture: de-DE``.* is called \*(.+?)\*", text)
    assert name in {component.name("de") for component in COMPONENTS.values()}


def test_guide_to_molecule_installs_what_the_tested_roles_need() -> None:
    """A policy with `where` needs jmespath."""
    installed = [line.split() for line in MOLECULE.read_text(encoding="utf-8").splitlines() if "pip install" in line]
    assert len(installed) == 2
    assert [words for words in installed if "jmespath" not in words] == []


def test_guide_to_services_names_every_module_that_looks_into_a_guest() -> None:
    modules = {path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*_guest_info.*")}
    text = (GUIDES / "guide_services.rst").read_text(encoding="utf-8")
    assert [name for name in modules if f"hyperv.integration.{name}#module" not in text] == []


def test_see_also_leads_to_pages_that_exist() -> None:
    """A reference to a guide becomes the address of a search that finds nothing, because no site has the guides."""
    modules = [
        path.read_text(encoding="utf-8") for path in CHECKOUT.glob("plugins/*/*") if path.suffix in (".py", ".yml")
    ]
    assert [text for text in modules if "  - ref: ansible_collections.hyperv" in text] == []
    ours = "https://github.com/hyperv-integration/hyperv.integration/blob/main/"
    linked = {path for text in modules for path in re.findall(rf"{ours}(\S+)", text)}
    assert linked
    assert [path for path in linked if not (CHECKOUT / path).exists()] == []


def test_the_guide_to_policies_shows_what_the_role_says() -> None:
    def facts(name: str, **switches: bool) -> dict[str, Any]:
        enabled = {**dict.fromkeys(KEYS, True), "guest_service_interface": False, **switches}
        return {"id": name, "name": name, "services": {key: {"enabled": value} for key, value in enabled.items()}}

    def rules(file_name: str, variable: str) -> Any:
        (block,) = [block for block in BLOCKS if block.document == guide and block.file_name == file_name]
        return block.data[variable]

    guide = GUIDES / "guide_policy.rst"
    machines = [facts("app01"), facts("dc01"), facts("web01", shutdown=False, guest_service_interface=True)]
    of_berlin = [{**facts(name), "groups": [], "replication": {"mode": "None"}} for name in ("ups-monitor", "dc01")]
    lists = {
        "host_policy_rules_10_host": rules("host_vars/hv-berlin.yml", "host_policy_rules_10_host"),
        "host_policy_rules_50_dmz": rules("group_vars/dmz.yml", "host_policy_rules_50_dmz"),
        "host_policy_rules": rules("group_vars/hyperv_hosts.yml", "host_policy_rules"),
    }
    said = [
        "\n".join(make_plan(machines, {})["explanation"]),
        "\n".join(make_plan(of_berlin, {"rules": lists})["explanation"]),
        refusal_text(refuse("shutdown", "rule 1 (appliance)")),
    ]
    shown = [block.text for block in BLOCKS if block.document == guide and block.language == "text"]
    assert [text.split() for text in shown] == [text.split() for text in said]
    assert [name for name in PROFILES if f"``{name}``" not in guide.read_text(encoding="utf-8")] == []
