"""`aisle events`: stream what shoppers did from a file."""

from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from aisle.v1.events_pb2 import EventAck, EventStatus, UserEvent
from cli.client import Client
from cli.files.event_file import SkippedEvent, UnreadEvent, read_events
from cli.options import ADDRESS, Address, Json
from cli.terminal.console import print_json, progress, say, warn
from services.gateway.events.formats.event_format import EventFormat
from shared.errors import AisleError

_LISTED = 1000  # rejections told at most


def events(
    file: Annotated[
        Path,
        typer.Argument(help="JSON or JSON lines of a format of docs/events.md.", exists=True, dir_okay=False),
    ],
    format: Annotated[
        str,
        typer.Option(
            help="ubi, google-retail, algolia, metarank, gorse or aisle; default: found by its content.",
            metavar="FORMAT",
        ),
    ] = "",
    address: Address = ADDRESS,
    as_json: Json = False,
) -> None:
    """Stream events from a file; each is acknowledged once it is durable.

    Sending a file again is harmless: events are identified by event_id. Rejected ones are listed
    with line, field and reason, and do not stop the others. The exit code is 1 when all are
    rejected. Records without an interaction, such as a search, are skipped and counted by reason.
    """
    stream = EventStream(file, format)
    with Client(address) as engine, progress("Events", None, quiet=as_json) as advance:
        for ack in engine.stream_events(stream.events()):
            stream.take(ack)
            advance(1)
    report = stream.report()
    if stream.title:
        warn(f"{file}: read as {stream.title}")
    print_json(report) if as_json else _show(report)
    if stream.failure:
        raise stream.failure
    if report["rejected"] and not report["accepted"] + report["duplicate"]:
        raise typer.Exit(1)


class EventStream:
    """The events of a file on their way, and what became of them.

    gRPC sends from a thread of its own: what `events` notes, `take` does not touch. The first
    rejections are kept.
    """

    def __init__(self, file: Path, format_name: str = "") -> None:
        self._file = file
        self._format_name = format_name
        self.format: EventFormat | None = None  # once it is known
        self._lines: deque[int] = deque()  # of the events sent and not yet acknowledged, in order
        self._unread: list[UnreadEvent] = []
        self._unread_count = 0
        self._skipped: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._rejections: list[dict[str, Any]] = []
        self.failure: AisleError | None = None

    def events(self) -> Iterator[UserEvent]:
        """Events to send. Unreadable lines and a truncated file are recorded."""
        try:
            for entry in read_events(self._file, self._format_name, self._found):
                if isinstance(entry, UnreadEvent):
                    self._note(entry)
                elif isinstance(entry, SkippedEvent):
                    self._skipped[entry.reason] += 1
                else:
                    line, event = entry
                    self._lines.append(line)
                    yield event
        except AisleError as error:  # gRPC would only say that something was raised
            self.failure = error

    @property
    def title(self) -> str:
        """What the file is; empty if that is our own format, or not known."""
        return self.format.title if self.format and self.format.names else ""

    def _found(self, format: EventFormat) -> None:
        self.format = format

    def _note(self, entry: UnreadEvent) -> None:
        self._unread_count += 1
        if len(self._unread) < _LISTED:
            self._unread.append(entry)

    def take(self, ack: EventAck) -> None:
        """Note the acknowledgement of the oldest event on its way."""
        line = self._lines.popleft()
        self._counts[EventStatus.Name(ack.status).removeprefix("EVENT_STATUS_").lower()] += 1
        if ack.status == EventStatus.EVENT_STATUS_REJECTED and len(self._rejections) < _LISTED:
            self._rejections.append(_rejection(line, ack.event_id, ack.field, ack.reason))

    def report(self) -> dict[str, Any]:
        """As --json prints it."""
        unread = [_rejection(one.line, "", one.field, one.reason) for one in self._unread]
        rejections = sorted([*unread, *self._rejections], key=lambda one: int(one["line"]))
        return {
            "accepted": self._counts["accepted"],
            "duplicate": self._counts["duplicate"],
            "rejected": self._unread_count + self._counts["rejected"],
            "rejections": rejections[:_LISTED],
            "format": self.format.name if self.format else "",
            "skipped": self._skipped.total(),
            "skipped_by_reason": dict(sorted(self._skipped.items())),
        }


def _rejection(line: int, event_id: str, field: str, reason: str) -> dict[str, Any]:
    return {"line": line, "event_id": event_id, "field": field, "reason": reason}


def _show(report: dict[str, Any]) -> None:
    for one in report["rejections"]:
        field = f"{one['field']}: " if one["field"] else ""
        warn(f"line {one['line']}: {field}{one['reason']}")
    reasons = ", ".join(f"{count} {reason}" for reason, count in report["skipped_by_reason"].items())
    skipped = f", {report['skipped']} skipped ({reasons})" if reasons else ""
    counts = f"{report['accepted']} accepted, {report['duplicate']} duplicate"
    say(f"{counts}, {report['rejected']} rejected{skipped}")
