# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: `python -m vmbus serve DIRECTORY --control SOCKET` and `python -m vmbus ask SOCKET JSON...`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Protocol

from .control import Host, ask
from .device import Device, Log
from .fuse import Fuse
from .kernel import Kernel
from .unix import Unix


class Transport(Protocol):
    def run(self) -> None: ...

    def close(self) -> None: ...


class NewTransport(Protocol):
    def __call__(self, directory: Path, devices: list[Device], log: Log) -> Transport: ...


TRANSPORTS: dict[str, NewTransport] = {"fuse": Fuse, "kernel": Kernel, "unix": Unix}


def log(line: str) -> None:
    print(time.strftime("%H:%M:%S"), line, file=sys.stderr, flush=True)


def serve(directory: Path, control: Path, transport: str) -> int:
    """Serve until SIGTERM or SIGINT, then unmount."""
    # Blocked before any thread starts, so that only the sigwait below sees them.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    host = Host(log)
    served = TRANSPORTS[transport](directory, host.devices, log)
    threading.Thread(target=served.run, daemon=True).start()
    host.serve(control)
    log(f"serving {directory} ({transport}), asked at {control}")
    signal.sigwait(signals)
    served.close()
    control.unlink(missing_ok=True)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="vmbus", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve", help="play the host until SIGTERM")
    server.add_argument("directory", type=Path)
    server.add_argument("--control", type=Path, required=True)
    server.add_argument("--transport", choices=list(TRANSPORTS), default="fuse")
    client = commands.add_parser("ask", help="send requests to a server and print its answers")
    client.add_argument("control", type=Path)
    client.add_argument("request", nargs="+", help='JSON, as in {"op": "state"}')
    options = parser.parse_args()
    if options.command == "serve":
        return serve(options.directory, options.control, options.transport)
    answers = [ask(options.control, json.loads(request)) for request in options.request]
    for answer in answers:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
    return int(not all(answer["ok"] for answer in answers))


if __name__ == "__main__":
    sys.exit(main())
