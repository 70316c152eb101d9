"""Applies catalogue records to a draft, and appends changes to aisle.vectors.

Records that cannot be applied become dead letters.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial

from services.embedding.indexing.draft import Draft
from shared.catalog import writes
from shared.errors import InvalidRequest
from shared.events import dead_letters
from shared.events.log import (
    CATALOG,
    DEAD_LETTERS,
    VECTORS,
    EventLog,
    NewRecord,
    Record,
    RecordsRefused,
    check_sizes,
)
from shared.snapshot.change import Change, to_record

_LOG = logging.getLogger(__name__)


async def take_records(draft: Draft, records: Sequence[Record], events: EventLog) -> None:
    """Apply catalogue records to a draft.

    Those that cannot be applied are put aside, and delay no others.
    """
    for record, reason in await asyncio.to_thread(_unusable, draft, records):
        await put_aside(events, record, reason)
    if repeated := _repeated(draft):
        await events.append(CATALOG, repeated)


def _repeated(draft: Draft) -> list[NewRecord]:
    """Records with current values, for stale writes that compaction would otherwise keep.

    They have the keys of the stale writes. Compaction would drop the newer writes before those.
    """
    found = dict[str, NewRecord]()
    for write in draft.outdated:
        now = draft.product(write.product_id)
        if now is not None:
            record = writes.again(write, now)
            found[record.key] = record
    draft.outdated.clear()
    return list(found.values())


def _unusable(draft: Draft, records: Sequence[Record]) -> list[tuple[Record, str]]:
    reasons = ((record, take_record(draft, record)) for record in records)
    return [(record, reason) for record, reason in reasons if reason]


def take_record(draft: Draft, record: Record) -> str:
    """Apply one record. Returns the reason if it cannot be read or applied."""
    try:
        write = writes.from_record(record)
    except ValueError as error:
        return str(error)
    return draft.take(write)


async def put_aside(events: EventLog, record: Record, reason: str) -> None:
    """Make a dead letter of a catalogue record that has no effect."""
    _LOG.error("%s:%d is put in %s: %s", record.topic, record.offset, DEAD_LETTERS, reason)
    await dead_letters.put(events, partial(dead_letters.unusable, record, reason))


async def append_changes(events: EventLog, changes: Sequence[Change]) -> list[Record]:
    """Append changes to aisle.vectors. Returns the records as appended.

    For a refused change, only the position is appended.
    """
    new = [to_record(change) for change in changes]
    for at, record in enumerate(new):
        if reason := _objection(record):
            new[at] = await _without_product(events, changes[at], record, reason)
    try:
        appended = await events.append(VECTORS, new)
    except RecordsRefused as error:
        for at, outcome in enumerate(error.outcomes):
            if isinstance(outcome, str):
                new[at] = await _without_product(events, changes[at], new[at], outcome)
        appended = await events.append(VECTORS, new)
    now = time.time()
    return [
        Record(place.offset, each.key, each.value, now) for each, place in zip(new, appended, strict=True)
    ]


def _objection(record: NewRecord) -> str:
    """Why any log refuses a record.

    Gateways refuse such products, so only many encoders cause this.
    """
    try:
        check_sizes(VECTORS, [record])
    except InvalidRequest as error:
        return str(error)
    return ""


async def _without_product(events: EventLog, change: Change, record: NewRecord, reason: str) -> NewRecord:
    _LOG.error("the last write of product %s is not shown: %s", change.product_id, reason)
    await dead_letters.put(events, partial(dead_letters.refused, VECTORS, record, reason))
    return to_record(Change(change.catalog_offset, lineage=change.lineage))
