# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperv_simulator import fleet, journal
from hyperv_simulator.clock import Clock
from hyperv_simulator.components import COMPONENTS
from hyperv_simulator.errors import JournalError, SimulatorError, UnknownError
from hyperv_simulator.state import State

FLEET = {"fleet": 1, "hosts": [{"name": "hv", "virtual_machines": ["a", "b"]}, {"name": "hv2"}]}


class StandingClock(Clock):
    """Moves only when it is told to."""

    def now(self) -> float:
        return 1_800_000_000.0 + self.offset


def started(path: Path) -> State:
    state = State(fleet.check(FLEET), path, StandingClock())
    state.open_journal()
    return state


CHANGES = st.one_of(
    st.fixed_dictionaries({"state": st.sampled_from(["Running", "Off", "Saved", "Paused"])}),
    st.fixed_dictionaries({"notes": st.text(max_size=5), "uptime": st.integers(0, 1000)}),
    st.fixed_dictionaries({"services": st.dictionaries(st.sampled_from(list(COMPONENTS)), st.booleans())}),
)


@settings(max_examples=30)
@given(changes=st.lists(st.tuples(st.sampled_from(["a", "b"]), CHANGES, st.integers(0, 500)), max_size=8))
def test_a_fleet_restored_from_its_journal_is_the_fleet_that_was(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, Any, int]]
) -> None:
    path = tmp_path_factory.mktemp("state") / "journal.jsonl"
    state = started(path)
    host = state.host("hv")
    for name, patch, seconds in changes:
        state.change(host, {state.virtual_machine(host, name).id: patch})
        state.advance(seconds)
    moment = state.clock.now() + 1
    assert State.restore(path).to_data(moment) == state.to_data(moment)
    state.close()


def test_machines_added_and_removed_are_journalled(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    state = started(path)
    host = state.host("HV")
    new = {"id": "5c8d6f6e-0000-4000-8000-000000000001", "name": "c", "state": "Off"}
    state.change(host, add=[new], remove=[state.virtual_machine(host, "a").id])
    assert [vm.name for vm in State.restore(path).host("hv").virtual_machines.values()] == ["b", "c"]
    state.close()


def test_a_reset_brings_back_the_fleet_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    state = started(path)
    before = state.to_data()
    host = state.host("hv")
    new = {"id": "5c8d6f6e-0000-4000-8000-000000000001", "name": "c", "state": "Off"}
    a, b = (state.virtual_machine(host, name).id for name in "ab")
    state.change(host, {a: {"state": "Off"}}, add=[new], remove=[b])
    state.reset()
    assert state.to_data() == before
    state.change(host, {a: {"state": "Off"}})
    restored = State.restore(path)
    restored.open_journal()
    restored.close()
    again = State.restore(path)
    again.reset()
    assert [vm.state for vm in again.host("hv").virtual_machines.values()] == [2, 2]


def test_half_a_line_was_never_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    state = started(path)
    host = state.host("hv")
    state.change(host, {state.virtual_machine(host, "a").id: {"state": "Off"}})
    state.close()
    with path.open("ab") as file:
        file.write(b'{"at": 1, "host": "hv", "patch"')
    restored = State.restore(path)
    assert restored.virtual_machine(restored.host("hv"), "a").state == 3


def test_opening_the_journal_again_makes_it_short(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    state = started(path)
    host = state.host("hv")
    for word in ("x", "y", "z"):
        state.change(host, {state.virtual_machine(host, "a").id: {"notes": word}})
    state.close()
    restored = State.restore(path)
    restored.open_journal()
    restored.close()
    assert len(path.read_bytes().splitlines()) == 1
    assert State.restore(path).virtual_machine(State.restore(path).host("hv"), "a").notes == "z"


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"no\n"])
def test_what_is_no_journal_is_refused_with_a_way_out(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError, match="--fleet"):
        journal.read(path)


def test_unknown_and_ambiguous_names_say_what_there_is(tmp_path: Path) -> None:
    data = {"fleet": 1, "hosts": [{"name": "hv", "virtual_machines": ["a", "A"]}]}
    state = State(fleet.check(data), tmp_path / "j")
    with pytest.raises(UnknownError, match="hosts: hv"):
        state.host("nope")
    host = state.host("hv")
    with pytest.raises(UnknownError, match="no virtual machine"):
        state.virtual_machine(host, "b")
    with pytest.raises(UnknownError) as caught:
        state.virtual_machine(host, "a")
    assert all(vm_id in str(caught.value) for vm_id in host.virtual_machines)


def test_the_clock_never_runs_backwards(tmp_path: Path) -> None:
    state = State(fleet.check(FLEET), tmp_path / "j")
    with pytest.raises(SimulatorError):
        state.advance(-1)


def test_a_cluster_is_the_hosts_of_its_name(tmp_path: Path) -> None:
    hosts = [{"name": "a", "cluster": "x"}, {"name": "b", "cluster": "x"}, {"name": "c", "cluster": "y"}, {"name": "d"}]
    state = State(fleet.check({"fleet": 1, "hosts": hosts}), tmp_path / "j")
    assert [node.name for node in state.nodes(state.host("a"))] == ["a", "b"]
    assert state.nodes(state.host("d")) == []
