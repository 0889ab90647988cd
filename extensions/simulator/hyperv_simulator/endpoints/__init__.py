# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network side of a simulated Windows host: WinRM (WinRS shells) and PowerShell remoting (PSRP) on one port.

    workers = WorkerPool(pwsh, modules_dir, control_socket, run_dir)
    endpoint = serve_host("hv-berlin", "de-DE", 0, ("vagrant", password), workers, faults)
    ... http://127.0.0.1:<endpoint.port>/wsman ...
    endpoint.close()
    workers.close()

Offered: HTTP on loopback with basic authentication, and NTLM (bare or inside Negotiate) with message encryption.
Not offered: HTTPS, Kerberos, CredSSP, certificates.
"""

from __future__ import annotations

from .service import Faults
from .workers import WorkerPool
from .wsman import Endpoint

__all__ = ["Endpoint", "Faults", "WorkerPool", "serve_host"]


def serve_host(
    host_name: str,
    culture: str,
    port: int,
    credentials: tuple[str, str],
    workers: WorkerPool,
    faults: Faults,
) -> Endpoint:
    """Listen on 127.0.0.1 for one simulated host and serve it from threads of this process.

    `port` 0 takes any free one, see `Endpoint.port`. `credentials` are (user, password); `culture` ("de-DE") is the one
    its PowerShell runs under. Raises OSError when the port is taken, ValueError for credentials NTLM cannot hold.
    """
    return Endpoint(host_name, culture, port, credentials, workers, faults)
