# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated host's HTTP server: connections, authentication and encryption around the WS-Management service."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from . import soap
from .auth import SOAP, Credentials, EncryptionError, Session, is_encrypted
from .service import DroppedError, Faults, RejectedError, Service
from .soap import MalformedError, WSManFault
from .workers import WorkerPool

log = logging.getLogger(__name__)

MAX_ENVELOPE = 500 * 1024  # bytes; Source: MaxEnvelopeSizekb of a Windows host, 500
IDLE_CONNECTION = 900  # seconds
CLOSING = 10  # seconds for a connection's thread to end


class Endpoint:
    """A listening host; use as a context manager or call `close`."""

    def __init__(
        self,
        host: str,
        culture: str,
        port: int,
        credentials: tuple[str, str],
        workers: WorkerPool,
        faults: Faults,
    ) -> None:
        self._credentials = Credentials(host, *credentials)
        self._service = Service(host, culture, credentials[0], workers, faults)
        try:
            self._server = _Server(port, self._service, self._credentials)
        except OSError:
            self._credentials.close()
            raise
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name=f"hvsim-{host}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, end all shells with what runs in them, and close all connections."""
        _shut_down(self._server.socket)  # wakes the thread, which would look around only twice a second
        self._server.shutdown()
        self._thread.join()
        self._service.close()
        self._server.close_connections()
        self._server.server_close()
        self._credentials.close()

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, service: Service, credentials: Credentials) -> None:
        self.service, self.credentials = service, credentials
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._handlers: list[threading.Thread] = []
        self._ending = False
        super().__init__(("127.0.0.1", port), _Handler)

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)
            self._handlers = [thread for thread in self._handlers if thread.is_alive()] + [threading.current_thread()]
            if self._ending:
                _shut_down(connection)
        self.service.prepare()

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def close_connections(self) -> None:
        """Close what clients keep alive, and wait for the threads."""
        with self._lock:
            self._ending = True
            for connection in self._connections:
                _shut_down(connection)
            threads = list(self._handlers)
        for thread in threads:
            thread.join(CLOSING)

    def handle_error(self, _request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that goes away is nothing to report
            log.exception("request of %s failed", client_address)


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was faster
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Microsoft-HTTPAPI/2.0", ""
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one piece
    timeout = IDLE_CONNECTION
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._session = Session(self.server.credentials)
        self.server.opened(self.connection)

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.server.closed(self.connection)

    def log_message(self, text: str, *args: object) -> None:
        log.debug(text, *args)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            return self._refuse(HTTPStatus.LENGTH_REQUIRED)
        if int(length) > MAX_ENVELOPE:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(int(length))
        if self.path.rstrip("/").lower() != "/wsman":
            return self._answer(HTTPStatus.NOT_FOUND)
        verdict = self._session.authenticate(self.headers.get("Authorization"))
        if not verdict.accepted:
            return self._answer(HTTPStatus.UNAUTHORIZED, challenges=verdict.headers)
        if not body:  # clients authenticate with an empty request before they encrypt
            return self._answer(HTTPStatus.OK, challenges=verdict.headers)
        content_type = self.headers.get("Content-Type", "")
        try:
            status, answer = self._serve(self._session.unwrap(content_type, body))
        except RejectedError:
            return self._answer(HTTPStatus.UNAUTHORIZED, challenges=self._session.reject().headers)
        except DroppedError:
            self.close_connection = True
            return None
        except (EncryptionError, MalformedError) as error:
            return self._answer(HTTPStatus.BAD_REQUEST, str(error).encode(), "text/plain;charset=UTF-8")
        sealed = self._session.wrap(answer) if is_encrypted(content_type) else (SOAP, answer)
        return self._answer(status, sealed[1], sealed[0], verdict.headers)

    def _serve(self, envelope: bytes) -> tuple[HTTPStatus, bytes]:
        request = soap.read(envelope)
        try:
            return HTTPStatus.OK, self.server.service.answer(request)
        except WSManFault as fault:
            return HTTPStatus.INTERNAL_SERVER_ERROR, soap.fault(request.message_id, fault, self.server.service.host)

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer a request whose body stays unread: the connection is of no further use."""
        self.close_connection = True
        self._answer(status)

    def _answer(
        self, status: HTTPStatus, body: bytes = b"", content_type: str = SOAP, challenges: list[str] | None = None
    ) -> None:
        self.send_response(status)
        for challenge in challenges or []:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
