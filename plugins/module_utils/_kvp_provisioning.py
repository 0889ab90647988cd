# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change without notice.

"""Reads the records that cloud-init and azure-init leave in pool 1 about the provisioning of a machine.

Their forms, from the sources of both projects:

* cloud-init, HyperVKvpReportingHandler in cloudinit/reporting/handlers.py:
  ``CLOUD_INIT|incarnation|type|name[|vm_id][|uuid]``, the value a JSON object. One that is longer than 1024 characters
  is split: the keys get ``|0``, ``|1``..., and each value has ``msg_i`` and a slice of the *escaped* text in ``msg``,
  which comes last. A slice may end within an escape, so that the pieces have to be joined before they are JSON.
  Descriptions of the type ``compressed`` are themselves ``{"encoding": "gz+b64", "data": ...}``.
* azure-init, libazureinit/src/kvp.rs: ``prefix|vm_id|level|name|uuid``, the value
  ``Time: ... | Event: ...`` or ``Start: ... | End: ...``; a long one is split over records of the *same* key.
* azure-init from 2026 on: ``DIAG_V1|agent|vm_id|kind|name|uuid|timestamp|encoding|result|duration|index``.
* both: ``PROVISIONING_REPORT`` = ``result=success|agent=...|vm_id=...|timestamp=...``, a line of CSV with ``|`` between
  its fields, quoted with ``'`` by cloud-init and with ``"`` by azure-init. cloud-init cuts it at 1023 characters.
"""

import base64
import binascii
import csv
import json
import re
import zlib
from typing import Any, Sequence

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import key_of, show, value_of

REPORT_KEY = "PROVISIONING_REPORT"
CLOUD_INIT = "CLOUD_INIT"
DIAGNOSTIC = "DIAG_V1"
# cloud-init writes no more of a report than this.
REPORT_CUT = 1023
# A few kilobytes can unpack to gigabytes; provisioning logs are smaller than this.
MOST_UNPACKED = 1 << 20

_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_CLOUD_INIT_KEY = re.compile(
    rf"CLOUD_INIT\|(?P<incarnation>[0-9]{{1,18}})\|(?P<type>[^|]+)\|(?P<name>[^|]+)"
    rf"(?:\|(?P<vm_id>{_UUID})(?=\|{_UUID}))?(?:\|(?P<event_id>{_UUID}))?(?:\|(?P<index>[0-9]{{1,9}}))?"
)
_AZURE_INIT_KEY = re.compile(
    rf"(?P<agent>[^|]+)\|(?P<vm_id>{_UUID})\|(?P<level>TRACE|DEBUG|INFO|WARN|ERROR)\|(?P<name>[^|]*)\|(?P<event_id>{_UUID})"
)
_AZURE_INIT_VALUE = re.compile(
    r"Time: (?P<time>\S+) \| Event: (?P<message>.*)|Start: (?P<start>\S+) \| End: (?P<end>\S+)", re.DOTALL
)
_DIAGNOSTIC_KEY = re.compile(
    rf"DIAG_V1\|(?P<agent>[^|]+)\|(?P<vm_id>{_UUID})\|(?P<type>start|finish|event)\|(?P<name>[^|]+)"
    rf"\|(?P<event_id>{_UUID})\|(?P<time>[^|]+)\|(?P<encoding>[^|]+)\|(?P<result>success|fail|)\|(?P<duration>[0-9]{{0,18}})"
    r"\|(?P<index>[0-9]{1,9})"
)


class Undecodable(Exception):
    """Why a record stays as it is."""


def decode_provisioning(records: Sequence[bytes]) -> "dict[str, list[dict[str, Any]]]":
    """Return the reports and events of these records, and with a reason those that look like one but are none.

    Records of other programs are in none of the three lists.
    """
    reports: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    undecoded: list[dict[str, Any]] = []
    for base, pieces in _grouped(records).items():
        try:
            if base == REPORT_KEY:
                # Each record is a report of its own: a second boot, or a second agent.
                for piece in pieces:
                    reports.append(_report(piece[1]))
            else:
                events.append(_event(pieces))
        except Undecodable as reason:
            undecoded += [{"key": key, "value": value, "reason": str(reason)} for key, value in pieces]
    return {"reports": reports, "events": events, "undecoded": undecoded}


def _grouped(records: Sequence[bytes]) -> "dict[str, list[tuple[str, str]]]":
    """Return keys and values of provisioning records, those together that are pieces of one event."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for record in records:
        key = show(key_of(record))
        prefix = key.split("|", 1)[0]
        if prefix in (CLOUD_INIT, DIAGNOSTIC):
            form = _CLOUD_INIT_KEY if prefix == CLOUD_INIT else _DIAGNOSTIC_KEY
            match = form.fullmatch(key)
            base = key.rpartition("|")[0] if match and match["index"] else key
        elif key == REPORT_KEY or _AZURE_INIT_KEY.fullmatch(key):
            base = key
        else:
            continue
        groups.setdefault(base, []).append((key, show(value_of(record))))
    return groups


def _report(value: str) -> "dict[str, Any]":
    quote = '"' if "agent=Azure-Init" in value else "'"
    try:
        rows = list(csv.reader([value], delimiter="|", quotechar=quote))
    except csv.Error as error:
        raise Undecodable(f"no line of CSV: {error}") from None
    fields = [field.partition("=") for field in (rows[0] if rows else [])]
    if not fields or any(not separator or not name for name, separator, _text in fields):
        raise Undecodable("a field is not of the form name=value")
    found = {name: text for name, _separator, text in fields}
    if found.get("result") not in ("success", "error"):
        raise Undecodable("the result is neither success nor error")
    names = ("result", "reason", "agent", "vm_id", "timestamp", "pps_type", "documentation_url")
    report: dict[str, Any] = {name: found.pop(name, None) for name in names}
    report["supporting_data"] = found
    report["cut"] = len(value) >= REPORT_CUT
    return report


def _event(pieces: "list[tuple[str, str]]") -> "dict[str, Any]":
    key = pieces[0][0]
    prefix = key.split("|", 1)[0]
    if prefix == CLOUD_INIT:
        return _cloud_init_event(pieces)
    if prefix == DIAGNOSTIC:
        return _diagnostic_event(pieces)
    match, value = _AZURE_INIT_KEY.fullmatch(key), "".join(value for _key, value in pieces)
    content = _AZURE_INIT_VALUE.fullmatch(value)
    if not match or not content:
        raise Undecodable("neither 'Time: ... | Event: ...' nor 'Start: ... | End: ...'")
    return _fields(
        match["agent"],
        vm_id=match["vm_id"],
        type=match["level"],
        name=match["name"],
        event_id=match["event_id"],
        time=content["time"] or content["start"],
        end=content["end"],
        message=content["message"],
    )


def _cloud_init_event(pieces: "list[tuple[str, str]]") -> "dict[str, Any]":
    matches = [_CLOUD_INIT_KEY.fullmatch(key) for key, _value in pieces]
    match = matches[0]
    if match is None:
        raise Undecodable("the key is not of the form CLOUD_INIT|incarnation|type|name|id")
    if match["index"]:
        content = _joined([int(m["index"]) for m in matches if m], [value for _key, value in pieces])
    elif len(pieces) > 1:
        raise Undecodable("several records have this key")
    else:
        content = _json_object(pieces[0][1])
    if (content.get("name"), content.get("type")) != (match["name"], match["type"]):
        raise Undecodable("name or type differ between key and value")
    message = content.get("msg")
    if not isinstance(message, str):
        raise Undecodable("the value has no msg")
    return _fields(
        "cloud-init",
        incarnation=int(match["incarnation"]),
        vm_id=match["vm_id"],
        type=match["type"],
        name=match["name"],
        event_id=match["event_id"],
        time=_text(content.get("ts")),
        result=_text(content.get("result")),
        duration=_seconds(content.get("duration")),
        message=_unpacked_message(message) if match["type"] == "compressed" else _text(message),
    )


def _joined(indexes: "list[int]", values: "list[str]") -> "dict[str, Any]":
    """Return the value that was split over several records."""
    if sorted(indexes) != list(range(len(indexes))):
        raise Undecodable(f"pieces are missing or there twice: {', '.join(map(str, sorted(indexes)))}")
    heads, slices = [], []
    for index, value in sorted(zip(indexes, values)):
        head, separator, rest = value.partition(',"msg":"')
        if not separator or not rest.endswith('"}'):
            raise Undecodable(f"piece {index} does not end with its msg")
        content = _json_object(head + "}")
        if content.pop("msg_i", None) != index:
            raise Undecodable(f"piece {index} has another msg_i")
        heads.append(content)
        slices.append(rest[:-2])
    if any(head != heads[0] for head in heads):
        raise Undecodable("the pieces belong to different events")
    heads[0].update(_json_object('{"msg":"' + "".join(slices) + '"}'))
    return heads[0]


def _diagnostic_event(pieces: "list[tuple[str, str]]") -> "dict[str, Any]":
    matches = [_DIAGNOSTIC_KEY.fullmatch(key) for key, _value in pieces]
    match = matches[0]
    if match is None:
        raise Undecodable("the key is not one of DIAG_V1")
    indexes = [int(m["index"]) for m in matches if m]
    if sorted(indexes) != list(range(len(indexes))):
        raise Undecodable(f"pieces are missing or there twice: {', '.join(map(str, sorted(indexes)))}")
    value = "".join(value for _index, (_key, value) in sorted(zip(indexes, pieces)))
    if match["encoding"] not in ("none", "gz+b64"):
        raise Undecodable(f"the encoding {match['encoding']} is not known")
    return _fields(
        match["agent"],
        vm_id=match["vm_id"],
        type=match["type"],
        name=match["name"],
        event_id=match["event_id"],
        time=match["time"],
        result=match["result"] or None,
        duration=int(match["duration"]) / 1e6 if match["duration"] else None,
        message=_unpacked(value) if match["encoding"] == "gz+b64" else value,
    )


def _fields(agent: str, **known: Any) -> "dict[str, Any]":
    """Return an event with all fields that any agent fills."""
    names = ("incarnation", "vm_id", "type", "name", "event_id", "time", "end", "result", "duration", "message")
    return {"agent": agent, **{name: known.get(name) for name in names}}


def _json_object(text: str) -> "dict[str, Any]":
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise Undecodable("the value is no JSON") from None
    if not isinstance(content, dict):
        raise Undecodable("the value is no JSON object")
    return content


def _text(value: Any) -> "str | None":
    """Return a text that can be written as UTF-8: JSON may hold halves of surrogate pairs."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else None


def _seconds(value: Any) -> "float | None":
    """Return a number that JSON knows: Python also reads NaN and Infinity."""
    return float(value) if type(value) in (int, float) and 0 <= value < 1e12 else None


def _unpacked_message(message: str) -> str:
    content = _json_object(message)
    if content.get("encoding") != "gz+b64" or not isinstance(content.get("data"), str):
        raise Undecodable("the compressed message is not of the encoding gz+b64")
    return _unpacked(content["data"])


def _unpacked(text: str) -> str:
    """Return what was packed; cloud-init calls zlib streams gz+b64 as well, and wraps their lines."""
    try:
        packed = base64.b64decode("".join(text.split()), validate=True)
        unpacker = zlib.decompressobj(wbits=47)
        data = unpacker.decompress(packed, MOST_UNPACKED)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise Undecodable(f"the compressed message is damaged: {error}") from None
    if not unpacker.eof:
        raise Undecodable("the compressed message is cut, or longer than 1 MiB")
    return show(data)
