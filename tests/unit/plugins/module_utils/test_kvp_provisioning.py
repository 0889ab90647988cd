# Copyright: (c) 2026, hyperv.integration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hyperv.integration.plugins.module_utils._kvp_provisioning import (
    MOST_UNPACKED,
    decode_provisioning,
)
from ansible_collections.hyperv.integration.plugins.module_utils._kvp_record import RECORD_SIZE, split_records
from kvp_samples import RECORDED, RECORDED_POOLS, dirty

VM = "0f7e1a52-3c5d-4f0e-9a53-0d5a2b9c7e11"
EVENT = "8f3e9c4a-1b2c-4d5e-9f01-234567890abc"
CLOUD_INIT = f"CLOUD_INIT|1785187900|finish|init|{EVENT}"


def decode(*items: tuple[str, str]) -> dict[str, list[dict[str, Any]]]:
    return decode_provisioning([dirty(key.encode(), value.encode()) for key, value in items])


def one_event(*items: tuple[str, str]) -> dict[str, Any]:
    found = decode(*items)
    assert (found["reports"], found["undecoded"]) == ([], [])
    (event,) = found["events"]
    return event


def reason(*items: tuple[str, str]) -> str:
    """Why these records stay as they are; they have to be there, all of them."""
    found = decode(*items)
    assert (found["reports"], found["events"]) == ([], [])
    assert [(entry["key"], entry["value"]) for entry in found["undecoded"]] == list(items)
    (why,) = {entry["reason"] for entry in found["undecoded"]}
    return str(why)


def value(**fields: Any) -> str:
    return json.dumps({"name": "init", "type": "finish", **fields}, separators=(",", ":"))


@pytest.mark.parametrize("version", ["22.4.2", "25.1.4"])
def test_what_cloud_init_wrote(version: str) -> None:
    records, tail = split_records((RECORDED / f"cloud-init-{version}.bin").read_bytes())
    found = decode_provisioning(records)
    assert (tail, found["undecoded"]) == (b"", [])
    assert [(event["type"], event["name"], event["result"]) for event in found["events"]] == [
        ("start", "init-local", None),
        ("finish", "init-local", "SUCCESS"),
        ("finish", "modules-final/config-scripts_user", "FAIL"),
        ("compressed", "cloud-init.log", None),
    ]
    assert {event["agent"] for event in found["events"]} == {"cloud-init"}
    assert {event["incarnation"] for event in found["events"]} == {1785187900}
    messages = [event["message"] for event in found["events"]]
    assert messages[1] == "found local data from DataSourceAzure"
    assert messages[2] == 'script failed: "exit 1"\n\tat line 3, grüße 😀 | ' * 40
    assert messages[3] == "one line of a log\n" * 50


def test_the_pieces_of_the_recording_are_no_json_of_their_own() -> None:
    """Or putting them together would not be proven."""
    records, _tail = split_records((RECORDED / "cloud-init-25.1.4.bin").read_bytes())
    pieces = [r[512:].rstrip(b"\0") for r in records if b'"msg_i":2,' in r]
    assert len(pieces) == 1
    with pytest.raises(json.JSONDecodeError):
        json.loads(pieces[0])


def test_the_reports_of_cloud_init() -> None:
    records, _tail = split_records((RECORDED / "cloud-init-25.1.4.bin").read_bytes())
    failed, succeeded = decode_provisioning(records)["reports"]
    assert failed == {
        "result": "error",
        "reason": "failure to find DHCP interface | it's gone",
        "agent": "Cloud-Init/25.1.4",
        "vm_id": VM,
        "timestamp": "2026-11-20T10:00:00",
        "pps_type": None,
        "documentation_url": "https://aka.ms/linuxprovisioningerror",
        "supporting_data": {"duration": "20.5", "interface": "eth0"},
        "cut": False,
    }
    assert (succeeded["result"], succeeded["timestamp"]) == ("success", "2026-11-20T10:05:00")


def test_a_report_of_azure_init() -> None:
    text = f'result=error|"reason=no ""eth0"" | it\'s gone"|agent=Azure-Init/0.1.1|pps_type=None|vm_id={VM}|build=7'
    (report,) = decode(("PROVISIONING_REPORT", text))["reports"]
    assert report["reason"] == 'no "eth0" | it\'s gone'
    assert (report["pps_type"], report["supporting_data"]) == ("None", {"build": "7"})


def test_a_cut_report_says_so() -> None:
    (report,) = decode(("PROVISIONING_REPORT", "result=error|traceback_base64=".ljust(1023, "A")))["reports"]
    assert report["cut"]


@pytest.mark.parametrize("text", ["", "success", "result=success|", "result=maybe", "=|result=success", "a\rb"])
def test_what_is_no_report(text: str) -> None:
    assert reason(("PROVISIONING_REPORT", text)) != ""


def test_keys_of_cloud_init_through_the_years() -> None:
    old = one_event(("CLOUD_INIT|1|finish|init", value(msg="x")))
    middle = one_event((CLOUD_INIT, value(msg="x")))
    new = one_event((f"CLOUD_INIT|1|finish|init|{VM}|{EVENT}", value(msg="x", duration=0.5, ts="t")))
    assert (old["vm_id"], old["event_id"]) == (None, None)
    assert (middle["vm_id"], middle["event_id"]) == (None, EVENT)
    assert (new["vm_id"], new["event_id"], new["duration"], new["time"]) == (VM, EVENT, 0.5, "t")


@pytest.mark.parametrize("base", ["CLOUD_INIT|1|finish|init", CLOUD_INIT, f"CLOUD_INIT|1|finish|init|{VM}|{EVENT}"])
def test_pieces_in_any_order(base: str) -> None:
    pieces = [(f"{base}|1", value(msg_i=1, msg="b")), (f"{base}|0", value(msg_i=0, msg="a"))]
    assert one_event(*pieces)["message"] == "ab"


def test_pieces_of_several_events_may_be_mixed() -> None:
    other = CLOUD_INIT.replace("8f3e", "9f3e")
    found = decode(
        (f"{CLOUD_INIT}|0", value(msg_i=0, msg="a")),
        (f"{other}|0", value(msg_i=0, msg="x")),
        ("somebody else", "{}"),
        (f"{CLOUD_INIT}|1", value(msg_i=1, msg="b")),
    )
    assert [event["message"] for event in found["events"]] == ["ab", "x"]
    assert found["undecoded"] == []


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([(f"{CLOUD_INIT}|0", value(msg_i=0, msg="a")), (f"{CLOUD_INIT}|2", value(msg_i=2, msg="c"))], "0, 2"),
        ([(f"{CLOUD_INIT}|0", value(msg_i=0, msg="a"))] * 2, "pieces are missing or there twice: 0, 0"),
        ([(f"{CLOUD_INIT}|1", value(msg_i=1, msg="b"))], "pieces are missing or there twice: 1"),
        ([(f"{CLOUD_INIT}|0", value(msg_i=1, msg="a"))], "piece 0 has another msg_i"),
        ([(f"{CLOUD_INIT}|0", '{"msg_i":0}')], "piece 0 does not end with its msg"),
        ([(f"{CLOUD_INIT}|0", value(msg_i=0, msg="a").replace("a", "\\"))], "the value is no JSON"),
        (
            [(f"{CLOUD_INIT}|0", value(msg_i=0, msg="a")), (f"{CLOUD_INIT}|1", value(ts="x", msg_i=1, msg="b"))],
            "the pieces belong to different events",
        ),
        ([(CLOUD_INIT, value(msg="a"))] * 2, "several records have this key"),
        ([(CLOUD_INIT, "{")], "the value is no JSON"),
        ([(CLOUD_INIT, "[" * 1900)], "the value is no JSON"),
        ([(CLOUD_INIT, "[]")], "the value is no JSON object"),
        ([(CLOUD_INIT, value())], "the value has no msg"),
        ([(CLOUD_INIT, value(name="other", msg=""))], "name or type differ between key and value"),
        ([("CLOUD_INIT|soon|finish|init", "{}")], "the key is not of the form CLOUD_INIT"),
        ([("CLOUD_INIT", "{}")], "the key is not of the form CLOUD_INIT"),
        ([(f"azure-init-0.1.1|{VM}|INFO|x|{EVENT}", "hello")], "neither 'Time:"),
        ([("DIAG_V1|x", "hello")], "the key is not one of DIAG_V1"),
    ],
)
def test_what_cannot_be_decoded_stays_with_a_reason(items: list[tuple[str, str]], why: str) -> None:
    assert why in reason(*items)


def test_events_of_azure_init() -> None:
    key = f"azure-init-0.1.1|{VM}|INFO|provision:user:create_user|{EVENT}"
    event = one_event((key, "Time: 2026-11-20T10:00:00.123Z | Event: msg=user | created"))
    assert (event["agent"], event["type"], event["name"]) == ("azure-init-0.1.1", "INFO", "provision:user:create_user")
    assert (event["time"], event["end"], event["message"]) == ("2026-11-20T10:00:00.123Z", None, "msg=user | created")
    span = one_event((key, "Start: 2026-11-20T10:00:00Z | End: 2026-11-20T10:00:01Z"))
    assert (span["time"], span["end"]) == ("2026-11-20T10:00:00Z", "2026-11-20T10:00:01Z")


def test_azure_init_splits_over_equal_keys() -> None:
    key = f"azure-init-0.1.1|{VM}|INFO|x|{EVENT}"
    text = "Time: 2026-11-20T10:00:00Z | Event: " + "long " * 500
    event = one_event((key, text[:1022]), (key, text[1022:2044]), (key, text[2044:]))
    assert event["message"] == "long " * 500


@pytest.mark.parametrize("encoding", ["none", "gz+b64"])
def test_diagnostics_of_azure_init(encoding: str) -> None:
    text = "user created, " * 20
    packer = zlib.compressobj(wbits=31)
    packed = base64.b64encode(packer.compress(text.encode()) + packer.flush()).decode()
    sent = packed if encoding == "gz+b64" else text
    base = f"DIAG_V1|azure-init-0.2|{VM}|finish|user|{EVENT}|2026-11-20T10:00:00Z|{encoding}|success|123400"
    event = one_event((f"{base}|1", sent[30:]), (f"{base}|0", sent[:30]))
    assert (event["agent"], event["result"], event["duration"]) == ("azure-init-0.2", "success", 0.1234)
    assert (event["time"], event["message"]) == ("2026-11-20T10:00:00Z", text)


def test_an_encoding_from_the_future() -> None:
    base = f"DIAG_V1|azure-init-9|{VM}|event|user|{EVENT}|2026-11-20T10:00:00Z|zstd+b64||"
    assert reason((f"{base}|0", "x")) == "the encoding zstd+b64 is not known"


def compressed(data: bytes) -> str:
    message = json.dumps({"encoding": "gz+b64", "data": base64.b64encode(data).decode()})
    return json.dumps({"name": "log", "type": "compressed", "msg": message}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (zlib.compress(bytes(MOST_UNPACKED + 1)), "the compressed message is cut, or longer than 1 MiB"),
        (zlib.compress(b"x" * 99)[:-5], "the compressed message is cut, or longer than 1 MiB"),
        (b"no zlib", "the compressed message is damaged"),
    ],
)
def test_compressed_messages_that_are_none(data: bytes, why: str) -> None:
    assert reason(("CLOUD_INIT|1|compressed|log", compressed(data))[:2]).startswith(why)


def test_other_forms_of_compressed_messages() -> None:
    text = '{"name":"log","type":"compressed","msg":"plain"}'
    assert reason(("CLOUD_INIT|1|compressed|log", text)) == "the value is no JSON"
    assert "gz+b64" in reason(("CLOUD_INIT|1|compressed|log", text.replace('"plain"', '"{}"')))


def test_what_json_cannot_say_is_left_out() -> None:
    event = one_event((CLOUD_INIT, value(msg="x", result=[1], ts=1, duration=float("nan"))))
    assert (event["result"], event["time"], event["duration"]) == (None, None, None)
    event = one_event((CLOUD_INIT, '{"name":"init","type":"finish","msg":"half \\ud83d"}'))
    assert event["message"] == "half \\ud83d"


@pytest.mark.parametrize("path", RECORDED_POOLS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_other_pools_hold_no_provisioning(path: Path) -> None:
    if not path.name.startswith("cloud-init"):
        assert not any(decode_provisioning(split_records(path.read_bytes())[0]).values())


PIECES = st.sampled_from(
    [
        "CLOUD_INIT",
        "DIAG_V1",
        "PROVISIONING_REPORT",
        "|",
        "1",
        "0",
        VM,
        EVENT,
        "finish",
        "x",
        "INFO",
        "=",
        "'",
        '"',
        "event",
    ]
)


@given(
    st.lists(
        st.tuples(
            st.lists(PIECES, max_size=12).map("".join), st.one_of(st.text(max_size=80), st.builds(value, msg=st.text()))
        ),
        max_size=5,
    )
)
def test_anything_is_decoded_or_stays(items: list[tuple[str, str]]) -> None:
    pool = [
        key.encode()[:511].ljust(512, b"\0") + text.encode("utf-8", "replace")[:2047].ljust(2048, b"\0")
        for key, text in items
    ]
    assert all(len(record) == RECORD_SIZE for record in pool)
    json.dumps(decode_provisioning(pool), allow_nan=False, ensure_ascii=False).encode("utf-8")
