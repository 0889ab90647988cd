# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the simulator keeps its files: the cache directory, and the run directory of one running fleet."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import SimulatorError

SOCKET_PATH_LIMIT = 100  # bytes; Linux takes 107, macOS 103 (sockaddr_un)


def cache_dir() -> Path:
    """`$HVIS_CACHE`, else `$XDG_CACHE_HOME/hyperv-integration`, else `~/.cache/hyperv-integration`. Not created."""
    own = os.environ.get("HVIS_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "hyperv-integration"


def default_run_dir() -> Path:
    """The run directory when none is named: `$HVSIM_RUN_DIR`, else one in the cache directory."""
    own = os.environ.get("HVSIM_RUN_DIR")
    return Path(own) if own else cache_dir() / "simulator" / "default"


@dataclass(frozen=True)
class RunDir:
    """The files of one running fleet; the directory is private to its user (mode 0700)."""

    path: Path

    def create(self) -> RunDir:
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        return self

    @property
    def pid(self) -> Path:
        """Holds the daemon's process id; locked (flock) as long as that daemon lives."""
        return self.path / "daemon.pid"

    @property
    def log(self) -> Path:
        return self.path / "daemon.log"

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    @property
    def ledger(self) -> Path:
        return self.path / "ledger.jsonl"

    @property
    def ports(self) -> Path:
        """The ports of the hosts' endpoints, so that a continued fleet is found where it was."""
        return self.path / "ports.json"

    @property
    def socket(self) -> Path:
        return self.path / "control.sock"

    def socket_address(self) -> str:
        """The path to connect to: `control.sock`, or what it points to where that path would be too long."""
        return os.path.realpath(self.socket)

    def new_socket_address(self) -> str:
        """A path to bind to, free of an earlier daemon's leftovers."""
        self.remove_socket()
        if len(os.fsencode(os.path.realpath(self.socket))) <= SOCKET_PATH_LIMIT:
            return os.path.realpath(self.socket)
        short = Path(tempfile.mkdtemp(prefix="hvsim-", dir="/tmp")) / "control.sock"
        self.socket.symlink_to(short)
        return str(short)

    def remove(self) -> None:
        """Removes the directory with all that is in it. Raises SimulatorError for one that no simulator has used."""
        if self.path.exists():
            if not (self.log.exists() or self.journal.exists()):
                raise SimulatorError(f"{self.path} is not the run directory of a simulator: it is not removed")
            shutil.rmtree(self.path)

    def remove_socket(self) -> None:
        address = Path(self.socket_address())
        for path in (address, self.socket):
            path.unlink(missing_ok=True)
        if address.parent.name.startswith("hvsim-"):
            _remove_directory(address.parent)


def _remove_directory(path: Path) -> None:
    with contextlib.suppress(OSError):  # gone already, or somebody else's file lies in it
        path.rmdir()
