# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Envelopes: what is read of a request, what is refused, and that nothing a client sent can break out of an answer."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from hyperv_simulator.endpoints import soap

REQUEST = """<?xml version="1.0" encoding="utf-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell">
<e:Header><a:Action>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive</a:Action>
<a:MessageID>{message_id}</a:MessageID><w:OperationTimeout>{timeout}</w:OperationTimeout>
<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd</w:ResourceURI>
<w:SelectorSet><w:Selector Name="Other">x</w:Selector><w:Selector Name="ShellId">ab-cd</w:Selector></w:SelectorSet>
</e:Header><e:Body><rsp:Receive/></e:Body></e:Envelope>"""


def request(message_id: str = "uuid:1", timeout: str = "PT20S") -> soap.Request:
    return soap.read(REQUEST.format(message_id=message_id, timeout=timeout).encode())


def test_a_request_is_read() -> None:
    read = request()
    assert (read.operation, read.message_id, read.shell_id, read.timeout) == ("Receive", "uuid:1", "AB-CD", 20.0)
    assert read.body.find("rsp:Receive", soap.NAMESPACES) is not None


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT20S", 20), ("PT1M30S", 90), ("PT0.5S", 0.5), ("", 60), ("PT", 0), ("soon", 60)]
)
def test_timeouts(text: str, seconds: float) -> None:
    assert request(timeout=text).timeout == seconds


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a>",
        b"\xff\xfe<",
        b"<a/>",
        REQUEST.replace("<e:Envelope", '<!DOCTYPE e [<!ENTITY x "y">]><e:Envelope').encode(),
        REQUEST.encode("utf-16"),
    ],
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(soap.MalformedError):
        soap.read(data)


def test_answers_echo_fields_escaped() -> None:
    answer = ET.fromstring(soap.response(request("&lt;/a:RelatesTo&gt;&amp;"), soap.element("rsp:SendResponse")))
    assert answer.findtext("s:Header/a:RelatesTo", None, soap.NAMESPACES) == "</a:RelatesTo>&"
    assert [child.tag for child in answer.findall("s:Body/*", soap.NAMESPACES)] == [soap.q("rsp:SendResponse")]


def test_faults_carry_code_reason_and_declared_prefixes() -> None:
    problem = soap.WSManFault(170, "busy <now>", "w:TimedOut", wmi=True)
    text = soap.fault("uuid:1", problem, "hv & co")
    root = ET.fromstring(text)
    detail = root.find("s:Body/s:Fault/s:Detail", soap.NAMESPACES)
    assert detail is not None
    fault = detail.find("f:WSManFault", soap.NAMESPACES)
    assert fault is not None
    assert fault.attrib == {"Code": "170", "Machine": "hv & co"}
    assert detail.findtext("e:MSFT_WmiError/e:error_Code", None, soap.NAMESPACES) == "170"
    assert root.findtext("s:Body/s:Fault/s:Reason/s:Text", None, soap.NAMESPACES) == "busy <now>"
    assert b"xmlns:w=" in text
