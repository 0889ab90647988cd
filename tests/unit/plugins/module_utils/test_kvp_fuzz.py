# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fuzz target, over the recorded pools, what can become of them, and anything else."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvp_samples import RECORDED_POOLS, records
from workspace import CHECKOUT


def load_target() -> Callable[[bytes], None]:
    spec = importlib.util.spec_from_file_location("kvp_pool", CHECKOUT / "tests" / "fuzz" / "kvp_pool.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    target: Callable[[bytes], None] = module.target
    return target


target = load_target()


@pytest.mark.parametrize("path", RECORDED_POOLS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_recorded_pools(path: Path) -> None:
    target(path.read_bytes())


@given(st.sampled_from(RECORDED_POOLS), st.data())
@settings(max_examples=150)
def test_damaged_recordings(path: Path, data: st.DataObject) -> None:
    pool = path.read_bytes()
    start = data.draw(st.integers(0, len(pool)))
    end = data.draw(st.integers(start, min(start + 6000, len(pool))))
    target(pool[:start] + data.draw(st.binary(max_size=40)) + pool[end:])


@given(st.lists(records, max_size=6).map(b"".join), st.binary(max_size=700))
def test_pools_of_any_records(pool: bytes, tail: bytes) -> None:
    target(pool + tail)


@given(st.binary(max_size=9000))
def test_any_bytes(data: bytes) -> None:
    target(data)
