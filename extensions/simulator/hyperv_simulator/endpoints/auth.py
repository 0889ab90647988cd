# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication of one connection: basic, and NTLM (bare or inside Negotiate) with message encryption.

Kerberos and CredSSP are not offered. NTLM authenticates the connection and not the request: what it proved holds until
the connection closes, and its keys encrypt the messages. Source: [MS-WSMV] 2.2.9.1, [MS-NLMP].
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import spnego

OFFERED = ("Negotiate", "NTLM", 'Basic realm="WSMAN"')
ENCRYPTED = "application/HTTP-SPNEGO-session-encrypted"
BOUNDARY = "Encrypted Boundary"
SOAP = "application/soap+xml;charset=UTF-8"
_IMPLEMENTATION = {  # spnego's own, whatever the system's libraries offer
    "ntlm": spnego.NegotiateOptions.use_ntlm,
    "negotiate": spnego.NegotiateOptions.use_negotiate,
}
_PART = re.compile(rb"--\s*Encrypted Boundary(?:--)?\r\n")
_LENGTH = re.compile(rb"Length=(\d+)")
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"

_environment = threading.Lock()


class EncryptionError(ValueError):
    """An encrypted message does not decrypt: another connection's keys, or damage on the way."""


class Credentials:
    """The one account of a host. Also known as `.\\user` and `HOST\\user`; names are case-insensitive as on Windows."""

    def __init__(self, host: str, user: str, password: str) -> None:
        if re.search(r"[:\n]", user + password):
            raise ValueError(f"credentials of {host}: user and password cannot hold ':' or a line break")
        self._password = password.encode()
        self._names = {f"{domain}{user}".casefold() for domain in ("", ".\\", f"{host}\\")}
        # NTLM needs the password itself; spnego takes it from a file in Heimdal's format, DOMAIN:USER:PASSWORD.
        handle, self._file = tempfile.mkstemp(prefix="hvsim-ntlm-")
        with os.fdopen(handle, "w", encoding="utf-8") as store:
            store.writelines(f"{domain}:{user}:{password}\n" for domain in ("", ".", host))

    def match(self, user: str, password: bytes) -> bool:
        return user.casefold() in self._names and hmac.compare_digest(password, self._password)

    @contextmanager
    def in_environment(self) -> Iterator[None]:
        """Let spnego find this account: it knows only the environment, which all hosts of the process share."""
        with _environment:
            before = os.environ.get("NTLM_USER_FILE")
            os.environ["NTLM_USER_FILE"] = self._file
            try:
                yield
            finally:
                del os.environ["NTLM_USER_FILE"]
                if before is not None:
                    os.environ["NTLM_USER_FILE"] = before

    def close(self) -> None:
        Path(self._file).unlink(missing_ok=True)


@dataclass
class Verdict:
    """`headers` are the WWW-Authenticate values of the answer: challenges, or the last token of a handshake."""

    accepted: bool
    headers: list[str] = field(default_factory=list)


class Session:
    """What one connection has proved so far."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._context: spnego.ContextProxy | None = None

    def authenticate(self, authorization: str | None) -> Verdict:
        """Judge a request by its Authorization header."""
        scheme, _space, token = (authorization or "").partition(" ")
        try:
            if not scheme:
                return self._proved()
            raw = base64.b64decode(token, validate=True)
            if scheme.lower() == "basic":
                user, _colon, password = raw.partition(b":")
                return Verdict(True) if self._credentials.match(user.decode(), password) else self.reject()
            if scheme.lower() in ("negotiate", "ntlm") and raw:
                return self._step(scheme, raw)
        except (binascii.Error, UnicodeDecodeError):
            pass
        return self.reject()

    def _proved(self) -> Verdict:
        return Verdict(True) if self._context and self._context.complete else self.reject()

    def reject(self) -> Verdict:
        """Forget what was proved."""
        self._context = None
        return Verdict(False, list(OFFERED))

    def _step(self, scheme: str, token: bytes) -> Verdict:
        try:
            with self._credentials.in_environment():
                if self._context is None or self._context.complete:
                    protocol = "ntlm" if token.startswith(b"NTLMSSP\0") else "negotiate"
                    self._context = spnego.server(protocol=protocol, options=_IMPLEMENTATION[protocol])
                answer = self._context.step(token)
        except (spnego.exceptions.SpnegoError, ValueError, struct.error):  # ValueError: not a token at all
            return self.reject()
        headers = [f"{scheme} {base64.b64encode(answer).decode()}"] if answer else []
        return Verdict(self._context.complete, headers)

    def unwrap(self, content_type: str, body: bytes) -> bytes:
        """Decrypt a request's body when its content type says that it is encrypted; raises EncryptionError."""
        if not is_encrypted(content_type):
            return body
        if self._context is None:
            raise EncryptionError("encrypted, but this connection has no keys")
        parts = _PART.split(body)  # "", header, payload, ""
        try:
            length = _LENGTH.search(parts[1])
            payload = parts[2].removeprefix(_OCTETS)
            (size,) = struct.unpack_from("<I", payload)
            plain: bytes = self._context.unwrap_winrm(payload[4 : 4 + size], payload[4 + size :])
        except (IndexError, struct.error, ValueError, spnego.exceptions.SpnegoError) as error:
            raise EncryptionError(str(error)) from error
        if length is None or int(length[1]) != len(plain):
            raise EncryptionError("the message has another length than it says")
        return plain

    def wrap(self, body: bytes) -> tuple[str, bytes]:
        """Encrypt an answer; returns its content type and body."""
        assert self._context is not None, "only what came encrypted is answered so"
        sealed = self._context.wrap_winrm(body)
        length = len(body) + sealed.padding_length
        head = (
            f"--{BOUNDARY}\r\n\tContent-Type: {ENCRYPTED}\r\n\tOriginalContent: type={SOAP};Length={length}\r\n"
            f"--{BOUNDARY}\r\n"
        )
        payload = struct.pack("<I", len(sealed.header)) + sealed.header + sealed.data
        message = head.encode() + _OCTETS + payload + f"--{BOUNDARY}--\r\n".encode()
        return f'multipart/encrypted;protocol="{ENCRYPTED}";boundary="{BOUNDARY}"', message


def is_encrypted(content_type: str) -> bool:
    return content_type.startswith("multipart/encrypted")
