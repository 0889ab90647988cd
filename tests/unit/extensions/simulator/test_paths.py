# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest

from hyperv_simulator.errors import SimulatorError
from hyperv_simulator.paths import SOCKET_PATH_LIMIT, RunDir, cache_dir, default_run_dir


def test_the_cache_directory_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/x")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    monkeypatch.setenv("HVIS_CACHE", "/own")
    assert cache_dir() == Path("/own")
    monkeypatch.delenv("HVIS_CACHE")
    assert cache_dir() == Path("/xdg/hyperv-integration")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_dir() == Path("/home/x/.cache/hyperv-integration")


def test_the_run_directory_can_be_chosen_for_a_whole_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVIS_CACHE", "/own")
    monkeypatch.delenv("HVSIM_RUN_DIR", raising=False)
    assert default_run_dir() == Path("/own/simulator/default")
    monkeypatch.setenv("HVSIM_RUN_DIR", "/runs/mine")
    assert default_run_dir() == Path("/runs/mine")


def test_a_run_directory_is_private(tmp_path: Path) -> None:
    files = RunDir(tmp_path / "a" / "b").create()
    assert files.path.stat().st_mode & 0o777 == 0o700


def test_only_a_run_directory_is_removed(tmp_path: Path) -> None:
    files = RunDir(tmp_path / "run")
    files.remove()
    files.create()
    with pytest.raises(SimulatorError, match="is not the run directory"):
        files.remove()
    files.log.touch()
    files.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_path_too_long_for_a_socket_is_bound_elsewhere(tmp_path: Path) -> None:
    files = RunDir(tmp_path / ("x" * 120)).create()
    address = files.new_socket_address()
    assert len(os.fsencode(address)) <= SOCKET_PATH_LIMIT
    assert files.socket_address() == address
    assert Path(address).parent.stat().st_mode & 0o777 == 0o700
    files.remove_socket()
    assert not Path(address).parent.exists()
    assert not files.socket.is_symlink()


def test_leftovers_of_a_killed_daemon_are_cleared(tmp_path: Path) -> None:
    files = RunDir(tmp_path / ("x" * 120)).create()
    left = files.new_socket_address()
    again = files.new_socket_address()
    assert not Path(left).parent.exists()
    files.remove_socket()
    assert not Path(again).parent.exists()
