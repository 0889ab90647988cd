# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused is recognised in manifests as Ansible writes them, and in nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hyperv_simulator.endpoints.limits import refusal


def manifest(*actions: dict[str, Any]) -> str:
    return json.dumps({"scripts": {}, "actions": actions, "signed_hashlist": []})


def module(name: str) -> dict[str, Any]:
    return {"name": "module_wrapper.ps1", "params": {"Script": name}, "secure_params": {}}


@pytest.mark.parametrize(
    ("line", "feature"),
    [
        (manifest({"name": "async_wrapper.ps1", "params": {}}, module("ns.c.x.ps1")), "async"),
        (manifest({"name": "become_wrapper.ps1", "params": {}}, module("ns.c.x.ps1")), "become"),
        (manifest({"name": "winrm_put_file.ps1", "params": {"Path": "C:\\x"}}), "copying a file"),
        (manifest({"name": "psrp_put_file.ps1", "params": {"Path": "C:\\x"}}), "copying a file"),
        (manifest({"name": "winrm_fetch_file.ps1", "params": {"Path": "C:\\x"}}), "fetching a file"),
        (manifest({"name": "psrp_fetch_file.ps1", "params": {"Path": "C:\\x"}}), "fetching a file"),
        (manifest(module("ansible_collections.ansible.windows.plugins.modules.setup.ps1")), "gather_facts: false"),
        (manifest(module("setup.ps1")), "gather_facts: false"),
    ],
)
def test_refused(line: str, feature: str) -> None:
    text = refusal(line)
    assert text is not None
    assert text.startswith("hyperv_simulator: ")
    assert feature in text
    assert text.endswith("is not simulated (see README)")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\0\0\0\0",
        '"actions"',
        '{"actions": 1}',
        '{"actions": ["async_wrapper.ps1"]}',
        '{"actions": [{"params": null}]}',
        manifest(),
        manifest(module("ansible_collections.ns.c.plugins.modules.win_setup.ps1")),
        manifest(module("ansible_collections.ns.setup.plugins.modules.x.ps1")),
        manifest({"name": "powershell_mkdtemp.ps1", "params": {"Directory": "%TEMP%"}}),
        json.dumps({"actions": "the word async_wrapper.ps1 in a text"}),
    ],
)
def test_let_through(line: str) -> None:
    assert refusal(line) is None
