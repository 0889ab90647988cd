# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Basic and NTLM as a connection meets them, with spnego as the client."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator

import pytest
import spnego

from hyperv_simulator.endpoints import auth


@pytest.fixture
def session() -> Iterator[auth.Session]:
    credentials = auth.Credentials("hv-test", "vagrant", "pä ss")
    yield auth.Session(credentials)
    credentials.close()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def handshake(
    session: auth.Session, protocol: str, user: str, password: str
) -> tuple[spnego.ContextProxy, auth.Verdict]:
    client = spnego.client(
        user, password, hostname="127.0.0.1", protocol=protocol, options=spnego.NegotiateOptions.wrapping_winrm
    )
    token, verdict = client.step(), auth.Verdict(False)
    while token:
        verdict = session.authenticate(f"Negotiate {base64.b64encode(token).decode()}")
        answers = [header.partition(" ")[2] for header in verdict.headers]
        if not answers or not answers[0]:
            break
        token = client.step(base64.b64decode(answers[0]))
    return client, verdict


@pytest.mark.parametrize("user", ["vagrant", "VAGRANT", ".\\vagrant", "HV-TEST\\vagrant"])
def test_basic_accepts_the_account_by_its_names(session: auth.Session, user: str) -> None:
    assert session.authenticate(basic(user, "pä ss")).accepted


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !",
        basic("vagrant", "wrong"),
        basic("root", "pä ss"),
        "Kerberos YII=",
        "NTLM AAAA",
        "NTLM",
    ],
)
def test_anything_else_is_challenged(session: auth.Session, header: str | None) -> None:
    verdict = session.authenticate(header)
    assert not verdict.accepted
    assert verdict.headers == ["Negotiate", "NTLM", 'Basic realm="WSMAN"']


def test_basic_proves_nothing_for_the_next_request(session: auth.Session) -> None:
    session.authenticate(basic("vagrant", "pä ss"))
    assert not session.authenticate(None).accepted


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
@pytest.mark.parametrize("user", ["vagrant", ".\\vagrant", "hv-test\\Vagrant"])
def test_ntlm_authenticates_the_connection_and_encrypts(session: auth.Session, protocol: str, user: str) -> None:
    client, verdict = handshake(session, protocol, user, "pä ss")
    assert verdict.accepted
    assert session.authenticate(None).accepted
    content_type, message = session.wrap("grüße".encode())
    assert auth.is_encrypted(content_type)
    head, payload = message.split(b"--Encrypted Boundary")[1:3]
    assert b"Length=7\r\n" in head
    sealed = payload.removeprefix(b"\r\n\tContent-Type: application/octet-stream\r\n")
    assert client.unwrap_winrm(sealed[4:20], sealed[20:]) == "grüße".encode()


def test_a_wrong_password_is_challenged_again(session: auth.Session) -> None:
    verdict = handshake(session, "ntlm", "vagrant", "wrong")[1]
    assert not verdict.accepted
    assert not session.authenticate(None).accepted


def test_damaged_messages_are_refused(session: auth.Session) -> None:
    handshake(session, "ntlm", "vagrant", "pä ss")
    content_type, message = session.wrap(b"text")  # sealed with the server's key, which no client's message is
    for damaged in (message, message[:40], b"", message.replace(b"Length=4", b"Length=x")):
        with pytest.raises(auth.EncryptionError):
            session.unwrap(content_type, damaged)


def test_nothing_encrypted_is_read_before_authentication(session: auth.Session) -> None:
    with pytest.raises(auth.EncryptionError):
        session.unwrap('multipart/encrypted;protocol="x"', b"")
    assert session.unwrap("application/soap+xml", b"plain") == b"plain"


def test_credentials_that_ntlm_cannot_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="hv-test"):
        auth.Credentials("hv-test", "vagrant", "a:b")


def test_the_environment_is_left_as_it_was(session: auth.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NTLM_USER_FILE", "mine")
    handshake(session, "ntlm", "vagrant", "pä ss")
    assert os.environ["NTLM_USER_FILE"] == "mine"
