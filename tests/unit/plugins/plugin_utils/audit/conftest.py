# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet of one's own wishes, as it is collected, for the tests of the audit."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.evaluate import evaluate
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.shapes import Audit, Finding
from ansible_collections.hyperv.integration.plugins.plugin_utils.policy.plan import make_plan

Make = Callable[..., dict[str, Any]]
Judge = Callable[..., Audit]
NOW = "2026-11-27T09:30:00Z"
DEFAULT_OFF = ("guest_service_interface",)


def vm_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def service(enabled: bool | None = True, verdict: str = "ok", reason: str = "in_contact") -> dict[str, Any]:
    if enabled is False:
        verdict, reason = "disabled", "host_switch"
    return {
        "offered": enabled is not None,
        "enabled": enabled,
        "primary_status_code": 2,
        "secondary_status_code": None,
        "verdict": verdict,
        "reason": reason,
    }


def seen(reason: str) -> dict[str, Any]:
    """A service that is on, with a reason of vm_integration_service_info."""
    verdicts = {"in_contact": "ok", "guest_lost": "lost_communication", "isolated": "not_applicable"}
    return service(True, verdicts.get(reason, "error" if "error" in reason else "no_contact"), reason)


@pytest.fixture(name="vm")
def make_vm() -> Make:
    """Make a virtual machine: all well, the Guest Service Interface off. Services are facts, or a switch alone."""

    def make(name: str = "web01", /, *, services: dict[str, Any] | None = None, **facts: Any) -> dict[str, Any]:
        state = facts.get("state", "Running")
        of_all: dict[str, Any] = {key: service(key not in DEFAULT_OFF) for key in KEYS}
        if state != "Running":
            of_all = {key: service(key not in DEFAULT_OFF, "not_applicable", f"vm_{state.lower()}") for key in KEYS}
        for key, value in (services or {}).items():
            of_all[key] = (
                seen(value) if isinstance(value, str) else value if isinstance(value, dict) else service(value)
            )
        return {
            "id": vm_id(name),
            "name": name,
            "host": "HV-BERLIN",
            "state": state,
            "uptime_seconds": 86400 if state == "Running" else 0,
            "generation": 2,
            "version": "10.0",
            "clustered": False,
            "isolation": None,
            "heartbeat": "OkApplicationsHealthy",
            "replication": {"mode": "None"},
            "checkpoint": {"type": "Production", "parent_id": None, "parent_name": None},
            "groups": [],
            "notes": "",
            "services": of_all,
            **facts,
        }

    return make


@pytest.fixture(name="guest")
def make_guest() -> Make:
    """Make a guest whose services all work. Services are verdicts of linux_guest_info, or facts over them."""

    def make(
        name: str = "guest01",
        /,
        *,
        services: dict[str, Any] | None = None,
        facts: dict[str, Any] | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        said = {}
        for key in KEYS:
            value = (services or {}).get(key, "ok" if key not in DEFAULT_OFF else "host_disabled")
            value = value if isinstance(value, dict) else {"verdict": value}
            verdict = value["verdict"]
            mend = {"remedy": None if verdict == "ok" else f"mend {verdict}", "explanation": f"it is {verdict}"}
            said[key] = {"unit_masked": False, **mend, **value}
        linux = {
            "hyperv": True,
            "isolation": None,
            "hv_utils": {"state": "loaded", "blocked_by": []},
            "services": said,
            "time": {"clock_source": "chrony", "uses_ptp": True},
            "freeze": {"frozen": ["/"], "skipped": [], "failing": [], "unknown": []},
            "ip_injection": {"ready": True, "problems": []},
            **(facts or {}),
        }
        return {
            "name": name,
            "reachable": True,
            "error": None,
            "system": "linux",
            "vm_id": None,
            "vm": None,
            "host": None,
            "claimed_vm_id": None,
            "facts": linux,
            **fields,
        }

    return make


@pytest.fixture(name="host")
def make_host() -> Make:
    """Make a host. policy: what its plan is made of, none for no plan."""

    def make(*machines: dict[str, Any], name: str = "hv1", policy: Any = None, **fields: Any) -> dict[str, Any]:
        plan = None if policy is None else dict(make_plan(machines, policy))
        return {
            "name": name,
            "reachable": True,
            "error": None,
            "virtual_machines": list(machines),
            "plan": plan,
            **fields,
        }

    return make


@pytest.fixture(name="audit")
def make_audit() -> Judge:
    """Evaluate hosts and guests. rules, waivers: texts. Other options as they are."""

    def make(
        hosts: Any = (), guests: Any = (), rules: str | None = None, waivers: str | None = None, **options: Any
    ) -> Audit:
        hosts = [hosts] if isinstance(hosts, dict) else list(hosts)
        guests = [guests] if isinstance(guests, dict) else list(guests)
        collection = {"version": 1, "collected_at": NOW, "hosts": hosts, "guests": guests}
        files: dict[str, Any] = {}
        if rules is not None:
            files["rules"] = [{"path": "my_rules.yml", "text": rules}]
        if waivers is not None:
            files["waivers"] = {"path": "my_waivers.yml", "text": waivers}
        return evaluate(collection, {"evaluated_at": NOW, **files, **options})

    return make


@pytest.fixture(name="told")
def make_told() -> Callable[[Audit], list[tuple[Any, ...]]]:
    """(rule, side, name of virtual machine, guest or host, service) of the findings, in their order."""

    def of(finding: Finding) -> tuple[Any, ...]:
        who = finding["vm"]["name"] if finding["vm"] else finding["guest"] or finding["host"]
        return finding["rule"], finding["side"], who, finding["service"]

    return lambda audit: [of(finding) for finding in audit["findings"]]
