"""Catalogue writes on their way from the log into a snapshot."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from protos.catalog_pb2 import Product as Message
from shared.catalog.product import Product
from shared.catalog.wire import from_message
from shared.errors import AisleError
from shared.events.log import CATALOG, EventLog, Record

_LOGGER = logging.getLogger(__name__)
_READ_AT_ONCE = 1_000
_FOLDED_AT_ONCE = 50_000  # a bound on memory after a long time without an engine
_GATHER_SECONDS = 0.3  # writes seldom come alone; what comes within this time is folded in together
_WAIT_SECONDS = 5.0
_RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class Writes:
    """What is to be folded into the next snapshot, the newest state of each product."""

    upserts: Sequence[Product]
    deletions: Sequence[str]
    log_position: int  # offset of the last of them


Fold = Callable[[Writes], Awaitable[None]]  # makes a snapshot of them and serves it


async def unfolded(log: EventLog, after_offset: int, most: int = _FOLDED_AT_ONCE) -> Writes | None:
    """The catalogue writes after an offset, the first `most` or a few more; None when there are none."""
    newest: dict[str, Record] = {}
    position = after_offset
    while len(newest) < most and (records := await log.read(CATALOG, position, _READ_AT_ONCE)):
        newest |= {record.key: record for record in records}
        position = records[-1].offset
    if not newest:
        return None
    products = [product for record in newest.values() if (product := _product(record))]
    deletions = [record.key for record in newest.values() if record.value is None]
    return Writes(products, deletions, position)


async def follow_writes(log: EventLog, position: Callable[[], int], fold: Fold) -> None:
    """Fold writes into snapshots as they come, for ever; `position` is what the newest snapshot contains."""
    while True:
        await log.wait(CATALOG, position(), _WAIT_SECONDS)
        await asyncio.sleep(_GATHER_SECONDS)
        try:
            if writes := await unfolded(log, position()):
                await fold(writes)
        except Exception as error:  # none may end the following: acknowledged writes would never be seen
            unexpected = None if isinstance(error, AisleError | OSError) else error
            what = "catalogue writes after offset %d wait for the next try: %s"
            _LOGGER.error(what, position(), error, exc_info=unexpected)
            await asyncio.sleep(_RETRY_SECONDS)


def _product(record: Record) -> Product | None:
    if record.value is None:
        return None
    try:
        return from_message(Message.FromString(record.value))
    except DecodeError:
        _LOGGER.error("catalogue record %d of %s cannot be read and is passed over", record.offset, record.key)
        return None
