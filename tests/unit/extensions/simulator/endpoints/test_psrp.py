# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PSRP: messages from fragments, and pypsrp against a real PowerShell."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pypsrp.exceptions import WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from hyperv_simulator.endpoints import Endpoint, WorkerPool, workers
from hyperv_simulator.endpoints.psrp import PIPELINE_STATE, Messages, is_final
from simulator_runner import CREDENTIALS

USER, PASSWORD = CREDENTIALS


def fragment(number: int, flags: int, data: bytes) -> bytes:
    return number.to_bytes(8, "big") + bytes(8) + bytes([flags]) + len(data).to_bytes(4, "big") + data


def message(kind: int, clixml: bytes) -> bytes:
    return (1).to_bytes(4, "little") + kind.to_bytes(4, "little") + bytes(32) + clixml


def test_messages_are_put_together_from_interleaved_fragments() -> None:
    first, second = message(7, b"<a/>"), message(8, b"<b/>")
    messages = Messages()
    assert list(messages.feed(fragment(1, 1, first[:10]) + fragment(2, 3, second))) == [(8, b"<b/>")]
    assert list(messages.feed(fragment(1, 0, first[10:20]))) == []
    assert list(messages.feed(fragment(1, 2, first[20:]))) == [(7, b"<a/>")]


@pytest.mark.parametrize(("state", "final"), [(2, False), (3, True), (4, True), (5, True)])
def test_a_pipelines_end_is_recognised(state: int, final: bool) -> None:
    clixml = f'<Obj RefId="0"><MS><I32 N="PipelineState">{state}</I32></MS></Obj>'.encode()
    assert is_final(PIPELINE_STATE, clixml) is final
    assert not is_final(PIPELINE_STATE + 1, clixml)


@pytest.fixture
def client(pool: WorkerPool, serve: Callable[..., Endpoint]) -> WSMan:
    endpoint = serve(pool, culture="de-DE")
    return WSMan("127.0.0.1", port=endpoint.port, ssl=False, auth="ntlm", username=USER, password=PASSWORD)


def test_a_pool_runs_pipelines_one_after_the_other(client: WSMan) -> None:
    with RunspacePool(client) as pool:
        for number in (1, 2):
            pipeline = PowerShell(pool).add_script("$input; $args; 'x{0}' -f 1.5; $env:HVSIM_HOST; Write-Error '<&>'")
            pipeline.add_argument(number)
            output = pipeline.invoke(["grün", "b" * 100_000])
            assert output == ["grün", "b" * 100_000, number, "x1,5", "hv-test"]
            assert [str(error) for error in pipeline.streams.error] == ["<&>"]
            pipeline.close()


def test_a_running_pipeline_can_be_stopped(client: WSMan) -> None:
    with RunspacePool(client) as pool:
        pipeline = PowerShell(pool).add_script("'on'; Start-Sleep -Seconds 60")
        pipeline.begin_invoke()
        while not pipeline.output:
            pipeline.poll_invoke()
        pipeline.stop()
        assert PowerShell(pool).add_script("'still here'").invoke() == ["still here"]


def test_what_is_not_simulated_is_a_fault_that_says_so(client: WSMan) -> None:
    manifest = json.dumps({"actions": [{"name": "become_wrapper.ps1", "params": {}}]})
    with RunspacePool(client) as pool:
        pipeline = PowerShell(pool).add_script("$input")
        with pytest.raises(WSManFaultError, match="become is not simulated"):
            pipeline.invoke(["{}", "\0\0\0\0", manifest])
        assert PowerShell(pool).add_script("'still here'").invoke() == ["still here"]


def test_a_pool_that_was_closed_is_unknown(client: WSMan) -> None:
    pool = RunspacePool(client)
    pool.open()
    assert pool.is_alive()
    client.delete(pool.shell.resource_uri, selector_set=pool.shell._selector_set)
    assert not pool.is_alive()


def test_a_powershell_without_the_private_method_serves_from_a_cold_process(
    pwsh: str, serve: Callable[..., Endpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = workers.SCRIPT.read_text(encoding="utf-8").replace("StdIOProcessMediator", "NoSuchType")
    (tmp_path / "worker.ps1").write_text(script, encoding="utf-8")
    for name in ("worker.cs", "compiled.psm1"):
        shutil.copy(workers.SCRIPT.with_name(name), tmp_path)
    monkeypatch.setattr(workers, "SCRIPT", tmp_path / "worker.ps1")
    pool = WorkerPool(pwsh, "", "/nonexistent", tmp_path / "run", ahead=0)
    port = serve(pool, culture="de-DE").port
    client = WSMan("127.0.0.1", port=port, ssl=False, auth="ntlm", username=USER, password=PASSWORD)
    with RunspacePool(client) as runspaces:
        assert PowerShell(runspaces).add_script("$env:HVSIM_HOST; 'x{0}' -f 1.5").invoke() == ["hv-test", "x1,5"]
    pool.close()
