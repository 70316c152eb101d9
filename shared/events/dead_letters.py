"""Dead letters: records that cannot be applied.

They go to aisle.dead-letters with the reason, and GetStatus counts them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from aisle.v1.dead_letters_pb2 import DeadLetter
from shared.errors import InvalidRequest
from shared.events.log import DEAD_LETTERS, EventLog, NewRecord, Record

_LOG = logging.getLogger(__name__)

# Bytes of a value to keep: a record near the log's limit must fit again, with its reason
KEPT_BYTES = 600_000
_FEW_BYTES = 10_000
_KEY_CHARACTERS = 10_000
_REASON_CHARACTERS = 2_000


async def put(log: EventLog, letter: Callable[[int], NewRecord]) -> None:
    """Append the letter with as many bytes of the value as the log takes.

    `letter` makes a letter that keeps so many bytes. A letter that the log refuses even without the
    value is only logged.
    """
    for kept_bytes in (KEPT_BYTES, _FEW_BYTES, 0):
        try:
            await log.append(DEAD_LETTERS, [letter(kept_bytes)])
        except InvalidRequest as error:
            _LOG.error("%s does not take %d bytes of a value: %s", DEAD_LETTERS, kept_bytes, error)
        else:
            return


def unusable(record: Record, reason: str, kept_bytes: int = KEPT_BYTES) -> NewRecord:
    """The letter for a record of the log that cannot be applied.

    Appended twice, it is in the topic once.
    """
    letter = _letter(record.topic, record.key, record.value, reason, kept_bytes)
    letter.partition = record.partition
    letter.position = record.offset
    place = f"{record.topic}:{record.partition}:{record.offset}"
    return NewRecord(place, letter.SerializeToString(), event_id=place)


def refused(topic: str, record: NewRecord, reason: str, kept_bytes: int = KEPT_BYTES) -> NewRecord:
    """The letter for a record that the log refuses, which therefore has no position.

    `kept_bytes` of its value are kept.
    """
    letter = _letter(topic, record.key, record.value, reason, kept_bytes)
    event_id = f"{topic}:{record.event_id}" if record.event_id is not None else None
    return NewRecord(f"{topic}:{letter.key}", letter.SerializeToString(), event_id)


def from_record(record: Record) -> DeadLetter:
    """The letter in a record of aisle.dead-letters.

    Raises google.protobuf.message.DecodeError for other records.
    """
    return DeadLetter.FromString(record.value or b"")


def _letter(topic: str, key: str, value: bytes | None, reason: str, kept_bytes: int) -> DeadLetter:
    whole = value or b""
    return DeadLetter(
        topic=topic,
        key=key[:_KEY_CHARACTERS],
        reason=reason[:_REASON_CHARACTERS],
        time_seconds=time.time(),
        value=whole[:kept_bytes],
        value_bytes=len(whole),
    )
