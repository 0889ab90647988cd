# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README from its first playbook on: what it names is there when it is needed, and its parts belong together."""

from __future__ import annotations

import json
import re
from pathlib import Path

from code_blocks import code_blocks, commands
from playbook_runner import run_playbook
from simulator_runner import Simulator
from workspace import CHECKOUT

README = CHECKOUT / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = code_blocks(README)
FILES = {block.file_name: block for block in BLOCKS if block.file_name}


def test_audit_evaluates_the_policy(pwsh: str, tmp_path: Path) -> None:
    """One inventory and the variables of a group serve both playbooks."""
    for name in ("group_vars/hyperv_hosts.yml", "policy.yml", "audit.yml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(FILES[name].text, encoding="utf-8")
    with Simulator({"hosts": [{"name": "hv01", "virtual_machines": ["dc01", "web01"]}]}) as simulator:
        inventory = simulator.inventory("winrm")
        for playbook in ("policy.yml", "audit.yml"):
            done = run_playbook(inventory, tmp_path / playbook, cwd=tmp_path)
            assert done.code == 0, done.output
    (host,) = json.loads((tmp_path / "reports" / "collection.json").read_text(encoding="utf-8"))["hosts"]
    decided = {vm["name"]: vm["rules"] for vm in host["plan"]["decisions"]}
    assert decided == {"dc01": ["rule 1 (domain controllers)"], "web01": ["host_policy_default"]}


def test_inventory_has_every_group_that_plays_target() -> None:
    plays = [play for block in BLOCKS if block.kind == "playbook" for play in block.data]
    targeted = {group for play in plays for group in play["hosts"].split(":")}
    assert set(FILES["inventory.yml"].data) == targeted


def test_requirements_come_before_the_playbook_that_needs_them() -> None:
    (installed,) = [
        block for block in BLOCKS for words in commands(block.text) if block.language == "shell" and "pip" in words
    ]
    assert {"jmespath", "jsonschema", "pywinrm[kerberos]"} <= set(installed.text.replace('"', "").split())
    assert installed.line < FILES["first.yml"].line


def test_report_of_the_policy_is_followed_by_the_command_that_enforces_it() -> None:
    shell = [words for block in BLOCKS if block.language == "shell" for words in commands(block.text)]
    first, *others = [words for words in shell if "policy.yml" in words]
    assert "host_policy_mode=report" in first
    assert first[: first.index("--extra-vars")] == others[-1]
    assert "host_policy_mode" not in FILES["policy.yml"].text


def test_durations_of_demo_and_tests_are_told() -> None:
    (told,) = [line for line in TEXT.splitlines() if "two cores" in line]
    for command in ("make demo", "make test"):
        assert re.search(rf"`{command}` takes [a-z0-9 ]+ minutes", told), command


def test_collections_that_roles_need_are_named() -> None:
    roles = [path.read_text(encoding="utf-8") for path in CHECKOUT.glob("roles/*/README.md")]
    needed = {name for text in roles for name in re.findall(r"The collection `([a-z_.]+)`", text)}
    assert needed == {"community.general"}
    requirements = TEXT[TEXT.index("## External requirements") : TEXT.index("## Included content")]
    assert [name for name in needed if name not in requirements] == []


def test_table_of_contents_names_all_content() -> None:
    """Every module, role, playbook, filter, and lookup has a row, and nothing else has one."""
    rows = re.findall(r"(?m)^\| (module|role|playbook|filter|lookup) \| (.*?) \|", TEXT)
    named = {(kind, name.removeprefix("molecule.")) for kind, cell in rows for name in re.findall(r"`([\w.]+)`", cell)}
    plugins = {
        (kind, path.stem)
        for kind, folder in (("module", "modules"), ("filter", "filter"), ("lookup", "lookup"))
        for path in (CHECKOUT / "plugins" / folder).glob("[!_]*.*")
    }
    roles = {("role", path.name) for path in (CHECKOUT / "roles").iterdir()}
    files = [path for folder in ("playbooks", "playbooks/molecule") for path in (CHECKOUT / folder).glob("*.yml")]
    playbooks = {("playbook", path.name.split(".")[0]) for path in files}
    assert named == plugins | roles | playbooks


def test_list_of_guides_names_all_guides() -> None:
    line = next(line for line in TEXT.splitlines() if line.startswith("Guides: "))
    guides = {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "docs").rglob("guide_*.rst")}
    assert set(re.findall(r"\((docs/\S+\.rst)\)", line)) == guides
