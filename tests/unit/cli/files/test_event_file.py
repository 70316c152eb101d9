import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from aisle.v1.events_pb2 import EventAck, EventStatus
from cli.commands.events import EventStream
from cli.files.event_file import UnreadEvent, read_events
from shared.errors import Corrupt

EVENT = {
    "event_id": "e1",
    "action": "click",
    "visitor_id": "v",
    "products": [{"product_id": "p", "position": 2}],
}


def _file(folder: Path, *lines: bytes | Mapping[str, object]) -> Path:
    path = folder / "events.jsonl"
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    )
    return path


def test_events_are_read_with_their_lines_and_empty_lines_are_skipped(tmp_path: Path) -> None:
    [entry] = read_events(_file(tmp_path, b"", {**EVENT, "event_time": "2026-11-24T02:00:00Z"}, b"  "))
    assert isinstance(entry, tuple)
    line, event = entry
    assert (line, event.event_id, event.products[0].position) == (2, "e1", 2)
    assert event.event_time.seconds == 1795485600


def test_lines_that_are_no_events_are_named_with_their_field(tmp_path: Path) -> None:
    lines = (
        b"{",
        b"[]",
        b'{"event_id": "\xff"}',
        {**EVENT, "colour": 1},
        {**EVENT, "products": "p"},
        {**EVENT, "action": 5},
    )
    entries = list(read_events(_file(tmp_path, *lines)))
    assert all(isinstance(entry, UnreadEvent) for entry in entries)
    assert [(entry.line, entry.field) for entry in entries if isinstance(entry, UnreadEvent)] == [
        (1, "line"),
        (2, "line"),
        (3, "line"),
        (4, "colour"),
        (5, "products"),
        (6, "action"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"attributes": ' * 20_000 + b"1" + b"}" * 20_000,
        {**EVENT, "event_id": "half a pair \ud800"},
        {**EVENT, "attributes": {"a\ud800": {"text": ["x"]}}},
        {**EVENT, "products": [{"product_id": "p", "position": 1e20}]},
        {**EVENT, "products": [{"product_id": "p", "quantity": -1}]},
        {**EVENT, "event_time": "yesterday"},
        {**EVENT, "event_time": 5},
    ],
)
def test_no_line_stops_the_rest(tmp_path: Path, line: bytes | Mapping[str, object]) -> None:
    bad, good = read_events(_file(tmp_path, line, EVENT))
    assert isinstance(bad, UnreadEvent) and not isinstance(good, UnreadEvent)
    assert f"{bad.field}{bad.reason}".isprintable() and bad.reason


def test_a_gzip_file_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + json.dumps(EVENT).encode()))
    [entry] = read_events(path)
    assert not isinstance(entry, UnreadEvent)


def test_a_thousand_rejections_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    stream = EventStream(_file(tmp_path, *[b"{"] * 1_500, *[EVENT] * 1_500))
    for event in list(stream.events()):
        stream.take(EventAck(event_id=event.event_id, status=EventStatus.EVENT_STATUS_REJECTED))
    report = stream.report()
    assert (report["rejected"], len(report["rejections"])) == (3_000, 1_000)


def test_a_file_that_is_cut_short_is_told_after_what_was_before_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    events = b"".join(json.dumps({**EVENT, "event_id": f"e{n * 7919}"}).encode() + b"\n" for n in range(500))
    path.write_bytes(gzip.compress(events)[:-20])
    stream = EventStream(path)
    assert [event.event_id for event in stream.events()][:2] == ["e0", "e7919"]
    assert isinstance(stream.failure, Corrupt)


def test_acknowledgements_are_counted_and_rejections_get_the_line_of_the_file(
    tmp_path: Path,
) -> None:
    stream = EventStream(_file(tmp_path, EVENT, b"{", {**EVENT, "event_id": "e2"}, EVENT))
    sent = [event.event_id for event in stream.events()]
    stream.take(EventAck(event_id="e1", status=EventStatus.EVENT_STATUS_ACCEPTED))
    stream.take(
        EventAck(
            event_id="e2",
            status=EventStatus.EVENT_STATUS_REJECTED,
            field="visitor_id",
            reason="is empty",
        )
    )
    stream.take(EventAck(event_id="e1", status=EventStatus.EVENT_STATUS_DUPLICATE))
    report = stream.report()
    assert sent == ["e1", "e2", "e1"]
    assert (report["accepted"], report["duplicate"], report["rejected"]) == (1, 1, 2)
    assert [(one["line"], one["field"]) for one in report["rejections"]] == [
        (2, "line"),
        (3, "visitor_id"),
    ]


UBI = {
    "action_name": "view",
    "client_id": "v",
    "event_attributes": {"object": {"object_id": "p"}},
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(UBI) + "\n" + json.dumps(UBI),
        json.dumps([UBI, UBI]),
        json.dumps([UBI, UBI], indent=1),
        "[\n" + json.dumps(UBI) + ",\n" + json.dumps(UBI) + "\n]",
        json.dumps({"events": [UBI, UBI]}),
        json.dumps({"events": [UBI]}) + "\n" + json.dumps({"events": [UBI]}),
        json.dumps({"inputConfig": {"userEventInlineSource": {"userEvents": [UBI, UBI]}}}, indent=2),
        json.dumps(UBI, indent=1) + json.dumps(UBI, indent=1),
    ],
)
def test_events_are_read_from_lines_lists_and_bodies(tmp_path: Path, text: str) -> None:
    path = tmp_path / "events.json"
    path.write_text(text)
    found = [entry[1].visitor_id for entry in read_events(path) if isinstance(entry, tuple)]
    assert found == ["v", "v"]


def test_a_list_that_is_cut_short_is_read_up_to_there_and_named(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps([UBI] * 30)[:-20])
    entries = read_events(path, "ubi")
    assert sum(isinstance(next(entries), tuple) for _ in range(29)) == 29
    with pytest.raises(Corrupt, match="or is cut short"):
        next(entries)


def test_the_first_line_that_tells_the_format_decides_it(tmp_path: Path) -> None:
    bad, read = read_events(_file(tmp_path, b"{", UBI))
    assert isinstance(bad, UnreadEvent) and isinstance(read, tuple)
    _, kept = read_events(_file(tmp_path, UBI, EVENT))
    assert isinstance(kept, UnreadEvent) and kept.field == "action_name"
