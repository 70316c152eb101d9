"""The catalogue as replicas show it, and the same catalogue rebuilt from aisle.catalog."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from services.embedding.encoder import TextEncoder
from services.embedding.hash_encoder import HashEncoder
from services.embedding.indexing.indexer import Indexer
from services.embedding.indexing.tail import read_tail
from shared.catalog import writes
from shared.catalog.product import Product
from shared.events.log import CATALOG, EventLog
from shared.product_text import product_text_of
from shared.snapshot.change import Encoding
from shared.snapshot.generation import Generation, current_generation, snapshots_of

State = dict[str, tuple[Product, Encoding]]

_READ_AT_ONCE = 1_000
# Rounding, also of bf16: a text is encoded in a batch with other waiting texts
_VECTOR_STEP = 2e-3
_STATE_STEP = 1


async def shown(log: EventLog, data: Path, from_the_start: bool = False) -> State:
    """The products that a replica shows.

    They come from the current snapshot and the tail, or from the whole log of vectors without a
    snapshot.
    """
    base = _current(data)
    start = replace(base.positions, vectors=0) if from_the_start else base.positions
    found = {} if from_the_start else _snapshot(base)
    for change in (await read_tail(log, snapshots_of(data), start)).changes():
        if change.product is None:
            found.pop(change.product_id, None)
        else:
            found[change.product_id] = change.product, change.encodings[base.encoder_version]
    return found


async def written(log: EventLog) -> dict[str, Product]:
    """The result of all writes in aisle.catalog, one after the other."""
    found: dict[str, Product] = {}
    offset = 0
    while records := await log.read(CATALOG, offset, _READ_AT_ONCE):
        for write in map(writes.from_record, records):
            product = write.applied_to(found.pop(write.product_id, None))
            if product is not None:
                found[write.product_id] = product
        offset = records[-1].offset
    return found


def built_anew(
    products: Iterable[Product],
    encoder: TextEncoder | HashEncoder,
    folder: Path,
) -> State:
    """A snapshot of the products, each of them encoded, in an empty folder."""
    Indexer(folder, encoder, asdict(encoder.identity), product_text_of).run(products)
    return _snapshot(_current(folder))


def assert_same(state: State, other: State) -> None:
    """Assert that products are equal, and that encodings differ only by rounding."""
    assert {product_id: product for product_id, (product, _) in state.items()} == {
        product_id: product for product_id, (product, _) in other.items()
    }
    for product_id, (_, encoding) in state.items():
        expected = other[product_id][1]
        np.testing.assert_allclose(
            encoding.vector, expected.vector, atol=_VECTOR_STEP, rtol=0, err_msg=product_id
        )
        np.testing.assert_allclose(
            encoding.states.astype(int),
            expected.states.astype(int),
            atol=_STATE_STEP,
            rtol=0,
            err_msg=product_id,
        )


def _current(data: Path) -> Generation:
    base = current_generation(data)
    assert base
    return base


def _snapshot(base: Generation) -> State:
    ids = base.products.product_ids(np.arange(len(base.products)))
    return {each: (base.products.product(row), base.encoding(row)) for row, each in enumerate(ids)}
