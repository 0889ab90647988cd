# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where PowerShell is looked for, in which order, and what a download leaves behind."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hyperv_simulator import powershell
from hyperv_simulator.powershell import Download, PowerShellNotFound, find_powershell


def fake_pwsh(path: Path, says: str = "echo 7.6.0") -> str:
    """Write a script that answers as PowerShell does when it is asked for its version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{says}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "projects" / "checkout"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


class Places:
    """One machine: what is set, what lies where."""

    def __init__(self, root: Path, checkout: Path, cache: Path) -> None:
        self.bin, self.checkout, self.cache = root / "bin", checkout, cache
        self.neighbour = checkout.parent / "shared" / "powershell"
        self.environ = {"PATH": str(self.bin)}

    def find(self, download: Download | None = None, tell: Callable[[str], None] = lambda line: None) -> str:
        return find_powershell(
            environ=self.environ, checkout=self.checkout, cache=self.cache, download=download, tell=tell
        )


@pytest.fixture
def places(tmp_path: Path, checkout: Path, cache: Path) -> Places:
    return Places(tmp_path, checkout, cache)


def test_what_somebody_chose_comes_first(places: Places, tmp_path: Path) -> None:
    fake_pwsh(places.bin / "pwsh")
    places.environ["HVIS_PWSH"] = fake_pwsh(tmp_path / "own" / "pwsh")
    assert places.find() == places.environ["HVIS_PWSH"]


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("exit 3", "does not run (exit status 3, it says: nothing)"),
        ("echo 'no usable version of libicu' >&2; exit 134", "it says: no usable version of libicu"),
        ("echo 7.3.9", "is version 7.3.9, 7.4 or newer is needed"),
        ("echo 5.1.17763.316", "is version 5.1.17763.316"),
    ],
)
def test_what_somebody_chose_is_not_silently_replaced(places: Places, tmp_path: Path, says: str, reason: str) -> None:
    fake_pwsh(places.bin / "pwsh")
    places.environ["HVIS_PWSH"] = fake_pwsh(tmp_path / "own" / "pwsh", says)
    with pytest.raises(PowerShellNotFound) as caught:
        places.find()
    assert f"HVIS_PWSH={tmp_path}/own/pwsh" in str(caught.value)
    assert reason in str(caught.value)
    assert "unset it" in str(caught.value)


def test_a_choice_that_is_not_there_is_an_error(places: Places, tmp_path: Path) -> None:
    places.environ["HVIS_PWSH"] = str(tmp_path / "nowhere")
    with pytest.raises(PowerShellNotFound, match=r"nowhere cannot be run \(No such file"):
        places.find()


def test_path_comes_before_the_neighbour(places: Places) -> None:
    fake_pwsh(places.neighbour / "pwsh")
    on_path = fake_pwsh(places.bin / "pwsh")
    assert places.find() == on_path


def test_an_old_one_on_path_is_passed_over(places: Places) -> None:
    fake_pwsh(places.bin / "pwsh", "echo 7.2.24")
    neighbour = fake_pwsh(places.neighbour / "pwsh")
    assert places.find() == neighbour


def test_the_neighbour_comes_before_the_cache(places: Places) -> None:
    fake_pwsh(places.cache / f"powershell-{powershell.RELEASE}-{powershell.this_platform()}" / "pwsh")
    neighbour = fake_pwsh(places.neighbour / "pwsh")
    assert places.find() == neighbour


def test_a_link_that_was_checked_out_as_text_is_passed_over(places: Places) -> None:
    places.neighbour.mkdir(parents=True)
    (places.neighbour / "pwsh").write_text("runtime/pwsh", encoding="utf-8")
    runtime = fake_pwsh(places.neighbour / "runtime" / "pwsh")
    assert places.find() == runtime


def test_nothing_anywhere_says_what_was_tried_and_how_to_install(places: Places) -> None:
    fake_pwsh(places.bin / "pwsh", "echo 7.2.24")
    with pytest.raises(PowerShellNotFound) as caught:
        places.find()
    said = str(caught.value)
    assert "HVIS_PWSH: not set" in said
    assert f"pwsh on PATH: {places.bin}/pwsh: is version 7.2.24, 7.4 or newer is needed" in said
    assert "../shared/powershell/pwsh beside the checkout: not there" in said
    assert "learn.microsoft.com/powershell" in said
    assert not places.cache.exists()


# --- the download ---


def archive(says: str = "echo 7.6.0") -> bytes:
    """An archive as the official one: `pwsh` at its top, without the x bits."""
    script = f"#!/bin/sh\n{says}\n".encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("pwsh")
        member.size, member.mode = len(script), 0o644
        tar.addfile(member, io.BytesIO(script))
    return buffer.getvalue()


class Site:
    """A loopback web server for releases; the first folder of the path says how it behaves."""

    def __init__(self) -> None:
        self.content = archive()
        self.ended = threading.Event()
        self.requests: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append(self.path)
                site.answer(self, self.path.split("/")[1])

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def answer(self, request: BaseHTTPRequestHandler, behaviour: str) -> None:
        if behaviour == "missing":
            request.send_error(404)
            return
        request.send_response(200)
        request.send_header("Content-Length", str(len(self.content)))
        request.end_headers()
        if behaviour == "stalls":
            request.wfile.write(self.content[:10])
            self.ended.wait(30)
        elif behaviour == "trickles":
            for position in range(len(self.content)):
                request.wfile.write(self.content[position : position + 1])
                if self.ended.wait(0.05):
                    return
        else:
            request.wfile.write(self.content[:40] if behaviour == "ends-early" else self.content)

    def offer(self, behaviour: str) -> Download:
        """What to download from here, with limits that a test can wait for."""
        checksum = "0" * 64 if behaviour == "differs" else hashlib.sha256(self.content).hexdigest()
        host, port = self.server.server_address[:2]
        return Download(
            base_url=f"http://{host!s}:{port}/{behaviour}",
            sha256=dict.fromkeys(powershell.SHA256, checksum),
            silence=0.5 if behaviour == "stalls" else 10,
            total=0.5 if behaviour == "trickles" else 10,
        )

    def close(self) -> None:
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    site = Site()
    yield site
    site.close()


def test_the_official_archive_is_fetched_once(places: Places, site: Site) -> None:
    told: list[str] = []
    found = places.find(site.offer("works"), told.append)
    assert found == str(places.cache / f"powershell-{powershell.RELEASE}-{powershell.this_platform()}" / "pwsh")
    assert places.find(site.offer("works"), told.append) == found
    name = f"powershell-{powershell.RELEASE}-{powershell.this_platform()}.tar.gz"
    assert site.requests == [f"/works/{name}"]
    assert len(told) == 1
    assert [path.name for path in places.cache.iterdir()] == [Path(found).parent.name]


@pytest.mark.parametrize("cache_exists", [False, True])
@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("missing", "Not Found"),
        ("differs", "instead of " + "0" * 64),
        ("ends-early", "ended after 40 of"),
        ("stalls", "timed out"),
        ("trickles", "took longer than its time limit"),
    ],
)
def test_a_failed_download_leaves_nothing_behind(
    places: Places, site: Site, behaviour: str, reason: str, cache_exists: bool
) -> None:
    if cache_exists:
        places.cache.mkdir()
    with pytest.raises(PowerShellNotFound) as caught:
        places.find(site.offer(behaviour))
    assert reason in str(caught.value)
    assert f"/{behaviour}/powershell-{powershell.RELEASE}" in str(caught.value)
    assert "HVIS_PWSH=/path/to/pwsh" in str(caught.value)
    assert places.cache.exists() == cache_exists
    assert list(places.cache.glob("*")) + list(places.cache.glob(".*")) == []


def test_a_fetched_one_that_does_not_run_is_not_kept(places: Places, site: Site) -> None:
    site.content = archive("echo 'no usable version of libicu' >&2; exit 134")
    with pytest.raises(PowerShellNotFound, match=r"fetched, but it does not run .*libicu"):
        places.find(site.offer("works"))
    assert not places.cache.exists()


def test_no_server_at_all(places: Places, site: Site) -> None:
    offer = site.offer("works")
    site.close()
    with pytest.raises(PowerShellNotFound, match="Connection refused"):
        places.find(offer)
    assert not places.cache.exists()


def test_a_platform_without_an_archive(places: Places, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(PowerShellNotFound, match="no archive is known for Linux on riscv64"):
        places.find(site.offer("works"))
    assert site.requests == []


def test_the_probe_of_a_real_one_leaves_nothing_in_the_home_directory(
    pwsh: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PowerShell creates directories at its start."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in powershell.HOME_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    powershell.require_usable(pwsh)
    assert list(tmp_path.iterdir()) == []
