# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP envelopes of WS-Management: requests read, responses and faults written.

Source: [MS-WSMV]; what pywinrm and pypsrp read of a response.
"""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import partial

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "e": "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError",
}
for _prefix, _uri in NAMESPACES.items():
    ET.register_namespace(_prefix, _uri)

ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
DEFAULT_TIMEOUT = 60.0  # seconds; Source: MaxTimeoutms, 60000 on a Windows host
_DURATION = re.compile(r"PT(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")


class MalformedError(ValueError):
    """The body is no SOAP request that this server reads."""


class WSManFault(Exception):
    """A fault of the WS-Management service.

    `code` is the number that clients go by; `wmi` repeats it the way WMI providers do, where clients look for quotas.
    """

    def __init__(self, code: int, text: str, subcode: str = "w:InternalError", wmi: bool = False) -> None:
        super().__init__(text)
        self.code, self.text, self.subcode, self.wmi = code, text, subcode, wmi


@dataclass(frozen=True)
class Request:
    """One request: `operation` is the last word of its action (Create, Command, Send, Receive, Signal, Delete, Get)."""

    action: str
    message_id: str
    resource_uri: str
    shell_id: str
    timeout: float
    body: ET.Element

    @property
    def operation(self) -> str:
        return self.action.rpartition("/")[2]


def q(name: str) -> str:
    """Spell a prefixed name ("rsp:Shell") the way ElementTree does."""
    prefix, _colon, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def element(name: str, *children: ET.Element, text: str | None = None, **attributes: str) -> ET.Element:
    """Make an element of a prefixed name with its children."""
    made = ET.Element(q(name), attributes)
    made.text = text
    made.extend(children)
    return made


def parse(data: bytes) -> ET.Element:
    """Parse what a client sent; raises MalformedError. Document type declarations are refused: entities can explode."""
    try:
        text = data.decode("utf-8-sig")
        if "<!DOCTYPE" in text:
            raise MalformedError("document type declarations are not accepted")
        return ET.fromstring(text)
    except (UnicodeDecodeError, ET.ParseError) as error:
        raise MalformedError(str(error)) from error


def read(data: bytes) -> Request:
    """Parse a request; raises MalformedError."""
    root = parse(data)
    header, body = root.find("s:Header", NAMESPACES), root.find("s:Body", NAMESPACES)
    if header is None or body is None:
        raise MalformedError("no SOAP envelope with a header and a body")

    field = partial(_text, header)
    return Request(
        action=field("a:Action"),
        message_id=field("a:MessageID"),
        resource_uri=field("w:ResourceURI"),
        shell_id=field("w:SelectorSet/w:Selector[@Name='ShellId']").upper(),
        timeout=_seconds(field("w:OperationTimeout")),
        body=body,
    )


def response(request: Request, *content: ET.Element) -> bytes:
    """Write the answer to a request."""
    return _envelope(f"{request.action}Response", request.message_id, *content)


def fault(message_id: str, problem: WSManFault, host: str) -> bytes:
    """Write a fault; `host` is the machine that reports it."""
    reason = element("s:Text", text=problem.text)
    reason.set("{http://www.w3.org/XML/1998/namespace}lang", "en-US")
    detail = [element("f:WSManFault", element("f:Message", text=problem.text), Code=str(problem.code), Machine=host)]
    if problem.wmi:
        detail.append(element("e:MSFT_WmiError", element("e:error_Code", text=str(problem.code))))
    body = element(
        "s:Fault",
        element(
            "s:Code",
            element("s:Value", text="s:Receiver"),
            element("s:Subcode", element("s:Value", text=problem.subcode)),
        ),
        element("s:Reason", reason),
        element("s:Detail", *detail),
    )
    body.set("xmlns:w", NAMESPACES["w"])  # the subcode's prefix: ElementTree declares only those of tags
    return _envelope(FAULT_ACTION, message_id, body)


def _envelope(action: str, relates_to: str, *content: ET.Element) -> bytes:
    header = element(
        "s:Header",
        element("a:Action", text=action),
        element("a:MessageID", text=f"uuid:{str(uuid.uuid4()).upper()}"),
        element("a:To", text=ANONYMOUS),
        element("a:RelatesTo", text=relates_to),
    )
    envelope: bytes = ET.tostring(element("s:Envelope", header, element("s:Body", *content)), encoding="utf-8")
    return envelope


def _text(parent: ET.Element, path: str) -> str:
    return parent.findtext(path, "", NAMESPACES).strip()


def _seconds(duration: str) -> float:
    match = _DURATION.fullmatch(duration)
    return int(match[1] or 0) * 60 + float(match[2] or 0) if match else DEFAULT_TIMEOUT
