"""Switches to a snapshot into which a catalogue file was indexed.

Later writes are applied to it again.

The process that indexed the file applied aisle.catalog up to the snapshot's position, and then the
file. Meanwhile the follower wrote changes to aisle.vectors without knowing the file. A price
written again without a difference made no change at all, and a single field became a whole product
with its old fields. So the writes after the position are applied to the snapshot's products. Each
product that is shown otherwise gets one change.
"""

from __future__ import annotations

import asyncio
import logging

from services.embedding.indexing.appending import append_changes, put_aside, take_records
from services.embedding.indexing.changes import ChangeMaker, Encoders
from services.embedding.indexing.draft import Draft
from services.embedding.indexing.state import CatalogState
from shared.catalog.product import Product
from shared.events.log import CATALOG, EventLog, Record
from shared.snapshot.change import Change
from shared.snapshot.generation import Generation

_LOG = logging.getLogger(__name__)

_READ_AT_ONCE = 1_000
# Position of the changes before the last: they alone do not say that anything was applied
_NO_POSITION = 0


async def rebase(
    events: EventLog, maker: ChangeMaker, state: CatalogState, encoders: Encoders, at_once: int
) -> None:
    """Append the changes that show the writes after a snapshot on top of its products.

    The last change names the snapshot's lineage. Memory holds the products written since. After a
    crash, appended changes stay valid, and the next run continues from there.
    """
    await _put_unapplied_aside(events, state.base)
    draft = Draft(state)
    end = state.tail.end.catalog
    while records := await events.read(CATALOG, end, _READ_AT_ONCE):
        await take_records(draft, records, events)
        end = records[-1].offset
    shown = state.foreign.product_ids if state.foreign else []
    product_ids = list(dict.fromkeys([*draft.product_ids, *shown]))
    compared = "snapshot %s has a catalogue file: %d products are compared"
    _LOG.info(compared, state.base.version, len(product_ids))
    for start in range(0, len(product_ids), at_once):
        products = await asyncio.to_thread(_products, draft, product_ids[start : start + at_once])
        changes = await asyncio.to_thread(
            maker.changes, products, state, encoders, _NO_POSITION, _NO_POSITION
        )
        if real := [change for change in changes if change.product_id]:
            await append_changes(events, real)
    await append_changes(events, [Change(end, lineage=state.base.lineage)])


async def _put_unapplied_aside(events: EventLog, base: Generation) -> None:
    """Put aside the writes that the indexing process could not apply.

    It could not do so itself, because an engine writes to the log.
    """
    for offset, reason in base.manifest.get("unapplied", ()):
        found = await events.read(CATALOG, offset - 1, 1)
        replaced = Record(offset, "", None, 0.0, topic=CATALOG)
        record = found[0] if found and found[0].offset == offset else replaced
        await put_aside(events, record, reason)


def _products(draft: Draft, product_ids: list[str]) -> dict[str, Product | None]:
    return {product_id: draft.product(product_id) for product_id in product_ids}
