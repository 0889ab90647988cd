# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kvp_guest import KVP_INFO, LocalGuest
from kvp_samples import DAEMONS, RECORDED, dirty, pool_of
from playbook_runner import Result
from workspace import CHECKOUT

NUMBERS = {"external": 0, "guest": 1, "auto_external": 3}


@pytest.fixture
def guest(tmp_path: Path) -> LocalGuest:
    return LocalGuest(tmp_path)


def test_reads_what_the_real_daemons_wrote(guest: LocalGuest, tmp_path: Path) -> None:
    for daemon in DAEMONS:
        (tmp_path / daemon.name).mkdir()
        for number in NUMBERS.values():
            recorded = (daemon / f"kvp_pool_{number}.bin").read_bytes()
            (tmp_path / daemon.name / f".kvp_pool_{number}").write_bytes(recorded)
    results = guest.results(*[{KVP_INFO: {"directory": str(tmp_path / daemon.name)}} for daemon in DAEMONS])
    for daemon, result in zip(DAEMONS, results, strict=True):
        is_as_the_host_saw_it(result, json.loads((daemon / "host_saw.json").read_text(encoding="utf-8")))


def is_as_the_host_saw_it(result: Result, seen: dict[str, dict[str, str]]) -> None:
    assert result["changed"] is False
    for name in ("external", "auto_external"):
        items = {item["key"]: item["value"] for item in result["pools"][name]["entries"]}
        assert items == seen[str(NUMBERS[name])]
    pool = result["pools"]["guest"]
    assert [(item["key"], item["value"], item["occurrences"]) for item in pool["entries"]] == [
        ("twice", "first", 2),
        ("org.example/state", "ready", 1),
        ("thrice", "2", 2),
        ("org.example/host", "was here", 1),
    ]
    assert pool["duplicates"] == [
        {"key": "twice", "all_values": ["first", "second"]},
        {"key": "thrice", "all_values": ["2", "3"]},
    ]
    assert result["host"] == {
        "host_name": "HV-BERLIN",
        "physical_host_name": "HV-BERLIN",
        "physical_host_name_fully_qualified": "hv-berlin.example.org",
        "virtual_machine_id": "0F7E1A52-3C5D-4F0E-9A53-0D5A2B9C7E11",
        "virtual_machine_name": "web01",
        "virtual_machine_dynamic_memory_balancing_enabled": False,
        "hosting_system_edition_id": 8,
        "hosting_system_nested_level": 0,
        "hosting_system_os_major": 10,
        "hosting_system_os_minor": 0,
        "hosting_system_processor_architecture": 9,
        "hosting_system_processor_idle_state_max": 0,
        "hosting_system_processor_throttle_max": 100,
        "hosting_system_processor_throttle_min": 100,
        "hosting_system_sp_major": 0,
        "hosting_system_sp_minor": 0,
        "untrusted": True,
    }
    assert "provisioning" not in result.data


def keys_of(documented: dict[str, Any]) -> dict[str, Any]:
    """The names that RETURN gives, nested as the result is."""
    return {name: keys_of(entry["contains"]) if "contains" in entry else None for name, entry in documented.items()}


def test_returns_what_the_documentation_says(guest: LocalGuest) -> None:
    guest.write_pool((RECORDED / "cloud-init-25.1.4.bin").read_bytes() + pool_of(("CLOUD_INIT", "?")) + b"!")
    guest.write_pool(b"", 3)
    text = (CHECKOUT / "plugins/modules/linux_guest_kvp_info.py").read_text(encoding="utf-8")
    documented = keys_of(yaml.safe_load(text.partition('RETURN = r"""')[2].partition('"""')[0]))
    (result,) = guest.results({KVP_INFO: {"decode_provisioning": True}})
    pool = result["pools"]["guest"]
    assert set(pool) == set(documented["pools"])
    assert set(pool["entries"][0]) == set(documented["pools"]["entries"])
    assert set(pool["duplicates"][0]) == set(documented["pools"]["duplicates"])
    assert set(pool["damage"]) == set(documented["pools"]["damage"])
    assert set(result["host"]) == set(documented["host"])
    assert set(result["provisioning"]) == set(documented["provisioning"])
    for name in ("reports", "events", "undecoded"):
        assert set(result["provisioning"][name][0]) == set(documented["provisioning"][name])
    assert pool["damage"] == {"bytes": 1}
    assert {result["host"][name] for name in result["host"]} == {None, True}


def test_pools_that_are_not_there(guest: LocalGuest) -> None:
    (result,) = guest.results({KVP_INFO: {"pools": ["guest", "external"], "decode_provisioning": True}})
    for name in ("guest", "external"):
        assert result["pools"][name] == {
            "file": str(guest.pools / f".kvp_pool_{NUMBERS[name]}"),
            "present": False,
            "entries": [],
            "duplicates": [],
            "damage": None,
            "untrusted": True,
        }
    assert "auto_external" not in result["pools"]
    assert result["provisioning"] == {"reports": [], "events": [], "undecoded": [], "untrusted": True}


def test_changes_nothing(guest: LocalGuest) -> None:
    guest.write_pool(pool_of(("a", "1")) + b"partial")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in guest.pools.iterdir()}
    guest.results({KVP_INFO: {}})
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in guest.pools.iterdir()} == before


def test_bytes_that_are_no_text_arrive(guest: LocalGuest) -> None:
    guest.write_pool(dirty(b"\xffkey", b"\xf0\x9f\x98") + dirty("ü".encode(), b"tab\there\x1b[2J"), 0)
    (result,) = guest.results({KVP_INFO: {"pools": ["external"]}})
    assert result["pools"]["external"]["entries"] == [
        {
            "key": "\\xffkey",
            "key_base64": "/2tleQ==",
            "value": "\\xf0\\x9f\\x98",
            "value_base64": "8J+Y",
            "occurrences": 1,
        },
        {"key": "ü", "value": "tab\there\x1b[2J", "occurrences": 1},
    ]


def test_values_are_not_evaluated(guest: LocalGuest) -> None:
    """What the host wrote is a template for nobody."""
    evil = "{{ lookup('ansible.builtin.env', 'PATH') }}"
    guest.write_pool(pool_of(("evil", evil)), 0)
    _read, shown = guest.results(
        {KVP_INFO: {}, "register": "kvp"},
        {"ansible.builtin.debug": {"msg": "{{ kvp.pools.external.entries[0].value }}"}},
    )
    assert shown.msg == evil


def test_host_facts_that_are_odd(guest: LocalGuest) -> None:
    odd = [("HostName", "first"), ("HostName", "second"), ("HostingSystemOsMajor", "ten")]
    more = [("HostingSystemSpMajor", "²"), ("VirtualMachineDynamicMemoryBalancingEnabled", "1")]
    guest.write_pool(pool_of(*odd, *more), 3)
    (result,) = guest.results({KVP_INFO: {"pools": ["auto_external"]}})
    host = result["host"]
    assert host["host_name"] == "first"
    assert (host["hosting_system_os_major"], host["hosting_system_sp_major"]) == (None, None)
    assert host["virtual_machine_dynamic_memory_balancing_enabled"] is True


def test_pool_2_is_refused(guest: LocalGuest) -> None:
    (result,) = guest.results({KVP_INFO: {"pools": ["auto"]}})
    assert result.status == "failed"
    assert "value of pools must be one or more of: external, guest, auto_external" in result.msg
