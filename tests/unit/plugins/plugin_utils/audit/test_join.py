# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.module_utils._components import KEYS
from ansible_collections.hyperv.integration.plugins.plugin_utils.audit.join import MAPPINGS, Joined, join

Make = Callable[..., dict[str, Any]]
ONE = "0f7e1a52-3c5d-4f0e-9a53-0d5a2b9c7e11"
TWO = "0f7e1a52-3c5d-4f0e-9a53-0d5a2b9c7e22"
NONE = "0f7e1a52-3c5d-4f0e-9a53-0d5a2b9c7e99"


def joined(hosts: list[dict[str, Any]], *guests: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(found.mapping, found.by) for found in all_joined(hosts, *guests)]


def all_joined(hosts: list[dict[str, Any]], *guests: dict[str, Any]) -> list[Joined]:
    return join(hosts, guests)  # type: ignore[arg-type]


@pytest.fixture
def two(vm: Make, host: Make) -> list[dict[str, Any]]:
    """web01 and web02 on one host."""
    return [host(vm("web01", id=ONE), vm("web02", id=TWO))]


@pytest.mark.parametrize(
    ("given_fields", "expected"),
    [
        ({"vm_id": ONE}, ("joined", "vm_id")),
        ({"vm_id": ONE.upper()}, ("joined", "vm_id")),
        ({"vm_id": f"{{{ONE}}}"}, ("joined", "vm_id")),
        ({"vm": "WEB01"}, ("joined", "vm")),
        ({"vm": "web01", "host": "HV1"}, ("joined", "vm")),
        ({"vm_id": ONE, "vm": "web01", "claimed_vm_id": ONE.upper()}, ("joined", "vm_id")),
        ({"claimed_vm_id": ONE.upper()}, ("joined", "claim")),
        ({}, ("unmapped", None)),
        ({"vm_id": NONE}, ("no_match", "vm_id")),
        ({"vm_id": "web01"}, ("no_match", "vm_id")),
        ({"vm": "web*"}, ("no_match", "vm")),
        ({"vm": "web01", "host": "hv2"}, ("no_match", "vm")),
        ({"vm_id": ONE, "host": "hv2"}, ("joined", "vm_id")),
        ({"claimed_vm_id": NONE}, ("no_match", "claim")),
        ({"vm_id": ONE, "vm": "web02"}, ("contradicts_name", "vm_id")),
        ({"vm_id": ONE, "claimed_vm_id": TWO}, ("contradicts_claim", "vm_id")),
        ({"vm": "web01", "claimed_vm_id": "nonsense"}, ("contradicts_claim", "vm")),
    ],
)
def test_one_guest(
    two: list[dict[str, Any]], guest: Make, given_fields: dict[str, str], expected: tuple[str, str | None]
) -> None:
    assert joined(two, guest(**given_fields)) == [expected]


@pytest.mark.parametrize("name", ["web01", "WEB01"])
def test_never_by_the_display_name_alone(two: list[dict[str, Any]], guest: Make, name: str) -> None:
    assert joined(two, guest(name)) == [("unmapped", None)]


def test_name_that_two_have_fits_neither_but_with_a_host_one(vm: Make, host: Make, guest: Make) -> None:
    hosts = [host(vm("web01", id=ONE), name="hv1"), host(vm("web01", id=TWO, state="Off"), name="hv2")]
    (found,) = all_joined(hosts, guest(vm="web01"))
    assert (found.mapping, found.candidates, found.key) == ("several_matches", 2, None)
    assert joined(hosts, guest(vm="web01", host="hv1")) == [("joined", "vm")]


def test_of_a_replica_pair_with_one_id_the_one_that_runs_is_meant(vm: Make, host: Make, guest: Make) -> None:
    hosts = [host(vm("web01", id=ONE, state="Off"), name="hv2"), host(vm("web01", id=ONE), name="hv1")]
    for fields in ({"vm_id": ONE}, {"claimed_vm_id": ONE}):
        (found,) = all_joined(hosts, guest(**fields))
        assert (found.mapping, found.key) == ("joined", ("hv1", ONE))
    both = [host(vm("web01", id=ONE), name="hv2"), host(vm("web01", id=ONE), name="hv1")]
    assert joined(both, guest(vm_id=ONE)) == [("several_matches", "vm_id")]
    (found,) = all_joined(both, guest(vm_id=ONE, host="HV2"))
    assert (found.mapping, found.key) == ("joined", ("hv2", ONE)), "the host that was given decides"


def test_host_that_was_given_does_not_hold_a_machine_that_has_moved(two: list[dict[str, Any]], guest: Make) -> None:
    """The id finds it wherever it is; the host belongs to a name."""
    assert joined(two, guest(vm_id=ONE, host="hv9")) == [("joined", "vm_id")]
    assert joined(two, guest(vm="web01", host="hv9")) == [("no_match", "vm")]


@pytest.mark.parametrize("verdict", ["daemon_stopped", "no_daemon", "driver_blocked"])
def test_claim_of_a_clone_whose_kvp_daemon_does_not_run_contradicts_nothing(
    two: list[dict[str, Any]], guest: Make, verdict: str
) -> None:
    """Its pool is that of the image it was made from: the host has not written it since."""
    clone = guest(vm_id=ONE, claimed_vm_id=TWO, services={"key_value_pair_exchange": verdict})
    assert joined(two, clone) == [("joined", "vm_id")]
    assert joined(two, guest(vm_id=ONE, claimed_vm_id=TWO)) == [("contradicts_claim", "vm_id")]


def test_guest_that_is_none_of_hyperv_is_not_joined(two: list[dict[str, Any]], guest: Make) -> None:
    other = guest(vm_id=ONE, facts={"hyperv": False}, services=dict.fromkeys(KEYS, "not_hyperv"))
    assert joined(two, other) == [("not_hyperv", "vm_id")]


@pytest.mark.parametrize(
    ("fields", "mapping"),
    [
        ({"vm": "app01"}, "host_not_seen"),
        ({"vm": "app01", "host": "HV2"}, "host_not_seen"),
        ({"vm": "app01", "host": "hv1"}, "no_match"),
        ({"vm": "app01", "host": "hv3"}, "no_match"),
        ({"claimed_vm_id": NONE, "host": "hv1"}, "host_not_seen"),
        ({"vm": "web01"}, "joined"),
    ],
)
@pytest.mark.parametrize("fault", [{"reachable": False}, {"error": "the second page was lost"}])
def test_mapping_is_not_blamed_for_a_host_that_was_not_seen(
    vm: Make, host: Make, guest: Make, fault: dict[str, Any], fields: dict[str, str], mapping: str
) -> None:
    hosts = [host(vm("web01", id=ONE)), host(name="hv2", **fault)]
    assert [found.mapping for found in all_joined(hosts, guest(**fields))] == [mapping]


def test_two_that_were_given_one_machine_are_both_left_out(two: list[dict[str, Any]], guest: Make) -> None:
    assert joined(two, guest("a", vm_id=ONE), guest("b", vm="web01"), guest("c", vm="web02")) == [
        ("shared", "vm_id"),
        ("shared", "vm"),
        ("joined", "vm"),
    ]


def test_claim_gives_way_to_what_was_given(two: list[dict[str, Any]], guest: Make) -> None:
    given_one, liar = guest("a", vm_id=ONE, claimed_vm_id=None), guest("b", claimed_vm_id=ONE)
    assert joined(two, given_one, liar) == [("joined", "vm_id"), ("claim_taken", "claim")]
    assert joined(two, liar, given_one) == [("claim_taken", "claim"), ("joined", "vm_id")]


def test_liar_cannot_part_a_guest_from_its_machine(two: list[dict[str, Any]], guest: Make) -> None:
    honest, liar = guest("a", vm_id=ONE, claimed_vm_id=ONE), guest("b", claimed_vm_id=ONE)
    assert joined(two, honest, liar) == [("joined", "vm_id"), ("claim_shared", "claim")]


def test_claim_that_two_make_is_believed_of_neither(two: list[dict[str, Any]], guest: Make) -> None:
    found = joined(two, guest("a", claimed_vm_id=ONE), guest("b", claimed_vm_id=ONE.upper()))
    assert found == [("claim_shared", "claim")] * 2


def test_answer_from_a_machine_that_does_not_run_is_not_joined(vm: Make, host: Make, guest: Make) -> None:
    hosts = [host(vm("web01", id=ONE, state="Off"))]
    assert joined(hosts, guest(vm_id=ONE)) == [("not_running", "vm_id")]
    assert joined(hosts, {**guest(vm_id=ONE), "facts": None}) == [("joined", "vm_id")], "it did not answer either"


ids = st.sampled_from((None, ONE, TWO, NONE))
guests: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries(
        {
            "vm_id": ids,
            "claimed_vm_id": ids,
            "vm": st.sampled_from((None, "web01", "web02", "web03")),
            "host": st.sampled_from((None, "hv1", "hv2")),
            "facts": st.sampled_from(({}, None)),
            "system": st.just("linux"),
        }
    ),
    max_size=5,
)
machines = st.lists(
    st.tuples(
        st.sampled_from(("hv1", "hv2")),
        st.sampled_from((ONE, TWO)),
        st.sampled_from(("web01", "web02")),
        st.sampled_from(("Running", "Off")),
    ),
    max_size=4,
    unique_by=lambda machine: machine[:2],
)


@given(machines, guests, st.randoms())
def test_whatever_is_given(
    found_machines: list[tuple[str, str, str, str]], found_guests: list[dict[str, Any]], random: Any
) -> None:
    hosts = [
        {
            "name": host,
            "reachable": True,
            "error": None,
            "virtual_machines": [
                {"id": id, "name": name, "state": state} for on, id, name, state in found_machines if on == host
            ],
        }
        for host in ("hv1", "hv2")
    ]
    numbered = [{**guest, "name": str(number)} for number, guest in enumerate(found_guests)]
    result = all_joined(hosts, *numbered)
    assert [found.guest["name"] for found in result] == [guest["name"] for guest in numbered]
    taken = [found.key for found in result if found.mapping == "joined"]
    assert len(set(taken)) == len(taken), "a machine has one guest"
    for found in result:
        assert found.mapping in MAPPINGS
        if found.mapping == "joined":
            assert found.key is not None
            (machine,) = [m for m in found_machines if m[:2] == found.key]
            assert found.guest["vm_id"] in (None, machine[1])
            assert found.guest["vm"] in (None, machine[2]) or found.by == "claim"
            assert found.by == "claim" or found.guest["claimed_vm_id"] in (None, machine[1])
            assert found.guest["facts"] is None or machine[3] == "Running"
            assert found.by != "vm" or found.guest["host"] in (None, machine[0])
    shuffled = list(numbered)
    random.shuffle(shuffled)
    again = {found.guest["name"]: found.mapping for found in all_joined(hosts, *shuffled)}
    assert again == {found.guest["name"]: found.mapping for found in result}
